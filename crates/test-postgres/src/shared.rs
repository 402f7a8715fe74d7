//! One server for all test processes, gone soon after the last of them.
//!
//! A file lock lets one process at a time look for the server, or start it. Each process notes its number in the
//! server's directory. A reaper, a small shell script that outlives the processes, waits until none of them is alive for a
//! while; it first withdraws the server, so that nobody joins any more, then waits for those who joined at the last moment, then stops
//! the server and removes its directory.

use std::fs::{self, File};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::time::Duration;

use uuid::Uuid;

use crate::provider::{Error, Server};

/// A server that was started.
pub(crate) struct Instance {
    /// Where it listens on 127.0.0.1.
    pub(crate) port: u16,
    /// The shell command that stops it.
    pub(crate) stop: String,
}

/// `$1` the pointer to the server, `$2` the server's directory, `$3` what stops it.
const REAPER: &str = r#"
used() { for user in "$2"/users/*; do [ -e "$user" ] && kill -0 "${user##*/}" 2>/dev/null && return 0; done; return 1; }
idle=0
while [ $idle -lt 15 ]; do
    sleep 1
    if used "$@"; then idle=0; else idle=$((idle + 1)); fi
done
[ "$(head -n 1 "$1" 2>/dev/null)" = "$2" ] && rm -f "$1"
while used "$@"; do sleep 1; done
eval "$3"
sleep 1
rm -rf "$2"
"#;

/// The shared server of this kind; `start` starts it, in the directory it is given, if there is none.
pub(crate) fn join(
    kind: &str,
    start: impl FnOnce(&Path) -> Result<Instance, Error>,
) -> Result<Server, Error> {
    let place = place()?;
    let lock = File::create(place.join(format!("{kind}.lock")))?;
    lock.lock()?;
    let pointer = place.join(kind);
    if let Some(port) = running(&pointer) {
        return Ok(Server::at_port(port));
    }
    let home = place.join(format!("{kind}-{}", Uuid::new_v4().simple()));
    fs::create_dir_all(&home)?;
    let started = start(&home).and_then(|instance| {
        note_use(&home)?;
        Ok(instance)
    });
    let instance = match started {
        Ok(instance) => instance,
        Err(error) => {
            fs::remove_dir_all(&home).ok();
            return Err(error);
        }
    };
    fs::write(&pointer, format!("{}\n{}\n", home.display(), instance.port))?;
    let mut reaper = Command::new("sh");
    reaper.args(["-c", REAPER, "reaper"]).arg(&pointer).arg(&home).arg(&instance.stop).current_dir("/");
    // In a process group of its own: an interrupted test run does not take it along.
    reaper.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    Ok(Server::at_port(instance.port))
}

/// The port of the server that the pointer names, if it runs; this process then counts as one that uses it.
fn running(pointer: &Path) -> Option<u16> {
    let text = fs::read_to_string(pointer).ok()?;
    let mut lines = text.lines();
    let (home, port) = (lines.next()?, lines.next()?.parse().ok()?);
    note_use(Path::new(home)).ok()?;
    // The reaper withdraws the pointer before it looks for users a last time: if it is still there, we are counted.
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let answers = TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok();
    (answers && pointer.exists()).then_some(port)
}

fn note_use(home: &Path) -> io::Result<()> {
    let users = home.join("users");
    if home.exists() {
        fs::create_dir_all(&users)?;
    }
    File::create(users.join(process::id().to_string())).map(drop)
}

/// Where the shared servers of this user live. The server's own user has to be able to get there.
fn place() -> Result<PathBuf, Error> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let user = tempfile::tempfile()?.metadata()?.uid();
    let place = Path::new("/tmp").join(format!("duologue-test-postgres-{user}"));
    match fs::DirBuilder::new().mode(0o755).create(&place) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    // Nobody else may have laid it out for us.
    let found = fs::symlink_metadata(&place)?;
    if found.is_dir() && found.uid() == user {
        return Ok(place);
    }
    Err(Error::Start(format!("{} belongs to somebody else", place.display())))
}
