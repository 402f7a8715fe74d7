//! The clock of the operating system, and randomness that begins with the system's.

use std::time::{SystemTime, UNIX_EPOCH};

use duologue_domain::Timestamp;
use duologue_domain::environment::Random;
use duologue_domain::time::Clock;
use rand::RngCore as _;

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock before 1970 is a broken one: the epoch serves as well.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_micros(0).plus(since_epoch)
    }
}

/// Randomness that nobody can foretell: in each thread a generator for cryptography, whose seed, and a new one after
/// every 64 KiB, comes from the operating system. Asking the system itself is a system call for every identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// Fills `bytes`.
    ///
    /// # Panics
    /// If the system has no randomness to begin with: every secret would be foretellable.
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_tells_a_time_after_this_was_written() {
        assert!(SystemClock.now() > Timestamp::from_unix_millis(1_700_000_000_000));
    }

    #[test]
    fn two_fills_never_agree_and_reach_every_byte() {
        let (mut first, mut second) = ([0; 64], [0; 64]);
        SystemRandom.fill(&mut first);
        SystemRandom.fill(&mut second);
        assert_ne!(first, second);
        assert_ne!(first[56..], [0; 8]);
    }
}
