//! The steps of the test command.

use std::time::Instant;

use crate::{contract, nats, postgres, run};

/// A step: what it is called, and what it does.
type Step = (&'static str, fn() -> Result<(), String>);

/// Every check there is, in the order that finds the cheap faults first.
pub(crate) fn everything() -> Result<(), String> {
    let steps: [Step; 8] = [
        ("contract", contract::check),
        ("lint", lint),
        ("embed", embed),
        ("tour", tour),
        ("container", postgres::in_a_container),
        ("unit", unit),
        ("benches", benches),
        ("faults", faults),
    ];
    for (name, step) in steps {
        let start = Instant::now();
        println!("\n══ {name}");
        step()?;
        println!("══ {name} passed in {} s", start.elapsed().as_secs());
    }
    println!("\nall checks passed");
    Ok(())
}

/// Format, and clippy with warnings as errors.
pub(crate) fn lint() -> Result<(), String> {
    run::cargo(&["fmt", "--all", "--check"])?;
    run::cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"])?;
    // Nothing in the workspace uses the mocks: they are for those who embed.
    run::cargo(&["check", "--package", "duologue-domain", "--features", "mocks", "--quiet"])
}

/// The package of planted faults, which is a step of its own.
const FAULTS: &str = "duologue-conformance-faults";

/// The package of benchmarks, which is a step of its own.
const BENCHES: &str = "duologue-benches";

/// The documentation examples, then all Rust tests but the planted faults: by nextest where it is installed, by cargo
/// otherwise.
pub(crate) fn unit() -> Result<(), String> {
    postgres::provide()?;
    nats::provide()?;
    run::cargo(&["test", "--workspace", "--doc", "--quiet"])?;
    if run::succeeds("cargo", &["nextest", "--version"]) {
        run::cargo(&[
            "nextest",
            "run",
            "--workspace",
            "--exclude",
            FAULTS,
            "--exclude",
            BENCHES,
            "--no-fail-fast",
        ])
    } else {
        println!("── cargo-nextest is not installed: running the tests by cargo test");
        let others = ["--workspace", "--exclude", FAULTS, "--exclude", BENCHES, "--all-targets"];
        run::cargo(&[&["test", "--no-fail-fast"][..], &others].concat())
    }
}

/// Every benchmark and every ratio once, so that none that is broken waits for somebody who wants to know. The whole workspace is named,
/// so that nothing is compiled anew for fewer features.
pub(crate) fn benches() -> Result<(), String> {
    let targets = ["--bench", "embedded", "--bench", "postgres", "--test", "ratios"];
    run::cargo(&[&["test", "--workspace", "--quiet"][..], &targets].concat())
}

/// Every planted fault must be caught by the scenarios that are named for it, with the machine to themselves.
pub(crate) fn faults() -> Result<(), String> {
    let targets = ["--test", "faults", "--test", "assertions", "--test", "wire"];
    run::cargo(&[&["test", "--workspace", "--no-fail-fast"][..], &targets].concat())
}

/// The README's tour against a server of its own.
pub(crate) fn tour() -> Result<(), String> {
    run::cargo(&["build", "--package", "duologue-server"])?;
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    run::command("bash", &["examples/tour.sh", "--serve", &format!("{target}/debug/duologue")])
}

/// The example that embeds the domain.
pub(crate) fn embed() -> Result<(), String> {
    run::cargo(&["run", "--quiet", "--package", "duologue-example-embed"])
}
