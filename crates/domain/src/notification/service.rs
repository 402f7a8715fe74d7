//! The use cases of notifications.

use std::sync::Arc;

use async_trait::async_trait;

use super::error::NamedNotificationError;
use super::{
    EventReceiver, InsertNotification, Notification, NotificationFeed, NotificationRange, NotificationStore,
    Position, ReadFilter,
};
use crate::auth::Caller;
use crate::error::StorageError;
use crate::event::Event;
use crate::id::NotificationId;
use crate::page::{CursorSealer, ListError, Page, PageRequest, Scope};
use crate::wakeup::WakeUp;

/// The use cases of notifications.
#[derive(Clone)]
pub struct Service {
    store: Arc<dyn NotificationStore>,
    wake_up: Arc<dyn WakeUp>,
    cursors: CursorSealer,
}

impl Service {
    /// A service over a storage.
    #[must_use]
    pub fn new(store: Arc<dyn NotificationStore>, wake_up: Arc<dyn WakeUp>, cursors: CursorSealer) -> Self {
        Self { store, wake_up, cursors }
    }

    /// Lists the caller's notifications, newest first.
    pub async fn list_notifications(
        &self,
        caller: &Caller,
        filter: ReadFilter,
        request: &PageRequest,
    ) -> Result<Page<Notification>, ListError> {
        let filter_name: &[u8] = match filter {
            ReadFilter::All => b"all",
            ReadFilter::UnreadOnly => b"unread",
        };
        let scope = Scope { list: "ListNotifications", caller: caller.user_id, filter: filter_name };
        let before = self.cursors.position(scope, request)?;
        let range = NotificationRange::NewestFirst { before };
        let notifications =
            self.store.list_notifications(caller.user_id, range, filter, request.size.and_one()).await?;
        Ok(self.cursors.page(scope, request.size, notifications, |notification| notification.position))
    }

    /// Opens the live feed of the caller's notifications: after one that they have, or from now on.
    pub async fn stream_notifications(
        &self,
        caller: &Caller,
        after: Option<NotificationId>,
    ) -> Result<NotificationFeed, NamedNotificationError> {
        let user_id = caller.user_id;
        let subscription = self.wake_up.subscribe(NotificationFeed::topic(user_id));
        let last = match after {
            None => self.store.find_inbox(user_id).await?.newest,
            Some(notification_id) => self.position(caller, notification_id).await?,
        };
        Ok(NotificationFeed { store: self.store.clone(), subscription, user_id, last })
    }

    /// Marks the caller's notifications as read, up to one of them, and tells how many are left unread.
    pub async fn mark_notifications_read(
        &self,
        caller: &Caller,
        up_to: NotificationId,
    ) -> Result<i64, NamedNotificationError> {
        let position = self.position(caller, up_to).await?;
        Ok(self.store.mark_read(caller.user_id, position).await?.unread_count())
    }

    async fn position(
        &self,
        caller: &Caller,
        notification_id: NotificationId,
    ) -> Result<Position, NamedNotificationError> {
        self.store
            .find_position(caller.user_id, notification_id)
            .await?
            .ok_or(NamedNotificationError::NotYours)
    }
}

#[async_trait]
impl EventReceiver for Service {
    async fn receive_event(&self, event: Event) -> Result<(), StorageError> {
        let topic = NotificationFeed::topic(event.recipient_id);
        if let InsertNotification::Inserted(position) = self.store.insert_notification(event).await? {
            self.wake_up.publish(topic, position.0);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Service").finish_non_exhaustive()
    }
}
