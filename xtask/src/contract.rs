//! Checks of the contract with buf, which is installed from PyPI if it is not there.

use std::path::PathBuf;

use crate::run;

/// The buf that the checks were written with.
const BUF_VERSION: &str = "1.75.0";

/// The contract of the last release, as an image.
const BASELINE: &str = "contract-baseline/v1.binpb";

/// Lints, checks the format, and looks for breaking changes against main and against the last release.
pub(crate) fn check() -> Result<(), String> {
    let buf = buf()?;
    run::command(&buf, &["lint"])?;
    run::command(&buf, &["format", "--diff", "--exit-code"])?;
    run::command(&buf, &["breaking", "--against", BASELINE])?;
    if run::succeeds("git", &["rev-parse", "--verify", "--quiet", "main:proto"]) {
        run::command(&buf, &["breaking", "--against", ".git#branch=main"])?;
    } else {
        println!("── no branch main with a contract here: compared with the last release only");
    }
    Ok(())
}

/// Formats the .proto files.
pub(crate) fn format() -> Result<(), String> {
    run::command(buf()?, &["format", "--write"])
}

/// Records the contract as that of a release.
pub(crate) fn record_baseline() -> Result<(), String> {
    run::command(buf()?, &["build", "--exclude-source-info", "--output", BASELINE])
}

/// A buf of the right version: the one on the PATH, or one installed beside the build.
fn buf() -> Result<PathBuf, String> {
    if run::succeeds("buf", &["--version"]) {
        return Ok("buf".into());
    }
    run::from_pypi("buf", "buf-bin", BUF_VERSION)
}
