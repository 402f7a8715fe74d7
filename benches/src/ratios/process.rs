//! Servers in processes of their own, so that their processor time and memory are told apart from the load's.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;

use duologue_domain::id::{ChatId, UserId};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::doors::{Grpc, Rest};
use crate::load::Lane;

/// Ticks a second in which Linux counts processor time for user space.
const TICKS: f64 = 100.0;

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// The product.
    Duologue,
    /// The product, delivering events to notifications meanwhile.
    Delivering,
    /// The product, telling other replicas of every message over a bus on its own database.
    Waking,
    /// A bare tonic handler.
    Tonic,
}

/// What a server says when it listens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) grpc: SocketAddr,
    pub(crate) rest: Option<SocketAddr>,
    pub(crate) senders: Vec<Sender>,
}

/// Somebody who can send there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sender {
    pub(crate) user_id: String,
    pub(crate) token: String,
    pub(crate) chats: Vec<String>,
}

/// A server in a process of its own. It ends when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) told: Told,
}

impl Process {
    /// Starts this program as a server of a kind, on the storage at `url` or in memory.
    pub(crate) async fn start(kind: Kind, url: Option<&str>, senders: usize) -> Self {
        let kind = clap::ValueEnum::to_possible_value(&kind).expect("a kind");
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg("serve").arg(kind.get_name()).arg("--senders").arg(senders.to_string());
        if let Some(url) = url {
            command.arg("--url").arg(url);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let line = lines.next_line().await.expect("its output").expect("a server that starts");
        let told = serde_json::from_str(&line).expect("what it says");
        Self { child, told }
    }

    fn read(&self, file: &str) -> String {
        let id = self.child.id().expect("a process that runs");
        std::fs::read_to_string(format!("/proc/{id}/{file}")).expect("Linux tells of its processes")
    }

    /// Seconds of processor time that it took so far.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let stat = self.read("stat");
        // The name in parentheses may hold anything; state is the first field after it, the times the 12th and 13th.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |place: usize| fields[place].parse::<f64>().expect("ticks");
        (ticks(11) + ticks(12)) / TICKS
    }

    /// Its resident memory in bytes.
    pub(crate) fn resident_bytes(&self) -> f64 {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("resident memory");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("kibibytes") * 1024.0
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_none()
    }

    /// Who can send there, as lanes.
    pub(crate) fn lanes(&self) -> Arc<[Lane]> {
        let lane = |sender: &Sender| Lane {
            sender: sender.user_id.parse::<UserId>().expect("an id"),
            chats: sender.chats.iter().map(|id| id.parse::<ChatId>().expect("an id")).collect(),
        };
        self.told.senders.iter().map(lane).collect()
    }

    /// A gRPC connection for each sender.
    pub(crate) async fn grpc(&self) -> Vec<Grpc> {
        let mut clients = Vec::new();
        for sender in &self.told.senders {
            clients.push(Grpc::connect(self.told.grpc, &sender.token).await);
        }
        clients
    }

    /// A REST connection for each sender.
    pub(crate) async fn rest(&self) -> Vec<Rest> {
        let address = self.told.rest.expect("a REST door");
        let mut clients = Vec::new();
        for sender in &self.told.senders {
            clients.push(Rest::connect(address, &sender.token).await);
        }
        clients
    }
}
