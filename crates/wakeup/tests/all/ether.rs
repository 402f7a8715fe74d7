//! A carrier in memory that can be blocked, dead, lossy.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use duologue_wakeup::{Carrier, CarrierError, Listener};
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::{mpsc, watch};

/// How a carrier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Well,
    /// Payloads are neither taken nor refused.
    Blocked,
    /// Nothing is taken, and nobody can listen.
    Dead,
}

/// What is between replicas. Clones are one.
#[derive(Clone)]
pub(crate) struct Ether {
    condition: Arc<watch::Sender<Condition>>,
    /// How often somebody published.
    calls: Arc<watch::Sender<u64>>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    listeners: Vec<mpsc::UnboundedSender<Bytes>>,
    /// All that was taken.
    taken: Vec<Bytes>,
    chance: Option<Chance>,
}

/// Loses, repeats and reorders.
struct Chance {
    dice: StdRng,
    in_flight: Vec<(usize, Bytes)>,
}

impl Ether {
    pub(crate) fn new() -> Self {
        let condition = Arc::new(watch::Sender::new(Condition::Well));
        Self { condition, calls: Arc::new(watch::Sender::new(0)), state: Arc::default() }
    }

    /// One that loses a fifth, repeats a fifth, and keeps no order.
    pub(crate) fn lossy(seed: u64) -> Self {
        let ether = Self::new();
        ether.state.lock().chance = Some(Chance { dice: StdRng::seed_from_u64(seed), in_flight: Vec::new() });
        ether
    }

    /// Changes the condition; whoever listens to a dead one learns so.
    pub(crate) fn become_(&self, condition: Condition) {
        self.condition.send_replace(condition);
        if condition == Condition::Dead {
            self.state.lock().listeners.clear();
        }
    }

    /// Waits until so many payloads were brought, taken or not.
    pub(crate) async fn called(&self, times: u64) {
        self.calls.subscribe().wait_for(|calls| *calls >= times).await.unwrap();
    }

    /// What was taken so far.
    pub(crate) fn taken(&self) -> Vec<Bytes> {
        self.state.lock().taken.clone()
    }

    /// Hands everybody a payload, as if another process had sent it.
    pub(crate) fn inject(&self, payload: &[u8]) {
        let payload = Bytes::copy_from_slice(payload);
        self.state.lock().listeners.retain(|listener| listener.send(payload.clone()).is_ok());
    }
}

impl State {
    fn take(&mut self, payload: &Bytes) {
        self.taken.push(payload.clone());
        let Some(Chance { dice, in_flight }) = &mut self.chance else {
            self.listeners.retain(|listener| listener.send(payload.clone()).is_ok());
            return;
        };
        for listener in 0..self.listeners.len() {
            let copies = *[0, 1, 1, 1, 2].choose(dice).unwrap();
            in_flight.extend(std::iter::repeat_n((listener, payload.clone()), copies));
        }
        while !in_flight.is_empty() && dice.random_bool(0.6) {
            let picked = dice.random_range(0..in_flight.len());
            let (listener, payload) = in_flight.swap_remove(picked);
            self.listeners[listener].send(payload).ok();
        }
    }
}

#[async_trait]
impl Carrier for Ether {
    fn name(&self) -> &'static str {
        "ether"
    }

    async fn publish(&self, payload: Bytes) -> Result<(), CarrierError> {
        self.calls.send_modify(|calls| *calls += 1);
        let mut condition = self.condition.subscribe();
        if *condition.wait_for(|condition| *condition != Condition::Blocked).await? == Condition::Dead {
            return Err("dead".into());
        }
        self.state.lock().take(&payload);
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, CarrierError> {
        if *self.condition.borrow() == Condition::Dead {
            return Err("dead".into());
        }
        let (sender, receiver) = mpsc::unbounded_channel();
        self.state.lock().listeners.push(sender);
        Ok(Box::new(EtherListener(receiver)))
    }
}

struct EtherListener(mpsc::UnboundedReceiver<Bytes>);

#[async_trait]
impl Listener for EtherListener {
    async fn next(&mut self) -> Result<Bytes, CarrierError> {
        self.0.recv().await.ok_or_else(|| "dead".into())
    }
}
