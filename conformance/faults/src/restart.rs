//! A server that is killed and started again.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::composition::Around;
use crate::ports::Ports;
use crate::server::{Replica, background};

/// What is started again after a kill, and where.
pub(crate) struct Life {
    pub(crate) ports: Ports,
    pub(crate) around: Option<Around>,
    pub(crate) is_guarded: bool,
    pub(crate) polls: bool,
    pub(crate) grpc: SocketAddr,
    pub(crate) rest: SocketAddr,
}

impl Life {
    async fn start(&self) -> anyhow::Result<JoinSet<()>> {
        let mut tasks = JoinSet::new();
        let replica = Replica::new(&self.ports, self.around.clone(), self.is_guarded);
        replica.serve_rest(&mut tasks, self.rest, Vec::new()).await?;
        replica.serve_grpc(&mut tasks, self.grpc, Vec::new()).await?;
        background(&mut tasks, &self.ports, self.polls);
        Ok(tasks)
    }
}

/// Who kills a server and starts it again when a file says so, as a command can make it.
pub(crate) struct Operator {
    /// What makes them do it.
    pub(crate) command: String,
    _directory: TempDir,
    _watch: JoinSet<()>,
}

impl Operator {
    pub(crate) fn hire(life: Life, mut tasks: JoinSet<()>) -> anyhow::Result<Self> {
        let directory = TempDir::new()?;
        let asked = directory.path().join("restart");
        let file = asked.display();
        let command = format!("touch '{file}' && while [ -e '{file}' ]; do sleep 0.02; done");
        let mut watch = JoinSet::new();
        watch.spawn(async move {
            loop {
                if asked.exists() {
                    // As a kill does: whoever was served is cut off.
                    tasks.shutdown().await;
                    life.ports.lives.fetch_add(1, Ordering::Relaxed);
                    match life.start().await {
                        Ok(started) => tasks = started,
                        Err(error) => eprintln!("it does not start again: {error}"),
                    }
                    let _ = std::fs::remove_file(&asked);
                }
                sleep(Duration::from_millis(10)).await;
            }
        });
        Ok(Self { command, _directory: directory, _watch: watch })
    }
}
