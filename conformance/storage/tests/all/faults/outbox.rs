//! Broken outboxes.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use duologue_domain::event::{ClaimedEvent, EventOutbox, OutboxCounts};
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
    DeferredForNoTime,
    DeferredForTheLease,
    DeferredForGood,
    DeferralsNotCounted,
    ClaimsCounted,
    ParkedForADay,
    ParkedIsDelivered,
    ParkedAtTheEnd,
    NotParked,
    ParkedCountedAsWaiting,
    ClaimedNotCounted,
    GoneIsBroken,
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
    a_deferral_for_no_time: Fault::DeferredForNoTime =>
        "outbox::a_deferred_event_cannot_be_claimed_before_its_time_and_younger_ones_overtake_it";
    a_deferral_that_waits_for_the_lease: Fault::DeferredForTheLease =>
        "outbox::a_deferred_event_cannot_be_claimed_before_its_time_and_younger_ones_overtake_it",
        "outbox::a_claim_tells_how_often_an_event_was_deferred_and_leases_that_ended_do_not_count";
    a_deferral_for_good: Fault::DeferredForGood =>
        "outbox::a_deferred_event_cannot_be_claimed_before_its_time_and_younger_ones_overtake_it",
        "outbox::a_cancelled_deferral_or_parking_is_done_or_not_and_loses_no_event";
    deferrals_that_are_not_counted: Fault::DeferralsNotCounted =>
        "outbox::a_claim_tells_how_often_an_event_was_deferred_and_leases_that_ended_do_not_count",
        "outbox::of_deferrals_and_parkings_at_once_none_is_lost";
    claims_that_count_as_deferrals: Fault::ClaimsCounted =>
        "outbox::a_claim_tells_how_often_an_event_was_deferred_and_leases_that_ended_do_not_count";
    an_event_parked_for_a_day: Fault::ParkedForADay =>
        "outbox::a_parked_event_cannot_be_claimed_again_and_holds_up_no_other",
        "outbox::waiting_and_parked_events_are_counted_whoever_has_them";
    a_parked_event_that_is_taken_for_delivered: Fault::ParkedIsDelivered =>
        "outbox::a_parked_event_cannot_be_claimed_again_and_holds_up_no_other",
        "outbox::waiting_and_parked_events_are_counted_whoever_has_them";
    a_parked_event_that_a_deferral_brings_back: Fault::ParkedAtTheEnd =>
        "outbox::a_parked_event_cannot_be_claimed_again_and_holds_up_no_other",
        "outbox::of_deferrals_and_parkings_at_once_none_is_lost";
    an_event_that_is_not_parked: Fault::NotParked =>
        "outbox::a_parked_event_cannot_be_claimed_again_and_holds_up_no_other",
        "outbox::a_cancelled_deferral_or_parking_is_done_or_not_and_loses_no_event";
    parked_events_that_count_as_waiting: Fault::ParkedCountedAsWaiting =>
        "outbox::waiting_and_parked_events_are_counted_whoever_has_them";
    claimed_events_that_do_not_count: Fault::ClaimedNotCounted =>
        "outbox::waiting_and_parked_events_are_counted_whoever_has_them";
    an_error_for_what_is_gone: Fault::GoneIsBroken =>
        "outbox::to_defer_or_park_an_event_that_is_gone_is_no_error_and_brings_nothing_back";
}

#[async_trait]
impl EventOutbox for BrokenOutbox {
    async fn claim_events(
        &self,
        limit: usize,
        now: Timestamp,
        lease_end: Timestamp,
    ) -> Result<Vec<ClaimedEvent>, StorageError> {
        let lease_end = match self.fault {
            Fault::NoLease | Fault::LookedUpFirst => now,
            _ => lease_end,
        };
        let limit = if self.fault == Fault::TooMany { limit + 1 } else { limit };
        let mut events = self.inner.claim_events(limit, now, lease_end).await?;
        let ids: Vec<_> = events.iter().map(|claimed| claimed.event.event_id).collect();
        match self.fault {
            Fault::AcknowledgedBeforeDelivery => {
                self.inner.acknowledge_events(&ids).await?;
                yield_now().await;
            }
            Fault::NewestFirst => events.reverse(),
            Fault::OneLostNowAndThen => {
                let lost = |claimed: &ClaimedEvent| {
                    (self.seen.fetch_add(1, Ordering::Relaxed) % 97 == 96, claimed.event.event_id)
                };
                let (lost, _): (Vec<_>, Vec<_>) = events.iter().map(lost).partition(|(lost, _)| *lost);
                let lost: Vec<_> = lost.into_iter().map(|(_, event_id)| event_id).collect();
                self.inner.acknowledge_events(&lost).await?;
                events.retain(|claimed| !lost.contains(&claimed.event.event_id));
            }
            Fault::LookedUpFirst => {
                events.retain(|claimed| !self.claimed.lock().contains(&claimed.event.event_id));
                yield_now().await;
                self.claimed.lock().extend(ids);
            }
            Fault::ClaimedOnce => {
                events.retain(|claimed| self.claimed.lock().insert(claimed.event.event_id));
            }
            Fault::DeferralsNotCounted => events.iter_mut().for_each(|claimed| claimed.deferrals = 0),
            Fault::ClaimsCounted => {
                for claimed in &mut events {
                    claimed.deferrals += u32::from(!self.claimed.lock().insert(claimed.event.event_id));
                }
            }
            Fault::ClaimedNotCounted => self.claimed.lock().extend(ids),
            _ => {}
        }
        Ok(events)
    }

    async fn acknowledge_events(&self, event_ids: &[EventId]) -> Result<(), StorageError> {
        if self.fault == Fault::AllAcknowledged {
            let far = Timestamp::from_unix_micros(i64::MAX / 2);
            let events = self.inner.claim_events(1_000, far, far).await?;
            let ids: Vec<_> = events.into_iter().map(|claimed| claimed.event.event_id).collect();
            self.inner.acknowledge_events(&ids).await?;
        }
        if self.fault == Fault::GoneIsBroken {
            self.claimed.lock().extend(event_ids);
        }
        if self.fault == Fault::ClaimedNotCounted {
            self.claimed.lock().retain(|event_id| !event_ids.contains(event_id));
        }
        self.inner.acknowledge_events(event_ids).await
    }

    async fn defer_event(&self, event_id: EventId, until: Timestamp) -> Result<(), StorageError> {
        match self.fault {
            Fault::DeferredForNoTime => {
                self.inner.defer_event(event_id, Timestamp::from_unix_micros(0)).await
            }
            Fault::DeferredForTheLease => Ok(()),
            Fault::DeferredForGood => self.inner.park_event(event_id).await,
            Fault::GoneIsBroken if self.claimed.lock().contains(&event_id) => {
                Err(StorageError::Broken("gone".into()))
            }
            _ => self.inner.defer_event(event_id, until).await,
        }
    }

    async fn park_event(&self, event_id: EventId) -> Result<(), StorageError> {
        match self.fault {
            Fault::ParkedForADay => {
                let tomorrow = Timestamp::from_unix_micros(1_800_000_000_000_000);
                self.inner.defer_event(event_id, tomorrow).await
            }
            Fault::ParkedIsDelivered => self.inner.acknowledge_events(&[event_id]).await,
            Fault::NotParked => Ok(()),
            Fault::ParkedAtTheEnd => {
                let end = Timestamp::from_unix_micros(i64::MAX - 1);
                self.inner.defer_event(event_id, end).await
            }
            _ => self.inner.park_event(event_id).await,
        }
    }

    async fn count_events(&self) -> Result<OutboxCounts, StorageError> {
        let counts = self.inner.count_events().await?;
        Ok(match self.fault {
            Fault::ParkedCountedAsWaiting => {
                OutboxCounts { waiting: counts.waiting + counts.parked, parked: counts.parked }
            }
            Fault::ClaimedNotCounted => {
                let claimed = self.claimed.lock().len() as u64;
                OutboxCounts { waiting: counts.waiting.saturating_sub(claimed), ..counts }
            }
            _ => counts,
        })
    }
}
