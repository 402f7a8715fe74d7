//! The binary keeps the contract: a test for each scenario and storage, through both doors, on a server of its own.
//!
//! `cargo nextest run -p duologue-server --test conformance -- chat.` runs a family. What needs a second
//! replica is marked as ignored, and in memory what needs minutes or a restart.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where what it needs is missing"
)]

#[path = "../command/server.rs"]
#[expect(dead_code, reason = "the tests of the command use the rest of it")]
mod server;

mod restart;

use std::process::ExitCode;

use duologue_conformance::runner::{self, Verdict};
use duologue_conformance::scenario::{self, Scenario};
use duologue_conformance::target::{Capability, Target};
use duologue_conformance::world::Session;
use duologue_test_postgres::TestDatabase;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

use crate::restart::Restartable;
use crate::server::Server;

/// Where a server under test keeps its data.
#[derive(Clone, Copy)]
enum Storage {
    Memory,
    Postgres,
}

/// What a test cannot give a deployment by itself: a second replica; and in memory neither what outlives a restart nor
/// the minutes that show no more than they do on a database.
fn is_not_here(scenario: &Scenario, storage: Storage) -> bool {
    scenario.needs.iter().any(|capability| match capability {
        Capability::Replicas => true,
        Capability::Slow | Capability::Restart => matches!(storage, Storage::Memory),
        _ => false,
    })
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = [("memory", Storage::Memory), ("postgres", Storage::Postgres)].into_iter().flat_map(
        |(name, storage)| {
            scenario::all().into_iter().map(move |scenario| {
                Trial::test(format!("{name}::{}", scenario.id), move || holds(scenario, storage))
                    .with_ignored_flag(is_not_here(&scenario, storage))
            })
        },
    );
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// Runs a scenario through both doors of a fresh server.
fn holds(scenario: Scenario, storage: Storage) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let database = match storage {
        Storage::Memory => None,
        Storage::Postgres => Some(runtime.block_on(fresh_database())?),
    };
    let mut arguments = Vec::new();
    if let Some(database) = &database {
        arguments.push(format!("--storage={}", database.url()));
    }
    let short_tokens =
        scenario.needs.contains(&Capability::ShortAccessTokens) || scenario.id.ends_with("expired_token");
    if short_tokens {
        arguments.push("--access-token-seconds=4".to_owned());
    }
    if let (true, Some(database)) = (scenario.needs.contains(&Capability::Restart), &database) {
        let server = Restartable::start(&database.url());
        let mut target = at(&server.grpc, &server.rest);
        target.declare(Capability::Restart, &server.command);
        return judged(&runtime, scenario, target);
    }
    let server = Server::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let mut target = at(&server.grpc, &server.rest);
    if short_tokens {
        target.declare(Capability::ShortAccessTokens, "4");
    }
    target.declare(Capability::Slow, "");
    judged(&runtime, scenario, target)
}

fn at(grpc: &str, rest: &str) -> Target {
    Target::new(&[grpc.to_owned()], &[rest.to_owned()])
}

/// Runs a scenario through both doors, side by side unless it kills what it runs against.
fn judged(runtime: &Runtime, scenario: Scenario, target: Target) -> Result<(), Failed> {
    let jobs = target.doors().into_iter().map(|door| (scenario, door)).collect();
    let session = Session::new(target, seed());
    let at_once = if scenario.needs.contains(&Capability::Slow) { 2 } else { 1 };
    let mut passed = 0;
    for report in runtime.block_on(runner::run(&session, jobs, at_once, |_| ())) {
        match report.verdict {
            Verdict::Pass => passed += 1,
            // A scenario of the other door.
            Verdict::Skip => {}
            Verdict::Fail | Verdict::Broken => {
                let violations = report.violations.join("\n");
                let (name, verdict) = (report.name(), report.verdict.name());
                return Err(format!(
                    "{name}: {verdict}: {}\n{}\n{violations}",
                    report.sentence, report.reason
                )
                .into());
            }
        }
    }
    if passed == 0 { Err("it passed through no door: nothing was proved".into()) } else { Ok(()) }
}

async fn fresh_database() -> Result<TestDatabase, Failed> {
    let prepare = async |url: String| Ok(duologue_storage_postgres::migrate(&url).await?);
    Ok(duologue_test_postgres::database(&duologue_storage_postgres::checksum(), prepare).await?)
}

/// New people in every run; `DUOLOGUE_SEED` repeats one.
fn seed() -> u64 {
    let given = std::env::var("DUOLOGUE_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| {
        use std::hash::{BuildHasher as _, RandomState};
        let seed = RandomState::new().hash_one(0);
        println!("DUOLOGUE_SEED={seed}");
        seed
    })
}
