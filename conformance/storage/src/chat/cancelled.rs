//! Operations whose caller leaves before they have answered.

use duologue_domain::chat::{AppendMessage, InsertChat};

use super::{append, assert_absent, assert_said, history, new_chat, say};
use crate::cancellation::at_every_await_point;
use crate::fixture::Storage;
use crate::race::{CONTENDERS, at_once, contender};
use crate::world::{Acknowledged as _, at, chat, message, named, number, strangers};

pub(crate) async fn a_cancelled_chat_is_wholly_there_or_not_at_all(storage: &Storage) {
    at_every_await_point(async |cancellation| {
        let members = strangers();
        let (first, again) = (chat(members, at(1)), chat(members, at(2)));
        let cut = cancellation.cut(storage.chats().insert_chat(first)).await;
        let (stored, absent) = match storage.chats().insert_chat(again).await.answered() {
            InsertChat::Inserted => (again, first),
            InsertChat::Exists(existing) => (existing, again),
        };
        assert!(stored == first || stored == again, "{stored:?}");
        assert_absent(storage, absent.chat_id).await;
        let said = say(storage, stored, members.lower(), "it works").await;
        assert_said(storage, stored, &[said]).await;
        cut.is_some()
    })
    .await;
}

pub(crate) async fn a_cancelled_message_is_wholly_there_or_not_at_all(storage: &Storage) {
    let chat = new_chat(storage).await;
    let mut said = Vec::new();
    at_every_await_point(async |cancellation| {
        let name = format!("{}", number());
        let [first, again] =
            [(); 2].map(|()| named(message(chat, chat.members.lower(), "cut", at(10)), &name));
        let cut = cancellation.cut(storage.chats().append_message(first.clone())).await;
        match storage.chats().append_message(again.clone()).await.answered() {
            AppendMessage::Stored(stored) => {
                assert_eq!(stored.message_id, again.message_id);
                said.push(stored);
            }
            AppendMessage::Replayed(replayed) => {
                assert_eq!(replayed.message_id, first.message_id);
                said.push(replayed);
            }
            other => panic!("{other:?}"),
        }
        assert_said(storage, chat, &said).await;
        cut.is_some()
    })
    .await;
}

pub(crate) async fn a_cancelled_message_takes_a_sequence_only_if_it_is_there(storage: &Storage) {
    let chat = new_chat(storage).await;
    at_every_await_point(async |cancellation| {
        let unnamed = message(chat, chat.members.lower(), "cut", at(10));
        let cut = cancellation.cut(storage.chats().append_message(unnamed)).await;
        let next = say(storage, chat, chat.members.higher(), "next").await;
        let said = history(storage, chat.chat_id).await;
        assert!(said.contains(&next), "what was acknowledged is not there");
        assert!(
            (1..).zip(&said).all(|(sequence, message)| message.sequence.0 == sequence),
            "a hole: {said:?}"
        );
        cut.is_some()
    })
    .await;
}

pub(crate) async fn a_message_acknowledged_after_a_cancellation_is_kept(storage: &Storage) {
    let (broken_off, chat) = (new_chat(storage).await, new_chat(storage).await);
    let mut acknowledged = Vec::new();
    at_every_await_point(async |cancellation| {
        let cancelled = message(broken_off, broken_off.members.lower(), "cut", at(10));
        let cut = cancellation.cut(storage.chats().append_message(cancelled)).await;
        acknowledged.push(append(storage, message(chat, chat.members.lower(), "kept", at(10))).await);
        cut.is_some()
    })
    .await;
    // Whoever asks, on whichever connection.
    let found = at_once((0..2 * CONTENDERS).map(|_| {
        let storage = storage.clone();
        contender(async move { history(&storage, chat.chat_id).await })
    }))
    .await;
    assert!(found.iter().all(|said| *said == acknowledged), "what was acknowledged is not there");
}
