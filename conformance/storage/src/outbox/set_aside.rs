//! Deferring events, parking them, and counting what is left.

use std::time::Duration;

use duologue_domain::Timestamp;

use super::{Writer, acknowledge, claim, claim_counted, counts, defer, ids, park};
use crate::cancellation::at_every_await_point;
use crate::fixture::Storage;
use crate::race::{CONTENDERS, ROUNDS, at_once, contender};
use crate::world::{at, new_id, sorted};

/// Later than any lease or deferral of these cases.
fn the_end_of_time() -> Timestamp {
    Timestamp::from_unix_micros(i64::MAX - 1)
}

pub(crate) async fn a_deferred_event_cannot_be_claimed_before_its_time_and_younger_ones_overtake_it(
    storage: &Storage,
) {
    for writer in Writer::all(storage) {
        let events = writer.write(storage, [10, 20, 30]).await;
        assert_eq!(claim(storage, 9, at(1_000), at(2_000)).await, events);
        // Beyond the lease of its claim, and before it.
        defer(storage, events[0].event_id, at(5_000)).await;
        defer(storage, events[1].event_id, at(1_500)).await;
        assert_eq!(claim(storage, 9, at(1_499), at(9_000)).await, []);
        assert_eq!(claim(storage, 9, at(1_500), at(9_000)).await, events[1..2]);
        assert_eq!(claim(storage, 9, at(2_000), at(4_999)).await, events[2..]);
        assert_eq!(claim(storage, 9, at(4_998), at(4_999)).await, []);
        assert_eq!(claim(storage, 9, at(4_999), at(5_000)).await, events[2..]);
        assert_eq!(claim(storage, 1, at(5_000), at(6_000)).await, events[..1], "the oldest first again");
        // One that nobody has claimed; one that is deferred already, to an earlier time and to a later one.
        let unclaimed = writer.write(storage, [40]).await;
        for until in [20_000, 15_000, 17_000] {
            defer(storage, unclaimed[0].event_id, at(until)).await;
        }
        assert!(!claim(storage, 9, at(16_999), at(17_000)).await.contains(&unclaimed[0]));
        assert!(claim(storage, 9, at(17_000), at(18_000)).await.contains(&unclaimed[0]));
        acknowledge(storage, &ids(&events)).await;
        // Deferred, an event can be acknowledged still.
        defer(storage, unclaimed[0].event_id, at(18_000)).await;
        acknowledge(storage, &ids(&unclaimed)).await;
        assert_eq!(claim(storage, 9, the_end_of_time(), the_end_of_time()).await, []);
    }
}

pub(crate) async fn a_claim_tells_how_often_an_event_was_deferred_and_leases_that_ended_do_not_count(
    storage: &Storage,
) {
    for writer in Writer::all(storage) {
        let events = writer.write(storage, [10, 20]).await;
        let mut now = 1_000;
        for deferrals in 0..12 {
            for _ in 0..3 {
                let claimed = claim_counted(storage, 9, at(now), at(now + 1_000)).await;
                let told: Vec<_> =
                    claimed.iter().map(|claimed| (claimed.event.event_id, claimed.deferrals)).collect();
                let expected = [(events[0].event_id, deferrals), (events[1].event_id, 0)];
                assert_eq!(told, expected, "after {deferrals} deferrals, at {now}");
                now += 1_000;
            }
            defer(storage, events[0].event_id, at(now)).await;
        }
        acknowledge(storage, &ids(&events)).await;
    }
}

pub(crate) async fn a_parked_event_cannot_be_claimed_again_and_holds_up_no_other(storage: &Storage) {
    for writer in Writer::all(storage) {
        let events = writer.write(storage, [10, 20, 30, 40, 50]).await;
        assert_eq!(claim(storage, 3, at(1_000), at(2_000)).await, events[..3]);
        // Claimed, deferred, never claimed; and twice, which is once.
        defer(storage, events[1].event_id, at(1_500)).await;
        for place in [0, 1, 3, 0] {
            park(storage, events[place].event_id).await;
        }
        // Whoever claimed it before may still want to defer it.
        defer(storage, events[0].event_id, at(1_600)).await;
        let left = [events[2].clone(), events[4].clone()];
        assert_eq!(claim(storage, 2, at(2_000), at(3_000)).await, left, "past those that are parked");
        let later = Timestamp::from_unix_micros(i64::MAX / 2);
        assert_eq!(claim(storage, 9, later, later).await, left);
        assert_eq!(claim(storage, 9, the_end_of_time(), the_end_of_time()).await, left);
        assert_eq!(counts(storage).await, (2, 3));
        // Delivered after all, by whoever had claimed it before.
        acknowledge(storage, &ids(&events)).await;
        assert_eq!(counts(storage).await, (0, 0));
        assert_eq!(claim(storage, 9, the_end_of_time(), the_end_of_time()).await, []);
    }
}

pub(crate) async fn waiting_and_parked_events_are_counted_whoever_has_them(storage: &Storage) {
    assert_eq!(counts(storage).await, (0, 0));
    for writer in Writer::all(storage) {
        let events = writer.write(storage, 0..7).await;
        assert_eq!(counts(storage).await, (7, 0));
        assert_eq!(claim(storage, 3, at(1_000), at(2_000)).await, events[..3]);
        assert_eq!(counts(storage).await, (7, 0), "claimed ones wait too");
        defer(storage, events[0].event_id, at(9_000)).await;
        assert_eq!(counts(storage).await, (7, 0), "deferred ones wait too");
        for (place, parked) in [(1, 1), (6, 2), (0, 3), (1, 3)] {
            park(storage, events[place].event_id).await;
            assert_eq!(counts(storage).await, (7 - parked, parked));
        }
        acknowledge(storage, &[events[0].event_id, events[2].event_id]).await;
        assert_eq!(counts(storage).await, (3, 2));
        acknowledge(storage, &ids(&events)).await;
        assert_eq!(counts(storage).await, (0, 0));
    }
}

pub(crate) async fn to_defer_or_park_an_event_that_is_gone_is_no_error_and_brings_nothing_back(
    storage: &Storage,
) {
    for writer in Writer::all(storage) {
        let events = writer.write(storage, [10, 20]).await;
        acknowledge(storage, &[events[0].event_id]).await;
        for gone in [events[0].event_id, new_id()] {
            defer(storage, gone, at(500)).await;
            park(storage, gone).await;
            defer(storage, gone, at(600)).await;
        }
        assert_eq!(counts(storage).await, (1, 0));
        assert_eq!(claim(storage, 9, at(1_000), at(2_000)).await, events[1..]);
        acknowledge(storage, &ids(&events)).await;
    }
}

pub(crate) async fn of_deferrals_and_parkings_at_once_none_is_lost(storage: &Storage) {
    for writer in Writer::all(storage) {
        for _ in 0..ROUNDS {
            let events = writer.write(storage, 0..4).await;
            at_once((0..CONTENDERS).map(|_| {
                let (storage, events) = (storage.clone(), events.clone());
                contender(async move {
                    defer(&storage, events[0].event_id, at(1_000)).await;
                    park(&storage, events[1].event_id).await;
                    defer(&storage, events[1].event_id, at(1_000)).await;
                    acknowledge(&storage, &[events[2].event_id]).await;
                    defer(&storage, events[2].event_id, at(1_000)).await;
                })
            }))
            .await;
            assert_eq!(counts(storage).await, (2, 1));
            let claimed = claim_counted(storage, 9, at(1_000), at(2_000)).await;
            let told: Vec<_> =
                claimed.iter().map(|claimed| (claimed.event.event_id, claimed.deferrals)).collect();
            let every = u32::try_from(CONTENDERS).unwrap_or(u32::MAX);
            let expected = vec![(events[0].event_id, every), (events[3].event_id, 0)];
            assert_eq!(sorted(told), sorted(expected));
            acknowledge(storage, &ids(&events)).await;
        }
    }
}

pub(crate) async fn a_cancelled_deferral_or_parking_is_done_or_not_and_loses_no_event(storage: &Storage) {
    for writer in Writer::all(storage) {
        at_every_await_point(async |cancellation| {
            let events = writer.write(storage, [10, 20, 30]).await;
            let mut cut = true;
            for outbox in storage.outboxes() {
                cut &= cancellation.cut(outbox.defer_event(events[0].event_id, at(1_000))).await.is_some();
                cut &= cancellation.cut(outbox.park_event(events[1].event_id)).await.is_some();
            }
            // Again, as whoever had no answer does.
            defer(storage, events[0].event_id, at(1_000)).await;
            park(storage, events[1].event_id).await;
            assert_eq!(counts(storage).await, (2, 1));
            let left = [events[0].clone(), events[2].clone()];
            let mut now = 1_000;
            while claim(storage, 9, at(now), at(now + 1_000)).await != left {
                // The cancelled deferral may still be on its way, and hold the event for a moment.
                assert!(now < 1_000_000, "a cancelled deferral lost events");
                tokio::time::sleep(Duration::from_millis(1)).await;
                now += 1_000;
            }
            acknowledge(storage, &ids(&events)).await;
            assert_eq!(counts(storage).await, (0, 0));
            cut
        })
        .await;
    }
}
