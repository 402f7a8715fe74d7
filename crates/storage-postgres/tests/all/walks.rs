//! The list of a person's chats: every key as it was when the walk began.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use duologue_domain::chat::{ActivityKey, ChatList, ChatStore, ChatWalk, DirectChat};
use duologue_domain::id::{ChatId, Id as _, UserId};
use duologue_domain::social::Pair;
use duologue_storage_postgres::{MessageTime, Options, PostgresStorage};
use sqlx::{Connection as _, PgConnection};

use crate::harness::{Fixture, ROUNDS, chat_of, fixture, id, micros, new_message, say, with};

async fn begin(storage: &PostgresStorage, user_id: UserId, now: i64, size: usize) -> ChatList {
    storage.list_chats(user_id, ChatWalk::Begin { now: micros(now) }, size).await.unwrap()
}

/// Goes on to the end of a walk, in pages of a size.
async fn rest(
    storage: &PostgresStorage,
    user_id: UserId,
    first: ChatList,
    size: usize,
) -> Vec<(ChatId, ActivityKey)> {
    let as_of = first.as_of;
    let (mut listed, mut page) = (Vec::new(), first);
    loop {
        assert!(page.chats.len() <= size);
        let Some(last) = page.chats.last() else { return listed };
        let before = last.key;
        listed.extend(page.chats.iter().map(|listed| (listed.chat.direct.chat_id, listed.key)));
        page = storage.list_chats(user_id, ChatWalk::Continue { as_of, before }, size).await.unwrap();
        assert_eq!(page.as_of, as_of);
    }
}

#[tokio::test]
async fn chats_are_listed_by_last_activity_and_empty_ones_by_their_creation() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    let me = id();
    assert_eq!(begin(storage, id(), 77, 5).await, ChatList { as_of: micros(77), chats: vec![] });
    let mut expected = Vec::new();
    for (created, said) in [(10, None), (10, None), (3, Some(12)), (4, Some(10)), (1, Some(30)), (25, None)] {
        let chat = chat_of(storage, Pair::of(me, id()).unwrap(), created).await;
        if let Some(time) = said {
            say(storage, chat, "hello", time).await;
        }
        expected.push(storage.find_chat(chat.chat_id).await.unwrap().unwrap());
    }
    expected.sort_by_key(|chat| std::cmp::Reverse(chat.activity()));
    let list = begin(storage, me, 20, 50).await;
    assert_eq!(list.as_of, micros(30), "no earlier than any activity seen");
    assert_eq!(list.chats.iter().map(|listed| listed.chat.clone()).collect::<Vec<_>>(), expected);
    let keys: Vec<_> = expected.iter().map(|chat| (chat.direct.chat_id, chat.activity())).collect();
    for size in 1..=7 {
        let first = begin(storage, me, 20, size).await;
        assert_eq!(rest(storage, me, first, size).await, keys, "in pages of {size}");
    }
    assert_eq!(begin(storage, id(), 20, 50).await.chats, []);
}

#[tokio::test]
async fn what_is_said_during_a_walk_counts_as_not_said() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    let me = id();
    let mut chats = Vec::new();
    for time in 1..=6 {
        let chat = chat_of(storage, Pair::of(me, id()).unwrap(), time).await;
        for again in 0..time % 4 {
            say(storage, chat, "hello", 10 + time + again).await;
        }
        chats.push(chat);
    }
    let whole = begin(storage, me, 50, 50).await;
    let expected: Vec<_> =
        whole.chats.iter().map(|listed| (listed.chat.direct.chat_id, listed.key)).collect();
    for size in 1..=5 {
        let first = begin(storage, me, 50, size).await;
        // A clock that goes back makes no message older than the walk.
        for chat in &chats {
            let message = say(storage, *chat, "news", 2).await;
            assert!(
                message.create_time > first.as_of,
                "{:?} is not after {:?}",
                message.create_time,
                first.as_of
            );
        }
        let later = chat_of(storage, Pair::of(me, id()).unwrap(), first.as_of.unix_micros() + 1).await;
        let walked = rest(storage, me, first.clone(), size).await;
        assert!(walked.iter().all(|(chat_id, _)| *chat_id != later.chat_id), "it did not exist then");
        let order: Vec<_> = walked.iter().map(|(chat_id, _)| *chat_id).collect();
        if size == 1 {
            assert_eq!(walked, expected);
        }
        let mut unique = order.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), order.len(), "each chat once");
        assert!(chats.iter().all(|chat| order.contains(&chat.chat_id)), "every chat, in pages of {size}");
        assert!(walked.is_sorted_by(|one, next| one.1 > next.1), "in order");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_among_many_senders_returns_every_chat_once() {
    for message_time in [MessageTime::Database, MessageTime::Sender] {
        let fixture = with(Options { message_time, ..Options::default() }).await;
        let me = id();
        let mut chats = Vec::new();
        for time in 0..40 {
            chats.push(chat_of(&fixture.storage, Pair::of(me, id()).unwrap(), time).await);
        }
        let done = AtomicBool::new(false);
        let sender = |lane: usize| {
            let (storage, chats, done) = (&fixture.storage, &chats, &done);
            async move {
                let mut turn = lane;
                while !done.load(Ordering::Relaxed) {
                    let chat = chats[turn * 7 % chats.len()];
                    storage.append_message(new_message(chat.chat_id, me, "news", 0)).await.unwrap();
                    turn += 4;
                }
            }
        };
        let walker = async {
            for round in 0..ROUNDS {
                let first = begin(&fixture.storage, me, 0, 3).await;
                let walked = rest(&fixture.storage, me, first, 3).await;
                let mut seen: HashMap<ChatId, usize> = HashMap::new();
                for (chat_id, _) in &walked {
                    *seen.entry(*chat_id).or_default() += 1;
                }
                assert_eq!(walked.len(), chats.len(), "round {round}, {message_time:?}");
                assert_eq!(seen.len(), chats.len(), "round {round}, {message_time:?}");
            }
            done.store(true, Ordering::Relaxed);
        };
        tokio::join!(walker, sender(0), sender(1), sender(2), sender(3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_walk_did_not_see_is_later_than_it() {
    for message_time in [MessageTime::Database, MessageTime::Sender] {
        let fixture = with(Options { message_time, ..Options::default() }).await;
        let me = id();
        let chat = chat_of(&fixture.storage, Pair::of(me, id()).unwrap(), 0).await;
        let senders = (0..4).map(|_| {
            let storage = fixture.storage.clone();
            tokio::spawn(async move {
                for _ in 0..100 {
                    say(&storage, chat, "news", 0).await;
                }
            })
        });
        let senders: Vec<_> = senders.collect();
        let mut walks = Vec::new();
        while !senders.iter().all(tokio::task::JoinHandle::is_finished) {
            let list = begin(&fixture.storage, me, 0, 1).await;
            walks.push((list.as_of, list.chats[0].chat.last_sequence()));
        }
        for sender in senders {
            sender.await.unwrap();
        }
        assert!(walks.len() > 3);
        for (as_of, seen) in walks {
            let first = fixture
                .storage
                .find_first_sequence_since(chat.chat_id, micros(as_of.unix_micros() + 1))
                .await;
            let first = first.unwrap().map_or(401, |sequence| sequence.0);
            assert_eq!(first, seen.0 + 1, "{message_time:?}: seen up to {seen:?} at {as_of:?}");
        }
    }
}

#[tokio::test]
async fn a_moment_ahead_of_the_databases_clock_still_comes_before_what_is_said_later() {
    let fixture = with(Options::default()).await;
    let storage = &fixture.storage;
    let chat = chat_of(storage, Pair::of(id(), id()).unwrap(), 0).await;
    let ahead = 4_000_000_000_000_000;
    for walker in chat.members.both() {
        let list = begin(storage, walker, ahead, 5).await;
        assert!(list.as_of >= micros(ahead));
        assert!(say(storage, chat, "later", 0).await.create_time > list.as_of);
    }
}

/// How many of a user's chats have fallen behind what is written down of them.
async fn behind(fixture: &Fixture, user_id: UserId) -> i64 {
    let mut connection = PgConnection::connect(&fixture.database.url()).await.unwrap();
    let count =
        sqlx::query_scalar("SELECT count(*) FROM chat.behind WHERE user_id = $1").bind(user_id.uuid());
    count.fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn chats_that_have_fallen_behind_are_in_their_places_whether_they_were_written_down_or_not() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    let me = id();
    let mut chats = Vec::new();
    for time in 0..130 {
        chats.push(chat_of(storage, Pair::of(me, id()).unwrap(), time).await);
    }
    // Walks that found few behind, as many as may be, and more; each after everything was written down.
    for (round, said) in [(1, 20), (2, 100), (3, 101), (4, 130)] {
        let began = begin(storage, me, round * 10_000, 7).await;
        let expected = in_order(storage, &chats).await;
        for (turn, place) in (0_i64..).zip((0..said).map(|turn| turn * 37 % chats.len())) {
            say(storage, chats[place], "news", round * 10_000 + 1_000 + turn).await;
        }
        let before = behind(&fixture, me).await;
        // Another walk begins in the middle of this one, and writes down what has moved if that is much.
        let other = begin(storage, me, round * 10_000, 9).await;
        assert_eq!(behind(&fixture, me).await, if before > 100 { 0 } else { before }, "round {round}");
        assert_eq!(rest(storage, me, began, 7).await, expected, "as it was, round {round}");
        let now = in_order(storage, &chats).await;
        assert_eq!(rest(storage, me, other, 9).await, now, "as it is, round {round}");
        // The other member's list knows of its own.
        let friend = chats[0].members.other(me).unwrap();
        let of_friend = begin(storage, friend, round * 10_000, 5).await.chats;
        let own = storage.find_chat(chats[0].chat_id).await.unwrap().unwrap();
        assert_eq!(of_friend.iter().map(|listed| listed.key).collect::<Vec<_>>(), [own.activity()]);
    }
}

/// The keys of chats as they are, in the order of the list.
async fn in_order(storage: &PostgresStorage, chats: &[DirectChat]) -> Vec<(ChatId, ActivityKey)> {
    let mut keys = Vec::new();
    for chat in chats {
        keys.push((chat.chat_id, storage.find_chat(chat.chat_id).await.unwrap().unwrap().activity()));
    }
    keys.sort_by_key(|(_, key)| std::cmp::Reverse(*key));
    keys
}
