//! A PostgreSQL for the tests: found, or installed, or asked for in one line.

use std::path::Path;

use crate::run;

/// What the image that the tests look for by default is called.
const IMAGE: &str = "postgres:15-alpine";

/// What an image out of this machine's own PostgreSQL is called.
const LOCAL_IMAGE: &str = "duologue-local-postgres";

/// Makes sure that the tests find a PostgreSQL.
pub(crate) fn provide() -> Result<(), String> {
    if std::env::var_os("DATABASE_URL").is_some() {
        println!("── PostgreSQL: the server of DATABASE_URL");
    } else if has_programs() {
        println!("── PostgreSQL: the programs of this machine");
    } else if run::succeeds("docker", &["image", "inspect", IMAGE]) {
        println!("── PostgreSQL: the image {IMAGE}");
    } else if run::succeeds("apt-get", &["--version"]) && run::succeeds("test", &["-w", "/var/lib/dpkg"]) {
        println!("── PostgreSQL is not installed: taking Debian's package");
        run::command("apt-get", &["update", "--quiet"])?;
        run::command("apt-get", &["install", "--yes", "--quiet", "--no-install-recommends", "postgresql"])?;
    } else if !run::succeeds("docker", &["info"]) {
        return Err(
            "the tests need a PostgreSQL 15 or newer: install its server (initdb must be on the PATH or in \
                    PG_BIN_DIR), or start Docker, or name a server in DATABASE_URL"
                .to_owned(),
        );
    }
    Ok(())
}

/// Runs a test against PostgreSQL in a container, where an engine is there; the image is made of this machine's own
/// programs, so that no registry is needed.
pub(crate) fn in_a_container() -> Result<(), String> {
    if !run::succeeds("docker", &["info"]) || !has_programs() {
        println!("── no container engine, or no PostgreSQL to make an image of: left out");
        return Ok(());
    }
    run::command("bash", &["crates/test-postgres/local-image.sh", LOCAL_IMAGE])?;
    let image = format!("DUOLOGUE_TEST_POSTGRES_IMAGE={LOCAL_IMAGE}");
    // The whole workspace is named, so that nothing is compiled anew for fewer features.
    let cargo = ["cargo", "test", "--quiet", "--workspace", "--test", "all"];
    let some = ["--", "laws::database_clock::outbox", "laws::database_clock::social"];
    let arguments = [&["--unset=DATABASE_URL", "DUOLOGUE_TEST_POSTGRES=docker", &image][..], &cargo, &some];
    run::command("env", &arguments.concat())
}

/// Whether this machine has a PostgreSQL server's programs.
pub(crate) fn has_programs() -> bool {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let in_debian = debian.into_iter().any(|version| version.path().join("bin/initdb").exists());
    let named =
        std::env::var_os("PG_BIN_DIR").is_some_and(|folder| Path::new(&folder).join("initdb").exists());
    in_debian || named || run::succeeds("initdb", &["--version"])
}
