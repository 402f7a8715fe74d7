//! What notifications need of a storage. Each method is one atomic operation.

use async_trait::async_trait;

use super::{Notification, Position};
use crate::error::StorageError;
use crate::event::Event;
use crate::id::{NotificationId, UserId};

/// Outcome of [`NotificationStore::insert_notification`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsertNotification {
    /// It is stored, at this position.
    Inserted(Position),
    /// The event was applied before; nothing is changed.
    Duplicate,
}

/// Which notifications to list, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationRange {
    /// From the newest down, below a position if there is one.
    NewestFirst {
        /// The first position that does not belong to the range.
        before: Option<Position>,
    },
    /// Upwards, above a position.
    OldestFirst {
        /// The last position that does not belong to the range.
        after: Position,
    },
}

/// Whether to list what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadFilter {
    /// All notifications.
    All,
    /// Only those that were not read.
    UnreadOnly,
}

/// How far a user's notifications go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Inbox {
    /// The newest position; zero if there is none.
    pub newest: Position,
    /// The position up to which the user has read.
    pub read: Position,
}

impl Inbox {
    /// How many notifications were not read.
    #[must_use]
    pub fn unread_count(self) -> i64 {
        self.newest.0.saturating_sub(self.read.0)
    }
}

/// Tells notifications of what happened in another context: their service, or whoever carries events to it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EventReceiver: Send + Sync {
    /// Applies an event, exactly once however often it is received.
    async fn receive_event(&self, event: Event) -> Result<(), StorageError>;
}

/// Notifications.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait NotificationStore: Send + Sync {
    /// Stores the notification of an event, at the position after its recipient's newest.
    ///
    /// However often one event is applied, at once or later, it is stored exactly once.
    async fn insert_notification(&self, event: Event) -> Result<InsertNotification, StorageError>;

    /// Finds the position of one of a user's notifications.
    async fn find_position(
        &self,
        user_id: UserId,
        notification_id: NotificationId,
    ) -> Result<Option<Position>, StorageError>;

    /// How far a user's notifications go.
    async fn find_inbox(&self, user_id: UserId) -> Result<Inbox, StorageError>;

    /// Lists up to `limit` notifications of a user.
    async fn list_notifications(
        &self,
        user_id: UserId,
        range: NotificationRange,
        filter: ReadFilter,
        limit: usize,
    ) -> Result<Vec<Notification>, StorageError>;

    /// Marks a user's notifications up to a position as read, and tells how far they go then. What was read stays
    /// read; a position beyond the newest counts as the newest.
    async fn mark_read(&self, user_id: UserId, up_to: Position) -> Result<Inbox, StorageError>;

    /// The newest position of each of these users; those without notifications may be left out, and each is told
    /// once, of whatever moment during the call.
    async fn list_newest_positions(
        &self,
        user_ids: &[UserId],
    ) -> Result<Vec<(UserId, Position)>, StorageError>;
}
