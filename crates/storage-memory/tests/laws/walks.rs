//! Walks through the list of somebody's chats while they are written to.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use duologue_domain::chat::{ActivityKey, ChatList, ChatStore, ChatWalk, DirectChat, ListedChat};
use duologue_domain::id::{ChatId, UserId};
use futures::executor::block_on;

use crate::fixtures::{CONTENDERS, ROUNDS, at, chat, new_id, send};

/// A walk from its first page to its last; `between` happens after every page.
async fn walk(
    store: &dyn ChatStore,
    user_id: UserId,
    now: i64,
    limit: usize,
    mut between: impl AsyncFnMut(usize),
) -> (i64, Vec<ListedChat>) {
    let (mut position, mut walked) = (ChatWalk::Begin { now: at(now) }, Vec::new());
    for page in 0.. {
        let ChatList { as_of, chats } = store.list_chats(user_id, position, limit).await.unwrap();
        assert!(chats.len() <= limit);
        let Some(last) = chats.last() else { return (as_of.unix_micros(), walked) };
        position = ChatWalk::Continue { as_of, before: last.key };
        walked.extend(chats);
        between(page).await;
    }
    unreachable!("a walk ends with an empty page");
}

/// Somebody with chats made at these moments.
async fn person_with_chats(store: &dyn ChatStore, create_times: &[i64]) -> (UserId, Vec<DirectChat>) {
    let user_id = new_id();
    let mut chats = Vec::new();
    for create_time in create_times {
        let chat = chat(user_id, new_id(), *create_time);
        store.insert_chat(chat).await.unwrap();
        chats.push(chat);
    }
    (user_id, chats)
}

fn ids(listed: &[ListedChat]) -> Vec<ChatId> {
    listed.iter().map(|listed| listed.chat.direct.chat_id).collect()
}

async fn chats_are_listed_by_last_activity_ties_by_id(store: &dyn ChatStore) {
    let (me, chats) = person_with_chats(store, &[10, 30, 20, 20, 20]).await;
    send(store, chats[0], 25).await;
    // A clock that went back: no message is earlier than its chat.
    send(store, chats[1], 5).await;
    let expected: Vec<_> = [1, 0, 4, 3, 2].map(|place: usize| chats[place].chat_id).to_vec();
    for limit in 1..=chats.len() + 1 {
        let (_, walked) = walk(store, me, 1, limit, async |_| {}).await;
        assert_eq!(ids(&walked), expected, "{limit} at once");
        assert!(walked.iter().all(|listed| listed.key == listed.chat.activity()));
    }
}

async fn a_walk_keeps_its_order_whatever_is_said_meanwhile(store: &dyn ChatStore) {
    const CHATS: usize = 6;
    for limit in 1..=CHATS + 1 {
        for bumped in 0..CHATS {
            let (me, chats) = person_with_chats(store, &[1, 2, 3, 3, 3, 4]).await;
            send(store, chats[0], 3).await;
            let (_, before) = walk(store, me, 1, CHATS, async |_| {}).await;
            // The clock stands still, and is even behind.
            let (as_of, walked) = walk(store, me, 1, limit, async |page| {
                send(store, chats[bumped], 1).await;
                send(store, chats[(bumped + page) % CHATS], 1).await;
            })
            .await;
            assert_eq!(ids(&walked), ids(&before), "{limit} at once, {bumped} bumped");
            let keys = |listed: &[ListedChat]| listed.iter().map(|listed| listed.key).collect::<Vec<_>>();
            assert_eq!(keys(&walked), keys(&before));
            assert!(walked.iter().all(|listed| listed.key.time <= at(as_of)));
            let (_, after) = walk(store, me, 1, CHATS, async |_| {}).await;
            assert_ne!(keys(&after), keys(&before));
        }
    }
}

async fn a_walk_shows_every_chat_as_it_is_now(store: &dyn ChatStore) {
    let (me, chats) = person_with_chats(store, &[1, 2]).await;
    let begin = ChatWalk::Begin { now: at(5) };
    let first = store.list_chats(me, begin, 1).await.unwrap();
    let message = send(store, chats[0], 1).await;
    let position = ChatWalk::Continue { as_of: first.as_of, before: first.chats[0].key };
    let second = store.list_chats(me, position, 9).await.unwrap();
    assert_eq!(second.as_of, first.as_of);
    assert_eq!(second.chats.len(), 1);
    assert_eq!(second.chats[0].chat.last_message, Some(message));
    assert_eq!(second.chats[0].key, ActivityKey { time: at(1), chat_id: chats[0].chat_id });
}

async fn a_chat_made_after_a_walk_began_is_not_in_it(store: &dyn ChatStore) {
    let (me, chats) = person_with_chats(store, &[1, 2, 3]).await;
    let (_, walked) = walk(store, me, 5, 1, async |_| {
        let new = chat(me, new_id(), 6);
        store.insert_chat(new).await.unwrap();
        send(store, new, 1).await;
    })
    .await;
    assert_eq!(ids(&walked), [2, 1, 0].map(|place: usize| chats[place].chat_id));
}

async fn what_is_said_is_later_than_every_walk_of_a_member(store: &dyn ChatStore) {
    let (me, other) = (new_id(), new_id());
    // The walk of somebody who has no chat yet counts as well.
    let nothing = store.list_chats(me, ChatWalk::Begin { now: at(100) }, 9).await.unwrap();
    assert_eq!((nothing.as_of, nothing.chats.len()), (at(100), 0));
    let chat = chat(me, other, 1);
    store.insert_chat(chat).await.unwrap();
    assert_eq!(send(store, chat, 7).await.create_time, at(101));
    for (walker, now, expected) in [(other, 200, 201), (me, 150, 202), (me, 7, 203)] {
        store.list_chats(walker, ChatWalk::Begin { now: at(now) }, 9).await.unwrap();
        assert_eq!(send(store, chat, 7).await.create_time, at(expected));
    }
    assert_eq!(send(store, chat, 7).await.create_time, at(203));
    // A stranger's walk moves nothing.
    store.list_chats(new_id(), ChatWalk::Begin { now: at(900) }, 9).await.unwrap();
    assert_eq!(send(store, chat, 300).await.create_time, at(300));
}

async fn a_walk_begins_no_earlier_than_what_it_sees(store: &dyn ChatStore) {
    let (me, chats) = person_with_chats(store, &[1]).await;
    send(store, chats[0], 500).await;
    let (as_of, walked) = walk(store, me, 100, 9, async |_| {}).await;
    assert_eq!((as_of, walked.len()), (500, 1));
}

async fn every_walk_is_whole_while_all_chats_are_hammered(store: &dyn ChatStore) {
    const CHATS: usize = 12;
    let (me, chats) = person_with_chats(store, &[7; CHATS]).await;
    let (done, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    let sent = &sent;
    std::thread::scope(|scope| {
        let hammer = scope.spawn(|| {
            for round in 0_usize.. {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                // Any order, and a clock that hardly moves.
                let now = 7 + i64::try_from(round / 16).unwrap();
                block_on(send(store, chats[round.wrapping_mul(2_654_435_761) % CHATS], now));
                sent.store(round + 1, Ordering::Relaxed);
            }
        });
        let walkers: Vec<_> = (1..CONTENDERS)
            .map(|walker| {
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let limit = 1 + (walker + round) % (CHATS + 1);
                        let (as_of, walked) = block_on(walk(store, me, 7, limit, async |_| {
                            // The next page only after the next message, unless the hammer broke.
                            let before = sent.load(Ordering::Relaxed);
                            for _ in 0..10_000 {
                                if sent.load(Ordering::Relaxed) != before {
                                    break;
                                }
                                std::thread::yield_now();
                            }
                        }));
                        assert!(walked.is_sorted_by(|one, next| one.key > next.key), "out of order");
                        assert_eq!(walked.len(), CHATS, "{limit} at once");
                        for listed in walked {
                            let now = listed.chat.activity();
                            assert!(listed.key.time <= at(as_of));
                            assert!(now == listed.key || now.time > at(as_of));
                        }
                    }
                })
            })
            .collect();
        let walked: Vec<_> = walkers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        hammer.join().unwrap();
        for walked in walked {
            walked.unwrap();
        }
    });
}

crate::laws! {
    chats_are_listed_by_last_activity_ties_by_id,
    a_walk_keeps_its_order_whatever_is_said_meanwhile,
    a_walk_shows_every_chat_as_it_is_now,
    a_chat_made_after_a_walk_began_is_not_in_it,
    what_is_said_is_later_than_every_walk_of_a_member,
    a_walk_begins_no_earlier_than_what_it_sees,
    every_walk_is_whole_while_all_chats_are_hammered,
}
