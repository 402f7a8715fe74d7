//! Broken outboxes.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use duologue_domain::event::{Event, EventOutbox};
use duologue_domain::id::EventId;
use duologue_domain::{StorageError, Timestamp};
use duologue_storage_conformance::Storage;
use parking_lot::Mutex;
use tokio::task::yield_now;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    AcknowledgedBeforeDelivery,
    NoLease,
    NewestFirst,
    OneLostNowAndThen,
    AllAcknowledged,
    LookedUpFirst,
    ClaimedOnce,
    TooMany,
}

struct BrokenOutbox {
    inner: Arc<dyn EventOutbox>,
    fault: Fault,
    claimed: Mutex<HashSet<EventId>>,
    seen: AtomicUsize,
}

fn decorate(storage: Storage, fault: Fault) -> Storage {
    let broken = |inner| -> Arc<dyn EventOutbox> {
        let (claimed, seen) = Default::default();
        Arc::new(BrokenOutbox { inner, fault, claimed, seen })
    };
    let outboxes = storage.outboxes().into_iter().map(broken).collect();
    storage.with_outboxes(outboxes)
}

super::caught! { decorate;
    events_acknowledged_before_they_are_delivered: Fault::AcknowledgedBeforeDelivery =>
        "outbox::an_event_is_nobody_elses_until_the_lease_ends_and_can_be_claimed_from_then_on",
        "outbox::a_cancelled_claim_or_acknowledgement_loses_no_event";
    events_without_a_lease: Fault::NoLease =>
        "outbox::an_event_is_nobody_elses_until_the_lease_ends_and_can_be_claimed_from_then_on",
        "outbox::of_claims_at_once_each_event_goes_to_one";
    the_newest_events_first: Fault::NewestFirst =>
        "outbox::events_are_claimed_oldest_first_and_as_they_were_written";
    an_event_lost_now_and_then: Fault::OneLostNowAndThen =>
        "outbox::events_written_while_others_are_delivered_are_delivered_exactly_once";
    an_acknowledgement_of_all_that_was_claimed: Fault::AllAcknowledged =>
        "outbox::acknowledged_events_are_gone_and_the_others_stay";
    a_look_up_before_the_claim: Fault::LookedUpFirst => "outbox::of_claims_at_once_each_event_goes_to_one";
    events_that_are_claimed_only_once: Fault::ClaimedOnce =>
        "outbox::an_event_is_nobody_elses_until_the_lease_ends_and_can_be_claimed_from_then_on";
    more_events_than_the_limit: Fault::TooMany =>
        "outbox::events_are_claimed_oldest_first_and_as_they_were_written";
}

#[async_trait]
impl EventOutbox for BrokenOutbox {
    async fn claim_events(
        &self,
        limit: usize,
        now: Timestamp,
        lease_end: Timestamp,
    ) -> Result<Vec<Event>, StorageError> {
        let lease_end = match self.fault {
            Fault::NoLease | Fault::LookedUpFirst => now,
            _ => lease_end,
        };
        let limit = if self.fault == Fault::TooMany { limit + 1 } else { limit };
        let mut events = self.inner.claim_events(limit, now, lease_end).await?;
        let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
        match self.fault {
            Fault::AcknowledgedBeforeDelivery => {
                self.inner.acknowledge_events(&ids).await?;
                yield_now().await;
            }
            Fault::NewestFirst => events.reverse(),
            Fault::OneLostNowAndThen => {
                let lost =
                    |event: &Event| (self.seen.fetch_add(1, Ordering::Relaxed) % 97 == 96, event.event_id);
                let (lost, _): (Vec<_>, Vec<_>) = events.iter().map(lost).partition(|(lost, _)| *lost);
                let lost: Vec<_> = lost.into_iter().map(|(_, event_id)| event_id).collect();
                self.inner.acknowledge_events(&lost).await?;
                events.retain(|event| !lost.contains(&event.event_id));
            }
            Fault::LookedUpFirst => {
                events.retain(|event| !self.claimed.lock().contains(&event.event_id));
                yield_now().await;
                self.claimed.lock().extend(ids);
            }
            Fault::ClaimedOnce => events.retain(|event| self.claimed.lock().insert(event.event_id)),
            _ => {}
        }
        Ok(events)
    }

    async fn acknowledge_events(&self, event_ids: &[EventId]) -> Result<(), StorageError> {
        if self.fault == Fault::AllAcknowledged {
            let far = Timestamp::from_unix_micros(i64::MAX / 2);
            let events = self.inner.claim_events(1_000, far, far).await?;
            let ids: Vec<_> = events.into_iter().map(|event| event.event_id).collect();
            self.inner.acknowledge_events(&ids).await?;
        }
        self.inner.acknowledge_events(event_ids).await
    }
}
