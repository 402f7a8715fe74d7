//! The live feed of a user's notifications: every one after a place, in order, each once.

use std::sync::Arc;

use super::{Notification, NotificationRange, NotificationStore, Position, ReadFilter};
use crate::error::StorageError;
use crate::id::UserId;
use crate::wakeup::{Subscription, Topic};

/// How many notifications a feed reads at once, and holds at most.
const PAGE: usize = 100;

/// Delivers the notifications of one user, one page at a time. Made by [`super::Service::stream_notifications`].
pub struct NotificationFeed {
    pub(super) store: Arc<dyn NotificationStore>,
    pub(super) subscription: Subscription,
    pub(super) user_id: UserId,
    pub(super) last: Position,
}

impl NotificationFeed {
    /// The topic that wakes a user's feeds.
    pub(super) fn topic(user_id: UserId) -> Topic {
        Topic::Notifications(user_id)
    }

    /// The next notifications, at least one. Waits for as long as there is none.
    ///
    /// Dropping the future loses nothing: the next call reads from the same place.
    pub async fn next(&mut self) -> Result<Vec<Notification>, StorageError> {
        loop {
            self.subscription.mark_seen();
            let range = NotificationRange::OldestFirst { after: self.last };
            let notifications =
                self.store.list_notifications(self.user_id, range, ReadFilter::All, PAGE).await?;
            if let Some(newest) = notifications.last() {
                self.last = newest.position;
                return Ok(notifications);
            }
            self.subscription.changed().await;
        }
    }
}

impl std::fmt::Debug for NotificationFeed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("NotificationFeed").field("last", &self.last).finish_non_exhaustive()
    }
}
