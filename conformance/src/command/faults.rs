//! `faults`: how sharp the suite is against a deployment.

use std::fmt::Write as _;

use duologue_conformance::door::Door;
use duologue_conformance::random::entropy;
use duologue_conformance::runner::Verdict;
use duologue_conformance::tamper::{self, Met, WireFault};
use duologue_conformance::world::Session;

use super::run::{look, writable, write};
use super::settings::FaultsSettings;
use super::{Early, Exit, tell};

/// `faults`: first without any fault, then one after the other.
pub(super) async fn faults(settings: FaultsSettings) -> Result<Exit, Early> {
    let target = settings.target.target()?;
    if target.addresses(Door::Rest).is_empty() {
        let message = "answers are spoilt on their way through REST: name a --rest address";
        return Err((Exit::Usage, message.to_owned()));
    }
    let faults = selected(&settings.fault)?;
    if let Some(path) = &settings.json {
        writable(path)?;
    }
    let seed = settings.target.seed.unwrap_or_else(|| entropy() >> 11);
    look(&Session::new(target.clone(), seed)).await?;

    let software = |error: String| (Exit::Software, error);
    let wrong = tamper::without_fault(&target, seed, &faults).await.map_err(software)?;
    if !wrong.is_empty() {
        let told = wrong.join("\n  ");
        let message = format!("what has to catch the faults does not hold without any of them:\n  {told}");
        return Err((Exit::Broken, message));
    }
    eprintln!("without any fault all is well");
    let mut met = Vec::new();
    for fault in &faults {
        let one = tamper::meet(&target, seed, fault).await.map_err(software)?;
        eprintln!("{:<8} {}", word(one.verdict), one.fault);
        met.push(one);
    }
    write(settings.json.as_deref(), || serde_json::to_string_pretty(&met).unwrap_or_default())?;
    tell(&told_to_people(&met, seed))?;
    Ok(exit(&met))
}

fn selected(named: &[String]) -> Result<Vec<WireFault>, Early> {
    let all = tamper::all();
    if let Some(unknown) = named.iter().find(|id| !all.iter().any(|fault| fault.id == id.as_str())) {
        let known: Vec<_> = all.iter().map(|fault| fault.id).collect();
        return Err((Exit::Usage, format!("there is no fault {unknown:?}; there are {}", known.join(", "))));
    }
    let is_meant = |fault: &WireFault| named.is_empty() || named.iter().any(|id| id == fault.id);
    Ok(all.into_iter().filter(is_meant).collect())
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "caught",
        Verdict::Fail => "MISSED",
        Verdict::Broken | Verdict::Skip => "BROKEN",
    }
}

/// Each fault with what was said of it, then the counts, alone on the last line.
fn told_to_people(met: &[Met], seed: u64) -> String {
    let mut text = String::new();
    for one in met {
        let _ = writeln!(text, "\n{} {}: {}", word(one.verdict), one.fault, one.text);
        for line in &one.told {
            let _ = writeln!(text, "  {line}");
        }
    }
    let count = |verdict| met.iter().filter(|one| one.verdict == verdict).count();
    let (caught, missed) = (count(Verdict::Pass), count(Verdict::Fail));
    let _ = writeln!(text, "\nseed {seed}");
    let _ =
        writeln!(text, "{caught} caught, {missed} missed, {} without a verdict", met.len() - caught - missed);
    text
}

fn exit(met: &[Met]) -> Exit {
    let has = |verdict| met.iter().any(|one| one.verdict == verdict);
    if has(Verdict::Fail) {
        Exit::Violated
    } else if has(Verdict::Broken) {
        Exit::Broken
    } else {
        Exit::Success
    }
}
