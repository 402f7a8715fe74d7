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

/// An event that somebody claimed, to deliver it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedEvent {
    /// What happened.
    pub event: Event,
    /// How often it was deferred before. A lease that ended does not count: that was not the event's fault.
    pub deferrals: u32,
}

/// How many events an outbox holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxCounts {
    /// Those that are still to be delivered, claimed and deferred ones among them.
    pub waiting: u64,
    /// Those that were parked.
    pub parked: u64,
}

/// Events that are written and not yet delivered, however old they are.
///
/// A store that writes events writes each in the same atomic operation as the change that it tells of.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EventOutbox: Send + Sync {
    /// Claims up to `limit` waiting events, oldest first, until `lease_end`.
    ///
    /// An event is claimed by one caller at a time. Until it is acknowledged or parked it can be claimed again after
    /// the lease, so that a crash delays it and never loses it.
    async fn claim_events(
        &self,
        limit: usize,
        now: Timestamp,
        lease_end: Timestamp,
    ) -> Result<Vec<ClaimedEvent>, StorageError>;

    /// Removes delivered events, parked ones too; one that is gone already is no error.
    async fn acknowledge_events(&self, event_ids: &[EventId]) -> Result<(), StorageError>;

    /// Ends the claim of an event, which cannot be claimed before `until`, and counts the deferral.
    ///
    /// Younger events may overtake it. One that is parked stays so, and one that is gone is no error.
    async fn defer_event(&self, event_id: EventId, until: Timestamp) -> Result<(), StorageError>;

    /// Sets an event aside, which cannot be claimed again; one that is parked or gone already is no error.
    ///
    /// It stays until it is acknowledged, or until somebody who knows the storage releases it.
    async fn park_event(&self, event_id: EventId) -> Result<(), StorageError>;

    /// Tells how many events wait, and how many are parked.
    async fn count_events(&self) -> Result<OutboxCounts, StorageError>;
}
