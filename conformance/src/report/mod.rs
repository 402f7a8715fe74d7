//! What came of a run: the JSON that all other reports are made of.

mod coverage;
mod html;
mod junit;
mod sharpness;

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::door::Door;
use crate::runner::Verdict;
use crate::scenario::{Level, Scenario};
use crate::world::{Exchange, Journal, Place, Session};

pub use coverage::{CoverageRow, coverage};
pub use html::html;
pub use junit::junit;
pub use sharpness::{PlantedFault, Sharpness, planted_faults, sharpness};

/// A scenario through one door, and what came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScenarioReport {
    /// Id of the scenario.
    pub id: String,
    /// The door.
    pub door: Door,
    /// How much a deployment owes it.
    pub level: Level,
    /// What must hold.
    pub sentence: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in a line; empty for a pass.
    pub reason: String,
    /// Everything that did not hold.
    pub violations: Vec<String>,
    /// The cells that were asserted: `Auth.Login:OK`.
    pub cells: Vec<String>,
    /// How many assertions were made.
    pub assertions: u64,
    /// How many calls were made.
    pub calls: u64,
    /// Seconds from the beginning of the run.
    pub began_seconds: f64,
    /// Seconds it took.
    pub seconds: f64,
    /// It is on the list of what is known to fail.
    #[serde(default)]
    pub known_failing: bool,
    /// The last exchanges, of what did not pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<Exchange>,
    /// How many earlier exchanges are left out.
    #[serde(default)]
    pub exchanges_left_out: usize,
    /// Where something was asserted, and whether it always held.
    #[serde(skip)]
    pub places: BTreeMap<Place, bool>,
}

impl ScenarioReport {
    pub(crate) fn new(
        scenario: &Scenario,
        door: Door,
        verdict: Verdict,
        reason: String,
        journal: Journal,
        began: Instant,
        session: &Session,
    ) -> Self {
        let is_told = matches!(verdict, Verdict::Fail | Verdict::Broken);
        Self {
            id: scenario.id.to_owned(),
            door,
            level: scenario.level,
            sentence: scenario.sentence.to_owned(),
            verdict,
            reason,
            cells: journal.cells.iter().map(ToString::to_string).collect(),
            violations: journal.violations,
            places: journal.places,
            assertions: journal.assertions,
            calls: journal.calls,
            began_seconds: began.duration_since(session.began).as_secs_f64(),
            seconds: began.elapsed().as_secs_f64(),
            known_failing: false,
            exchanges: if is_told { journal.exchanges } else { Vec::new() },
            exchanges_left_out: if is_told { journal.dropped } else { 0 },
        }
    }

    /// Its name with the door: `auth.register_login@grpc`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}@{}", self.id, self.door)
    }
}

/// A whole run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Version of this form.
    pub format: u32,
    /// Version of the suite.
    pub suite_version: String,
    /// The addresses of the deployment, door by door.
    pub target: BTreeMap<Door, Vec<String>>,
    /// The file of authorities that were believed, if it was not for this machine to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// What decided every random choice.
    pub seed: u64,
    /// When it began, in seconds since 1970.
    pub began_unix_seconds: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// Services that the deployment does not have.
    pub missing_services: Vec<String>,
    /// How many of the planted faults it would have noticed.
    #[serde(default)]
    pub sharpness: Sharpness,
    /// What came of each scenario.
    pub scenarios: Vec<ScenarioReport>,
}

/// How many scenarios came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Passed, among them those that are known to fail and did.
    pub passed: usize,
    /// Failed or without a verdict.
    pub failed: usize,
    /// Of the failed, those without a verdict.
    pub broken: usize,
    /// Not applicable.
    pub skipped: usize,
}

impl ScenarioReport {
    /// Whether it speaks against the deployment: it failed, or passed although it is known to fail.
    #[must_use]
    pub fn is_violated(&self) -> bool {
        match self.verdict {
            Verdict::Fail => !self.known_failing,
            Verdict::Pass => self.known_failing,
            Verdict::Broken | Verdict::Skip => false,
        }
    }
}

impl Report {
    /// The line that runs a scenario of this run again.
    #[must_use]
    pub fn again(&self, scenario: &ScenarioReport) -> String {
        let addresses = self.target.get(&scenario.door).into_iter().flatten();
        let addresses = addresses.map(|address| format!("--{} {address}", scenario.door));
        let addresses: Vec<_> = addresses.chain(self.ca.iter().map(|file| format!("--ca {file}"))).collect();
        format!(
            "duologue-conformance run {} --only {} --seed {}",
            addresses.join(" "),
            scenario.id,
            self.seed
        )
    }

    /// How many scenarios came to what.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for scenario in &self.scenarios {
            match scenario.verdict {
                Verdict::Skip => counts.skipped += 1,
                Verdict::Fail if scenario.known_failing => counts.passed += 1,
                Verdict::Pass if !scenario.known_failing => counts.passed += 1,
                Verdict::Broken => {
                    counts.failed += 1;
                    counts.broken += 1;
                }
                Verdict::Pass | Verdict::Fail => counts.failed += 1,
            }
        }
        counts
    }
}
