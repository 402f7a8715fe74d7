//! Claiming events, and acknowledging them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Writer, acknowledge, claim, deliver, ids};
use crate::cancellation::at_every_await_point;
use crate::fixture::Storage;
use crate::race::{CONTENDERS, ROUNDS, at_once, contender, side_by_side};
use crate::world::{at, new_id, sorted};

pub(crate) async fn events_are_claimed_oldest_first_and_as_they_were_written(storage: &Storage) {
    for writer in Writer::all(storage) {
        let events = writer.write(storage, [10, 20, 30, 40, 50, 60, 70]).await;
        for (round, limit) in (0..).zip([1, 2, 3, 6, 7, 8, 1_000]) {
            let now = 10_000 * (round + 1);
            let mut claimed = Vec::new();
            loop {
                let part = claim(storage, limit, at(now), at(now + 10_000)).await;
                if part.is_empty() {
                    break;
                }
                claimed.extend(part);
            }
            assert_eq!(claimed, events, "{limit} at a time of {writer:?}");
        }
        acknowledge(storage, &ids(&events)).await;
    }
}

pub(crate) async fn an_event_is_nobody_elses_until_the_lease_ends_and_can_be_claimed_from_then_on(
    storage: &Storage,
) {
    for writer in Writer::all(storage) {
        let events = writer.write(storage, [10, 20]).await;
        assert_eq!(claim(storage, 9, at(1_000), at(2_000)).await, events);
        for now in [1_000, 1_001, 1_999, 500] {
            assert_eq!(claim(storage, 9, at(now), at(9_000)).await, [], "at {now}");
        }
        assert_eq!(claim(storage, 9, at(2_000), at(3_000)).await, events);
        assert_eq!(claim(storage, 9, at(2_999), at(9_000)).await, []);
        // However often whoever claimed it crashed.
        for round in 3..30 {
            assert_eq!(claim(storage, 9, at(1_000 * round), at(1_000 * (round + 1))).await, events);
        }
        acknowledge(storage, &ids(&events)).await;
    }
}

pub(crate) async fn acknowledged_events_are_gone_and_the_others_stay(storage: &Storage) {
    for writer in Writer::all(storage) {
        let events = writer.write(storage, [10, 20, 30]).await;
        assert_eq!(claim(storage, 9, at(1_000), at(2_000)).await, events);
        acknowledge(storage, &[events[1].event_id]).await;
        let left = [events[0].clone(), events[2].clone()];
        assert_eq!(claim(storage, 9, at(2_000), at(3_000)).await, left);
        // Gone already, unknown, twice in one call, none at all.
        acknowledge(storage, &[events[1].event_id, new_id(), events[0].event_id, events[0].event_id]).await;
        acknowledge(storage, &[]).await;
        assert_eq!(claim(storage, 9, at(3_000), at(4_000)).await, [events[2].clone()]);
        // Too late, when the lease has ended and the event may be somebody else's.
        assert_eq!(claim(storage, 9, at(5_000), at(6_000)).await, [events[2].clone()]);
        acknowledge(storage, &[events[2].event_id]).await;
        assert_eq!(claim(storage, 9, at(90_000), at(91_000)).await, []);
    }
}

pub(crate) async fn of_claims_at_once_each_event_goes_to_one(storage: &Storage) {
    for writer in Writer::all(storage) {
        for _ in 0..ROUNDS {
            let events = writer.write(storage, 0..12).await;
            let claimed = at_once((0..CONTENDERS).map(|_| {
                let storage = storage.clone();
                contender(async move {
                    let mut claimed = Vec::new();
                    for _ in 0..4 {
                        claimed.extend(claim(&storage, 5, at(1_000), at(2_000)).await);
                    }
                    claimed
                })
            }))
            .await;
            let mut claimed = ids(&claimed.into_iter().flatten().collect::<Vec<_>>());
            // A claim may pass over what another one is just claiming: that one has it.
            claimed.extend(ids(&claim(storage, 100, at(1_000), at(2_000)).await));
            assert_eq!(sorted(claimed), sorted(ids(&events)));
            acknowledge(storage, &ids(&events)).await;
        }
    }
}

pub(crate) async fn events_written_while_others_are_delivered_are_delivered_exactly_once(storage: &Storage) {
    for writer in Writer::all(storage) {
        let done = Arc::new(AtomicBool::new(false));
        let dispatchers: Vec<_> = (0..2)
            .map(|_| {
                let (storage, done) = (storage.clone(), done.clone());
                tokio::spawn(contender(async move {
                    let mut delivered = Vec::new();
                    loop {
                        let last = done.load(Ordering::Acquire);
                        delivered.extend(deliver(&storage, 1_000).await);
                        if last {
                            return ids(&delivered);
                        }
                        tokio::task::yield_now().await;
                    }
                }))
            })
            .collect();
        let written = side_by_side((0..CONTENDERS).map(|_| {
            let storage = storage.clone();
            contender(async move { ids(&writer.write(&storage, 0..40).await) })
        }))
        .await;
        done.store(true, Ordering::Release);
        let mut delivered = Vec::new();
        for dispatcher in dispatchers {
            delivered.extend(dispatcher.await.expect("a dispatcher panicked"));
        }
        delivered.extend(ids(&deliver(storage, 1_000).await));
        assert_eq!(sorted(delivered), sorted(written.concat()), "{writer:?}");
    }
}

pub(crate) async fn a_cancelled_claim_or_acknowledgement_loses_no_event(storage: &Storage) {
    for writer in Writer::all(storage) {
        at_every_await_point(async |cancellation| {
            let events = writer.write(storage, [10, 20, 30]).await;
            let mut cut = true;
            for outbox in storage.outboxes() {
                cut &= cancellation.cut(outbox.claim_events(9, at(1_000), at(2_000))).await.is_some();
            }
            // Whoever claimed them is gone: after the lease they are there again.
            let mut now = 2_000;
            while claim(storage, 9, at(now), at(now + 1_000)).await != events {
                // The cancelled claim may still be on its way, and hold some of them for a moment.
                assert!(now < 1_000_000, "a cancelled claim lost events");
                tokio::time::sleep(Duration::from_millis(1)).await;
                now += 1_000;
            }
            for outbox in storage.outboxes() {
                let acknowledged = ids(&events[..2]);
                cut &= cancellation.cut(outbox.acknowledge_events(&acknowledged)).await.is_some();
            }
            acknowledge(storage, &ids(&events[..2])).await;
            let left = claim(storage, 9, at(now + 1_000), at(now + 2_000)).await;
            assert_eq!(left, events[2..], "after a cancelled acknowledgement");
            acknowledge(storage, &ids(&events)).await;
            cut
        })
        .await;
    }
}
