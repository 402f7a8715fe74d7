//! A server that an operator kills and starts again, on the same ports and the same database.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tempfile::TempDir;

use crate::server::duologue;

/// A running server whose operator does what the command asks for; ended when dropped.
pub(crate) struct Restartable {
    pub(crate) grpc: String,
    pub(crate) rest: String,
    /// Kills the server and starts it again.
    pub(crate) command: String,
    is_over: Arc<AtomicBool>,
    operator: Option<JoinHandle<()>>,
}

impl Restartable {
    /// Starts a server on ports of its own.
    pub(crate) fn start(storage: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let [grpc, rest] = free_addresses();
        let arguments = [
            "serve".to_owned(),
            format!("--storage={storage}"),
            format!("--grpc-listen={grpc}"),
            format!("--rest-listen={rest}"),
            "--metrics-listen=127.0.0.1:0".to_owned(),
        ];
        let asked = directory.path().join("restart");
        let file = asked.display();
        let command = format!("touch '{file}' && while [ -e '{file}' ]; do sleep 0.05; done");
        let is_over = Arc::new(AtomicBool::new(false));
        let mut child = started(&directory, &arguments);
        let operator = std::thread::spawn({
            let is_over = Arc::clone(&is_over);
            move || {
                while !is_over.load(Ordering::Relaxed) {
                    if asked.exists() {
                        end(&mut child);
                        child = started(&directory, &arguments);
                        std::fs::remove_file(&asked).unwrap();
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
                end(&mut child);
            }
        });
        Self { grpc, rest, command, is_over, operator: Some(operator) }
    }
}

impl Drop for Restartable {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(operator) = self.operator.take() {
            let _ = operator.join();
        }
    }
}

/// Addresses that nobody listened at a moment ago: a server has to come back where it was.
fn free_addresses() -> [String; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().to_string())
}

/// Starts a server, and waits until it listens.
fn started(directory: &TempDir, arguments: &[String]) -> Child {
    let log = directory.path().join("log");
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
    let mut command = duologue(directory);
    let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.take(3).filter_map(Result::ok).count(), 3, "the server ended before it listened");
    child
}

fn end(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}
