//! The live feed of a chat: every message after a place, in order, without gap and without duplicate.
//!
//! Storage is the only source; wake-ups only say when to look. The feed subscribes **before** it finds its start,
//! so that nothing falls between replay and live, and it reads at its reader's pace, one page at a time: a slow
//! reader holds one page and slows nobody.

use std::sync::Arc;

use super::error::FeedError;
use super::{ChatStore, Message, MessageRange, Sequence};
use crate::error::StorageError;
use crate::id::{ChatId, MessageId};
use crate::time::Timestamp;
use crate::wakeup::{Subscription, Topic, WakeUp};

/// How many messages a feed reads at once, and holds at most.
pub const PAGE: usize = 100;

/// Where a feed begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedStart {
    /// With the next message.
    Now,
    /// With the first message of this moment or later; without one, with the next.
    Since(Timestamp),
    /// After a message that the client has.
    After {
        /// Its place; zero for the very beginning.
        sequence: Sequence,
        /// Which it was, to notice that the storage lost it.
        message_id: Option<MessageId>,
    },
}

/// Delivers the messages of one chat, one page at a time.
///
/// ```
/// use std::sync::Arc;
///
/// use duologue_domain::chat::error::FeedError;
/// use duologue_domain::chat::{ChatStore, FeedStart, Message, MessageFeed};
/// use duologue_domain::id::ChatId;
/// use duologue_domain::wakeup::WakeUp;
///
/// /// Hands every message on, and resumes after the last one that was taken.
/// async fn follow(
///     store: Arc<dyn ChatStore>,
///     wake_up: &dyn WakeUp,
///     chat_id: ChatId,
///     last: Option<&Message>,
///     mut take: impl FnMut(Message),
/// ) -> Result<(), FeedError> {
///     let start = last.map_or(FeedStart::Now, |last| FeedStart::After {
///         sequence: last.sequence,
///         message_id: Some(last.message_id),
///     });
///     let mut feed = MessageFeed::open(store, wake_up, chat_id, start).await?;
///     loop {
///         feed.next().await?.into_iter().for_each(&mut take);
///     }
/// }
/// ```
pub struct MessageFeed {
    store: Arc<dyn ChatStore>,
    subscription: Subscription,
    chat_id: ChatId,
    /// The last message delivered.
    last: Sequence,
    /// Which that was, where it is known: read again with each page, so that a loss cannot go unnoticed.
    last_id: Option<MessageId>,
}

impl MessageFeed {
    /// A feed of a chat whose reader is entitled to it.
    pub async fn open(
        store: Arc<dyn ChatStore>,
        wake_up: &dyn WakeUp,
        chat_id: ChatId,
        start: FeedStart,
    ) -> Result<Self, FeedError> {
        let subscription = wake_up.subscribe(Topic::Chat(chat_id));
        let chat = store.find_chat(chat_id).await?.ok_or(FeedError::NotAMember)?;
        let newest = (chat.last_sequence(), chat.last_message.as_ref().map(|message| message.message_id));
        let (last, last_id) = match start {
            FeedStart::Now => newest,
            FeedStart::Since(since) => match store.find_first_sequence_since(chat_id, since).await? {
                Some(first) => (first.previous(), None),
                // Not the newest of now: what came since it was read is newer than what was asked for, and live.
                None => newest,
            },
            FeedStart::After { sequence, .. } if sequence > newest.0 || sequence < Sequence::ZERO => {
                return Err(FeedError::OutOfRange);
            }
            FeedStart::After { sequence, message_id } => (sequence, message_id),
        };
        let feed = Self { store, subscription, chat_id, last, last_id };
        if matches!(start, FeedStart::After { message_id: Some(_), .. }) {
            // Refuse at once, not with the first page.
            feed.read(1).await?;
        }
        Ok(feed)
    }

    /// The next messages, at least one. Waits for as long as there is none.
    ///
    /// Dropping the future loses nothing: the next call reads from the same place.
    pub async fn next(&mut self) -> Result<Vec<Message>, FeedError> {
        loop {
            self.subscription.mark_seen();
            let messages = self.read(PAGE).await?;
            if let Some(newest) = messages.last() {
                (self.last, self.last_id) = (newest.sequence, Some(newest.message_id));
                return Ok(messages);
            }
            self.subscription.changed().await;
        }
    }

    /// Up to `limit` messages after the last one, proved to follow it.
    async fn read(&self, limit: usize) -> Result<Vec<Message>, FeedError> {
        let (after, limit) = match self.last_id {
            Some(_) => (self.last.previous(), limit + 1),
            None => (self.last, limit),
        };
        let mut messages =
            self.store.list_messages(self.chat_id, MessageRange::OldestFirst { after }, limit).await?;
        if let Some(last_id) = self.last_id {
            match messages.first() {
                Some(message) if message.message_id == last_id && message.sequence == self.last => {
                    messages = messages.split_off(1);
                }
                _ => return Err(FeedError::HistoryLost),
            }
        }
        let mut expected = self.last;
        for message in &messages {
            expected = expected.next();
            if message.sequence != expected {
                return Err(StorageError::Broken("a sequence is missing in the chat".into()).into());
            }
        }
        Ok(messages)
    }
}

impl std::fmt::Debug for MessageFeed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("MessageFeed")
            .field("chat_id", &self.chat_id)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}
