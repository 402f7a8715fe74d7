//! Events that wait to be delivered.

use std::cmp::Reverse;
use std::collections::hash_map::{Entry, RandomState};
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use duologue_domain::event::{ClaimedEvent, Event, EventOutbox, OutboxCounts};
use duologue_domain::id::EventId;
use duologue_domain::{StorageError, Timestamp};
use parking_lot::Mutex;

use crate::MemoryStorage;

/// Few enough that a claim can lock them all.
const PARTS: usize = 16;

/// Numbers events in the order that they were written, in all outboxes of a storage.
#[derive(Clone, Default)]
pub(crate) struct Tickets(Arc<AtomicU64>);

/// The events of one context that wait to be delivered.
///
/// In parts, so that writers seldom meet. A ticket is drawn under the lock of its part: who holds all of them knows
/// that no older event is still to come.
pub(crate) struct Outbox {
    tickets: Tickets,
    hasher: RandomState,
    parts: Box<[Mutex<Part>]>,
}

#[derive(Default)]
struct Part {
    events: HashMap<EventId, Waiting>,
    /// What nobody has claimed, oldest first.
    unclaimed: BTreeMap<u64, EventId>,
    /// What somebody has claimed, and what is deferred: the next to be free again first.
    held: BTreeMap<(Timestamp, u64), EventId>,
    /// How many of the events are in neither.
    parked: u64,
}

struct Waiting {
    event: Event,
    ticket: u64,
    state: State,
    deferrals: u32,
}

#[derive(Clone, Copy)]
enum State {
    Unclaimed,
    /// Claimed or deferred until then.
    Held(Timestamp),
    Parked,
}

impl Outbox {
    pub(crate) fn new(tickets: Tickets) -> Self {
        let parts = (0..PARTS).map(|_| Mutex::default()).collect();
        Self { tickets, hasher: RandomState::new(), parts }
    }

    /// Which part holds the event, if any does.
    fn place(&self, event_id: EventId) -> usize {
        usize::try_from(self.hasher.hash_one(event_id) % PARTS as u64).unwrap_or(0)
    }

    /// Adds an event. To be called under the locks of the change that it tells of.
    pub(crate) fn push(&self, event: Event) {
        let mut part = self.parts[self.place(event.event_id)].lock();
        let ticket = self.tickets.0.fetch_add(1, Ordering::Relaxed);
        part.push(event, ticket);
    }

    fn acknowledge(&self, event_ids: &[EventId]) {
        let mut parts: Vec<_> = self.parts.iter().map(Mutex::lock).collect();
        for event_id in event_ids {
            parts[self.place(*event_id)].remove(*event_id);
        }
    }

    fn defer(&self, event_id: EventId, until: Timestamp) {
        self.parts[self.place(event_id)].lock().defer(event_id, until);
    }

    fn park(&self, event_id: EventId) {
        self.parts[self.place(event_id)].lock().park(event_id);
    }
}

impl Part {
    fn push(&mut self, event: Event, ticket: u64) {
        let event_id = event.event_id;
        if let Entry::Vacant(vacant) = self.events.entry(event_id) {
            vacant.insert(Waiting { event, ticket, state: State::Unclaimed, deferrals: 0 });
            self.unclaimed.insert(ticket, event_id);
        }
    }

    fn oldest(&self) -> Option<u64> {
        self.unclaimed.keys().next().copied()
    }

    fn claim_oldest(&mut self, lease_end: Timestamp) -> Option<ClaimedEvent> {
        let (ticket, event_id) = self.unclaimed.pop_first()?;
        self.held.insert((lease_end, ticket), event_id);
        let waiting = self.events.get_mut(&event_id)?;
        waiting.state = State::Held(lease_end);
        Some(ClaimedEvent { event: waiting.event.clone(), deferrals: waiting.deferrals })
    }

    /// Frees what was claimed or deferred until now.
    fn release(&mut self, now: Timestamp) {
        while let Some(first) = self.held.first_entry() {
            let (until, ticket) = *first.key();
            if until > now {
                return;
            }
            let event_id = first.remove();
            self.unclaimed.insert(ticket, event_id);
            if let Some(waiting) = self.events.get_mut(&event_id) {
                waiting.state = State::Unclaimed;
            }
        }
    }

    /// Takes an event out of wherever its state has put it.
    fn displace(&mut self, ticket: u64, state: State) {
        match state {
            State::Unclaimed => {
                self.unclaimed.remove(&ticket);
            }
            State::Held(until) => {
                self.held.remove(&(until, ticket));
            }
            State::Parked => self.parked -= 1,
        }
    }

    fn defer(&mut self, event_id: EventId, until: Timestamp) {
        let Some(waiting) = self.events.get_mut(&event_id) else { return };
        if matches!(waiting.state, State::Parked) {
            return;
        }
        let (ticket, before) = (waiting.ticket, waiting.state);
        waiting.state = State::Held(until);
        waiting.deferrals = waiting.deferrals.saturating_add(1);
        self.displace(ticket, before);
        self.held.insert((until, ticket), event_id);
    }

    fn park(&mut self, event_id: EventId) {
        let Some(waiting) = self.events.get_mut(&event_id) else { return };
        let (ticket, before) = (waiting.ticket, waiting.state);
        waiting.state = State::Parked;
        self.displace(ticket, before);
        self.parked += 1;
    }

    fn remove(&mut self, event_id: EventId) {
        if let Some(waiting) = self.events.remove(&event_id) {
            self.displace(waiting.ticket, waiting.state);
        }
    }
}

/// Claims the oldest events of several outboxes.
fn claim(outboxes: &[&Outbox], limit: usize, now: Timestamp, lease_end: Timestamp) -> Vec<ClaimedEvent> {
    let mut parts: Vec<_> = outboxes.iter().flat_map(|outbox| outbox.parts.iter()).map(Mutex::lock).collect();
    let mut heads = BinaryHeap::with_capacity(parts.len());
    for (place, part) in parts.iter_mut().enumerate() {
        part.release(now);
        heads.extend(part.oldest().map(|ticket| Reverse((ticket, place))));
    }
    let mut events = Vec::new();
    while events.len() < limit {
        let Some(Reverse((_, place))) = heads.pop() else { break };
        events.extend(parts[place].claim_oldest(lease_end));
        heads.extend(parts[place].oldest().map(|ticket| Reverse((ticket, place))));
    }
    events
}

/// How many events several outboxes hold, at one moment.
fn count(outboxes: &[&Outbox]) -> OutboxCounts {
    let parts: Vec<_> = outboxes.iter().flat_map(|outbox| outbox.parts.iter()).map(Mutex::lock).collect();
    let all: u64 = parts.iter().map(|part| part.events.len() as u64).sum();
    let parked: u64 = parts.iter().map(|part| part.parked).sum();
    OutboxCounts { waiting: all - parked, parked }
}

#[async_trait]
impl EventOutbox for Outbox {
    async fn claim_events(
        &self,
        limit: usize,
        now: Timestamp,
        lease_end: Timestamp,
    ) -> Result<Vec<ClaimedEvent>, StorageError> {
        Ok(claim(&[self], limit, now, lease_end))
    }

    async fn acknowledge_events(&self, event_ids: &[EventId]) -> Result<(), StorageError> {
        self.acknowledge(event_ids);
        Ok(())
    }

    async fn defer_event(&self, event_id: EventId, until: Timestamp) -> Result<(), StorageError> {
        self.defer(event_id, until);
        Ok(())
    }

    async fn park_event(&self, event_id: EventId) -> Result<(), StorageError> {
        self.park(event_id);
        Ok(())
    }

    async fn count_events(&self) -> Result<OutboxCounts, StorageError> {
        Ok(count(&[self]))
    }
}

/// The outboxes of all contexts in one.
#[async_trait]
impl EventOutbox for MemoryStorage {
    async fn claim_events(
        &self,
        limit: usize,
        now: Timestamp,
        lease_end: Timestamp,
    ) -> Result<Vec<ClaimedEvent>, StorageError> {
        Ok(claim(&self.contexts.outboxes(), limit, now, lease_end))
    }

    async fn acknowledge_events(&self, event_ids: &[EventId]) -> Result<(), StorageError> {
        for outbox in self.contexts.outboxes() {
            outbox.acknowledge(event_ids);
        }
        Ok(())
    }

    async fn defer_event(&self, event_id: EventId, until: Timestamp) -> Result<(), StorageError> {
        for outbox in self.contexts.outboxes() {
            outbox.defer(event_id, until);
        }
        Ok(())
    }

    async fn park_event(&self, event_id: EventId) -> Result<(), StorageError> {
        for outbox in self.contexts.outboxes() {
            outbox.park(event_id);
        }
        Ok(())
    }

    async fn count_events(&self) -> Result<OutboxCounts, StorageError> {
        Ok(count(&self.contexts.outboxes()))
    }
}
