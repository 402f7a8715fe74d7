//! Moments, in whole microseconds, and the port that tells the present one.

use std::time::Duration;

/// A moment: whole microseconds since 1970-01-01T00:00:00Z.
///
/// Every adapter keeps exactly this precision, so that what was read equals what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The latest moment that can be told.
    pub const MAX: Self = Self(i64::MAX);

    /// The moment so many microseconds after the epoch.
    #[must_use]
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The moment so many milliseconds after the epoch; what lies beyond [`Timestamp::MAX`] becomes that.
    #[must_use]
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch, rounded down.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Seconds since the epoch, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// How long after `earlier` this is; nothing if it is not after.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This moment and a while.
    #[must_use]
    pub fn plus(self, while_: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(while_.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This moment less a while.
    #[must_use]
    pub fn minus(self, while_: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(while_.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// Tells the present moment.
///
/// It may stand still, jump or go back, as real clocks do: nothing in the domain loses data by it.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_milliseconds_saturate_instead_of_wrapping() {
        assert_eq!(Timestamp::from_unix_millis(i64::MAX), Timestamp::MAX);
    }

    #[test]
    fn a_moment_before_the_epoch_rounds_down() {
        assert_eq!(Timestamp::from_unix_micros(-1).unix_seconds(), -1);
        assert_eq!(Timestamp::from_unix_micros(-1).unix_millis(), -1);
    }

    #[test]
    fn nothing_has_passed_since_a_later_moment() {
        let (early, late) = (Timestamp::from_unix_micros(5), Timestamp::from_unix_micros(9));
        assert_eq!(late.since(early), Duration::from_micros(4));
        assert_eq!(early.since(late), Duration::ZERO);
    }
}
