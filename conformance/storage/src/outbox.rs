//! Events that are written with a change, and wait to be delivered.

mod claims;
mod set_aside;
mod written;

pub(crate) use claims::*;
pub(crate) use set_aside::*;
pub(crate) use written::*;

use duologue_domain::Timestamp;
use duologue_domain::event::{ClaimedEvent, Event, OutboxCounts};
use duologue_domain::id::EventId;

use crate::chat::{append, new_chat};
use crate::fixture::Storage;
use crate::world::{Acknowledged as _, at, message, new_id, request};

/// What writes events. Each is tried that the storage has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    Requests,
    Messages,
}

impl Writer {
    /// Those that the storage has.
    fn all(storage: &Storage) -> Vec<Self> {
        let writers = [(Self::Requests, storage.has_social()), (Self::Messages, storage.has_chats())];
        let writers: Vec<_> = writers.into_iter().filter_map(|(writer, has)| has.then_some(writer)).collect();
        assert!(
            !writers.is_empty(),
            "the fixture gives neither SocialStore nor ChatStore, and events come of both"
        );
        writers
    }

    /// Makes a change at each of these times, and gives the events that tell of it.
    async fn write(self, storage: &Storage, times: impl IntoIterator<Item = i64>) -> Vec<Event> {
        let mut events = Vec::new();
        match self {
            Self::Requests => {
                for time in times {
                    let (request, event) = request(new_id(), new_id(), at(time));
                    storage.social().insert_request(request, event.clone()).await.answered();
                    events.push(event);
                }
            }
            Self::Messages => {
                let chat = new_chat(storage).await;
                let [sender_id, recipient_id] = chat.members.both();
                for time in times {
                    let new = message(chat, sender_id, "told", at(time));
                    let stored = append(storage, new.clone()).await;
                    events.push(new.stored(stored.sequence, stored.create_time, recipient_id).1);
                }
            }
        }
        events
    }
}

/// Claims up to `limit` events of each outbox, as a dispatcher does.
async fn claim(storage: &Storage, limit: usize, now: Timestamp, lease_end: Timestamp) -> Vec<Event> {
    let claimed = claim_counted(storage, limit, now, lease_end).await;
    claimed.into_iter().map(|claimed| claimed.event).collect()
}

/// The same, with how often each was deferred before.
async fn claim_counted(
    storage: &Storage,
    limit: usize,
    now: Timestamp,
    lease_end: Timestamp,
) -> Vec<ClaimedEvent> {
    let mut events = Vec::new();
    for outbox in storage.outboxes() {
        let claimed = outbox.claim_events(limit, now, lease_end).await.answered();
        assert!(claimed.len() <= limit, "{} events claimed of up to {limit}", claimed.len());
        events.extend(claimed);
    }
    events
}

/// Acknowledges events, to every outbox: those that are not in it are no error.
async fn acknowledge(storage: &Storage, event_ids: &[EventId]) {
    for outbox in storage.outboxes() {
        outbox.acknowledge_events(event_ids).await.answered();
    }
}

/// Defers an event, in every outbox: those that it is not in are no error.
async fn defer(storage: &Storage, event_id: EventId, until: Timestamp) {
    for outbox in storage.outboxes() {
        outbox.defer_event(event_id, until).await.answered();
    }
}

/// Parks an event, in every outbox.
async fn park(storage: &Storage, event_id: EventId) {
    for outbox in storage.outboxes() {
        outbox.park_event(event_id).await.answered();
    }
}

/// How many events wait in all outboxes, and how many are parked.
async fn counts(storage: &Storage) -> (u64, u64) {
    let mut sum = (0, 0);
    for outbox in storage.outboxes() {
        let OutboxCounts { waiting, parked } = outbox.count_events().await.answered();
        sum = (sum.0 + waiting, sum.1 + parked);
    }
    sum
}

/// Claims and acknowledges all that waits.
async fn deliver(storage: &Storage, now: i64) -> Vec<Event> {
    let mut delivered = Vec::new();
    loop {
        let claimed = claim(storage, 100, at(now), at(now + 1_000)).await;
        if claimed.is_empty() {
            return delivered;
        }
        acknowledge(storage, &ids(&claimed)).await;
        delivered.extend(claimed);
    }
}

fn ids(events: &[Event]) -> Vec<EventId> {
    events.iter().map(|event| event.event_id).collect()
}
