//! Chats: making them, finding them, sending, reading.

mod create;
mod find;
mod history;
mod idempotency;
mod lists;
mod model;
mod order;
mod refusals;
mod send;
mod walks;

use duologue_contract::chat::{
    ListMessagesRequest, ListUserChatsRequest, Message, MessageOrder, SendMessageRequest,
};

use super::Scenario;
use crate::world::{Outcome, Person, Stop, World};

pub(super) fn scenarios() -> Vec<Scenario> {
    [create::scenarios(), find::scenarios(), send::scenarios(), history::scenarios()].concat()
}

/// A message to be, without an id of its own.
pub(super) fn text_for(chat_id: &str, text: &str) -> SendMessageRequest {
    SendMessageRequest { chat_id: chat_id.to_owned(), text: text.to_owned(), client_message_id: None }
}

/// A message to be, with the sender's own id for it.
pub(super) fn keyed(chat_id: &str, text: &str, key: &str) -> SendMessageRequest {
    SendMessageRequest { client_message_id: Some(key.to_owned()), ..text_for(chat_id, text) }
}

/// A page of a chat.
pub(super) fn page_of(
    chat_id: &str,
    limit: i32,
    cursor: Option<String>,
    order: MessageOrder,
) -> ListMessagesRequest {
    ListMessagesRequest { chat_id: chat_id.to_owned(), limit, cursor, order: order.into() }
}

/// Ids of messages, in their order.
pub(super) fn ids_of(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.message_id.clone()).collect()
}

/// Sequences of messages, in their order.
pub(super) fn sequences_of(messages: &[Message]) -> Vec<i64> {
    messages.iter().map(|message| message.sequence).collect()
}

/// The whole chat as this person reads it, oldest first.
pub(super) async fn whole(world: &World, reader: &Person, chat_id: &str) -> Outcome<Vec<Message>> {
    let (mut messages, mut cursor) = (Vec::new(), None);
    for _ in 0..500 {
        let page = world.arrange(reader, &page_of(chat_id, 100, cursor, MessageOrder::OldestFirst)).await?;
        messages.extend(page.messages);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(messages);
        }
    }
    world.violation("a walk through a chat does not end");
    Err(Stop::Violated)
}

/// Ids of the chats that this person has, in the order of the list.
pub(super) async fn chats_of(world: &World, person: &Person) -> Outcome<Vec<String>> {
    let request = ListUserChatsRequest { limit: 100, ..Default::default() };
    let chats = world.arrange(person, &request).await?.chats;
    Ok(chats.into_iter().map(|chat| chat.chat_id).collect())
}

/// Asserts that a chat holds no message, and that a refused one took no sequence.
async fn still_empty(world: &World, reader: &Person, chat_id: &str, after: &str) -> Outcome {
    let found = whole(world, reader, chat_id).await?;
    world.check(found.is_empty(), || {
        format!("after {after}: {} messages in a chat that must have none", found.len())
    });
    let message = world.send(reader, chat_id, "the first that counts").await?;
    world.check_eq(&format!("after {after}: sequence of the first message"), &message.sequence, &1);
    Ok(())
}
