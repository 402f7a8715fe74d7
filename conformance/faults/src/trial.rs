//! Starts a server, runs scenarios against it through both doors, and says whether a fault was caught.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use duologue_conformance::report::ScenarioReport;
use duologue_conformance::runner::{self, Job, Verdict};
use duologue_conformance::scenario;
use duologue_conformance::world::Session;
use duologue_domain::auth::Lifetimes;

use crate::catalogue::Row;
use crate::composition::Composition;
use crate::plants::Variant;
use crate::server::Deployment;

/// Scenarios that run side by side.
const AT_ONCE: usize = 4;

/// What every random choice of a trial follows from.
const SEED: u64 = 20_260;

/// Runs these scenarios against a composition, through every door.
pub async fn run(composition: Composition, ids: &[&str]) -> anyhow::Result<Vec<ScenarioReport>> {
    let deployment = Deployment::start(composition).await?;
    let session = Session::new(deployment.target.clone(), SEED);
    let known = ids.iter().filter_map(|id| scenario::find(id));
    let jobs: Vec<Job> = known
        .flat_map(|scenario| deployment.target.doors().into_iter().map(move |door| (scenario, door)))
        .collect();
    Ok(runner::run(&session, jobs, AT_ONCE, |_| ()).await)
}

/// A composition without any fault.
pub fn sound() -> anyhow::Result<Composition> {
    Composition::sound(Lifetimes::default())
}

/// What is wrong with how a fault was met; nothing if it was caught and did no other harm.
pub async fn trial(row: &Row, variant: &Variant) -> anyhow::Result<Vec<String>> {
    let canaries = row.canaries();
    let ids: Vec<_> = row.caught_by.iter().chain(&canaries).copied().collect();
    let reports = run(variant.plant(sound()?), &ids).await?;
    Ok(judge(row, &canaries, &reports))
}

/// Which named scenarios missed the fault, and which canaries it killed.
#[must_use]
pub fn judge(row: &Row, canaries: &[&str], reports: &[ScenarioReport]) -> Vec<String> {
    let mut doors: BTreeMap<&str, Vec<&ScenarioReport>> = BTreeMap::new();
    for report in reports {
        doors.entry(&report.id).or_default().push(report);
    }
    let told = |reports: &[&ScenarioReport]| {
        reports.iter().fold(String::new(), |mut text, report| {
            let _ = write!(text, " {}: {} {}", report.door, report.verdict.name(), report.reason);
            text
        })
    };
    let of = |id: &str| doors.get(id).map_or(&[][..], Vec::as_slice);
    let missed = row.caught_by.iter().filter_map(|id| {
        let is_caught = of(id).iter().any(|report| report.verdict == Verdict::Fail);
        (!is_caught).then(|| format!("{id} misses it:{}", told(of(id))))
    });
    let killed = canaries.iter().filter_map(|id| {
        let is_green = !of(id).is_empty() && of(id).iter().all(|report| report.verdict == Verdict::Pass);
        (!is_green).then(|| format!("{id} is not green:{}", told(of(id))))
    });
    missed.chain(killed).collect()
}
