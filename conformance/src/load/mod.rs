//! Bounded load in an open loop: messages leave when they are due, whether or not those before were answered.
//!
//! What must hold comes first: nothing lost, nothing twice, one order for every reader. How long it took is worth
//! something only then. Latency counts from the moment at which a message was due, so that a deployment that stalls
//! cannot hide how many messages waited.

mod latency;
mod pair;
mod sending;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use duologue_contract::Service;
use futures::future::join_all;
use serde::{Deserialize, Serialize};

use crate::door::Door;
use crate::runner::Verdict;
use crate::world::{Session, Stop};
use pair::{Pair, PairResult};

pub use latency::Latency;

/// How much load, within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Pairs of people.
    pub pairs: u32,
    /// Messages a second of each pair.
    pub rate: u32,
    /// How long.
    pub seconds: u32,
}

/// A plan that nobody should carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPlan(String);

impl std::fmt::Display for InvalidPlan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for InvalidPlan {}

impl Plan {
    /// The most pairs: each has two accounts, two streams and connections of its own.
    pub const MOST_PAIRS: u32 = 500;
    /// The most messages a second, of all pairs together.
    pub const MOST_RATE: u32 = 5_000;
    /// The longest; access tokens live longer.
    pub const MOST_SECONDS: u32 = 600;
    /// The most messages: rate times duration.
    pub const MOST_MESSAGES: u64 = 200_000;

    /// A plan, if it stays within the bounds.
    pub fn new(pairs: u32, rate: u32, seconds: u32) -> Result<Self, InvalidPlan> {
        let plan = Self { pairs, rate, seconds };
        let each_second = u64::from(pairs) * u64::from(rate);
        let bounds = [
            ("pairs", u64::from(pairs), u64::from(Self::MOST_PAIRS)),
            ("messages a second (pairs times rate)", each_second, u64::from(Self::MOST_RATE)),
            ("seconds", u64::from(seconds), u64::from(Self::MOST_SECONDS)),
            ("messages (pairs times rate times seconds)", plan.messages(), Self::MOST_MESSAGES),
        ];
        match bounds.into_iter().find(|(_, value, most)| !(1..=*most).contains(value)) {
            Some((what, value, most)) => {
                Err(InvalidPlan(format!("{what}: {value} is not between 1 and {most}")))
            }
            None => Ok(plan),
        }
    }

    /// How many messages that is.
    #[must_use]
    pub const fn messages(self) -> u64 {
        self.pairs as u64 * self.of_pair() as u64
    }

    /// How many messages a pair sends.
    const fn of_pair(self) -> u32 {
        self.rate.saturating_mul(self.seconds)
    }

    /// When a message of a pair is due: pairs take turns within the time between two messages of one.
    fn due(self, pair: u32, number: u32) -> Duration {
        let turns = u64::from(number) * u64::from(self.pairs) + u64::from(pair);
        Duration::from_micros(turns * 1_000_000 / (u64::from(self.pairs) * u64::from(self.rate)))
    }
}

/// What load through one door came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DoorLoad {
    /// The door.
    pub door: Door,
    /// Whether everything held.
    pub verdict: Verdict,
    /// Why there is no verdict.
    pub reason: String,
    /// What did not hold.
    pub violations: Vec<String>,
    /// Messages that were due.
    pub messages: u64,
    /// Messages that were acknowledged.
    pub acknowledged: u64,
    /// Messages that were refused, by code and reason; none of them may be there.
    pub refused: BTreeMap<String, u64>,
    /// Messages of which nobody can say: no answer, or one that leaves it open.
    pub unanswered: u64,
    /// Streams that ended and went on where they had ended.
    pub resumed: u64,
    /// Seconds from the first message that was due until the last answer.
    pub seconds: f64,
    /// Acknowledged messages a second.
    pub per_second: f64,
    /// The most that a message left too late, in milliseconds: beyond a few, the machine of the suite is the limit.
    pub behind_ms: f64,
    /// From when a message was due until its acknowledgement.
    pub answered: Latency,
    /// From when a message was due until the other one's stream delivered it.
    pub delivered: Latency,
}

/// What load came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LoadReport {
    /// Version of this form.
    pub format: u32,
    /// Version of the suite.
    pub suite_version: String,
    /// The addresses of the deployment, door by door.
    pub target: BTreeMap<Door, Vec<String>>,
    /// What decided every random choice.
    pub seed: u64,
    /// How much.
    pub plan: Plan,
    /// What it came to, door by door.
    pub doors: Vec<DoorLoad>,
}

/// Puts the load through one door.
pub async fn run(session: &Arc<Session>, door: Door, plan: Plan) -> DoorLoad {
    let needed = [Service::Auth, Service::User, Service::Chat];
    if let Some(missing) = needed.into_iter().find(|service| session.missing().contains(service)) {
        let reason = format!("the deployment has no {}", missing.name());
        return DoorLoad { verdict: Verdict::Skip, reason, ..summed(door, plan, PairResult::default()) };
    }
    let arranged = join_all((0..plan.pairs).map(|number| Pair::arrange(session, door, number))).await;
    let start = Instant::now() + Duration::from_millis(200);
    let mut sum = PairResult::default();
    let mut pairs = Vec::new();
    for pair in arranged {
        match pair {
            Ok(pair) => pairs.push(pair),
            Err(failed) => sum.add(failed),
        }
    }
    // Half of a load proves nothing.
    if sum.stop.is_none() {
        let running = pairs.into_iter().map(|pair| tokio::spawn(pair.run(plan, start)));
        for ended in join_all(running).await {
            sum.add(ended.unwrap_or_else(|error| PairResult::broken(error.to_string())));
        }
    }
    summed(door, plan, sum)
}

fn summed(door: Door, plan: Plan, sum: PairResult) -> DoorLoad {
    let reason = match sum.stop {
        Some(Stop::Broken(reason) | Stop::Skipped(reason)) => reason,
        Some(Stop::Missing(service)) => format!("an RPC of {} is not implemented", service.name()),
        None if sum.acknowledged == 0 => "no message was acknowledged".to_owned(),
        Some(Stop::Violated) | None => String::new(),
    };
    let verdict = match (sum.violations.is_empty(), reason.is_empty()) {
        (false, _) => Verdict::Fail,
        (true, false) => Verdict::Broken,
        (true, true) => Verdict::Pass,
    };
    let seconds = sum.last.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "at most 200 000 messages")]
    let per_second = if seconds > 0.0 { sum.acknowledged as f64 / seconds } else { 0.0 };
    DoorLoad {
        door,
        verdict,
        reason,
        violations: sum.violations,
        messages: plan.messages(),
        acknowledged: sum.acknowledged,
        refused: sum.refused,
        unanswered: sum.unanswered,
        resumed: sum.resumed,
        seconds,
        per_second,
        behind_ms: sum.behind.as_secs_f64() * 1_000.0,
        answered: Latency::of(sum.answered),
        delivered: Latency::of(sum.delivered),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_stays_within_its_bounds() {
        assert_eq!(Plan::new(10, 10, 10).map(Plan::messages), Ok(1_000));
        for (pairs, rate, seconds) in
            [(0, 1, 1), (1, 0, 1), (1, 1, 0), (501, 1, 1), (100, 51, 1), (1, 1, 601), (100, 50, 41)]
        {
            assert!(Plan::new(pairs, rate, seconds).is_err(), "{pairs} {rate} {seconds}");
        }
        assert!(Plan::new(u32::MAX, u32::MAX, u32::MAX).is_err());
    }

    #[test]
    fn messages_are_due_evenly_whatever_was_answered() {
        let plan = Plan { pairs: 2, rate: 5, seconds: 1 };
        let due: Vec<_> =
            (0..5).flat_map(|number| (0..2).map(move |pair| plan.due(pair, number).as_millis())).collect();
        assert_eq!(due, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
    }
}
