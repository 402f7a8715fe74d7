//! One chat and its messages.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use duologue_domain::Timestamp;
use duologue_domain::chat::{
    ActivityKey, Chat, ClientMessageId, DirectChat, Message, MessageRange, NewMessage, Sequence,
};
use duologue_domain::event::Event;
use duologue_domain::id::UserId;
use parking_lot::RwLock;

use super::Index;
use crate::log::Log;

/// The least that one moment can be after another.
const NEXT_MOMENT: Duration = Duration::from_micros(1);

/// One chat, with the indexes that list it.
pub(super) struct Room {
    /// What never changes.
    pub(super) direct: DirectChat,
    /// The indexes of the members, that of the lower id first.
    pub(super) indexes: [Arc<RwLock<Index>>; 2],
    pub(super) history: RwLock<History>,
}

/// What was said in one chat.
#[derive(Default)]
pub(super) struct History {
    messages: Log<Message>,
    /// What senders call their messages.
    named: HashMap<(UserId, ClientMessageId), Sequence>,
}

impl Room {
    /// A chat in which nothing was said.
    pub(super) fn new(direct: DirectChat, indexes: [Arc<RwLock<Index>>; 2]) -> Self {
        Self { direct, indexes, history: RwLock::default() }
    }

    /// The chat as it is now.
    pub(super) fn chat(&self) -> Chat {
        Chat { direct: self.direct, last_message: self.history.read().messages.last().cloned() }
    }
}

impl History {
    /// The sequence of the newest message; zero if there is none.
    pub(super) fn newest(&self) -> Sequence {
        Sequence(self.messages.newest())
    }

    /// Where the chat stands in the lists of its members.
    pub(super) fn activity(&self, direct: &DirectChat) -> ActivityKey {
        let time = self.messages.last().map_or(direct.create_time, |message| message.create_time);
        ActivityKey { time, chat_id: direct.chat_id }
    }

    /// Where the chat stood at a moment, if there was anything of it.
    pub(super) fn activity_as_of(&self, direct: &DirectChat, as_of: Timestamp) -> Option<ActivityKey> {
        let newest = self.messages.last_early(|message| message.create_time <= as_of);
        let time = match self.messages.get(newest) {
            Some(message) => message.create_time,
            None if direct.create_time <= as_of => direct.create_time,
            None => return None,
        };
        Some(ActivityKey { time, chat_id: direct.chat_id })
    }

    /// The message that the sender stored before under the same name.
    pub(super) fn find_earlier(&self, new: &NewMessage) -> Option<&Message> {
        let name = (new.sender_id, new.client_message_id.clone()?);
        self.messages.get(self.named.get(&name)?.0)
    }

    /// The message in its place at the end of a chat made at `chat_time`, later than `floor`, and its event.
    pub(super) fn place(
        &self,
        new: NewMessage,
        chat_time: Timestamp,
        floor: Option<Timestamp>,
        recipient_id: UserId,
    ) -> (Message, Event) {
        let previous = self.messages.last().map_or(chat_time, |message| message.create_time);
        let earliest = floor.map_or(previous, |floor| floor.plus(NEXT_MOMENT).max(previous));
        let create_time = new.send_time.max(earliest);
        new.stored(self.newest().next(), create_time, recipient_id)
    }

    /// Adds a message that was placed.
    pub(super) fn push(&mut self, message: Message) {
        if let Some(name) = &message.client_message_id {
            self.named.insert((message.sender_id, name.clone()), message.sequence);
        }
        self.messages.push(message);
    }

    /// Up to `limit` messages.
    pub(super) fn list(&self, range: MessageRange, limit: usize) -> Vec<Message> {
        let copy = |_, message: &Message| message.clone();
        match range {
            MessageRange::NewestFirst { before } => {
                let numbers = self.messages.between(0, before.map(|before| before.0));
                self.messages.read(numbers.rev().take(limit), copy)
            }
            MessageRange::OldestFirst { after } => {
                self.messages.read(self.messages.between(after.0, None).take(limit), copy)
            }
        }
    }

    /// The first message of a moment or later. Time never goes back in a chat, so it can be searched for.
    pub(super) fn first_since(&self, since: Timestamp) -> Option<Sequence> {
        let first = Sequence(self.messages.last_early(|message| message.create_time < since)).next();
        (first <= self.newest()).then_some(first)
    }
}
