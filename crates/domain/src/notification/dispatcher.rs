//! Carries events from the outboxes of the other contexts into notifications: at least once, applied exactly once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::{InsertNotification, NotificationStore};
use crate::environment::Environment;
use crate::error::StorageError;
use crate::event::{Event, EventOutbox};
use crate::id::UserId;
use crate::wakeup::{Topic, WakeUp};

/// How many events are claimed at once.
const BATCH: usize = 100;

/// For how long claimed events are nobody else's; after a crash they wait no longer than this.
const LEASE: Duration = Duration::from_secs(30);

/// For how many recipients events are applied at once: each waits for the storage's disk.
const AT_ONCE: usize = 16;

/// The events of each recipient, in their order; the recipients in the order of their first event.
fn by_recipient(events: Vec<Event>) -> Vec<Vec<Event>> {
    let mut places: HashMap<UserId, usize> = HashMap::new();
    let mut groups: Vec<Vec<Event>> = Vec::new();
    for event in events {
        let place = *places.entry(event.recipient_id).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(event),
            None => groups.push(vec![event]),
        }
    }
    groups
}

/// Carries events into notifications.
#[derive(Clone)]
pub struct Dispatcher {
    outboxes: Vec<Arc<dyn EventOutbox>>,
    store: Arc<dyn NotificationStore>,
    wake_up: Arc<dyn WakeUp>,
    environment: Environment,
}

impl Dispatcher {
    /// A dispatcher from these outboxes into this store.
    #[must_use]
    pub fn new(
        outboxes: Vec<Arc<dyn EventOutbox>>,
        store: Arc<dyn NotificationStore>,
        wake_up: Arc<dyn WakeUp>,
        environment: Environment,
    ) -> Self {
        Self { outboxes, store, wake_up, environment }
    }

    /// Delivers what waits in the outboxes, up to one batch of each, and tells how many events that were.
    ///
    /// An event is acknowledged only after it was applied: what fails or crashes in between comes again.
    pub async fn dispatch(&self) -> Result<usize, StorageError> {
        let mut delivered = 0;
        for outbox in &self.outboxes {
            let now = self.environment.now();
            let events = outbox.claim_events(BATCH, now, now.plus(LEASE)).await?;
            if events.is_empty() {
                continue;
            }
            let event_ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
            stream::iter(by_recipient(events))
                .map(Ok)
                .try_for_each_concurrent(AT_ONCE, |events| self.apply(events))
                .await?;
            outbox.acknowledge_events(&event_ids).await?;
            delivered += event_ids.len();
        }
        Ok(delivered)
    }

    /// Applies the events of one recipient, one after the other.
    async fn apply(&self, events: Vec<Event>) -> Result<(), StorageError> {
        for event in events {
            let recipient_id = event.recipient_id;
            match self.store.insert_notification(event).await? {
                InsertNotification::Inserted(position) => {
                    self.wake_up.publish(Topic::Notifications(recipient_id), position.0);
                }
                InsertNotification::Duplicate => {}
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Dispatcher").field("outboxes", &self.outboxes.len()).finish_non_exhaustive()
    }
}
