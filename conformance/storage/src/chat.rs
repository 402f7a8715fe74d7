//! Chats and their messages.

mod append;
mod cancelled;
mod keys;
mod messages;
mod model;
mod races;
mod times;

pub(crate) use append::*;
pub(crate) use cancelled::*;
pub(crate) use keys::*;
pub(crate) use messages::*;
pub(crate) use model::*;
pub(crate) use races::*;
pub(crate) use times::*;

use duologue_domain::chat::{
    AppendMessage, Chat, DirectChat, InsertChat, Message, MessageRange, NewMessage, Sequence,
};
use duologue_domain::id::{ChatId, UserId};

use crate::fixture::Storage;
use crate::world::{Acknowledged as _, at, chat, message, new_id, pair, strangers};

pub(crate) async fn an_inserted_chat_is_found_and_nothing_was_said_in_it(storage: &Storage) {
    for _ in 0..4 {
        let stored = new_chat(storage).await;
        assert_eq!(storage.chats().find_direct_chat(stored.chat_id).await.answered(), Some(stored));
        assert_said(storage, stored, &[]).await;
    }
}

pub(crate) async fn an_unknown_chat_is_not_found(storage: &Storage) {
    assert_absent(storage, new_id()).await;
}

pub(crate) async fn two_people_have_one_chat_and_a_second_one_is_not_stored(storage: &Storage) {
    let first = new_chat(storage).await;
    let [lower, higher] = first.members.both();
    say(storage, first, lower, "kept").await;
    let said = history(storage, first.chat_id).await;
    for members in [pair(lower, higher), pair(higher, lower)] {
        let second = chat(members, at(99));
        assert_eq!(storage.chats().insert_chat(second).await.answered(), InsertChat::Exists(first));
        assert_absent(storage, second.chat_id).await;
        assert_said(storage, first, &said).await;
    }
    let again = storage.chats().insert_chat(first).await.answered();
    assert_eq!(again, InsertChat::Exists(first));
}

pub(crate) async fn one_person_has_a_chat_with_each_of_several(storage: &Storage) {
    let person = new_id();
    for _ in 0..3 {
        let stored = chat(pair(person, new_id()), at(1));
        assert_eq!(storage.chats().insert_chat(stored).await.answered(), InsertChat::Inserted);
        say(storage, stored, person, "to one of them").await;
        assert_eq!(history(storage, stored.chat_id).await.len(), 1);
    }
}

pub(crate) async fn the_newest_sequences_of_known_chats_are_told_and_unknown_ones_left_out(
    storage: &Storage,
) {
    let mut expected = Vec::new();
    let mut asked = Vec::new();
    for count in 0_i64..4 {
        let stored = new_chat(storage).await;
        for _ in 0..count {
            say(storage, stored, stored.members.lower(), "counted").await;
        }
        expected.push((stored.chat_id, Sequence(count)));
        asked.extend([new_id(), stored.chat_id]);
    }
    // As many as the poller asks for at once.
    asked.extend((asked.len()..1_000).map(|_| new_id::<ChatId>()));
    let mut told = storage.chats().list_newest_sequences(&asked).await.answered();
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    for count in 1..4 {
        let once = storage.chats().list_newest_sequences(&vec![expected[1].0; count]).await.answered();
        assert_eq!(once, [expected[1]], "each is told once");
    }
    assert_eq!(storage.chats().list_newest_sequences(&[]).await.answered(), []);
    assert_eq!(storage.chats().list_newest_sequences(&[new_id()]).await.answered(), []);
}

/// A stored chat of two strangers.
pub(crate) async fn new_chat(storage: &Storage) -> DirectChat {
    let stored = chat(strangers(), at(1));
    assert_eq!(storage.chats().insert_chat(stored).await.answered(), InsertChat::Inserted);
    stored
}

/// Stores a message, and gives it.
pub(crate) async fn append(storage: &Storage, message: NewMessage) -> Message {
    let outcome = storage.chats().append_message(message).await.answered();
    let AppendMessage::Stored(message) = outcome else { panic!("not stored: {outcome:?}") };
    message
}

/// Stores a message that nothing is special about.
pub(crate) async fn say(storage: &Storage, chat: DirectChat, sender_id: UserId, text: &str) -> Message {
    append(storage, message(chat, sender_id, text, at(50))).await
}

/// All messages of a chat, oldest first.
pub(crate) async fn history(storage: &Storage, chat_id: ChatId) -> Vec<Message> {
    let range = MessageRange::OldestFirst { after: Sequence::ZERO };
    storage.chats().list_messages(chat_id, range, 100_000).await.answered()
}

/// Looks, by every method, whether exactly this was said.
pub(crate) async fn assert_said(storage: &Storage, direct: DirectChat, said: &[Message]) {
    let chats = storage.chats();
    let chat = Chat { direct, last_message: said.last().cloned() };
    let newest = chat.last_sequence();
    assert_eq!(chats.find_chat(direct.chat_id).await.answered(), Some(chat));
    assert_eq!(history(storage, direct.chat_id).await, said);
    let listed = chats.list_newest_sequences(&[direct.chat_id]).await.answered();
    assert_eq!(listed, [(direct.chat_id, newest)]);
    assert!((1..).zip(said).all(|(sequence, message)| message.sequence == Sequence(sequence)), "{said:?}");
    let (first, last) = (said.first().map(|message| message.sequence), said.last());
    assert_eq!(first_since(storage, direct.chat_id, i64::MIN).await, first);
    if let Some(last) = last {
        let found = first_since(storage, direct.chat_id, last.create_time.unix_micros()).await;
        assert!(found.is_some_and(|found| found <= last.sequence), "{found:?}");
    }
}

/// The first sequence since so many microseconds after the epoch.
async fn first_since(storage: &Storage, chat_id: ChatId, micros: i64) -> Option<Sequence> {
    let since = duologue_domain::Timestamp::from_unix_micros(micros);
    storage.chats().find_first_sequence_since(chat_id, since).await.answered()
}

/// Looks, by every method, whether there is no such chat.
async fn assert_absent(storage: &Storage, chat_id: ChatId) {
    let chats = storage.chats();
    assert_eq!(chats.find_direct_chat(chat_id).await.answered(), None);
    assert_eq!(chats.find_chat(chat_id).await.answered(), None);
    assert_eq!(history(storage, chat_id).await, []);
    let newest_first = MessageRange::NewestFirst { before: None };
    assert_eq!(chats.list_messages(chat_id, newest_first, 5).await.answered(), []);
    assert_eq!(first_since(storage, chat_id, 0).await, None);
    assert_eq!(chats.list_newest_sequences(&[chat_id]).await.answered(), []);
}
