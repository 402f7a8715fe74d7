//! Scenarios that are known to fail: they run, and have to.

use std::path::Path;
use std::time::SystemTime;

use duologue_conformance::runner::Job;
use duologue_contract::Timestamp;
use serde::Deserialize;

use super::select::is_meant;
use super::{Early, Exit};

/// The file: a table `[[known_failing]]` for each.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    known_failing: Vec<Entry>,
}

/// Something that is known to fail, until when, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// An id, a family or a pattern, as for `--only`.
    scenario: String,
    /// Why it fails.
    reason: String,
    /// The last day on which it may, as 2030-12-31.
    until: String,
}

/// What is known to fail today.
#[derive(Debug, Default)]
pub(super) struct KnownFailing {
    patterns: Vec<String>,
}

impl KnownFailing {
    /// Reads the file, if there is one. An entry that matches none of the jobs, or says no reason, is an error.
    pub(super) fn read(path: Option<&Path>, jobs: &[Job]) -> Result<Self, Early> {
        let Some(path) = path else { return Ok(Self::default()) };
        let usage = |error: String| (Exit::Usage, format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| usage(error.to_string()))?;
        Self::parse(&text, &today(), jobs).map_err(usage)
    }

    fn parse(text: &str, today: &str, jobs: &[Job]) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut patterns = Vec::new();
        for entry in file.known_failing {
            let is_date =
                entry.until.len() == 10 && format!("{}T00:00:00Z", entry.until).parse::<Timestamp>().is_ok();
            if !is_date || entry.reason.trim().is_empty() {
                return Err(format!(
                    "{}: needs a reason, and a day like 2030-12-31 as `until`",
                    entry.scenario
                ));
            }
            if !jobs.iter().any(|job| is_meant(&entry.scenario, job)) {
                return Err(format!("{:?} matches no scenario of this run", entry.scenario));
            }
            if entry.until.as_str() >= today {
                patterns.push(entry.scenario);
            } else {
                eprintln!("{}: known to fail until {} and no longer", entry.scenario, entry.until);
            }
        }
        Ok(Self { patterns })
    }

    /// Whether this one is known to fail.
    pub(super) fn contains(&self, job: &Job) -> bool {
        self.patterns.iter().any(|pattern| is_meant(pattern, job))
    }
}

fn today() -> String {
    Timestamp::from(SystemTime::now()).to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use duologue_conformance::door::Door;
    use duologue_conformance::scenario::find;

    use super::*;

    fn contains(until: &str, reason: &str, scenario: &str) -> Result<bool, String> {
        let job = (find("auth.register_login").expect("a scenario"), Door::Grpc);
        let text = format!(
            "[[known_failing]]\nscenario = \"{scenario}\"\nreason = \"{reason}\"\nuntil = \"{until}\"\n"
        );
        KnownFailing::parse(&text, "2030-06-15", &[job]).map(|known| known.contains(&job))
    }

    #[test]
    fn an_entry_holds_until_its_last_day() {
        assert_eq!(contains("2030-06-15", "why", "auth.register_login"), Ok(true));
        assert_eq!(contains("2030-06-14", "why", "auth.register_login"), Ok(false));
    }

    #[test]
    fn an_entry_without_reason_date_or_scenario_is_refused() {
        assert!(contains("2030-06-15", " ", "auth.register_login").is_err());
        assert!(contains("soon", "why", "auth.register_login").is_err());
        assert!(contains("2030-06-15", "why", "auth.no_such").is_err());
    }
}
