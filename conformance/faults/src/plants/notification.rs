//! Faults of notifications: events that are lost, and events that count twice.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::event::{Event, EventOutbox, Subject};
use duologue_domain::id::{EventId, Id as _, NotificationId, UserId};
use duologue_domain::notification::{
    Inbox, InsertNotification, Notification, NotificationRange, NotificationStore, Position, ReadFilter,
};
use duologue_domain::{StorageError, Timestamp};
use uuid::Uuid;

use super::Plant;

pub(super) fn plants() -> Vec<Plant> {
    vec![
        Plant::new("event-lost-on-crash", |mut composition| {
            let forgetful = |inner| Arc::new(Forgetful(inner)) as Arc<dyn EventOutbox>;
            composition.ports.outboxes = composition.ports.outboxes.into_iter().map(forgetful).collect();
            composition
        }),
        Plant::new("event-applied-twice", |mut composition| {
            composition.ports.notifications = Arc::new(Repeating(composition.ports.notifications));
            composition
        }),
    ]
}

/// The second statement of a change is what a crash takes first.
struct Forgetful(Arc<dyn EventOutbox>);

#[async_trait]
impl EventOutbox for Forgetful {
    async fn claim_events(
        &self,
        limit: usize,
        now: Timestamp,
        lease_end: Timestamp,
    ) -> Result<Vec<Event>, StorageError> {
        let claimed = self.0.claim_events(limit, now, lease_end).await?;
        let is_lost = |event: &Event| matches!(event.subject, Subject::FriendRequestAccepted(_));
        let (lost, kept): (Vec<_>, Vec<_>) = claimed.into_iter().partition(is_lost);
        let lost: Vec<_> = lost.into_iter().map(|event| event.event_id).collect();
        self.0.acknowledge_events(&lost).await?;
        Ok(kept)
    }

    async fn acknowledge_events(&self, event_ids: &[EventId]) -> Result<(), StorageError> {
        self.0.acknowledge_events(event_ids).await
    }
}

/// Every event is delivered twice, and told twice.
struct Repeating(Arc<dyn NotificationStore>);

#[async_trait]
impl NotificationStore for Repeating {
    async fn insert_notification(&self, event: Event) -> Result<InsertNotification, StorageError> {
        let twin = EventId::from_uuid(Uuid::from_u128(event.event_id.uuid().as_u128() ^ 1));
        self.0.insert_notification(Event { event_id: twin, ..event.clone() }).await?;
        self.0.insert_notification(event).await
    }

    async fn find_position(
        &self,
        user_id: UserId,
        notification_id: NotificationId,
    ) -> Result<Option<Position>, StorageError> {
        self.0.find_position(user_id, notification_id).await
    }

    async fn find_inbox(&self, user_id: UserId) -> Result<Inbox, StorageError> {
        self.0.find_inbox(user_id).await
    }

    async fn list_notifications(
        &self,
        user_id: UserId,
        range: NotificationRange,
        filter: ReadFilter,
        limit: usize,
    ) -> Result<Vec<Notification>, StorageError> {
        self.0.list_notifications(user_id, range, filter, limit).await
    }

    async fn mark_read(&self, user_id: UserId, up_to: Position) -> Result<Inbox, StorageError> {
        self.0.mark_read(user_id, up_to).await
    }

    async fn list_newest_positions(
        &self,
        user_ids: &[UserId],
    ) -> Result<Vec<(UserId, Position)>, StorageError> {
        self.0.list_newest_positions(user_ids).await
    }
}
