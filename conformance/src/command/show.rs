//! `list`, `explain`, `coverage` and `diff`: what needs no deployment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use duologue_conformance::door::{Door, code_name};
use duologue_conformance::report::{Report, coverage as coverage_of, planted_faults};
use duologue_conformance::runner::Verdict;
use duologue_conformance::scenario::{Level, all, catalogue, find};
use duologue_contract::Rpc;

use super::select::jobs;
use super::settings::SelectionSettings;
use super::{Early, Exit, tell};

/// `list`.
pub(super) fn list(selection: &SelectionSettings) -> Result<Exit, Early> {
    let (mut text, mut last) = (String::new(), "");
    for (scenario, _) in jobs(selection, &Door::ALL)? {
        if scenario.id != last {
            let _ = writeln!(text, "{:<48} {:<6} {}", scenario.id, level(scenario.level), scenario.sentence);
        }
        last = scenario.id;
    }
    tell(&text)?;
    Ok(Exit::Success)
}

fn level(level: Level) -> &'static str {
    if level == Level::Must { "MUST" } else { "SHOULD" }
}

/// `explain`.
pub(super) fn explain(id: &str) -> Result<Exit, Early> {
    let id = id.split('@').next().unwrap_or(id);
    let scenario = find(id)
        .ok_or_else(|| (Exit::Usage, format!("there is no scenario {id:?}; `list` shows them all")))?;
    let mut text = String::new();
    let _ = writeln!(text, "{} ({})\n\n{}", scenario.id, level(scenario.level), scenario.sentence);
    if let Some(row) = catalogue().into_iter().find(|row| row.id == id) {
        let _ = writeln!(text, "\nWhat happens in it: {}", row.text);
    }
    let names = |names: Vec<String>| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let _ =
        writeln!(text, "\nIt asserts {}.", names(scenario.covers.iter().map(ToString::to_string).collect()));
    let _ = writeln!(text, "It needs {}.", names(scenario.needs.iter().map(ToString::to_string).collect()));
    for fault in planted_faults().into_iter().filter(|fault| fault.caught_by.contains(&id)) {
        let _ = writeln!(text, "It is known to catch {}: {}", fault.id, fault.text);
    }
    for rpc in scenario.covers.iter().filter_map(|cell| cell.rpc).collect::<BTreeSet<_>>() {
        let codes: Vec<_> = rpc.codes().iter().map(|code| code_name(*code)).collect();
        let (verb, template) = rpc.route();
        let _ = writeln!(
            text,
            "\n{}\n  {verb} {template}\n  declares {}",
            rpc.path(),
            names(codes.iter().map(ToString::to_string).collect())
        );
    }
    let _ = writeln!(text, "\nRun it alone: duologue-conformance run --only {id}");
    tell(&text)?;
    Ok(Exit::Success)
}

/// `coverage`.
pub(super) fn coverage(path: Option<&Path>) -> Result<Exit, Early> {
    let mut text = String::new();
    if let Some(path) = path {
        let (mut cells, mut asserted) = (0, 0);
        for row in coverage_of(&read(path)?) {
            for (code, doors) in row.codes {
                let names: Vec<_> = doors.iter().map(|door| door.name()).collect();
                let _ = writeln!(text, "{:<46} {:<20} {}", row.rpc.path(), code_name(code), names.join(" "));
                cells += Door::ALL.len();
                asserted += doors.len();
            }
        }
        let _ = writeln!(text, "{asserted} of {cells} cells asserted");
        tell(&text)?;
        return Ok(Exit::Success);
    }
    for rpc in Rpc::ALL {
        let claims = all().into_iter().flat_map(|scenario| {
            let cells = scenario.covers.iter().filter(move |cell| cell.rpc == Some(rpc));
            cells.map(move |cell| (cell.to_string(), scenario.id))
        });
        let mut by_cell: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (cell, id) in claims {
            by_cell.entry(cell).or_default().push(id);
        }
        if by_cell.is_empty() {
            let _ = writeln!(text, "{:<46} by generated families only", rpc.path());
        }
        for (cell, ids) in by_cell {
            let _ = writeln!(text, "{cell:<46} {}", ids.join(" "));
        }
    }
    tell(&text)?;
    Ok(Exit::Success)
}

fn read(path: &Path) -> Result<Report, Early> {
    let usage = |error: String| (Exit::Usage, format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| usage(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| usage(error.to_string()))
}

/// `diff`: exit code 1 when something that passed does no longer.
pub(super) fn diff(before: &Path, after: &Path) -> Result<Exit, Early> {
    let verdicts = |report: Report| -> BTreeMap<String, Verdict> {
        report.scenarios.iter().map(|scenario| (scenario.name(), scenario.verdict)).collect()
    };
    let (before, after) = (verdicts(read(before)?), verdicts(read(after)?));
    let (mut text, mut is_worse) = (String::new(), false);
    for name in before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))) {
        let (was, is) = (before.get(name), after.get(name));
        if was != is {
            let word = |verdict: Option<&Verdict>| verdict.map_or("absent", |verdict| verdict.name());
            let _ = writeln!(text, "{:<58} {} -> {}", name, word(was), word(is));
            is_worse |= was == Some(&Verdict::Pass);
        }
    }
    let _ = writeln!(text, "{} before, {} after", before.len(), after.len());
    tell(&text)?;
    Ok(if is_worse { Exit::Violated } else { Exit::Success })
}
