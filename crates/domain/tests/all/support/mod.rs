//! What all tests stand on: a clock, randomness, a scheduler, and a plain store for every trait.

pub(crate) mod auth_store;
pub(crate) mod chat_store;
pub(crate) mod notification_store;
pub(crate) mod profile_store;
pub(crate) mod schedule;
pub(crate) mod social_store;
pub(crate) mod table;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use duologue_domain::auth::{Caller, Standing};
use duologue_domain::environment::{Environment, Random};
use duologue_domain::id::{Id, SessionId, UserId};
use duologue_domain::page::CursorSealer;
use duologue_domain::time::Clock;
use duologue_domain::user::UserDirectory;
use duologue_domain::{StorageError, Timestamp};
use parking_lot::Mutex;
use uuid::Uuid;

use schedule::Dice;

/// A clock that stands still unless a test moves it, forwards or back.
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_700_000_000_000_000)))
    }

    pub(crate) fn advance(&self, while_: Duration) {
        self.0.fetch_add(i64::try_from(while_.as_micros()).unwrap(), Ordering::Relaxed);
    }

    pub(crate) fn go_back(&self, while_: Duration) {
        self.0.fetch_sub(i64::try_from(while_.as_micros()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Randomness that a seed foretells.
struct SeededRandom(Mutex<Dice>);

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut dice = self.0.lock();
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&dice.roll().to_le_bytes()[..chunk.len()]);
        }
    }
}

pub(crate) fn environment(clock: &Arc<ManualClock>, seed: u64) -> Environment {
    Environment::new(clock.clone(), Arc::new(SeededRandom(Mutex::new(Dice::new(seed)))))
}

pub(crate) fn cursors() -> CursorSealer {
    CursorSealer::new(&[7; 32])
}

pub(crate) fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn caller(user_id: UserId) -> Caller {
    Caller {
        user_id,
        session_id: SessionId::from_uuid(user_id.uuid()),
        expire_time: Timestamp::MAX,
        standing: Standing::Live,
    }
}

/// Exactly these users exist.
pub(crate) struct Directory(pub(crate) HashSet<UserId>);

impl Directory {
    pub(crate) fn of(users: impl IntoIterator<Item = UserId>) -> Arc<Self> {
        Arc::new(Self(users.into_iter().collect()))
    }
}

#[async_trait]
impl UserDirectory for Directory {
    async fn user_exists(&self, user_id: UserId) -> Result<bool, StorageError> {
        schedule::yield_once().await;
        Ok(self.0.contains(&user_id))
    }
}
