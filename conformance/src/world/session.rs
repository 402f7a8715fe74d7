//! What all scenarios of one run share.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use duologue_contract::Service;
use parking_lot::RwLock;
use tokio::sync::Semaphore;

use super::Place;
use crate::random::{base36, entropy};
use crate::secrets::Secrets;
use crate::target::Target;

/// Hashing a password is the dearest thing a server does: so many at once are asked of it, and no more.
const PASSWORDS_AT_ONCE: usize = 8;

/// One run against one deployment.
#[derive(Debug)]
pub struct Session {
    /// The deployment.
    pub target: Target,
    /// What decides every random choice.
    pub seed: u64,
    /// When it began.
    pub began: Instant,
    pub(crate) secrets: Secrets,
    pub(crate) passwords: Semaphore,
    marker: String,
    counter: AtomicU64,
    missing: RwLock<BTreeSet<Service>>,
    silenced: Option<Place>,
}

impl Session {
    /// A run with names that no other run has.
    #[must_use]
    pub fn new(target: Target, seed: u64) -> Arc<Self> {
        Self::silencing(target, seed, None)
    }

    /// The same where nothing is asserted at a place: what the scenario with that assertion deleted would come to.
    #[must_use]
    pub fn silencing(target: Target, seed: u64, silenced: Option<Place>) -> Arc<Self> {
        // Nine digits to the base of 36 hold 46 bits.
        let marker = base36(entropy(), 9);
        Arc::new(Self {
            target,
            seed,
            began: Instant::now(),
            secrets: Secrets::new(&format!("zq{marker}qz")),
            passwords: Semaphore::new(PASSWORDS_AT_ONCE),
            marker,
            counter: AtomicU64::new(0),
            missing: RwLock::default(),
            silenced,
        })
    }

    pub(crate) fn silences(&self, place: Place) -> bool {
        self.silenced == Some(place)
    }

    /// What this run hides in every exchange that it reports.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// A nickname that nobody has: 14 characters, so that six more can follow.
    #[must_use]
    pub fn fresh_nickname(&self) -> String {
        format!("c{}{}", self.marker, base36(self.number(), 4))
    }

    /// An e-mail address that nobody has.
    #[must_use]
    pub fn fresh_email(&self) -> String {
        format!("c{}.{}@conformance.example", self.secrets.marker(), self.number())
    }

    /// A password that nobody has.
    #[must_use]
    pub fn fresh_password(&self) -> String {
        format!("P-{}-{}", self.secrets.marker(), self.number())
    }

    fn number(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    /// Notes that the deployment does not have this service.
    pub fn note_missing(&self, service: Service) {
        self.missing.write().insert(service);
    }

    /// The services that the deployment does not have.
    #[must_use]
    pub fn missing(&self) -> BTreeSet<Service> {
        self.missing.read().clone()
    }
}
