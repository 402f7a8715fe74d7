//! Rounds: a contender and its yardstick by turns.

use std::time::{Duration, Instant};

use super::row::{Limit, Row, Spread, short};

/// How long and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Rounds of what takes long: loads.
    pub(crate) rounds: usize,
    /// How long each side of such a round lasts.
    pub(crate) lasting: Duration,
}

impl Plan {
    /// What the published figures are made with.
    pub(crate) const FULL: Self = Self { rounds: 9, lasting: Duration::from_secs(3) };

    /// A first look.
    pub(crate) const QUICK: Self = Self { rounds: 3, lasting: Duration::from_secs(1) };

    /// Once: to see that it can be measured.
    pub(crate) const SMOKE: Self = Self { rounds: 1, lasting: Duration::from_millis(100) };

    /// For what takes so little that the machine's moods show, and has processor time to be counted: more rounds of the
    /// same length in all, so that both sides of one are measured in one mood.
    pub(crate) fn close(self) -> Self {
        Self { rounds: self.rounds * 3, lasting: self.lasting / 3 }
    }

    /// For what is measured in microseconds: more and shorter rounds.
    pub(crate) fn short(self) -> Self {
        Self { rounds: self.rounds * 3, lasting: self.lasting / 10 }
    }
}

/// The figures of a contender and its yardstick, round by round.
#[derive(Debug, Clone)]
pub(crate) struct Rounds(pub(crate) Vec<(f64, f64)>);

impl Rounds {
    /// Measures both by turns; which of them begins changes. A round more than is planned comes first, to warm up.
    pub(crate) async fn of(
        plan: Plan,
        mut contender: impl AsyncFnMut(Duration) -> f64,
        mut yardstick: impl AsyncFnMut(Duration) -> f64,
    ) -> Self {
        let mut rounds = Vec::new();
        contender(plan.lasting / 4).await;
        yardstick(plan.lasting / 4).await;
        for round in 0..plan.rounds {
            rounds.push(if round % 2 == 0 {
                let ours = contender(plan.lasting).await;
                (ours, yardstick(plan.lasting).await)
            } else {
                let theirs = yardstick(plan.lasting).await;
                (contender(plan.lasting).await, theirs)
            });
        }
        Self(rounds)
    }

    /// The contender's figure as a multiple of the yardstick's.
    pub(crate) fn ratio(&self) -> Spread {
        Spread::of(self.0.iter().map(|(ours, theirs)| ours / theirs))
    }

    /// A line of the table. `unit` is that of the absolute figures.
    pub(crate) fn row(&self, what: impl Into<String>, limit: Limit, unit: &str) -> Row {
        let ours = Spread::of(self.0.iter().map(|(ours, _)| *ours)).median;
        let theirs = Spread::of(self.0.iter().map(|(_, theirs)| *theirs)).median;
        Row {
            what: what.into(),
            limit,
            measured: self.ratio(),
            unit: "",
            note: format!("{} against {} {unit}", short(ours), short(theirs)),
        }
    }
}

/// Calls again and again, one after the other: microseconds a call.
pub(crate) async fn micros_per_call(lasting: Duration, mut call: impl AsyncFnMut()) -> f64 {
    let (begin, mut calls) = (Instant::now(), 0_u32);
    loop {
        for _ in 0..16 {
            call().await;
        }
        calls += 16;
        let elapsed = begin.elapsed();
        if elapsed >= lasting {
            return elapsed.as_secs_f64() * 1e6 / f64::from(calls);
        }
    }
}
