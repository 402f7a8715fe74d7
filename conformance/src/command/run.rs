//! `run` and `quick`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use duologue_conformance::door::Door;
use duologue_conformance::random::entropy;
use duologue_conformance::report::{Report, ScenarioReport, html, junit};
use duologue_conformance::runner::{self, Job, Preflight, Verdict};
use duologue_conformance::scenario::find;
use duologue_conformance::target::{Capability, Target};
use duologue_conformance::world::Session;

use super::known::KnownFailing;
use super::select::jobs;
use super::{Early, Exit, RunArguments};

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

/// `quick`: the same as `run` with the smoke scenarios only.
pub(super) async fn quick(mut arguments: RunArguments) -> Result<Exit, Early> {
    if arguments.selection.only.is_empty() {
        let known = SMOKE.into_iter().filter(|id| find(id).is_some());
        arguments.selection.only = known.map(str::to_owned).collect();
    }
    run(arguments).await
}

/// `run`.
pub(super) async fn run(arguments: RunArguments) -> Result<Exit, Early> {
    let target = target(&arguments)?;
    let jobs = jobs(&arguments.selection, &target.doors())?;
    let known = KnownFailing::read(arguments.known_failing.as_deref(), &jobs)?;
    // A seed that JSON readers keep exactly.
    let seed = arguments.seed.unwrap_or_else(|| entropy() >> 11);
    let session = Session::new(target, seed);

    let preflight = Preflight::look(&session).await.map_err(|error| (Exit::Usage, error))?;
    if let Some((door, reason)) = preflight.unreachable.first_key_value() {
        let address = session.target.addresses(*door).join(", ");
        return Err((Exit::Unavailable, format!("nobody answers at {door} {address}: {reason}")));
    }
    for service in session.missing() {
        eprintln!("the deployment has no {}: its scenarios are skipped", service.name());
    }

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
    let mut scenarios = runner::run(&session, jobs.clone(), arguments.at_once, told).await;
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
        seed,
        began_unix_seconds,
        seconds: session.began.elapsed().as_secs_f64(),
        missing_services: session.missing().into_iter().map(|service| service.name().to_owned()).collect(),
        scenarios,
    };
    write(arguments.json.as_deref(), || serde_json::to_string_pretty(&report).unwrap_or_default())?;
    write(arguments.junit.as_deref(), || junit(&report))?;
    write(arguments.html.as_deref(), || html(&report))?;
    print!("{}", told_to_people(&report, &jobs));
    Ok(exit(&report))
}

fn target(arguments: &RunArguments) -> Result<Target, Early> {
    let usage = |message: String| (Exit::Usage, message);
    let (mut grpc, mut rest) = (arguments.grpc.clone(), arguments.rest.clone());
    if grpc.is_empty() && rest.is_empty() {
        grpc.push("http://127.0.0.1:50051".to_owned());
        rest.push("http://127.0.0.1:8080".to_owned());
    }
    let mut target = Target::new(&grpc, &rest);
    if !target.is_loopback() && !arguments.i_operate_this_target {
        return Err(usage(
            "the deployment is not on this machine: the run makes thousands of calls and leaves its users behind. \
             Say --i-operate-this-target if that is yours to decide"
                .to_owned(),
        ));
    }
    for declared in &arguments.capability {
        let (name, value) = declared.split_once('=').unwrap_or((declared, ""));
        let capability = Capability::DECLARED.into_iter().find(|capability| capability.name() == name);
        target.declare(capability.ok_or_else(|| usage(format!("there is no capability {name:?}")))?, value);
    }
    Ok(target)
}

fn write(path: Option<&Path>, text: impl FnOnce() -> String) -> Result<(), Early> {
    let Some(path) = path else { return Ok(()) };
    std::fs::write(path, text()).map_err(|error| (Exit::Software, format!("{}: {error}", path.display())))
}

fn exit(report: &Report) -> Exit {
    let is_violated = |scenario: &ScenarioReport| match scenario.verdict {
        Verdict::Fail => !scenario.known_failing,
        Verdict::Pass => scenario.known_failing,
        Verdict::Broken | Verdict::Skip => false,
    };
    let counts = report.counts();
    if report.scenarios.iter().any(is_violated) {
        Exit::Violated
    } else if counts.broken > 0 || counts.passed == 0 {
        // Nothing but skips proves nothing.
        Exit::Broken
    } else {
        Exit::Success
    }
}

/// Each failure with its last exchanges, then the counts, alone on the last line.
fn told_to_people(report: &Report, jobs: &[Job]) -> String {
    let mut text = String::new();
    for (scenario, (_, door)) in report.scenarios.iter().zip(jobs) {
        let is_told = matches!(scenario.verdict, Verdict::Fail | Verdict::Broken) || scenario.known_failing;
        if is_told {
            failure(&mut text, report, scenario, *door);
        }
    }
    let counts = report.counts();
    let _ = writeln!(text, "\nseed {}, {:.1} s", report.seed, report.seconds);
    let _ = writeln!(text, "{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    text
}

fn failure(text: &mut String, report: &Report, scenario: &ScenarioReport, door: Door) {
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
    let skipped = scenario.exchanges.len().saturating_sub(4);
    for exchange in scenario.exchanges.iter().skip(skipped) {
        let _ = writeln!(
            text,
            "    {:>8.1} ms  {} {}\n                 {} {}",
            exchange.at_ms, exchange.call, exchange.request, exchange.outcome, exchange.answer
        );
    }
    let addresses = report.target.get(&door).into_iter().flatten();
    let addresses: Vec<_> = addresses.map(|address| format!("--{door} {address}")).collect();
    let _ = writeln!(
        text,
        "  again: duologue-conformance run {} --only {} --seed {}",
        addresses.join(" "),
        scenario.id,
        report.seed
    );
}
