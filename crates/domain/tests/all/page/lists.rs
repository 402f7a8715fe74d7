//! What the lists of the walks have in common: whose they are, their clock, and what they hold.

use std::sync::Arc;
use std::time::Duration;

use duologue_domain::environment::Environment;
use duologue_domain::id::UserId;
use duologue_domain::time::{Clock, Timestamp};
use uuid::Uuid;

use crate::support::{ManualClock, environment, user};

/// Whose lists they are.
pub(super) fn me() -> UserId {
    user(1_000_000)
}

pub(super) fn uuid(item: usize) -> Uuid {
    Uuid::from_u128(item as u128 + 1)
}

pub(super) fn item(uuid: Uuid) -> usize {
    usize::try_from(uuid.as_u128()).unwrap() - 1
}

/// A clock that moves after every second item only, so that half of the keys are ties, and what the list holds.
pub(super) struct Common {
    pub(super) clock: Arc<ManualClock>,
    pub(super) environment: Environment,
    /// What is in the list, with the moment that orders it.
    pub(super) held: Vec<(Timestamp, usize)>,
    inserted: usize,
}

impl Common {
    pub(super) fn new() -> Self {
        let clock = ManualClock::new();
        Self { environment: environment(&clock, 5), clock, held: Vec::new(), inserted: 0 }
    }

    /// The moment of the next item, unless the list holds it already.
    pub(super) fn admit(&mut self, item: usize) -> Option<Timestamp> {
        if self.held.iter().any(|(_, held)| *held == item) {
            return None;
        }
        self.inserted += 1;
        self.clock.advance(Duration::from_micros(u64::from(self.inserted.is_multiple_of(2))));
        self.held.push((self.clock.now(), item));
        Some(self.clock.now())
    }

    pub(super) fn dismiss(&mut self, item: usize) {
        self.held.retain(|(_, held)| *held != item);
    }

    pub(super) fn newest_first(&self) -> Vec<usize> {
        let mut held = self.held.clone();
        held.sort_unstable_by(|one, other| other.cmp(one));
        held.into_iter().map(|(_, item)| item).collect()
    }
}
