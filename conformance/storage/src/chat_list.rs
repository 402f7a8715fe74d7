//! Somebody's list of chats, and walks through it.

mod walks;

pub(crate) use walks::*;

use duologue_domain::Timestamp;
use duologue_domain::chat::{ActivityKey, Chat, ChatList, ChatWalk, DirectChat, ListedChat};
use duologue_domain::id::UserId;

use crate::chat::append;
use crate::fixture::Storage;
use crate::pages::assert_pages;
use crate::world::{Acknowledged as _, at, chat, message, new_id, pair};

pub(crate) async fn who_has_no_chats_has_an_empty_list(storage: &Storage) {
    for now in [at(5), at(-5_000), at(9_000_000)] {
        let list = storage.chats().list_chats(new_id(), ChatWalk::Begin { now }, 5).await.answered();
        assert_eq!(list.chats, []);
        assert!(list.as_of >= now);
    }
}

pub(crate) async fn chats_are_listed_by_activity_with_ties_broken_by_id(storage: &Storage) {
    let person = new_id();
    let chats = several(storage, person, [40, 10, 30, 30, 30, 1_000, 10, 20, 999]).await;
    // Something is said in some of them: at a moment when others were made, too.
    for (index, time) in [(1, 30), (4, 1_000), (6, 5_000), (7, 5_000), (8, 5_000)] {
        append(storage, message(chats[index], person, "active", at(time))).await;
    }
    let others = several(storage, new_id(), [30, 50]).await;
    append(storage, message(others[0], others[0].members.lower(), "elsewhere", at(7_000))).await;
    let begun = begin(storage, person, at(8_000), 50).await;
    let expected = as_they_are(storage, &chats).await;
    assert_eq!(begun.chats, expected);
    assert_eq!(begun.as_of, begun.as_of.max(at(8_000)));
    let as_of = begun.as_of;
    assert_pages(
        &expected,
        |listed| listed.key,
        async |before, limit| {
            let walk = before
                .map_or(ChatWalk::Begin { now: at(8_000) }, |before| ChatWalk::Continue { as_of, before });
            storage.chats().list_chats(person, walk, limit).await.answered().chats
        },
    )
    .await;
}

pub(crate) async fn both_members_list_a_chat_and_nobody_else_does(storage: &Storage) {
    let person = new_id();
    let chat = several(storage, person, [10]).await[0];
    append(storage, message(chat, person, "hello", at(20))).await;
    let expected = as_they_are(storage, &[chat]).await;
    for member in chat.members.both() {
        assert_eq!(begin(storage, member, at(30), 5).await.chats, expected);
    }
    assert_eq!(begin(storage, new_id(), at(30), 5).await.chats, []);
}

pub(crate) async fn what_was_said_is_in_the_list_at_once(storage: &Storage) {
    let person = new_id();
    let mut chats = several(storage, person, [10, 20, 30]).await;
    for (time, index) in (100..).zip([0, 2, 1, 1, 0]) {
        let stored = append(storage, message(chats[index], person, "up", at(10 * time))).await;
        let begun = begin(storage, person, at(10 * time), 5).await;
        assert_eq!(begun.chats, as_they_are(storage, &chats).await);
        assert!(begun.chats.iter().any(|listed| listed.chat.last_message.as_ref() == Some(&stored)));
        assert_eq!(begin(storage, person, at(10 * time), 1).await.chats, begun.chats[..1]);
    }
    let new = chat(pair(person, new_id()), at(90_000));
    storage.chats().insert_chat(new).await.answered();
    chats.push(new);
    let begun = begin(storage, person, at(90_000), 5).await;
    assert_eq!(begun.chats, as_they_are(storage, &chats).await);
}

pub(crate) async fn a_walk_begins_no_earlier_than_any_activity_and_than_now(storage: &Storage) {
    let person = new_id();
    let chats = several(storage, person, [100, 200]).await;
    append(storage, message(chats[0], person, "late", at(5_000))).await;
    // The clock went back, stands, or is ahead.
    for now in [50, 4_999, 5_000, 5_001, 90_000] {
        let begun = begin(storage, person, at(now), 5).await;
        assert!(begun.as_of >= at(now));
        assert!(begun.as_of >= begun.chats[0].chat.activity().time);
        assert_eq!(begun.chats.len(), 2, "as of {now}");
    }
}

pub(crate) async fn a_continued_walk_keeps_the_moment_that_it_began(storage: &Storage) {
    let person = new_id();
    several(storage, person, [10, 20, 30]).await;
    let begun = begin(storage, person, at(100), 1).await;
    let next = go_on(storage, person, &begun, 1).await;
    assert_eq!(next.as_of, begun.as_of);
    assert_eq!(go_on(storage, person, &next, 1).await.as_of, begun.as_of);
}

/// Chats of a person with strangers, made at these times.
async fn several<const N: usize>(storage: &Storage, person: UserId, times: [i64; N]) -> Vec<DirectChat> {
    let mut chats = Vec::new();
    for time in times {
        let stored = chat(pair(person, new_id()), at(time));
        storage.chats().insert_chat(stored).await.answered();
        chats.push(stored);
    }
    chats
}

/// The chats as they are now, in the order of a list that begins now.
async fn as_they_are(storage: &Storage, chats: &[DirectChat]) -> Vec<ListedChat> {
    let mut listed = Vec::new();
    for chat in chats {
        let chat: Option<Chat> = storage.chats().find_chat(chat.chat_id).await.answered();
        listed.extend(chat.map(|chat| ListedChat { key: chat.activity(), chat }));
    }
    listed.sort_by_key(|listed| std::cmp::Reverse(listed.key));
    listed
}

/// The first part of a list.
async fn begin(storage: &Storage, user_id: UserId, now: Timestamp, limit: usize) -> ChatList {
    storage.chats().list_chats(user_id, ChatWalk::Begin { now }, limit).await.answered()
}

/// The part of a list after another one.
async fn go_on(storage: &Storage, user_id: UserId, list: &ChatList, limit: usize) -> ChatList {
    let before: ActivityKey = list.chats.last().map(|listed| listed.key).expect("there is something before");
    let walk = ChatWalk::Continue { as_of: list.as_of, before };
    storage.chats().list_chats(user_id, walk, limit).await.answered()
}
