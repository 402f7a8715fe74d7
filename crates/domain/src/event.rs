//! What happened, told in the same transaction as the change, for whoever must act on it later.

use async_trait::async_trait;

use crate::error::StorageError;
use crate::id::{ChatId, EventId, MessageId, RequestId, UserId};
use crate::time::Timestamp;

/// Something that happened, which somebody must be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Names the event, so that delivering it twice applies it once.
    pub event_id: EventId,
    /// Who is to be told.
    pub recipient_id: UserId,
    /// Who did it.
    pub actor_id: UserId,
    /// What was done.
    pub subject: Subject,
    /// When.
    pub occur_time: Timestamp,
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A friend request arrived.
    FriendRequestReceived(RequestId),
    /// A friend request was accepted.
    FriendRequestAccepted(RequestId),
    /// A message arrived.
    MessageReceived(ChatId, MessageId),
}

/// Events that are written and not yet delivered.
///
/// A store that writes events writes each in the same atomic operation as the change that it tells of.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EventOutbox: Send + Sync {
    /// Claims up to `limit` undelivered events, oldest first, until `lease_end`.
    ///
    /// An event is claimed by one caller at a time. Until it is acknowledged it can be claimed again after the
    /// lease, so that a crash delays it and never loses it.
    async fn claim_events(
        &self,
        limit: usize,
        now: Timestamp,
        lease_end: Timestamp,
    ) -> Result<Vec<Event>, StorageError>;

    /// Removes delivered events; one that is gone already is no error.
    async fn acknowledge_events(&self, event_ids: &[EventId]) -> Result<(), StorageError>;
}
