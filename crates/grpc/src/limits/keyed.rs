//! One rate for each key, in bounded memory.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use super::Rate;

/// Keys whose allowance is full again are forgotten once in so many checks: forgetting costs a walk over all keys.
const CHECKS_BETWEEN_SWEEPS: u32 = 4_096;

/// Counts calls by key. Without a rate it counts nothing.
pub(super) struct KeyedLimiter<K: Hash + Eq + Clone> {
    limiter: Option<DefaultKeyedRateLimiter<K>>,
    clock: DefaultClock,
    checks: AtomicU32,
}

impl<K: Hash + Eq + Clone> KeyedLimiter<K> {
    pub(super) fn new(rate: Option<Rate>) -> Self {
        let quota = rate.and_then(|rate| {
            let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
            Some(Quota::with_period(rate.per / rate.count.max(1))?.allow_burst(burst))
        });
        Self {
            limiter: quota.map(DefaultKeyedRateLimiter::keyed),
            clock: DefaultClock::default(),
            checks: AtomicU32::new(0),
        }
    }

    /// Counts a call, or tells how long to wait.
    pub(super) fn check(&self, key: &K) -> Result<(), Duration> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if self.checks.fetch_add(1, Ordering::Relaxed) % CHECKS_BETWEEN_SWEEPS == CHECKS_BETWEEN_SWEEPS - 1 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        limiter.check_key(key).map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_burst_passes_and_the_next_call_is_told_how_long_to_wait() {
        let rate = Rate { count: 1, per: Duration::from_mins(1), burst: 3 };
        let limiter = KeyedLimiter::new(Some(rate));
        for _ in 0..3 {
            assert_eq!(limiter.check(&1), Ok(()));
        }
        let wait = limiter.check(&1).expect_err("the burst is used up");
        assert!(wait > Duration::from_secs(55) && wait <= Duration::from_mins(1), "{wait:?}");
        assert_eq!(limiter.check(&2), Ok(()));
    }

    #[test]
    fn keys_whose_allowance_is_full_again_are_forgotten() {
        let rate = Rate { count: 1_000_000, per: Duration::from_secs(1), burst: 1 };
        let limiter = KeyedLimiter::new(Some(rate));
        for key in 0..3 * CHECKS_BETWEEN_SWEEPS {
            let _ = limiter.check(&key);
        }
        let kept = limiter.limiter.as_ref().map_or(0, DefaultKeyedRateLimiter::len);
        assert!(kept <= CHECKS_BETWEEN_SWEEPS as usize, "{kept}");
    }
}
