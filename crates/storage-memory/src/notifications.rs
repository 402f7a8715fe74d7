//! Notifications.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::event::Event;
use duologue_domain::id::{EventId, Id, NotificationId, UserId};
use duologue_domain::notification::{
    Inbox, InsertNotification, Notification, NotificationRange, NotificationStore, Position, ReadFilter,
};
use parking_lot::RwLock;

use crate::MemoryStorage;
use crate::log::Log;
use crate::shards::Shards;

/// What every user was told.
#[derive(Default)]
pub(crate) struct Notifications {
    users: Shards<UserId, Arc<RwLock<Told>>>,
}

/// What one user was told.
#[derive(Default)]
struct Told {
    events: Log<Event>,
    /// Never forgotten, so that an event is told once however late it comes again.
    positions: HashMap<EventId, Position>,
    read: Position,
}

impl Told {
    fn inbox(&self) -> Inbox {
        Inbox { newest: Position(self.events.newest()), read: self.read }
    }

    fn list(&self, range: NotificationRange, filter: ReadFilter, limit: usize) -> Vec<Notification> {
        let read = match filter {
            ReadFilter::All => Position::default(),
            ReadFilter::UnreadOnly => self.read,
        };
        let notification = |number, event: &Event| {
            let position = Position(number);
            Notification { event: event.clone(), position, read: position <= self.read }
        };
        match range {
            NotificationRange::NewestFirst { before } => {
                let numbers = self.events.between(read.0, before.map(|before| before.0));
                self.events.read(numbers.rev().take(limit), notification)
            }
            NotificationRange::OldestFirst { after } => {
                let numbers = self.events.between(after.max(read).0, None);
                self.events.read(numbers.take(limit), notification)
            }
        }
    }
}

#[async_trait]
impl NotificationStore for MemoryStorage {
    async fn insert_notification(&self, event: Event) -> Result<InsertNotification, StorageError> {
        let told = self.contexts.notifications.users.find_or_default(event.recipient_id);
        let mut told = told.write();
        if told.positions.contains_key(&event.event_id) {
            return Ok(InsertNotification::Duplicate);
        }
        let position = Position(told.events.newest()).next();
        told.positions.insert(event.event_id, position);
        told.events.push(event);
        Ok(InsertNotification::Inserted(position))
    }

    async fn find_position(
        &self,
        user_id: UserId,
        notification_id: NotificationId,
    ) -> Result<Option<Position>, StorageError> {
        let Some(told) = self.contexts.notifications.users.find(&user_id) else { return Ok(None) };
        let event_id = EventId::from_uuid(notification_id.uuid());
        let position = told.read().positions.get(&event_id).copied();
        Ok(position)
    }

    async fn find_inbox(&self, user_id: UserId) -> Result<Inbox, StorageError> {
        let told = self.contexts.notifications.users.find(&user_id);
        Ok(told.map_or_else(Inbox::default, |told| told.read().inbox()))
    }

    async fn list_notifications(
        &self,
        user_id: UserId,
        range: NotificationRange,
        filter: ReadFilter,
        limit: usize,
    ) -> Result<Vec<Notification>, StorageError> {
        let told = self.contexts.notifications.users.find(&user_id);
        Ok(told.map_or_else(Vec::new, |told| told.read().list(range, filter, limit)))
    }

    async fn mark_read(&self, user_id: UserId, up_to: Position) -> Result<Inbox, StorageError> {
        let Some(told) = self.contexts.notifications.users.find(&user_id) else {
            return Ok(Inbox::default());
        };
        let mut told = told.write();
        told.read = told.read.max(up_to.min(told.inbox().newest));
        Ok(told.inbox())
    }

    async fn list_newest_positions(
        &self,
        user_ids: &[UserId],
    ) -> Result<Vec<(UserId, Position)>, StorageError> {
        let mut user_ids = user_ids.to_vec();
        user_ids.sort_unstable();
        user_ids.dedup();
        let users = &self.contexts.notifications.users;
        let told: Vec<_> = user_ids.into_iter().filter_map(|id| Some((id, users.find(&id)?))).collect();
        // All locks before the first look: one moment for all of them.
        let told: Vec<_> = told.iter().map(|(user_id, told)| (*user_id, told.read())).collect();
        Ok(told.iter().map(|(user_id, told)| (*user_id, told.inbox().newest)).collect())
    }
}
