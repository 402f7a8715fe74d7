//! What the use cases need of the machine they run on: the time, and randomness.

use std::fmt;
use std::sync::Arc;

use uuid::Builder;

use crate::id::Id;
use crate::time::{Clock, Timestamp};

/// Gives unpredictable bytes.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Random: Send + Sync {
    /// Fills `bytes` with what nobody can foretell.
    fn fill(&self, bytes: &mut [u8]);
}

/// The clock and the randomness that every service is given.
#[derive(Clone)]
pub struct Environment {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Environment {
    /// An environment of these two ports.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { clock, random }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new identifier: a UUIDv7 of the present moment and 74 random bits.
    #[must_use]
    pub fn new_id<T: Id>(&self) -> T {
        let millis = u64::try_from(self.now().unix_millis()).unwrap_or(0);
        T::from_uuid(Builder::from_unix_timestamp_millis(millis, &self.random_bytes()).into_uuid())
    }

    /// Unpredictable bytes, for salts.
    #[must_use]
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Environment").finish_non_exhaustive()
    }
}
