//! The project's verbs. `cargo xtask help` lists them; `cargo xtask test` is what CI runs.

use std::process::ExitCode;

mod bench;
mod contract;
mod image;
mod nats;
mod postgres;
mod run;
mod tests;

const HELP: &str = "\
cargo xtask test       what CI runs, and what must pass before a change lands: contract, lint, embed,
                       tour, unit, benches, faults
cargo xtask contract   the .proto files: lint, format, breaking changes against main and against the last release
cargo xtask format     formats Rust and .proto files
cargo xtask lint       rustfmt --check, and clippy with warnings as errors
cargo xtask unit       all Rust tests but the planted faults, documentation examples included
cargo xtask container  some of the PostgreSQL tests in a container, where an engine is there
cargo xtask image      starts the deployment of compose.yaml in containers and walks through the tour, where an engine is
cargo xtask faults     plants every fault of the catalogue, and demands that the conformance suite catches it
cargo xtask tour       starts the server and walks through the README's tour against it
cargo xtask embed      runs the example that embeds the domain with a store of its own
cargo xtask deny       licences, bans and sources of the dependencies (needs cargo-deny)
cargo xtask bench      benchmarks of every layer, in memory; an argument is a part of their names
cargo xtask bench-postgres  the same, on a durable PostgreSQL of its own
cargo xtask ratios     contenders against yardsticks, and whether the ratios are what is demanded; --help for more
cargo xtask baseline   records proto/ as the contract of a release, for later breaking checks
";

fn main() -> ExitCode {
    let verb = std::env::args().nth(1).unwrap_or_default();
    let outcome = match verb.as_str() {
        "test" => tests::everything(),
        "contract" => contract::check(),
        "baseline" => contract::record_baseline(),
        "format" => run::cargo(&["fmt", "--all"]).and_then(|()| contract::format()),
        "lint" => tests::lint(),
        "unit" => tests::unit(),
        "container" => postgres::in_a_container(),
        "image" => image::deployment(),
        "faults" => tests::faults(),
        "tour" => tests::tour(),
        "embed" => tests::embed(),
        "deny" => run::cargo(&["deny", "check", "licenses", "bans", "sources"]),
        "bench" => bench::embedded(),
        "bench-postgres" => bench::on_postgres(),
        "ratios" => bench::ratios(),
        "help" | "--help" | "-h" | "" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("there is no verb {other:?}\n\n{HELP}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
