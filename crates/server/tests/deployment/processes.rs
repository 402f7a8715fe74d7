//! Processes of the binary, to be killed, paused and started again where they were.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::ops::Range;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::server::duologue;

/// Longer than anything here takes, so that a test that hangs ends.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Where ports are looked for: below those that systems give to outgoing connections, one of which could otherwise take
/// the place of a process while it is gone.
const PORTS: Range<u16> = 10_000..30_000;

/// A process of the binary; killed when dropped.
pub(crate) struct Process {
    name: String,
    arguments: Vec<String>,
    directory: Arc<TempDir>,
    child: Option<Child>,
    /// Host and port of its gRPC door.
    pub(crate) grpc: String,
    /// Host and port of its REST door, where it is a gateway.
    pub(crate) rest: String,
}

impl Process {
    /// Starts a process of these roles on these ports, and waits until it listens.
    pub(crate) fn start(
        directory: &Arc<TempDir>,
        (name, roles): (&str, &str),
        (grpc, rest): (u16, u16),
        arguments: &[String],
    ) -> Self {
        let (grpc, rest) = (format!("127.0.0.1:{grpc}"), format!("127.0.0.1:{rest}"));
        let mut own: Vec<String> =
            ["serve", "--roles", roles, "--grpc-listen", &grpc, "--metrics-listen", "127.0.0.1:0"]
                .map(str::to_owned)
                .into();
        if roles == "gateway" {
            own.extend(["--rest-listen".to_owned(), rest.clone()]);
        }
        own.extend_from_slice(arguments);
        let directory = directory.clone();
        let mut process = Self { name: name.to_owned(), arguments: own, directory, child: None, grpc, rest };
        process.start_again();
        process
    }

    /// Starts the process again, where it was, and waits until it listens.
    pub(crate) fn start_again(&mut self) {
        self.kill_9();
        let log = self.directory.path().join(format!("{}.log", self.name));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut command = duologue(&self.directory);
        let mut child = command.args(&self.arguments).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        self.child = Some(child);
        // It says where it listens once it does: the gateway three lines, the others two.
        let doors = if self.arguments.iter().any(|argument| argument == "--rest-listen") { 3 } else { 2 };
        let listens = tokio::task::block_in_place(|| lines.by_ref().take(doors).count());
        assert_eq!(listens, doors, "{} ended before it listened: {}", self.name, self.log());
    }

    /// Kills the process as a crash would.
    pub(crate) fn kill_9(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Stops the process in its tracks, with every connection open: as a machine that hangs.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets the process go on.
    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    /// Asks the process to stop, as an operator's tools do.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Waits for the process to end by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        self.ended_within(PATIENCE).await
    }

    /// Waits so long, and no longer, for the process to end by itself.
    pub(crate) async fn ended_within(&mut self, patience: Duration) -> ExitStatus {
        let begin = Instant::now();
        let child = self.child.as_mut().unwrap();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                self.child = None;
                return status;
            }
            assert!(begin.elapsed() < patience, "{} does not end: {}", self.name, self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What the process logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join(format!("{}.log", self.name))).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Both fail where the process has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let last: Vec<&str> = log.lines().rev().take(20).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            eprintln!("── {}\n{}", self.name, last.join("\n"));
        }
    }
}

/// The first of so many ports in a row that nobody listened at a moment ago.
pub(crate) fn free_ports(count: u16) -> u16 {
    use std::hash::{BuildHasher as _, RandomState};
    let is_free = |first: &u16| {
        let listeners: Vec<_> =
            (*first..first + count).map(|port| TcpListener::bind(("127.0.0.1", port))).collect();
        listeners.iter().all(Result::is_ok)
    };
    let width = u64::from(PORTS.end - PORTS.start - count);
    let anywhere = || {
        let offset = RandomState::new().hash_one(0) % width;
        PORTS.start + u16::try_from(offset).unwrap()
    };
    std::iter::repeat_with(anywhere).take(1_000).find(is_free).expect("free ports")
}
