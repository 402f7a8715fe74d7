//! Faults of notifications: events that are lost, and events that count twice.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::event::{Event, Subject};
use duologue_domain::id::{EventId, Id as _, NotificationId, UserId};
use duologue_domain::notification::{
    Inbox, InsertNotification, Notification, NotificationRange, NotificationStore, Position, ReadFilter,
};
use uuid::Uuid;

use super::Plant;

pub(super) fn plants() -> Vec<Plant> {
    let plant = |id, defect| {
        Plant::new(id, move |mut composition| {
            let inner = composition.ports.notifications;
            composition.ports.notifications = Arc::new(Decorated { inner, defect });
            composition
        })
    };
    vec![plant("event-lost-on-crash", Defect::Forgets), plant("event-applied-twice", Defect::Repeats)]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    /// What a crash takes: events that are written in a second statement.
    Forgets,
    /// An event that is delivered twice is told twice.
    Repeats,
}

struct Decorated {
    inner: Arc<dyn NotificationStore>,
    defect: Defect,
}

#[async_trait]
impl NotificationStore for Decorated {
    async fn insert_notification(&self, event: Event) -> Result<InsertNotification, StorageError> {
        match self.defect {
            Defect::Forgets if matches!(event.subject, Subject::FriendRequestAccepted(_)) => {
                return Ok(InsertNotification::Duplicate);
            }
            Defect::Forgets => {}
            Defect::Repeats => {
                let twin = EventId::from_uuid(Uuid::from_u128(event.event_id.uuid().as_u128() ^ 1));
                self.inner.insert_notification(Event { event_id: twin, ..event.clone() }).await?;
            }
        }
        self.inner.insert_notification(event).await
    }

    async fn find_position(
        &self,
        user_id: UserId,
        notification_id: NotificationId,
    ) -> Result<Option<Position>, StorageError> {
        self.inner.find_position(user_id, notification_id).await
    }

    async fn find_inbox(&self, user_id: UserId) -> Result<Inbox, StorageError> {
        self.inner.find_inbox(user_id).await
    }

    async fn list_notifications(
        &self,
        user_id: UserId,
        range: NotificationRange,
        filter: ReadFilter,
        limit: usize,
    ) -> Result<Vec<Notification>, StorageError> {
        self.inner.list_notifications(user_id, range, filter, limit).await
    }

    async fn mark_read(&self, user_id: UserId, up_to: Position) -> Result<Inbox, StorageError> {
        self.inner.mark_read(user_id, up_to).await
    }

    async fn list_newest_positions(
        &self,
        user_ids: &[UserId],
    ) -> Result<Vec<(UserId, Position)>, StorageError> {
        self.inner.list_newest_positions(user_ids).await
    }
}
