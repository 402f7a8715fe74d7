//! Plants every fault, or those that are named, and prints which the conformance suite catches. `assertions` finds out
//! which fault needs which assertion of the suite.

use std::process::ExitCode;

use duologue_conformance::runner::Verdict;
use duologue_conformance_faults::assertions::{self, Need};
use duologue_conformance_faults::catalogue::{Row, catalogue};
use duologue_conformance_faults::plants::{self, Variant};
use duologue_conformance_faults::trial::{self, trial};
use futures::StreamExt as _;

/// Faults that are tried side by side.
const AT_ONCE: usize = 2;

async fn told(row: &Row, variant: &Variant) -> (bool, String) {
    let began = std::time::Instant::now();
    let outcome = trial(row, variant).await;
    let seconds = began.elapsed().as_secs_f64();
    let (mut lines, is_caught) = match &outcome {
        Ok(outcome) => (outcome.wrong.clone(), outcome.wrong.is_empty()),
        Err(error) => (vec![format!("it cannot be planted: {error}")], false),
    };
    if is_caught {
        let reports = outcome.iter().flat_map(|outcome| &outcome.reports);
        let failed = reports.filter(|report| report.verdict == Verdict::Fail);
        lines.extend(failed.map(|report| format!("{}: {}", report.name(), report.reason)));
    }
    let verdict = if is_caught { "caught" } else { "MISSED" };
    let first = format!("{verdict} {} {} ({seconds:.1} s)", row.id, variant.name);
    lines.insert(0, first);
    (is_caught, lines.join("\n    "))
}

/// Finds out which fault needs which assertion, and writes it down; with ids of scenarios, for these alone.
async fn campaign(scenarios: &[String]) -> anyhow::Result<ExitCode> {
    let listed = assertions::campaign(scenarios).await?;
    assertions::write(&listed, scenarios)?;
    let count = |need: fn(&Need) -> bool| listed.iter().filter(|row| need(&row.need)).count();
    println!(
        "{} assertions: {} are needed, {} have failed beside others, {} have never failed",
        listed.len(),
        count(|need| matches!(need, Need::Fault(_) | Need::Claim)),
        count(|need| matches!(need, Need::Beside(_))),
        count(|need| *need == Need::Nothing),
    );
    Ok(ExitCode::SUCCESS)
}

#[tokio::main]
async fn main() -> ExitCode {
    let named: Vec<String> = std::env::args().skip(1).collect();
    if named.first().is_some_and(|word| word == "assertions") {
        let campaign = campaign(&named[1..]).await;
        return campaign.unwrap_or_else(|error| {
            eprintln!("{error}");
            ExitCode::FAILURE
        });
    }
    let is_named = |id: &str| named.is_empty() || named.iter().any(|name| name == id);
    let (mut trials, mut elsewhere) = (Vec::new(), Vec::new());
    if named.iter().any(|name| name == "none") {
        match trial::without_fault().await {
            Ok(sound) => sound.wrong.iter().for_each(|line| println!("{line}")),
            Err(error) => println!("{error}"),
        }
    }
    for row in catalogue().into_iter().filter(|row| is_named(row.id)) {
        let plant = plants::find(row.id);
        match plant {
            Some(plant) if plant.elsewhere.is_none() => {
                trials.extend(plant.variants.into_iter().map(|variant| (row.clone(), variant)));
            }
            Some(plant) => elsewhere.push(format!("{}: {}", row.id, plant.elsewhere.unwrap_or_default())),
            None => elsewhere.push(format!("{}: nobody has written it", row.id)),
        }
    }
    let planted = trials.len();
    let mut running = futures::stream::iter(trials)
        .map(|(row, variant)| async move { told(&row, &variant).await })
        .buffer_unordered(AT_ONCE);
    let mut caught = 0;
    while let Some((is_caught, line)) = running.next().await {
        caught += usize::from(is_caught);
        println!("{line}");
    }
    for line in &elsewhere {
        println!("not here: {line}");
    }
    println!("{caught} caught of {planted} planted, {} elsewhere", elsewhere.len());
    if caught == planted { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
