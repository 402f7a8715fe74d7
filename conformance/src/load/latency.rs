//! How long things took, counted from the moment at which they were due.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Percentiles of a series, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// How many there are.
    pub count: usize,
    /// Half of them took at most so long.
    pub p50_ms: f64,
    /// 99 of 100 took at most so long.
    pub p99_ms: f64,
    /// 999 of 1000 took at most so long.
    pub p999_ms: f64,
    /// The slowest.
    pub slowest_ms: f64,
}

impl Latency {
    /// The percentiles of a series: each is one of its values (nearest rank), none is made up between two.
    #[must_use]
    pub fn of(mut series: Vec<Duration>) -> Self {
        series.sort_unstable();
        let at = |permille: usize| {
            let rank = (series.len() * permille).div_ceil(1_000).max(1);
            series.get(rank - 1).copied().unwrap_or_default().as_secs_f64() * 1_000.0
        };
        Self {
            count: series.len(),
            p50_ms: at(500),
            p99_ms: at(990),
            p999_ms: at(999),
            slowest_ms: at(1_000),
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms, slowest {:.1} ms",
            self.p50_ms, self.p99_ms, self.p999_ms, self.slowest_ms
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_of_the_series() {
        let latency = Latency::of((1..=1_000).rev().map(Duration::from_millis).collect());
        let found = [latency.p50_ms, latency.p99_ms, latency.p999_ms, latency.slowest_ms];
        for (found, expected) in found.into_iter().zip([500.0, 990.0, 999.0, 1_000.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
    }

    #[test]
    fn short_series_have_percentiles_too() {
        assert_eq!(Latency::of(Vec::new()), Latency::default());
        let one = Latency::of(vec![Duration::from_millis(3)]);
        assert!((one.p50_ms - 3.0).abs() < 1e-6 && (one.p999_ms - 3.0).abs() < 1e-6);
    }
}
