//! `load`.

use std::fmt::Write as _;

use duologue_conformance::load::{self, DoorLoad, LoadReport, Plan};
use duologue_conformance::random::entropy;
use duologue_conformance::runner::Verdict;
use duologue_conformance::world::Session;

use super::run::{look, writable, write};
use super::settings::LoadSettings;
use super::{Early, Exit, tell};

/// `load`: one door after the other.
pub(super) async fn load(settings: LoadSettings) -> Result<Exit, Early> {
    let target = settings.target.target()?;
    let plan =
        Plan::new(settings.pairs.unwrap_or(10), settings.rate.unwrap_or(10), settings.seconds.unwrap_or(10))
            .map_err(|error| (Exit::Usage, error.to_string()))?;
    if let Some(path) = &settings.json {
        writable(path)?;
    }
    let session = Session::new(target, settings.target.seed.unwrap_or_else(|| entropy() >> 11));
    look(&session).await?;
    let mut doors = Vec::new();
    for door in session.target.doors() {
        eprintln!("{door}: {} messages in {} s", plan.messages(), plan.seconds);
        doors.push(load::run(&session, door, plan).await);
    }
    let addresses = |door| (door, session.target.addresses(door).to_vec());
    let report = LoadReport {
        format: 1,
        suite_version: env!("CARGO_PKG_VERSION").to_owned(),
        target: session.target.doors().into_iter().map(addresses).collect(),
        seed: session.seed,
        plan,
        doors,
    };
    write(settings.json.as_deref(), || serde_json::to_string_pretty(&report).unwrap_or_default())?;
    tell(&told_to_people(&report))?;
    Ok(exit(&report))
}

fn exit(report: &LoadReport) -> Exit {
    let has = |verdict| report.doors.iter().any(|door| door.verdict == verdict);
    if has(Verdict::Fail) {
        Exit::Violated
    } else if has(Verdict::Broken) || !has(Verdict::Pass) {
        Exit::Broken
    } else {
        Exit::Success
    }
}

/// A paragraph for each door, then the counts of doors, alone on the last line.
fn told_to_people(report: &LoadReport) -> String {
    let mut text = String::new();
    for door in &report.doors {
        of_door(&mut text, report, door);
    }
    let count = |verdict| report.doors.iter().filter(|door| door.verdict == verdict).count();
    let _ = writeln!(
        text,
        "\n{} passed, {} failed, {} skipped",
        count(Verdict::Pass),
        count(Verdict::Fail) + count(Verdict::Broken),
        count(Verdict::Skip)
    );
    text
}

fn of_door(text: &mut String, report: &LoadReport, door: &DoorLoad) {
    let plan = report.plan;
    let _ = writeln!(
        text,
        "\n{}: {} messages of {} pairs, {} a second of each for {} s",
        door.door, door.messages, plan.pairs, plan.rate, plan.seconds
    );
    match door.verdict {
        Verdict::Pass => {
            let _ = writeln!(text, "  pass: nothing lost, nothing twice, one order for every reader");
        }
        Verdict::Fail => {
            let _ = writeln!(text, "  FAIL");
            for violation in &door.violations {
                let _ = writeln!(text, "  - {violation}");
            }
        }
        Verdict::Broken | Verdict::Skip => {
            let _ = writeln!(text, "  {}: {}", door.verdict.name(), door.reason);
        }
    }
    if door.acknowledged == 0 {
        return;
    }
    let _ = writeln!(
        text,
        "  {} acknowledged, {} refused, {} unanswered: {:.1} a second",
        door.acknowledged,
        door.refused.values().sum::<u64>(),
        door.unanswered,
        door.per_second
    );
    for (refusal, count) in &door.refused {
        let _ = writeln!(text, "    {count} x {refusal}");
    }
    let _ = writeln!(text, "  acknowledged: {}\n  delivered:    {}", door.answered, door.delivered);
    let _ = writeln!(
        text,
        "  both from the moment a message was due; the suite itself was at most {:.1} ms late",
        door.behind_ms
    );
    if door.resumed > 0 {
        let _ = writeln!(text, "  streams ended {} times and went on where they had ended", door.resumed);
    }
}
