//! Messages.

use super::{ClientMessageId, MessageText};
use crate::event::{Event, Subject};
use crate::id::{ChatId, EventId, MessageId, UserId};
use crate::page::CursorKey;
use crate::time::Timestamp;

/// The place of a message in its chat: 1, 2, 3 … without holes, in commit order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sequence(pub i64);

impl Sequence {
    /// Before the first message.
    pub const ZERO: Self = Self(0);

    /// The sequence after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The sequence before this one; zero has none.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(if self.0 > 0 { self.0 - 1 } else { 0 })
    }
}

impl CursorKey for Sequence {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        i64::from_bytes(bytes).map(Self)
    }
}

/// A stored message. Nothing of it ever changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Names the message.
    pub message_id: MessageId,
    /// Where it was said.
    pub chat_id: ChatId,
    /// Who said it.
    pub sender_id: UserId,
    /// What was said.
    pub text: MessageText,
    /// When; never before the message that precedes it in the chat.
    pub create_time: Timestamp,
    /// Its place in the chat.
    pub sequence: Sequence,
    /// The sender's own name for it.
    pub client_message_id: Option<ClientMessageId>,
}

/// A message to be stored: its place and time are given by the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Names the message.
    pub message_id: MessageId,
    /// Names the event that tells the other member.
    pub event_id: EventId,
    /// Where it is said.
    pub chat_id: ChatId,
    /// Who says it.
    pub sender_id: UserId,
    /// What is said.
    pub text: MessageText,
    /// The sender's own name for it.
    pub client_message_id: Option<ClientMessageId>,
    /// When it was sent; what is stored is no earlier than the message before it.
    pub send_time: Timestamp,
}

impl NewMessage {
    /// The message in its place, and the event that tells `recipient_id` of it.
    #[must_use]
    pub fn stored(
        self,
        sequence: Sequence,
        create_time: Timestamp,
        recipient_id: UserId,
    ) -> (Message, Event) {
        let event = Event {
            event_id: self.event_id,
            recipient_id,
            actor_id: self.sender_id,
            subject: Subject::MessageReceived(self.chat_id, self.message_id),
            occur_time: create_time,
        };
        let message = Message {
            message_id: self.message_id,
            chat_id: self.chat_id,
            sender_id: self.sender_id,
            text: self.text,
            create_time,
            sequence,
            client_message_id: self.client_message_id,
        };
        (message, event)
    }
}
