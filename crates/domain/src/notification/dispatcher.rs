//! Carries events from the outboxes of the other contexts into notifications: at least once, applied exactly once.
//!
//! An outage delays events and costs none of them anything else. An event at which the storage breaks is tried again
//! ever later, and parked at last, so that it holds up nobody: the events behind it overtake it, those of the same
//! recipient too.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use parking_lot::Mutex;

use super::EventReceiver;
use crate::environment::Environment;
use crate::error::StorageError;
use crate::event::{ClaimedEvent, EventOutbox};
use crate::id::{EventId, UserId};

/// How many events are claimed at once.
const BATCH: usize = 100;

/// For how long claimed events are nobody else's; after a crash they wait no longer than this.
const LEASE: Duration = Duration::from_secs(30);

/// For how many recipients events are applied at once: each waits for the storage's disk.
const AT_ONCE: usize = 16;

/// How often an event is tried at which the storage breaks: for eight and a half minutes.
const ATTEMPTS: u32 = 10;

/// For how long an event is deferred the first time; each time twice as long as before.
const FIRST_DEFERRAL: Duration = Duration::from_secs(1);

/// For how long an event is deferred at most.
const LONGEST_DEFERRAL: Duration = Duration::from_mins(5);

/// For how long an event is deferred that was deferred so often before.
fn back_off(deferrals: u32) -> Duration {
    FIRST_DEFERRAL.saturating_mul(2_u32.saturating_pow(deferrals)).min(LONGEST_DEFERRAL)
}

/// The events of each recipient, in their order; the recipients in the order of their first event.
fn by_recipient(events: Vec<ClaimedEvent>) -> Vec<Vec<ClaimedEvent>> {
    let mut places: HashMap<UserId, usize> = HashMap::new();
    let mut groups: Vec<Vec<ClaimedEvent>> = Vec::new();
    for event in events {
        let place = *places.entry(event.event.recipient_id).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(event),
            None => groups.push(vec![event]),
        }
    }
    groups
}

/// What a log takes with all of its causes.
type Fault<'a> = &'a (dyn std::error::Error + 'static);

/// Carries events into notifications.
#[derive(Clone)]
pub struct Dispatcher {
    outboxes: Vec<Arc<dyn EventOutbox>>,
    receiver: Arc<dyn EventReceiver>,
    environment: Environment,
}

impl Dispatcher {
    /// A dispatcher from these outboxes to this receiver.
    #[must_use]
    pub fn new(
        outboxes: Vec<Arc<dyn EventOutbox>>,
        receiver: Arc<dyn EventReceiver>,
        environment: Environment,
    ) -> Self {
        Self { outboxes, receiver, environment }
    }

    /// Takes what waits in the outboxes, up to one batch of each, and tells how many events that were.
    ///
    /// An event is acknowledged only after it was applied: what crashes in between, or meets an outage, comes again
    /// after its lease. One at which the storage breaks is deferred, and parked the tenth time.
    ///
    /// # Errors
    ///
    /// The first one, after every outbox had its turn.
    pub async fn dispatch(&self) -> Result<usize, StorageError> {
        let mut taken = Ok(0);
        for outbox in &self.outboxes {
            let batch = self.dispatch_batch(&**outbox).await;
            taken = taken.and_then(|sum| batch.map(|length| sum + length));
        }
        taken
    }

    async fn dispatch_batch(&self, outbox: &dyn EventOutbox) -> Result<usize, StorageError> {
        let now = self.environment.now();
        let events = outbox.claim_events(BATCH, now, now.plus(LEASE)).await?;
        let length = events.len();
        let applied = Mutex::new(Vec::with_capacity(length));
        let outcome = stream::iter(by_recipient(events))
            .map(Ok)
            .try_for_each_concurrent(AT_ONCE, |events| self.apply(outbox, events, &applied))
            .await;
        let applied = applied.into_inner();
        let acknowledged =
            if applied.is_empty() { Ok(()) } else { outbox.acknowledge_events(&applied).await };
        outcome.and(acknowledged).map(|()| length)
    }

    /// Applies the events of one recipient, one after the other, and notes those that are.
    async fn apply(
        &self,
        outbox: &dyn EventOutbox,
        events: Vec<ClaimedEvent>,
        applied: &Mutex<Vec<EventId>>,
    ) -> Result<(), StorageError> {
        for ClaimedEvent { event, deferrals } in events {
            let event_id = event.event_id;
            match self.receiver.receive_event(event).await {
                Ok(()) => {}
                Err(outage @ (StorageError::Unavailable(_) | StorageError::ServiceUnavailable(_))) => {
                    return Err(outage);
                }
                Err(fault @ StorageError::Broken(_)) => {
                    self.set_aside(outbox, event_id, deferrals, &fault).await?;
                    continue;
                }
            }
            applied.lock().push(event_id);
        }
        Ok(())
    }

    /// Defers an event at which the storage broke, or parks it if that was the last attempt.
    async fn set_aside(
        &self,
        outbox: &dyn EventOutbox,
        event_id: EventId,
        deferrals: u32,
        fault: &StorageError,
    ) -> Result<(), StorageError> {
        let attempt = deferrals.saturating_add(1);
        if attempt < ATTEMPTS {
            tracing::warn!(%event_id, attempt, error = fault as Fault<'_>, "an event could not be applied and is deferred");
            outbox.defer_event(event_id, self.environment.now().plus(back_off(deferrals))).await
        } else {
            outbox.park_event(event_id).await?;
            tracing::error!(%event_id, attempt, error = fault as Fault<'_>, "an event could not be applied and is parked");
            Ok(())
        }
    }
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Dispatcher").field("outboxes", &self.outboxes.len()).finish_non_exhaustive()
    }
}
