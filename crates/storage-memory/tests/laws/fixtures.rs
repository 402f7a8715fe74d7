//! Ids, moments, things to store, and races.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};

use duologue_domain::Timestamp;
use duologue_domain::auth::{Account, Generation, PasswordHash, Salt, Session};
use duologue_domain::chat::{AppendMessage, ChatStore, DirectChat, Message, NewMessage};
use duologue_domain::event::{Event, Subject};
use duologue_domain::id::{ChatId, Id, RequestId, UserId};
use duologue_domain::social::{FriendRequest, Pair, Status};
use duologue_domain::user::Profile;
use uuid::Uuid;

/// How often a race is run.
pub(crate) const ROUNDS: usize = 150;

/// How many take part in a race.
pub(crate) const CONTENDERS: usize = 4;

/// An id that nothing else has.
pub(crate) fn new_id<T: Id>() -> T {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    T::from_uuid(Uuid::from_u128(u128::from(NEXT.fetch_add(1, Ordering::Relaxed))))
}

/// A moment, in microseconds.
pub(crate) fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(micros)
}

/// What each of some contenders gets who start at once.
pub(crate) fn race<T: Send>(contend: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (barrier, contend) = (Barrier::new(CONTENDERS), &contend);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CONTENDERS)
            .map(|contender| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    contend(contender)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// How many of the outcomes are this one.
pub(crate) fn count<T: PartialEq>(outcomes: &[T], outcome: &T) -> usize {
    outcomes.iter().filter(|other| *other == outcome).count()
}

pub(crate) fn pair(one: UserId, other: UserId) -> Pair {
    Pair::of(one, other).unwrap()
}

pub(crate) fn account(email: &str) -> Account {
    Account {
        user_id: new_id(),
        email: email.parse().unwrap(),
        password_hash: PasswordHash::from_phc("$first".to_owned()),
        create_time: at(1),
    }
}

pub(crate) fn session(user_id: UserId, create_time: i64) -> Session {
    Session {
        session_id: new_id(),
        user_id,
        salt: Salt([7; 16]),
        generation: Generation::FIRST,
        create_time: at(create_time),
        refresh_time: at(create_time),
        expire_time: at(create_time + 1_000),
        end_time: None,
    }
}

pub(crate) fn profile(nickname: &str) -> Profile {
    Profile {
        user_id: new_id(),
        nickname: nickname.parse().unwrap(),
        bio: None,
        avatar_url: None,
        create_time: at(1),
        update_time: at(1),
    }
}

pub(crate) fn request(from: UserId, to: UserId, create_time: i64) -> FriendRequest {
    FriendRequest {
        request_id: new_id(),
        from,
        to,
        status: Status::Pending,
        create_time: at(create_time),
        update_time: at(create_time),
    }
}

/// An event that tells `recipient_id` of something.
pub(crate) fn event(recipient_id: UserId) -> Event {
    Event {
        event_id: new_id(),
        recipient_id,
        actor_id: new_id(),
        subject: Subject::FriendRequestReceived(new_id::<RequestId>()),
        occur_time: at(1),
    }
}

pub(crate) fn chat(one: UserId, other: UserId, create_time: i64) -> DirectChat {
    DirectChat { chat_id: new_id(), members: pair(one, other), create_time: at(create_time) }
}

/// A chat of two people who have nothing else.
pub(crate) async fn stored_chat(store: &dyn ChatStore, create_time: i64) -> (DirectChat, UserId, UserId) {
    let (one, other) = (new_id(), new_id());
    let chat = chat(one, other, create_time);
    store.insert_chat(chat).await.unwrap();
    (chat, one, other)
}

pub(crate) fn message(chat_id: ChatId, sender_id: UserId, text: &str, send_time: i64) -> NewMessage {
    NewMessage {
        message_id: new_id(),
        event_id: new_id(),
        chat_id,
        sender_id,
        text: text.parse().unwrap(),
        client_message_id: None,
        send_time: at(send_time),
    }
}

/// Sends a message, which must be stored.
pub(crate) async fn send(store: &dyn ChatStore, chat: DirectChat, send_time: i64) -> Message {
    let outcome = store.append_message(message(chat.chat_id, chat.members.lower(), "hello", send_time)).await;
    match outcome.unwrap() {
        AppendMessage::Stored(message) => message,
        other => panic!("{other:?}"),
    }
}
