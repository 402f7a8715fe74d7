//! When something was said.

use duologue_domain::chat::{ChatWalk, Message, Sequence};

use super::{append, assert_said, first_since, new_chat};
use crate::fixture::{MessageTime, Storage};
use crate::world::{Acknowledged as _, at, message, new_id};

pub(crate) async fn a_message_is_no_earlier_than_the_one_before_it_though_the_clock_goes_back(
    storage: &Storage,
) {
    let chat = new_chat(storage).await;
    let [one, other] = chat.members.both();
    let mut said: Vec<Message> = Vec::new();
    // Before the chat itself, forwards, standing still, back by one, far back, and by the other member.
    let sends = [-700, 100, 101, 101, 100, -5_000_000, 101, 102, 3, 5_000, 4_999];
    for (index, send_time) in sends.into_iter().enumerate() {
        let sender_id = if index % 2 == 0 { one } else { other };
        let stored = append(storage, message(chat, sender_id, "tick", at(send_time))).await;
        let previous = said.last().map_or(chat.create_time, |message| message.create_time);
        assert!(stored.create_time >= previous, "time went back");
        if storage.message_time() == MessageTime::Given {
            assert_eq!(stored.create_time, previous.max(at(send_time)), "sent at {send_time}");
        }
        said.push(stored);
        assert_said(storage, chat, &said).await;
    }
}

pub(crate) async fn a_message_is_later_than_every_list_of_chats_that_a_member_had_before(storage: &Storage) {
    let chat = new_chat(storage).await;
    let [one, other] = chat.members.both();
    let mut said = Vec::new();
    // Lists as of moments before, at and after the time of sending, for either member or both.
    let rounds = [(one, 100, 90), (other, 200, 200), (one, 300, 5_000), (other, 6_000, 100), (one, 50, 60)];
    for (reader, now, send_time) in rounds {
        let mut as_of = Vec::new();
        for user_id in [reader, one] {
            let walk = ChatWalk::Begin { now: at(now) };
            as_of.push(storage.chats().list_chats(user_id, walk, 5).await.answered().as_of);
        }
        let stored = append(storage, message(chat, other, "afterwards", at(send_time))).await;
        assert!(as_of.iter().all(|as_of| stored.create_time > *as_of), "{:?} {as_of:?}", stored.create_time);
        if storage.message_time() == MessageTime::Given && as_of.iter().all(|as_of| at(send_time) > *as_of) {
            assert_eq!(stored.create_time, at(send_time));
        }
        said.push(stored);
        assert_said(storage, chat, &said).await;
    }
}

pub(crate) async fn a_list_of_somebody_elses_chats_delays_nothing(storage: &Storage) {
    let chat = new_chat(storage).await;
    let walk = ChatWalk::Begin { now: at(9_000_000) };
    storage.chats().list_chats(new_id(), walk, 5).await.answered();
    let other = new_chat(storage).await;
    storage.chats().list_chats(other.members.lower(), walk, 5).await.answered();
    let stored = append(storage, message(chat, chat.members.lower(), "now", at(70))).await;
    if storage.message_time() == MessageTime::Given {
        assert_eq!(stored.create_time, at(70));
    }
}

pub(crate) async fn the_first_message_since_a_moment_is_found_at_every_edge(storage: &Storage) {
    let chat = new_chat(storage).await;
    let other = new_chat(storage).await;
    let mut said: Vec<Message> = Vec::new();
    for send_time in [100, 101, 101, 101, 250, 250, 1_000, 1_000, 1_001] {
        said.push(append(storage, message(chat, chat.members.lower(), "then", at(send_time))).await);
        append(storage, message(other, other.members.lower(), "elsewhere", at(send_time))).await;
        let times: Vec<_> = said.iter().map(|message| message.create_time.unix_micros()).collect();
        for since in times.iter().flat_map(|time| [time - 1, *time, time + 1]) {
            let expected = said.iter().find(|message| message.create_time.unix_micros() >= since);
            let found = first_since(storage, chat.chat_id, since).await;
            assert_eq!(found, expected.map(|message| message.sequence), "since {since} of {times:?}");
        }
    }
    // Clients may ask for any moment there is.
    for since in [i64::MIN, i64::MIN + 1, -62_135_596_800_000_001, -1, 0, 1] {
        assert_eq!(first_since(storage, chat.chat_id, since).await, Some(Sequence(1)), "since {since}");
    }
    for since in [i64::MAX, i64::MAX - 1, 253_402_300_800_000_000] {
        assert_eq!(first_since(storage, chat.chat_id, since).await, None, "since {since}");
    }
}

pub(crate) async fn nothing_is_found_since_a_moment_where_nothing_was_said(storage: &Storage) {
    let chat = new_chat(storage).await;
    for since in [i64::MIN, 0, at(0).unix_micros(), i64::MAX] {
        assert_eq!(first_since(storage, chat.chat_id, since).await, None);
        assert_eq!(first_since(storage, new_id(), since).await, None, "in an unknown chat");
    }
}
