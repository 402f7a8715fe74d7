//! Where the program is.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// No NATS server for the tests.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no program to start.
    #[error(
        "no NATS server for the tests: `cargo xtask unit` installs one, or install it (Debian: apt-get install \
         nats-server), or name the program in NATS_SERVER_BIN"
    )]
    Nowhere,
    /// It did not start.
    #[error("the NATS server for the tests did not start: {0}")]
    Start(&'static str),
    /// The system refused.
    #[error("the NATS server for the tests could not be handled")]
    Io(#[from] std::io::Error),
}

const NAME: &str = "nats-server";

/// The first `nats-server` there is.
pub fn program() -> Result<PathBuf, Error> {
    if let Some(program) = env::var_os("NATS_SERVER_BIN") {
        return Ok(program.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = env::split_paths(&path).collect();
    places.push("/usr/sbin".into());
    places.extend(installed());
    places.into_iter().map(|place| place.join(NAME)).find(|program| program.is_file()).ok_or(Error::Nowhere)
}

/// Where the test command installs versions of it, the last one first.
fn installed() -> Vec<PathBuf> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools");
    let entries = fs::read_dir(tools).into_iter().flatten().flatten();
    let versions = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(NAME));
    let mut places: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    places.sort();
    places.reverse();
    places
}
