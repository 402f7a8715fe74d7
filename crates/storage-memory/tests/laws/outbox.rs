//! Events that wait to be delivered.

use std::sync::Arc;

use duologue_domain::event::{ClaimedEvent, EventOutbox, OutboxCounts};
use duologue_domain::id::{EventId, UserId};
use duologue_domain::social::SocialStore;
use duologue_storage_memory::MemoryStorage;
use futures::executor::block_on;

use crate::fixtures::{at, event, new_id, race, request, send, stored_chat};

/// Writes this many events, and gives their ids in the order written.
async fn written(store: &MemoryStorage, length: usize) -> Vec<EventId> {
    let mut event_ids = Vec::new();
    for _ in 0..length {
        let (from, to): (UserId, UserId) = (new_id(), new_id());
        let event = event(to);
        event_ids.push(event.event_id);
        store.insert_request(request(from, to, 1), event).await.unwrap();
    }
    event_ids
}

fn ids(events: &[ClaimedEvent]) -> Vec<EventId> {
    events.iter().map(|claimed| claimed.event.event_id).collect()
}

async fn an_event_is_claimed_by_one_at_a_time(store: &MemoryStorage) {
    let mut expected = written(store, 500).await;
    let claimed = race(|contender| {
        let mut claimed = Vec::new();
        loop {
            let events = block_on(store.claim_events(contender + 1, at(1), at(100))).unwrap();
            if events.is_empty() {
                return claimed;
            }
            claimed.extend(ids(&events));
        }
    });
    assert!(claimed.iter().all(|claimed| {
        let place = |event_id| expected.iter().position(|other| other == event_id);
        claimed.is_sorted_by_key(place)
    }));
    let mut claimed = claimed.concat();
    claimed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(claimed, expected);
}

async fn what_was_not_acknowledged_comes_again_after_the_lease_oldest_first(store: &MemoryStorage) {
    let mut event_ids = written(store, 3).await;
    assert_eq!(ids(&store.claim_events(2, at(1), at(50)).await.unwrap()), event_ids[..2]);
    event_ids.extend(written(store, 1).await);
    store.acknowledge_events(&event_ids[1..2]).await.unwrap();
    assert_eq!(ids(&store.claim_events(1, at(49), at(90)).await.unwrap()), event_ids[2..3]);
    let expected = [event_ids[0], event_ids[3]];
    assert_eq!(ids(&store.claim_events(9, at(50), at(90)).await.unwrap()), expected);
    assert_eq!(store.claim_events(9, at(89), at(90)).await.unwrap(), []);
    // Later than the lease, an acknowledgement still counts.
    store.acknowledge_events(&event_ids[..1]).await.unwrap();
    assert_eq!(ids(&store.claim_events(9, at(90), at(99)).await.unwrap()), event_ids[2..]);
}

async fn an_acknowledged_event_is_gone_for_good(store: &MemoryStorage) {
    let event_ids = written(store, 3).await;
    store.claim_events(1, at(1), at(50)).await.unwrap();
    for _ in 0..2 {
        store.acknowledge_events(&[event_ids[0], event_ids[2], new_id()]).await.unwrap();
    }
    assert_eq!(ids(&store.claim_events(9, at(99), at(100)).await.unwrap()), event_ids[1..2]);
    store.acknowledge_events(&event_ids).await.unwrap();
    assert_eq!(store.claim_events(9, at(999), at(1_000)).await.unwrap(), []);
    assert_eq!(store.claim_events(0, at(999), at(1_000)).await.unwrap(), []);
}

async fn every_context_has_its_outbox_and_the_storage_is_all_of_them_in_order(store: &MemoryStorage) {
    let outboxes: Vec<Arc<dyn EventOutbox>> = store.outboxes();
    let chat = stored_chat(store, 1).await.0;
    let mut lengths = Vec::new();
    for _ in 0..3 {
        written(store, 1).await;
        send(store, chat, 5).await;
    }
    let all = store.claim_events(9, at(1), at(2)).await.unwrap();
    for outbox in outboxes {
        let events = outbox.claim_events(9, at(2), at(3)).await.unwrap();
        lengths.push(events.len());
        let of_this_outbox: Vec<_> = all.iter().filter(|event| events.contains(event)).cloned().collect();
        assert_eq!(of_this_outbox, events);
    }
    assert_eq!((all.len(), lengths), (6, vec![3, 3]));
    let actors: Vec<_> = all.iter().map(|claimed| claimed.event.actor_id == chat.members.lower()).collect();
    assert_eq!(actors, [false, true, false, true, false, true]);
    store.defer_event(all[0].event.event_id, at(50)).await.unwrap();
    for parked in &all[1..3] {
        store.park_event(parked.event.event_id).await.unwrap();
    }
    assert_eq!(store.count_events().await.unwrap(), OutboxCounts { waiting: 4, parked: 2 });
    for outbox in store.outboxes() {
        let counts = outbox.count_events().await.unwrap();
        assert_eq!(counts, OutboxCounts { waiting: 2, parked: 1 });
    }
    assert_eq!(ids(&store.claim_events(9, at(49), at(50)).await.unwrap()), ids(&all)[3..]);
    let left = store.claim_events(1, at(50), at(51)).await.unwrap();
    assert_eq!((ids(&left), left[0].deferrals), (ids(&all[..1]), 1));
    store.acknowledge_events(&ids(&all)).await.unwrap();
    assert_eq!(store.claim_events(9, at(99), at(100)).await.unwrap(), []);
    assert_eq!(store.count_events().await.unwrap(), OutboxCounts::default());
}

crate::laws! {
    an_event_is_claimed_by_one_at_a_time,
    what_was_not_acknowledged_comes_again_after_the_lease_oldest_first,
    an_acknowledged_event_is_gone_for_good,
    every_context_has_its_outbox_and_the_storage_is_all_of_them_in_order,
}
