//! Carries events from the outboxes of the other contexts into notifications: at least once, applied exactly once.

use std::sync::Arc;
use std::time::Duration;

use super::{InsertNotification, NotificationStore};
use crate::environment::Environment;
use crate::error::StorageError;
use crate::event::EventOutbox;
use crate::wakeup::{Topic, WakeUp};

/// How many events are claimed at once.
const BATCH: usize = 100;

/// For how long claimed events are nobody else's; after a crash they wait no longer than this.
const LEASE: Duration = Duration::from_secs(30);

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
            for event in events {
                let recipient_id = event.recipient_id;
                match self.store.insert_notification(event).await? {
                    InsertNotification::Inserted(position) => {
                        self.wake_up.publish(Topic::Notifications(recipient_id), position.0);
                    }
                    InsertNotification::Duplicate => {}
                }
            }
            outbox.acknowledge_events(&event_ids).await?;
            delivered += event_ids.len();
        }
        Ok(delivered)
    }
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Dispatcher").field("outboxes", &self.outboxes.len()).finish_non_exhaustive()
    }
}
