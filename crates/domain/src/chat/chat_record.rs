//! A chat: two people, for ever, and what was said last.

use super::{Message, Sequence};
use crate::id::{ChatId, Id};
use crate::page::{self, CursorKey};
use crate::social::Pair;
use crate::time::Timestamp;

/// The part of a chat that never changes, and can be cached for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectChat {
    /// Names the chat.
    pub chat_id: ChatId,
    /// Its two members.
    pub members: Pair,
    /// When it was made.
    pub create_time: Timestamp,
}

/// A chat as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// What never changes.
    pub direct: DirectChat,
    /// The newest message, if anything was said.
    pub last_message: Option<Message>,
}

impl Chat {
    /// The sequence of the newest message; zero if there is none.
    #[must_use]
    pub fn last_sequence(&self) -> Sequence {
        self.last_message.as_ref().map_or(Sequence::ZERO, |message| message.sequence)
    }

    /// Where the chat stands in the list of chats of its members.
    #[must_use]
    pub fn activity(&self) -> ActivityKey {
        let time = self.last_message.as_ref().map_or(self.direct.create_time, |message| message.create_time);
        ActivityKey { time, chat_id: self.direct.chat_id }
    }
}

/// Orders chats: by the time of the last message (without one, of the chat's creation), ties by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityKey {
    /// When something happened last.
    pub time: Timestamp,
    /// Which chat it is.
    pub chat_id: ChatId,
}

/// A cursor in the list of chats: the moment that the walk began, and the last chat returned, as it stood then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WalkKey {
    pub(super) as_of: Timestamp,
    pub(super) before: ActivityKey,
}

impl CursorKey for WalkKey {
    fn to_bytes(&self) -> Vec<u8> {
        let before = page::timed_key_to_bytes(self.before.time, self.before.chat_id.uuid());
        [self.as_of.unix_micros().to_be_bytes().as_slice(), &before].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (as_of, before) = bytes.split_at_checked(8)?;
        let as_of = Timestamp::from_unix_micros(i64::from_be_bytes(as_of.try_into().ok()?));
        let (time, uuid) = page::timed_key_from_bytes(before)?;
        Some(Self { as_of, before: ActivityKey { time, chat_id: ChatId::from_uuid(uuid) } })
    }
}
