//! Reading what was said.

use duologue_domain::chat::{ChatStore, DirectChat, Message, MessageRange, Sequence};

use super::{append, history, new_chat, say};
use crate::cancellation::at_every_await_point;
use crate::fixture::Storage;
use crate::pages::assert_pages;
use crate::race::contender;
use crate::world::{Acknowledged as _, at, message, new_id};

pub(crate) async fn messages_are_listed_newest_first_below_a_sequence(storage: &Storage) {
    let (chat, mut said) = conversation(storage, 9).await;
    let chats = storage.chats();
    said.reverse();
    assert_pages(
        &said,
        |message| message.sequence,
        async |before, limit| {
            chats.list_messages(chat.chat_id, MessageRange::NewestFirst { before }, limit).await.answered()
        },
    )
    .await;
    let list = async |before| {
        let range = MessageRange::NewestFirst { before: Some(Sequence(before)) };
        chats.list_messages(chat.chat_id, range, 50).await.answered()
    };
    assert_eq!(list(i64::MAX).await, said, "below what is far beyond the newest");
    assert_eq!(list(10).await, said, "below the next");
    assert_eq!(list(9).await, said[1..]);
    for nothing in [1, 0] {
        assert_eq!(list(nothing).await, [], "below {nothing}");
    }
}

pub(crate) async fn messages_are_listed_oldest_first_above_a_sequence(storage: &Storage) {
    let (chat, said) = conversation(storage, 9).await;
    let chats = storage.chats();
    assert_pages(
        &said,
        |message| message.sequence,
        async |after: Option<Sequence>, limit| {
            let range = MessageRange::OldestFirst { after: after.unwrap_or_default() };
            chats.list_messages(chat.chat_id, range, limit).await.answered()
        },
    )
    .await;
    for nothing in [9, 10, 1_000, i64::MAX] {
        let range = MessageRange::OldestFirst { after: Sequence(nothing) };
        let listed = chats.list_messages(chat.chat_id, range, 50).await.answered();
        assert_eq!(listed, [], "above {nothing}");
    }
}

pub(crate) async fn no_messages_are_listed_of_an_unknown_chat(storage: &Storage) {
    conversation(storage, 2).await;
    for range in
        [MessageRange::NewestFirst { before: None }, MessageRange::OldestFirst { after: Sequence::ZERO }]
    {
        assert_eq!(storage.chats().list_messages(new_id(), range, 5).await.answered(), []);
    }
}

pub(crate) async fn a_walk_to_older_messages_is_not_disturbed_by_new_ones(storage: &Storage) {
    let (chat, said) = conversation(storage, 12).await;
    let other = storage.clone();
    let writer = tokio::spawn(contender(async move {
        for _ in 0..100 {
            say(&other, chat, chat.members.lower(), "meanwhile").await;
        }
    }));
    loop {
        let last = writer.is_finished();
        let mut walked = walk_down(&*storage.chats(), chat, 5).await;
        walked.reverse();
        assert!((1..).zip(&walked).all(|(sequence, message)| message.sequence == Sequence(sequence)));
        assert_eq!(walked[..said.len()], said);
        if last {
            assert_eq!(walked.len(), said.len() + 100);
            break;
        }
    }
    writer.await.expect("the writer panicked");
}

pub(crate) async fn reading_waits_for_no_writer_who_has_stopped_halfway(storage: &Storage) {
    let (chat, said) = conversation(storage, 3).await;
    at_every_await_point(async |cancellation| {
        let chats = storage.chats();
        // The writer stands still while others read, and goes away only then.
        let mut writer = Box::pin(chats.append_message(message(chat, chat.members.lower(), "slow", at(60))));
        let cut = cancellation.cut(&mut writer).await;
        let now = history(storage, chat.chat_id).await;
        assert_eq!(now[..said.len()], said);
        assert!(chats.find_chat(chat.chat_id).await.answered().is_some());
        assert!(!chats.list_newest_sequences(&[chat.chat_id]).await.answered().is_empty());
        assert!(chats.find_first_sequence_since(chat.chat_id, at(0)).await.answered().is_some());
        drop(writer);
        cut.is_some()
    })
    .await;
}

/// A chat in which both said something, a while apart.
async fn conversation(storage: &Storage, length: i64) -> (DirectChat, Vec<Message>) {
    let chat = new_chat(storage).await;
    let mut said = Vec::new();
    for index in 0..length {
        let sender_id = if index % 3 == 0 { chat.members.lower() } else { chat.members.higher() };
        said.push(append(storage, message(chat, sender_id, "said", at(10 * index))).await);
    }
    (chat, said)
}

/// All messages, newest first, by pages.
async fn walk_down(chats: &dyn ChatStore, chat: DirectChat, limit: usize) -> Vec<Message> {
    let (mut walked, mut before) = (Vec::new(), None);
    loop {
        let range = MessageRange::NewestFirst { before };
        let page = chats.list_messages(chat.chat_id, range, limit).await.answered();
        let Some(last) = page.last() else { return walked };
        before = Some(last.sequence);
        walked.extend(page);
    }
}
