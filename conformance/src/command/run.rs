//! `run` and `quick`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use duologue_conformance::random::entropy;
use duologue_conformance::report::{Report, ScenarioReport, html, junit, sharpness};
use duologue_conformance::runner::{self, Preflight, Verdict};
use duologue_conformance::scenario::find;
use duologue_conformance::world::Session;

use super::known::KnownFailing;
use super::select::jobs;
use super::settings::RunSettings;
use super::{Early, Exit, tell};

/// What `quick` runs: a look into every service.
const SMOKE: [&str; 8] = [
    "auth.register_login",
    "user.create_and_get",
    "social.accept",
    "chat.create_and_get",
    "chat.history_round_trip",
    "stream.receives_new",
    "notification.friend_request",
    "authz.no_token",
];

/// Scenarios that run at once, unless the caller says otherwise.
const AT_ONCE: u16 = 6;

/// `quick`: the same as `run` with the smoke scenarios only.
pub(super) async fn quick(mut settings: RunSettings) -> Result<Exit, Early> {
    if settings.selection.only.is_empty() {
        let known = SMOKE.into_iter().filter(|id| find(id).is_some());
        settings.selection.only = known.map(str::to_owned).collect();
    }
    run(settings).await
}

/// `run`.
pub(super) async fn run(settings: RunSettings) -> Result<Exit, Early> {
    let target = settings.target()?;
    let jobs = jobs(&settings.selection, &target.doors())?;
    let known = KnownFailing::read(settings.known_failing.as_deref(), &jobs)?;
    for path in [&settings.json, &settings.junit, &settings.html].into_iter().flatten() {
        writable(path)?;
    }
    // A seed that JSON readers keep exactly.
    let seed = settings.target.seed.unwrap_or_else(|| entropy() >> 11);
    let session = Session::new(target, seed);

    look(&session).await?;

    let began_unix_seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let total = jobs.len();
    let done = std::cell::Cell::new(0);
    let told = |report: &ScenarioReport| {
        done.set(done.get() + 1);
        eprintln!(
            "{:>4}/{total} {:<6} {:<58} {:>7.2} s",
            done.get(),
            report.verdict.name(),
            report.name(),
            report.seconds
        );
    };
    let mut scenarios =
        runner::run(&session, jobs.clone(), usize::from(settings.at_once.unwrap_or(AT_ONCE)), told).await;
    for (job, report) in jobs.iter().zip(&mut scenarios) {
        report.known_failing = known.contains(job);
    }
    let report = Report {
        format: 1,
        suite_version: env!("CARGO_PKG_VERSION").to_owned(),
        target: session
            .target
            .doors()
            .into_iter()
            .map(|door| (door, session.target.addresses(door).to_vec()))
            .collect(),
        ca: settings.target.ca.as_ref().map(|file| file.display().to_string()),
        seed,
        began_unix_seconds,
        seconds: session.began.elapsed().as_secs_f64(),
        missing_services: session.missing().into_iter().map(|service| service.name().to_owned()).collect(),
        sharpness: sharpness(&scenarios),
        scenarios,
    };
    write(settings.json.as_deref(), || serde_json::to_string_pretty(&report).unwrap_or_default())?;
    write(settings.junit.as_deref(), || junit(&report))?;
    write(settings.html.as_deref(), || html(&report))?;
    tell(&told_to_people(&report))?;
    Ok(exit(&report))
}

/// Looks whether somebody answers at every door, and says which services are not there.
pub(super) async fn look(session: &Session) -> Result<(), Early> {
    let preflight = Preflight::look(session).await.map_err(|error| (Exit::Usage, error))?;
    if let Some((door, reason)) = preflight.unreachable.first_key_value() {
        let address = session.target.addresses(*door).join(", ");
        return Err((Exit::Unavailable, format!("nobody answers at {door} {address}: {reason}")));
    }
    for service in session.missing() {
        eprintln!("the deployment has no {}: what needs it is skipped", service.name());
    }
    Ok(())
}

/// Finds out before the run, not after it, that a report cannot be written; leaves nothing behind.
pub(super) fn writable(path: &Path) -> Result<(), Early> {
    let is_new = !path.exists();
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(path);
    let tried = opened.and_then(|_| if is_new { std::fs::remove_file(path) } else { Ok(()) });
    tried.map_err(|error| (Exit::Usage, format!("{}: {error}", path.display())))
}

pub(super) fn write(path: Option<&Path>, text: impl FnOnce() -> String) -> Result<(), Early> {
    let Some(path) = path else { return Ok(()) };
    std::fs::write(path, text()).map_err(|error| (Exit::Software, format!("{}: {error}", path.display())))
}

fn exit(report: &Report) -> Exit {
    let counts = report.counts();
    if report.scenarios.iter().any(ScenarioReport::is_violated) {
        Exit::Violated
    } else if counts.broken > 0 || counts.passed == 0 {
        // Nothing but skips proves nothing.
        Exit::Broken
    } else {
        Exit::Success
    }
}

/// Each failure with its last exchanges, then the counts, alone on the last line.
fn told_to_people(report: &Report) -> String {
    let mut text = String::new();
    for scenario in &report.scenarios {
        let is_told = matches!(scenario.verdict, Verdict::Fail | Verdict::Broken) || scenario.known_failing;
        if is_told {
            failure(&mut text, report, scenario);
        }
    }
    let counts = report.counts();
    let (caught, planted) = (report.sharpness.caught, report.sharpness.planted);
    let _ = writeln!(text, "\nseed {}, {:.1} s", report.seed, report.seconds);
    let _ = writeln!(text, "what ran catches {caught} of the {planted} faults that are planted to try it");
    let _ = writeln!(text, "{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    text
}

fn failure(text: &mut String, report: &Report, scenario: &ScenarioReport) {
    let verdict = match (scenario.verdict, scenario.known_failing) {
        (Verdict::Fail, true) => "FAIL, as known",
        (Verdict::Pass, true) => "PASS, although known to fail: strike it off the list",
        (Verdict::Broken, _) => "BROKEN",
        _ => "FAIL",
    };
    let _ = writeln!(text, "\n{verdict} {}\n  {}", scenario.name(), scenario.sentence);
    if scenario.violations.is_empty() && !scenario.reason.is_empty() {
        let _ = writeln!(text, "  - {}", scenario.reason);
    }
    for violation in &scenario.violations {
        let _ = writeln!(text, "  - {violation}");
    }
    if scenario.known_failing {
        return;
    }
    // The exchanges that led to the first violation; without any, the last ones.
    let shown = scenario.exchanges.iter().position(|exchange| !exchange.violations.is_empty());
    let end = shown.map_or(scenario.exchanges.len(), |place| place + 1);
    for exchange in &scenario.exchanges[end.saturating_sub(4)..end] {
        let _ = writeln!(
            text,
            "    {:>8.1} ms  {} {}\n                 {} {}",
            exchange.at_ms, exchange.call, exchange.request, exchange.outcome, exchange.answer
        );
    }
    let _ = writeln!(text, "  again: {}", report.again(scenario));
}
