//! A bus that drops, repeats, delays and reorders wake-ups, and lies about what they say.

use std::collections::HashMap;

use duologue_domain::wakeup::{LocalWakeUp, Subscription, Topic, WakeUp};
use parking_lot::Mutex;

use crate::support::schedule::Dice;

/// What a topic's listeners in this process were told.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Heard {
    /// The position of the last wake-up, true or not.
    pub(super) position: i64,
    pub(super) times: usize,
}

struct State {
    dice: Dice,
    in_flight: Vec<(Topic, i64)>,
    heard: HashMap<Topic, Heard>,
}

pub(super) struct Bus {
    pub(super) hub: LocalWakeUp,
    state: Mutex<State>,
}

impl Bus {
    pub(super) fn new(dice: Dice) -> Self {
        let state = State { dice, in_flight: Vec::new(), heard: HashMap::new() };
        Self { hub: LocalWakeUp::new(), state: Mutex::new(state) }
    }

    /// Delivers one of the wake-ups in flight, whichever.
    pub(super) fn deliver(&self) {
        let mut state = self.state.lock();
        if state.in_flight.is_empty() {
            return;
        }
        let count = state.in_flight.len();
        let picked = state.dice.below(count);
        let (topic, position) = state.in_flight.swap_remove(picked);
        let heard = state.heard.entry(topic).or_default();
        *heard = Heard { position, times: heard.times + 1 };
        drop(state);
        self.hub.publish(topic, position);
    }

    /// Loses everything in flight.
    pub(super) fn die(&self) {
        self.state.lock().in_flight.clear();
    }

    pub(super) fn heard(&self, topic: Topic) -> Heard {
        self.state.lock().heard.get(&topic).copied().unwrap_or_default()
    }
}

impl WakeUp for Bus {
    fn publish(&self, topic: Topic, position: i64) {
        let mut state = self.state.lock();
        let copies = *state.dice.pick(&[0, 1, 1, 1, 2]);
        for _ in 0..copies {
            let lie = *state.dice.pick(&[0, 0, 0, 0, 0, 0, -1, -3, 1, 2, 1_000_000]);
            state.in_flight.push((topic, position + lie));
        }
    }

    fn subscribe(&self, topic: Topic) -> Subscription {
        self.hub.subscribe(topic)
    }
}
