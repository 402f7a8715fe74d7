//! The benchmarks: criterion's groups, and the ratios that are demanded.

use crate::{postgres, run};

const BENCHES: &str = "duologue-benches";

/// Every group in memory. What stands behind the verb is criterion's, a part of a benchmark's name for instance.
pub(crate) fn embedded() -> Result<(), String> {
    groups("embedded")
}

/// Every group that stores anything, on a durable PostgreSQL of its own.
pub(crate) fn on_postgres() -> Result<(), String> {
    postgres::provide()?;
    groups("postgres")
}

/// Contenders against yardsticks: `--quick` for a first look, `--publish` to put the table into docs/performance.md.
pub(crate) fn ratios() -> Result<(), String> {
    postgres::provide()?;
    with_the_rest(&["run", "--release", "--package", BENCHES, "--bin", "ratios", "--"])
}

fn groups(bench: &str) -> Result<(), String> {
    with_the_rest(&["bench", "--package", BENCHES, "--bench", bench, "--"])
}

/// Runs cargo with these arguments, and with what stands behind the verb.
fn with_the_rest(arguments: &[&str]) -> Result<(), String> {
    let rest: Vec<String> = std::env::args().skip(2).collect();
    run::cargo(&arguments.iter().copied().chain(rest.iter().map(String::as_str)).collect::<Vec<_>>())
}
