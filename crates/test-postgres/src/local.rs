//! A server made of PostgreSQL's own programs.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::provider::{Error, Server};
use crate::shared::{self, Instance};

/// PostgreSQL refuses to run as root: who to be instead, by preference.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// How often another port is tried, should somebody take it first.
const ATTEMPTS: usize = 5;

/// Settings of a server whose data nobody will miss.
const CARELESS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("autovacuum_naptime", "5s"),
];

/// PostgreSQL's programs, and who may run them.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    directory: PathBuf,
    /// Set if this process is root's: user and group to run as.
    user: Option<(u32, u32)>,
}

impl Programs {
    /// The first complete set there is.
    pub(crate) fn find() -> Option<Self> {
        let mut places: Vec<PathBuf> = env::var_os("PG_BIN_DIR").map(PathBuf::from).into_iter().collect();
        // A link on the PATH leads to where the others are.
        let path = env::var_os("PATH").unwrap_or_default();
        let on_path = env::split_paths(&path).map(|place| place.join("initdb"));
        places
            .extend(on_path.filter_map(|initdb| fs::canonicalize(initdb).ok()?.parent().map(Path::to_owned)));
        let mut installed: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path().join("bin"))
            .collect();
        installed.sort();
        places.extend(installed.into_iter().rev());
        let user = run_as();
        places.into_iter().map(|directory| Self { directory, user }).find(|programs| {
            let answers = |program| programs.run(program, &["--version"], Path::new("/")).is_ok();
            answers("initdb") && answers("postgres") && answers("pg_ctl")
        })
    }

    pub(crate) fn command(&self, program: &str, directory: &Path) -> Command {
        let mut command = Command::new(self.directory.join(program));
        command.current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// Runs a program to its end.
    fn run(&self, program: &str, arguments: &[&str], directory: &Path) -> Result<Output, Error> {
        let mut command = self.command(program, directory);
        let output = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
        if output.status.success() {
            return Ok(output);
        }
        Err(Error::Start(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())))
    }

    /// Makes an empty database cluster in `data`, below a directory that is made too.
    pub(crate) fn init(&self, home: &Path, settings: &[(&str, &str)]) -> Result<PathBuf, Error> {
        fs::create_dir_all(home)?;
        fs::set_permissions(home, fs::Permissions::from_mode(0o755))?;
        if let Some((user, group)) = self.user {
            chown(home, Some(user), Some(group))?;
        }
        let data = home.join("data");
        let path = data.to_string_lossy();
        let arguments = [
            "-D",
            &path,
            "--no-sync",
            "--no-instructions",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        ];
        self.run("initdb", &arguments, home)?;
        let common = [
            ("listen_addresses", "127.0.0.1"),
            ("unix_socket_directories", ""),
            ("max_connections", "400"),
            ("shared_buffers", "128MB"),
            ("log_min_messages", "fatal"),
            ("log_min_error_statement", "panic"),
        ];
        let lines: Vec<String> =
            common.iter().chain(settings).map(|(name, value)| format!("{name} = '{value}'")).collect();
        let file = data.join("postgresql.auto.conf");
        fs::write(&file, lines.join("\n"))?;
        Ok(data)
    }
}

/// Who to be, if this process is root's.
fn run_as() -> Option<(u32, u32)> {
    let own = tempfile::tempfile().and_then(|file| file.metadata()).map(|metadata| metadata.uid());
    if own.ok()? != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    USERS.iter().find_map(|name| {
        let fields: Vec<&str> = users
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields[0] == *name)?;
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    })
}

/// A port that is free at the moment.
pub(crate) fn free_port() -> Result<u16, Error> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The server that all test processes of this user share.
pub(crate) fn server(programs: &Programs) -> Result<Server, Error> {
    shared::join("local", |home| {
        let data = programs.init(home, CARELESS)?;
        let (path, log) =
            (data.to_string_lossy().into_owned(), home.join("log").to_string_lossy().into_owned());
        let mut failure = Error::Nowhere;
        for _ in 0..ATTEMPTS {
            let port = free_port()?;
            let options = format!("-p {port}");
            match programs.run(
                "pg_ctl",
                &["start", "-w", "-t", "60", "-D", &path, "-l", &log, "-o", &options],
                home,
            ) {
                Ok(_) => {
                    let stop = format!("kill -INT \"$(head -n 1 '{path}/postmaster.pid')\"");
                    return Ok(Instance { port, stop });
                }
                Err(error) => failure = error,
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(failure)
    })
}
