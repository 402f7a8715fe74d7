//! Walks through a list of chats while something is said in them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use duologue_domain::Timestamp;
use duologue_domain::chat::{ActivityKey, ChatList, DirectChat, ListedChat};
use duologue_domain::id::{ChatId, UserId};
use tokio::task::yield_now;

use super::{as_they_are, begin, go_on, several};
use crate::chat::{append, history};
use crate::fixture::Storage;
use crate::race::{CONTENDERS, contender, side_by_side};
use crate::world::{Acknowledged as _, at, chat, message, new_id, pair};

pub(crate) async fn messages_that_come_later_count_as_not_sent(storage: &Storage) {
    let person = new_id();
    let chats = several(storage, person, [10, 20, 30, 40, 50, 60]).await;
    for (index, time) in [(0, 100), (2, 200), (4, 300)] {
        append(storage, message(chats[index], person, "before", at(time))).await;
    }
    for limit in 1..=chats.len() + 1 {
        let expected = as_they_are(storage, &chats).await;
        let mut part = begin(storage, person, at(400), limit).await;
        let mut walked = Vec::new();
        let mut time = 1_000;
        while let Some(last) = part.chats.last() {
            assert!(part.chats.len() <= limit);
            let last: ChatId = last.chat.direct.chat_id;
            walked.extend(part.chats.iter().map(|listed| listed.key));
            assert_as_it_is(storage, &part.chats).await;
            // In all of them: those that were listed, those that were not, several times, in either's name.
            for (index, chat) in chats.iter().enumerate() {
                let sender_id = chat.members.both()[index % 2];
                append(storage, message(*chat, sender_id, "meanwhile", at(time))).await;
                time += 10;
            }
            assert!(walked.len() <= chats.len(), "{last} is not the last");
            part = go_on(storage, person, &part, limit).await;
        }
        let expected: Vec<_> = expected.into_iter().map(|listed| listed.key).collect();
        assert_eq!(walked, expected, "in parts of {limit}");
    }
}

pub(crate) async fn several_walks_stand_side_by_side(storage: &Storage) {
    let person = new_id();
    let chats = several(storage, person, [10, 20, 30, 40]).await;
    let mut walks: Vec<(ChatList, Vec<ActivityKey>, Vec<ActivityKey>)> = Vec::new();
    for index in [0, 3, 1, 2, 0] {
        let expected = as_they_are(storage, &chats).await.iter().map(|listed| listed.key).collect();
        let begun = begin(storage, person, at(500), 1).await;
        walks.push((begun, Vec::new(), expected));
        append(storage, message(chats[index], person, "in between", at(600))).await;
    }
    for _ in 0..chats.len() {
        for (part, walked, _) in &mut walks {
            walked.extend(part.chats.iter().map(|listed| listed.key));
            *part = go_on(storage, person, part, 1).await;
        }
    }
    for (part, walked, expected) in walks {
        assert_eq!(part.chats, []);
        assert_eq!(walked, expected);
    }
}

pub(crate) async fn chats_made_during_a_walk_disturb_it_not(storage: &Storage) {
    let person = new_id();
    let chats = several(storage, person, [10, 20, 30, 40, 50]).await;
    let expected: Vec<_> = as_they_are(storage, &chats).await.iter().map(|listed| listed.key).collect();
    let mut part = begin(storage, person, at(100), 2).await;
    let mut walked = Vec::new();
    let mut times = [45, 5, 100, 1_000, 25].into_iter();
    while !part.chats.is_empty() {
        walked.extend(part.chats.iter().map(|listed| listed.key));
        if let Some(time) = times.next() {
            let new = chat(pair(person, new_id()), at(time));
            storage.chats().insert_chat(new).await.answered();
            append(storage, message(new, person, "new", at(time))).await;
        }
        part = go_on(storage, person, &part, 2).await;
    }
    assert!(walked.is_sorted_by(|one, next| one > next), "a walk is in order and repeats nothing");
    walked.retain(|key| expected.contains(key));
    assert_eq!(walked, expected);
}

pub(crate) async fn a_walk_returns_every_chat_once_while_others_write_at_once(storage: &Storage) {
    let person = new_id();
    let chats = several(storage, person, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120]).await;
    let said = Arc::new(Said::default());
    let contenders = (0..CONTENDERS).map(|index| {
        let (storage, chats, said) = (storage.clone(), chats.clone(), said.clone());
        contender(async move {
            if index == 0 {
                let _enough = Enough(&said);
                return walk_often(&storage, person, &chats, &said).await;
            }
            let mut turn = 0;
            while !said.enough.load(Ordering::Acquire) {
                let chat = chats[(turn * 7 + index * 5) % chats.len()];
                let sender_id = chat.members.both()[turn % 2];
                // Some clocks are ahead of the reader's, and some are behind.
                let time = 1_000 + i64::try_from(turn * 20 * index).unwrap_or(0);
                append(&storage, message(chat, sender_id, "meanwhile", at(time))).await;
                said.count.fetch_add(1, Ordering::AcqRel);
                turn += 1;
            }
            Vec::new()
        })
    });
    let walks: Vec<_> = side_by_side(contenders).await.into_iter().flatten().collect();
    // What was said when is known now: every key is where the chat stood when the walk began.
    for (as_of, walked) in walks {
        assert!(walked.is_sorted_by(|one, next| one > next), "a walk is in order and repeats nothing");
        let mut expected = Vec::new();
        for chat in &chats {
            let said = history(storage, chat.chat_id).await;
            let newest = said.iter().rev().map(|message| message.create_time).find(|time| *time <= as_of);
            expected.push(ActivityKey { time: newest.unwrap_or(chat.create_time), chat_id: chat.chat_id });
        }
        expected.sort_by_key(|key| std::cmp::Reverse(*key));
        assert_eq!(walked, expected);
    }
}

/// How much was said, and whether it is enough.
#[derive(Default)]
struct Said {
    count: AtomicUsize,
    enough: AtomicBool,
}

/// Ends what is said when the walks end, however they do.
struct Enough<'a>(&'a Said);

impl Drop for Enough<'_> {
    fn drop(&mut self) {
        self.0.enough.store(true, Ordering::Release);
    }
}

/// Walks again and again: as of when, and which keys. Between two parts of a walk something is always said.
async fn walk_often(
    storage: &Storage,
    person: UserId,
    chats: &[DirectChat],
    said: &Said,
) -> Vec<(Timestamp, Vec<ActivityKey>)> {
    let mut walks = Vec::new();
    for round in 0..20 {
        let mut part = begin(storage, person, at(1_000 + 100 * round), 3).await;
        let mut walked = Vec::new();
        while !part.chats.is_empty() && walked.len() <= chats.len() {
            walked.extend(part.chats.iter().map(|listed| listed.key));
            let before = said.count.load(Ordering::Acquire);
            while said.count.load(Ordering::Acquire) == before {
                yield_now().await;
            }
            part = go_on(storage, person, &part, 3).await;
        }
        walks.push((part.as_of, walked));
    }
    walks
}

/// Looks whether chats are listed as they are now, wherever they stood.
async fn assert_as_it_is(storage: &Storage, listed: &[ListedChat]) {
    for listed in listed {
        let now = storage.chats().find_chat(listed.chat.direct.chat_id).await.answered();
        assert_eq!(now.as_ref(), Some(&listed.chat));
    }
}
