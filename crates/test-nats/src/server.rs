//! A server of one test's own.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::program::{self, Error};

/// How long a server may take until it answers.
const START: Duration = Duration::from_secs(30);

/// How often another port is tried, should somebody take it first.
const ATTEMPTS: usize = 5;

/// A NATS server of one test's own, which keeps nothing on disk. Gone when dropped.
#[derive(Debug)]
pub struct NatsServer {
    program: PathBuf,
    arguments: Vec<String>,
    /// What it calls itself, to tell it from whoever else may have taken its port.
    name: String,
    port: u16,
    process: Option<Child>,
}

impl NatsServer {
    /// Starts a server on a free port of 127.0.0.1, with these arguments besides: `--user`, `--pass`, …
    pub async fn new(arguments: &[&str]) -> Result<Self, Error> {
        let mut server = Self {
            program: program::program()?,
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            name: format!("duologue-test-{}", Uuid::new_v4().simple()),
            port: 0,
            process: None,
        };
        let mut outcome = Err(Error::Nowhere);
        for _ in 0..ATTEMPTS {
            server.port = free_port()?;
            outcome = server.start().await;
            if outcome.is_ok() {
                break;
            }
        }
        outcome.map(|()| server)
    }

    /// Where it listens, or would.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// Host and port alone.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts the server again, on the same port, and waits until it answers.
    pub async fn start(&mut self) -> Result<(), Error> {
        self.kill_9()?;
        let mut command = Command::new(&self.program);
        command.args(["--addr", "127.0.0.1", "--port", &self.port.to_string(), "--name", &self.name]);
        command.args(&self.arguments).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn()?);
        let begin = Instant::now();
        while begin.elapsed() < START {
            if self.answers().await {
                return Ok(());
            }
            if let Some(process) = &mut self.process
                && process.try_wait()?.is_some()
            {
                self.process = None;
                return Err(Error::Start("it ended at once"));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err(Error::Start("it does not answer"))
    }

    /// Whether it greets, by its name.
    async fn answers(&self) -> bool {
        let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await else { return false };
        let mut greeting = String::new();
        let read = BufReader::new(stream).read_line(&mut greeting).await;
        read.is_ok() && greeting.starts_with("INFO ") && greeting.contains(&self.name)
    }

    /// Kills the server as a crash would.
    pub fn kill_9(&mut self) -> Result<(), Error> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// Stops the server in its tracks, with every connection open: as a machine that hangs.
    pub fn pause(&self) -> Result<(), Error> {
        self.signal("-STOP")
    }

    /// Lets the server go on.
    pub fn resume(&self) -> Result<(), Error> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> Result<(), Error> {
        let process = self.process.as_ref().ok_or(Error::Start("it does not run"))?;
        let status = Command::new("kill").args([signal, &process.id().to_string()]).status()?;
        if status.success() { Ok(()) } else { Err(Error::Start("it takes no signal")) }
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill_9().ok();
    }
}

/// A port that is free at the moment.
fn free_port() -> Result<u16, Error> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
