//! Runs scenarios side by side and comes to a verdict on each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use duologue_contract::{Rpc, Service};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use tonic::Code;

use crate::door::{Credential, Door, DynamicCall, Envelope, Grpc, Rest};
use crate::report::ScenarioReport;
use crate::scenario::{Cell, Scenario};
use crate::target::Capability;
use crate::world::{Journal, Outcome, Session, Stop, World};

/// A scenario that takes longer than this has no verdict.
const LONGEST: Duration = Duration::from_mins(5);

/// What came of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// There is no verdict: the scenario could not be carried out, or proved nothing.
    Broken,
    /// It does not apply to this deployment.
    Skip,
}

impl Verdict {
    /// Its word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Broken => "broken",
            Self::Skip => "skip",
        }
    }
}

/// One scenario through one door.
pub type Job = (Scenario, Door);

/// What a look at every RPC, before any scenario, found.
#[derive(Debug, Clone, Default)]
pub struct Preflight {
    /// Doors that nobody answers at, and why.
    pub unreachable: BTreeMap<Door, String>,
    /// RPCs that a door does not have.
    pub missing: BTreeSet<(Door, Rpc)>,
}

impl Preflight {
    /// Calls every RPC without a credential and without a field, through every door.
    pub async fn look(session: &Session) -> Result<Self, String> {
        let mut found = Self::default();
        let grpc = Grpc::new(&session.target)?;
        let rest = Rest::new(&session.target)?;
        for door in session.target.doors() {
            for rpc in Rpc::ALL {
                let envelope = Envelope::by(Credential::None);
                let failure = match (door, rpc.is_streaming()) {
                    (Door::Grpc, true) => grpc.open(rpc, Vec::new(), &envelope).await.err(),
                    (Door::Grpc, false) => {
                        grpc.call(&DynamicCall::empty(rpc).payload()?, &envelope).await.outcome.err()
                    }
                    (Door::Rest, _) => rest.call(&filled(rpc).payload()?, &envelope).await.outcome.err(),
                };
                match failure {
                    Some(failure) if failure.is_transport => {
                        found.unreachable.insert(door, failure.message.clone());
                        break;
                    }
                    Some(failure) if matches!(failure.code, Code::Unimplemented | Code::NotFound) => {
                        found.missing.insert((door, rpc));
                    }
                    _ => {}
                }
            }
        }
        for service in Service::ALL {
            let is_missing =
                |rpc: &Rpc| session.target.doors().iter().all(|door| found.missing.contains(&(*door, *rpc)));
            if Rpc::ALL.iter().filter(|rpc| rpc.service() == service).all(is_missing) {
                session.note_missing(service);
            }
        }
        Ok(found)
    }
}

/// A request whose path has no empty part.
fn filled(rpc: Rpc) -> DynamicCall {
    let description = rpc.description();
    let in_path = description
        .fields
        .iter()
        .filter(|field| description.template.contains(&format!("{{{}}}", field.name)));
    in_path.fold(DynamicCall::empty(rpc), |call, field| call.with(field.json_name, "x"))
}

/// Runs jobs, so many at once, and tells of each as it ends. The order of the answer is that of the jobs.
///
/// Those that restart the deployment run last, one by one, so that nothing else meets a deployment that is gone.
pub async fn run(
    session: &Arc<Session>,
    jobs: Vec<Job>,
    at_once: usize,
    told: impl Fn(&ScenarioReport),
) -> Vec<ScenarioReport> {
    let restarts = |(_, (scenario, _)): &(usize, Job)| scenario.needs.contains(&Capability::Restart);
    let (alone, together): (Vec<_>, Vec<_>) = jobs.into_iter().enumerate().partition(restarts);
    let mut reports = BTreeMap::new();
    for (jobs, at_once) in [(together, at_once.max(1)), (alone, 1)] {
        let running = jobs.into_iter().map(|(number, (scenario, door))| {
            let session = Arc::clone(session);
            async move { (number, run_one(&session, scenario, door).await) }
        });
        let mut running = futures::stream::iter(running).buffer_unordered(at_once);
        while let Some((number, report)) = running.next().await {
            told(&report);
            reports.insert(number, report);
        }
    }
    reports.into_values().collect()
}

/// Runs one scenario through one door.
pub async fn run_one(session: &Arc<Session>, scenario: Scenario, door: Door) -> ScenarioReport {
    let began = Instant::now();
    let report = |verdict, reason: String, journal: Journal| {
        ScenarioReport::new(&scenario, door, verdict, reason, journal, began, session)
    };
    if let Some(lacking) = scenario.needs.iter().find(|need| !session.target.has(**need, door)) {
        return report(Verdict::Skip, format!("needs the capability {lacking}"), Journal::default());
    }
    let used = scenario.covers.iter().filter_map(|cell| cell.rpc).map(Rpc::service);
    let missing = session.missing();
    if let Some(service) = used.chain(scenario.uses.iter().copied()).find(|service| missing.contains(service))
    {
        return report(
            Verdict::Skip,
            format!("the deployment has no {}", service.name()),
            Journal::default(),
        );
    }
    let world = match World::new(session, &scenario, door) {
        Ok(world) => world,
        Err(error) => return report(Verdict::Broken, error, Journal::default()),
    };
    let ended = tokio::spawn({
        let world = world.clone();
        async move { tokio::time::timeout(LONGEST, (scenario.run)(&world)).await }
    });
    let outcome = match ended.await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Stop::Broken(format!("it did not end within {} s", LONGEST.as_secs()))),
        Err(error) => Err(Stop::Broken(format!("the scenario itself failed: {error}"))),
    };
    let journal = world.take_journal();
    let (verdict, reason) = judge(&scenario, &outcome, &journal, &missing);
    report(verdict, reason, journal)
}

/// The verdict that follows from how a scenario ended and what it noted.
fn judge(
    scenario: &Scenario,
    outcome: &Outcome,
    journal: &Journal,
    missing: &BTreeSet<Service>,
) -> (Verdict, String) {
    if let Err(Stop::Missing(service)) = outcome
        && missing.contains(service)
    {
        return (Verdict::Skip, format!("the deployment has no {}", service.name()));
    }
    if let Some(first) = journal.violations.first() {
        return (Verdict::Fail, first.clone());
    }
    match outcome {
        Err(Stop::Violated) => {
            (Verdict::Broken, "it stopped for a violation that it did not name".to_owned())
        }
        Err(Stop::Broken(reason)) => (Verdict::Broken, reason.clone()),
        Err(Stop::Missing(service)) => {
            (Verdict::Fail, format!("an RPC of {} is not implemented", service.name()))
        }
        Err(Stop::Skipped(reason)) => (Verdict::Skip, reason.clone()),
        Ok(()) if journal.assertions == 0 => (Verdict::Broken, "it asserted nothing".to_owned()),
        Ok(()) => match unmet(scenario, journal) {
            Some(cell) => (Verdict::Broken, format!("it claims {cell} and never asserted it")),
            None => (Verdict::Pass, String::new()),
        },
    }
}

fn unmet(scenario: &Scenario, journal: &Journal) -> Option<Cell> {
    scenario.covers.iter().copied().find(|claim| !journal.cells.iter().any(|cell| claim.is_met_by(*cell)))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn nothing(_: &World) -> Outcome {
        Ok(())
    }

    const SCENARIO: Scenario = Scenario::must(
        "test.nothing",
        "Nothing MUST happen.",
        crate::cells![AuthLogin: Ok],
        crate::run!(nothing),
    );

    fn verdict(outcome: &Outcome, journal: &Journal) -> Verdict {
        judge(&SCENARIO, outcome, journal, &BTreeSet::from([Service::Chat])).0
    }

    #[test]
    fn a_scenario_that_proves_nothing_is_broken() {
        assert_eq!(verdict(&Ok(()), &Journal::default()), Verdict::Broken);
        let asserted = Journal { assertions: 1, ..Journal::default() };
        assert_eq!(verdict(&Ok(()), &asserted), Verdict::Broken, "its claim is not met");
        let cells = BTreeSet::from([Cell::new(Rpc::AuthLogin, Code::Ok)]);
        assert_eq!(verdict(&Ok(()), &Journal { assertions: 1, cells, ..Journal::default() }), Verdict::Pass);
    }

    #[test]
    fn a_violation_outweighs_every_way_to_stop_but_a_missing_service() {
        let journal = || Journal { violations: vec!["no".to_owned()], ..Journal::default() };
        assert_eq!(verdict(&Err(Stop::Broken("x".to_owned())), &journal()), Verdict::Fail);
        assert_eq!(verdict(&Err(Stop::Violated), &journal()), Verdict::Fail);
        assert_eq!(verdict(&Err(Stop::Missing(Service::Auth)), &journal()), Verdict::Fail);
        assert_eq!(verdict(&Err(Stop::Missing(Service::Chat)), &journal()), Verdict::Skip);
        assert_eq!(verdict(&Err(Stop::Broken("x".to_owned())), &Journal::default()), Verdict::Broken);
    }
}
