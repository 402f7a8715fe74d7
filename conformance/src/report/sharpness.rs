//! How sharp the suite is: faults are planted in servers of its own, and each has to be caught before a release.

use serde::{Deserialize, Serialize};

use super::ScenarioReport;
use crate::runner::Verdict;

/// A fault that is planted in a server made for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlantedFault {
    /// Names it.
    pub id: &'static str,
    /// The scenarios that catch it.
    pub caught_by: Vec<&'static str>,
    /// What is wrong.
    pub text: &'static str,
}

/// How many of the planted faults a run would have noticed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sharpness {
    /// Faults that a scenario of this run catches.
    pub caught: usize,
    /// Faults that are planted.
    pub planted: usize,
}

/// Every planted fault.
#[must_use]
pub fn planted_faults() -> Vec<PlantedFault> {
    let rows = include_str!("../../faults/catalogue.tsv").lines();
    rows.filter(|line| !line.starts_with('#') && !line.is_empty()).filter_map(planted_fault).collect()
}

fn planted_fault(line: &'static str) -> Option<PlantedFault> {
    let mut columns = line.split('\t');
    let id = columns.next()?;
    let named = columns.nth(1)?.split(',');
    // One that is named with a door catches it there as well.
    let caught_by = named.map(|name| name.split('@').next().unwrap_or(name)).collect();
    Some(PlantedFault { id, caught_by, text: columns.nth(1)? })
}

/// How sharp what came to a verdict is.
#[must_use]
pub fn sharpness(scenarios: &[ScenarioReport]) -> Sharpness {
    let has_verdict = |id: &str| {
        let mut of_id = scenarios.iter().filter(|scenario| scenario.id == id);
        of_id.any(|scenario| matches!(scenario.verdict, Verdict::Pass | Verdict::Fail))
    };
    let planted = planted_faults();
    let caught = planted.iter().filter(|fault| fault.caught_by.iter().any(|id| has_verdict(id))).count();
    Sharpness { caught, planted: planted.len() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    #[test]
    fn planted_faults_are_read_with_what_catches_them() {
        let planted = planted_faults();
        assert!(planted.len() > 100, "{}", planted.len());
        for fault in planted {
            assert!(fault.text.ends_with('.'), "{}: {:?}", fault.id, fault.text);
            for id in fault.caught_by {
                assert!(scenario::find(id).is_some(), "{}: {id:?}", fault.id);
            }
        }
    }

    #[test]
    fn nothing_is_caught_by_what_did_not_run() {
        assert_eq!(sharpness(&[]).caught, 0);
    }
}
