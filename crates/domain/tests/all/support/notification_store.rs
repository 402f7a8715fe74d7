//! Notifications and the outbox that feeds them, as plainly as their traits word them.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::event::{ClaimedEvent, Event, EventOutbox, OutboxCounts};
use duologue_domain::id::{EventId, NotificationId, UserId};
use duologue_domain::notification::{
    Inbox, InsertNotification, Notification, NotificationRange, NotificationStore, Position, ReadFilter,
};
use duologue_domain::time::Timestamp;

use super::table::Table;

#[derive(Debug, Default)]
pub(crate) struct Inboxes {
    pub(crate) notifications: HashMap<UserId, Vec<Notification>>,
    read: HashMap<UserId, Position>,
    /// The events at which the store breaks.
    pub(crate) poisoned: HashSet<EventId>,
    /// The events for which the store is not there.
    pub(crate) unreachable: HashSet<EventId>,
}

impl Inboxes {
    fn inbox(&self, user_id: UserId) -> Inbox {
        let newest = self.notifications.get(&user_id).and_then(|list| list.last());
        let read = self.read.get(&user_id).copied().unwrap_or_default();
        Inbox { newest: newest.map_or(Position::default(), |newest| newest.position), read }
    }

    pub(crate) fn insert(&mut self, event: Event) -> InsertNotification {
        let all = self.notifications.entry(event.recipient_id).or_default();
        if all.iter().any(|notification| notification.event.event_id == event.event_id) {
            return InsertNotification::Duplicate;
        }
        let position = all.last().map_or(Position::default(), |newest| newest.position).next();
        all.push(Notification { event, position, read: false });
        InsertNotification::Inserted(position)
    }
}

#[derive(Debug, Default)]
pub(crate) struct PlainNotificationStore(pub(crate) Table<Inboxes>);

#[async_trait]
impl NotificationStore for PlainNotificationStore {
    async fn insert_notification(&self, event: Event) -> Result<InsertNotification, StorageError> {
        self.0
            .atomically(|inboxes| {
                if inboxes.poisoned.contains(&event.event_id) {
                    return Err(StorageError::Broken("poisoned".into()));
                }
                if inboxes.unreachable.contains(&event.event_id) {
                    return Err(StorageError::Unavailable("not there".into()));
                }
                Ok(inboxes.insert(event))
            })
            .await?
    }

    async fn find_position(
        &self,
        user_id: UserId,
        notification_id: NotificationId,
    ) -> Result<Option<Position>, StorageError> {
        self.0
            .atomically(|inboxes| {
                let mut list = inboxes.notifications.get(&user_id)?.iter();
                list.find(|one| one.notification_id() == notification_id).map(|one| one.position)
            })
            .await
    }

    async fn find_inbox(&self, user_id: UserId) -> Result<Inbox, StorageError> {
        self.0.atomically(|inboxes| inboxes.inbox(user_id)).await
    }

    async fn list_notifications(
        &self,
        user_id: UserId,
        range: NotificationRange,
        filter: ReadFilter,
        limit: usize,
    ) -> Result<Vec<Notification>, StorageError> {
        self.0
            .atomically(|inboxes| {
                let read = inboxes.inbox(user_id).read;
                let all = inboxes.notifications.get(&user_id).map_or(&[][..], Vec::as_slice);
                let marked = all.iter().map(|one| Notification { read: one.position <= read, ..one.clone() });
                let wanted = marked.filter(|one| filter == ReadFilter::All || !one.read);
                match range {
                    NotificationRange::NewestFirst { before } => wanted
                        .rev()
                        .filter(|one| before.is_none_or(|before| one.position < before))
                        .take(limit)
                        .collect(),
                    NotificationRange::OldestFirst { after } => {
                        wanted.filter(|one| one.position > after).take(limit).collect()
                    }
                }
            })
            .await
    }

    async fn mark_read(&self, user_id: UserId, up_to: Position) -> Result<Inbox, StorageError> {
        self.0
            .atomically(|inboxes| {
                let Inbox { newest, read } = inboxes.inbox(user_id);
                inboxes.read.insert(user_id, up_to.min(newest).max(read));
                inboxes.inbox(user_id)
            })
            .await
    }

    async fn list_newest_positions(
        &self,
        user_ids: &[UserId],
    ) -> Result<Vec<(UserId, Position)>, StorageError> {
        self.0
            .atomically(|inboxes| user_ids.iter().map(|id| (*id, inboxes.inbox(*id).newest)).collect())
            .await
    }
}

/// An event in its outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) event: Event,
    pub(crate) deferrals: u32,
    pub(crate) parked: bool,
    /// Until when it is claimed or deferred.
    pub(crate) held: Option<Timestamp>,
}

impl From<Event> for Waiting {
    fn from(event: Event) -> Self {
        Self { event, deferrals: 0, parked: false, held: None }
    }
}

/// Events that wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct PlainOutbox(pub(crate) Table<Vec<Waiting>>);

#[async_trait]
impl EventOutbox for PlainOutbox {
    async fn claim_events(
        &self,
        limit: usize,
        now: Timestamp,
        lease_end: Timestamp,
    ) -> Result<Vec<ClaimedEvent>, StorageError> {
        self.0
            .atomically(|events| {
                let is_free = |one: &&mut Waiting| !one.parked && one.held.is_none_or(|until| until <= now);
                let claim = |one: &mut Waiting| {
                    one.held = Some(lease_end);
                    ClaimedEvent { event: one.event.clone(), deferrals: one.deferrals }
                };
                events.iter_mut().filter(is_free).take(limit).map(claim).collect()
            })
            .await
    }

    async fn acknowledge_events(&self, event_ids: &[EventId]) -> Result<(), StorageError> {
        self.0.atomically(|events| events.retain(|one| !event_ids.contains(&one.event.event_id))).await
    }

    async fn defer_event(&self, event_id: EventId, until: Timestamp) -> Result<(), StorageError> {
        self.0
            .atomically(|events| {
                for one in events.iter_mut().filter(|one| one.event.event_id == event_id && !one.parked) {
                    one.held = Some(until);
                    one.deferrals += 1;
                }
            })
            .await
    }

    async fn park_event(&self, event_id: EventId) -> Result<(), StorageError> {
        self.0
            .atomically(|events| {
                for one in events.iter_mut().filter(|one| one.event.event_id == event_id) {
                    one.parked = true;
                }
            })
            .await
    }

    async fn count_events(&self) -> Result<OutboxCounts, StorageError> {
        self.0
            .atomically(|events| {
                let parked = events.iter().filter(|one| one.parked).count() as u64;
                OutboxCounts { waiting: events.len() as u64 - parked, parked }
            })
            .await
    }
}
