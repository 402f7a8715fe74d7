//! Several people who act at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use duologue_domain::chat::{InsertChat, Message, MessageRange, Sequence};

use super::{append, assert_absent, assert_said, history, new_chat};
use crate::fixture::Storage;
use crate::race::{CONTENDERS, ROUNDS, at_once, contender, count, side_by_side};
use crate::world::{Acknowledged as _, at, chat, message, strangers};

/// How many messages each contender says.
const EACH: usize = 50;

pub(crate) async fn of_chats_of_two_people_inserted_at_once_exactly_one_is_stored(storage: &Storage) {
    for _ in 0..ROUNDS {
        let members = strangers();
        let rivals: Vec<_> = (0..).take(CONTENDERS).map(|time| chat(members, at(time))).collect();
        let outcomes = at_once(rivals.iter().copied().map(|rival| {
            let chats = storage.chats();
            contender(async move { chats.insert_chat(rival).await.answered() })
        }))
        .await;
        assert_eq!(count(&outcomes, |outcome| *outcome == InsertChat::Inserted), 1, "{outcomes:?}");
        let winner = outcomes.iter().position(|outcome| *outcome == InsertChat::Inserted).unwrap_or_default();
        for (rival, outcome) in rivals.iter().zip(outcomes) {
            if *rival != rivals[winner] {
                assert_eq!(outcome, InsertChat::Exists(rivals[winner]));
                assert_absent(storage, rival.chat_id).await;
            }
        }
        assert_said(storage, rivals[winner], &[]).await;
    }
}

pub(crate) async fn messages_of_both_members_at_once_have_no_hole_and_no_message_is_lost(storage: &Storage) {
    let chat = new_chat(storage).await;
    let acknowledged = side_by_side((0..CONTENDERS).map(|index| {
        let storage = storage.clone();
        contender(async move {
            let sender_id = chat.members.both()[index % 2];
            let mut said: Vec<Message> = Vec::new();
            for turn in 0..EACH {
                let new = message(chat, sender_id, &format!("{index} says {turn}"), at(10));
                let stored = append(&storage, new).await;
                let previous = said.last().map(|message| message.sequence);
                assert!(Some(stored.sequence) > previous, "what was said later comes later");
                said.push(stored);
            }
            said
        })
    }))
    .await;
    let mut said: Vec<_> = acknowledged.into_iter().flatten().collect();
    said.sort_by_key(|message| message.sequence);
    assert_eq!(said.len(), CONTENDERS * EACH);
    assert!(said.is_sorted_by_key(|message| message.create_time), "time went back");
    assert_said(storage, chat, &said).await;
}

pub(crate) async fn who_reads_while_others_write_never_sees_a_hole_or_a_change(storage: &Storage) {
    let chat = new_chat(storage).await;
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (storage, done) = (storage.clone(), done.clone());
            tokio::spawn(contender(async move {
                let mut read: Vec<Message> = Vec::new();
                loop {
                    let last = done.load(Ordering::Acquire);
                    let after = read.last().map_or(Sequence::ZERO, |message| message.sequence);
                    let range = MessageRange::OldestFirst { after };
                    let news = storage.chats().list_messages(chat.chat_id, range, 7).await.answered();
                    let newest = storage.chats().find_chat(chat.chat_id).await.answered();
                    let newest = newest.map_or(Sequence::ZERO, |chat| chat.last_sequence());
                    for message in news {
                        let expected = read.last().map_or(Sequence::ZERO, |last| last.sequence).next();
                        assert_eq!(message.sequence, expected, "a hole");
                        assert!(message.sequence <= newest, "what was listed is newer than the newest");
                        read.push(message);
                    }
                    if last && read.len() == CONTENDERS * EACH {
                        return read;
                    }
                    assert!(!last || newest == Sequence(i64::try_from(CONTENDERS * EACH).unwrap_or(0)));
                }
            }))
        })
        .collect();
    side_by_side((0..CONTENDERS).map(|index| {
        let storage = storage.clone();
        contender(async move {
            for turn in 0..EACH {
                let sender_id = chat.members.both()[turn % 2];
                let stored = append(&storage, message(chat, sender_id, &format!("{index}"), at(10))).await;
                let found = storage.chats().find_chat(chat.chat_id).await.answered();
                assert!(found.is_some_and(|found| found.last_sequence() >= stored.sequence), "found at once");
            }
        })
    }))
    .await;
    done.store(true, Ordering::Release);
    let said = history(storage, chat.chat_id).await;
    for reader in readers {
        assert_eq!(reader.await.expect("the reader panicked"), said);
    }
}

pub(crate) async fn messages_in_several_chats_of_one_person_at_once_are_all_kept(storage: &Storage) {
    let mut chats = Vec::new();
    let person = strangers().lower();
    for _ in 0..CONTENDERS {
        let stored = chat(crate::world::pair(person, crate::world::new_id()), at(1));
        storage.chats().insert_chat(stored).await.answered();
        chats.push(stored);
    }
    let said = side_by_side(chats.iter().copied().map(|chat| {
        let storage = storage.clone();
        contender(async move {
            let mut said = Vec::new();
            for turn in 0..EACH {
                let sender_id = chat.members.both()[turn % 2];
                said.push(append(&storage, message(chat, sender_id, "side by side", at(10))).await);
            }
            said
        })
    }))
    .await;
    for (chat, said) in chats.into_iter().zip(said) {
        assert_said(storage, chat, &said).await;
    }
}
