//! Starts a server, runs scenarios against it through both doors, and says whether a fault was caught.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use duologue_conformance::report::ScenarioReport;
use duologue_conformance::runner::{self, Job, Verdict};
use duologue_conformance::scenario;
use duologue_conformance::world::{Place, Session};
use duologue_domain::auth::Lifetimes;
use futures::StreamExt as _;

use crate::catalogue::{Named, Row, catalogue};
use crate::composition::Composition;
use crate::plants::{self, Harmless, Variant};
use crate::server::Deployment;

/// Scenarios that run side by side.
const AT_ONCE: usize = 4;

/// What every random choice of a trial follows from.
const SEED: u64 = 20_260;

/// Runs these scenarios against a composition, through every door.
pub async fn run(composition: Composition, ids: &[&str]) -> anyhow::Result<Vec<ScenarioReport>> {
    run_without(composition, ids, None).await
}

/// The same with nothing asserted at a place.
pub async fn run_without(
    composition: Composition,
    ids: &[&str],
    silenced: Option<Place>,
) -> anyhow::Result<Vec<ScenarioReport>> {
    let deployment = Deployment::start(composition).await?;
    let session = Session::silencing(deployment.target.clone(), SEED, silenced);
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

/// What the named scenarios come to without any fault.
#[derive(Debug, Default)]
pub struct Sound {
    /// What does not hold; nothing if every named scenario passes on every harmless composition that can show it, and
    /// on one at least.
    pub wrong: Vec<String>,
    /// Where each scenario asserted something.
    pub places: BTreeSet<(String, Place)>,
}

/// Runs every named scenario on every harmless composition that can show it.
pub async fn without_fault() -> anyhow::Result<Sound> {
    let rows = catalogue();
    let named: BTreeSet<_> = rows.iter().flat_map(|row| row.caught_by.iter().map(|named| named.id)).collect();
    let mut passed = BTreeSet::new();
    let mut came = Sound::default();
    let runs = plants::harmless().into_iter().map(|Harmless { variant, only }| {
        let is_wanted = |id: &&str| only.is_empty() || only.iter().any(|start| id.starts_with(start));
        let ids: Vec<_> = named.iter().copied().filter(is_wanted).collect();
        async move { anyhow::Ok((run(variant.plant(sound()?), &ids).await?, variant.name)) }
    });
    let mut runs = futures::stream::iter(runs).buffer_unordered(2);
    while let Some(done) = runs.next().await {
        let (reports, name) = done?;
        for report in reports {
            came.places.extend(report.places.keys().map(|place| (report.id.clone(), *place)));
            match report.verdict {
                Verdict::Pass => drop(passed.insert(report.id)),
                Verdict::Skip => {}
                _ => came.wrong.push(format!("{}, {name}: {}", report.name(), report.reason)),
            }
        }
    }
    let never = named.iter().filter(|id| !passed.contains(**id)).map(|id| format!("{id} never passes"));
    came.wrong.extend(never);
    Ok(came)
}

/// How a fault was met.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What is wrong with it; nothing if the fault was caught and did no other harm.
    pub wrong: Vec<String>,
    /// What each scenario came to.
    pub reports: Vec<ScenarioReport>,
}

/// Plants a fault and runs its scenarios and the canaries.
pub async fn trial(row: &Row, variant: &Variant) -> anyhow::Result<Outcome> {
    let canaries = row.canaries();
    let named: BTreeSet<_> = row.caught_by.iter().map(|named| named.id).collect();
    let ids: Vec<_> = named.into_iter().chain(canaries.iter().copied()).collect();
    let reports = run(variant.plant(sound()?), &ids).await?;
    Ok(Outcome { wrong: judge(row, &canaries, &reports), reports })
}

/// Whether a fault that is named with these scenarios is caught by each.
#[must_use]
pub fn catch(named: &[Named], reports: &[ScenarioReport]) -> bool {
    named.iter().all(|Named { id, door }| {
        let mut tried =
            reports.iter().filter(|report| report.id == *id && door.is_none_or(|door| door == report.door));
        tried.any(|report| report.verdict == Verdict::Fail)
    })
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
    let missed = row.caught_by.iter().filter_map(|Named { id, door }| {
        let mut tried = of(id).iter().filter(|report| door.is_none_or(|door| door == report.door));
        let is_caught = tried.any(|report| report.verdict == Verdict::Fail);
        (!is_caught).then(|| format!("{id} misses it:{}", told(of(id))))
    });
    let killed = canaries.iter().filter_map(|id| {
        let is_green = !of(id).is_empty() && of(id).iter().all(|report| report.verdict == Verdict::Pass);
        (!is_green).then(|| format!("{id} is not green:{}", told(of(id))))
    });
    missed.chain(killed).collect()
}
