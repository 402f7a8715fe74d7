//! How sharp the suite is against a deployment: a proxy of its own spoils what the deployment answers through REST, in
//! one way after the other, and each has to be caught.
//!
//! It shows of one deployment, whatever it is written in, that a pass is no accident of what it happens to answer. What a
//! server can do wrong behind its doors is planted elsewhere, in servers made for it.

mod catalogue;
mod proxy;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::door::Door;
use crate::report::ScenarioReport;
use crate::runner::{self, Verdict};
use crate::scenario;
use crate::target::Target;
use crate::world::Session;

pub use catalogue::{WireFault, all};

/// Scenarios that no fault here may touch, but those that are named for it.
pub const CANARIES: [&str; 3] = ["auth.register_login", "user.create_and_get", "social.request_and_list"];

/// Scenarios that run side by side.
const AT_ONCE: usize = 4;

/// How a fault was met.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Met {
    /// Names the fault.
    pub fault: String,
    /// What is wrong with it.
    pub text: String,
    /// Pass if it was caught, fail if it was missed, broken if it could not be told.
    pub verdict: Verdict,
    /// What each named scenario said, or why it is not caught.
    pub told: Vec<String>,
}

/// Which of the scenarios that the faults need do not hold without any fault, and why.
pub async fn without_fault(target: &Target, seed: u64, faults: &[WireFault]) -> Result<Vec<String>, String> {
    let named = faults.iter().flat_map(|fault| fault.caught_by.iter().copied());
    let ids: BTreeSet<&str> = named.chain(CANARIES).collect();
    let reports = run(target, seed, None, &ids.into_iter().collect::<Vec<_>>()).await?;
    let wrong = reports.iter().filter(|report| report.verdict != Verdict::Pass);
    Ok(wrong.map(|report| format!("{}: {} {}", report.id, report.verdict.name(), report.reason)).collect())
}

/// Puts the fault in front of the deployment and runs the scenarios that are named for it, and the canaries.
pub async fn meet(target: &Target, seed: u64, fault: &WireFault) -> Result<Met, String> {
    let canaries = CANARIES.into_iter().filter(|canary| !fault.caught_by.contains(canary));
    let canaries: Vec<_> = canaries.collect();
    let reports = run(target, seed, Some(fault), &[fault.caught_by, &canaries].concat()).await?;
    let (mut told, mut verdict) = (Vec::new(), Verdict::Pass);
    for report in &reports {
        let is_named = fault.caught_by.contains(&report.id.as_str());
        let expected = if is_named { Verdict::Fail } else { Verdict::Pass };
        if report.verdict != expected {
            verdict = if report.verdict == Verdict::Pass { Verdict::Fail } else { Verdict::Broken };
        }
        if is_named || report.verdict != expected {
            told.push(format!("{} ends with {}: {}", report.id, report.verdict.name(), report.reason));
        }
    }
    Ok(Met { fault: fault.id.to_owned(), text: fault.text.to_owned(), verdict, told })
}

async fn run(
    target: &Target,
    seed: u64,
    fault: Option<&WireFault>,
    ids: &[&str],
) -> Result<Vec<ScenarioReport>, String> {
    let proxy = proxy::Proxy::start(target, fault.map(|fault| fault.change)).await?;
    let session = Session::new(Target::new(&[], std::slice::from_ref(&proxy.address)), seed);
    let jobs = ids.iter().filter_map(|id| Some((scenario::find(id)?, Door::Rest))).collect();
    Ok(runner::run(&session, jobs, AT_ONCE, |_| ()).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_names_scenarios_that_there_are() {
        let mut ids = BTreeSet::new();
        for fault in all() {
            assert!(ids.insert(fault.id), "{} is there twice", fault.id);
            assert!(!fault.caught_by.is_empty(), "{} is caught by nothing", fault.id);
            for id in fault.caught_by {
                assert!(scenario::find(id).is_some(), "{}: there is no {id}", fault.id);
            }
        }
    }
}
