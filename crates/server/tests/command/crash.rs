//! Nothing that was acknowledged is lost, however often the database and the server are killed.
//!
//! Writers send messages with a client message id and repeat each until it is acknowledged, while the database and
//! the server are killed (`SIGKILL`) one after the other at moments that the writers' progress decides. Afterwards the
//! history is held against what was acknowledged, by one pure function that has a control of its own: a database that
//! acknowledges before it has written must be caught losing.
//!
//! `DUOLOGUE_CRASHES=200` makes a long campaign of it.

use std::collections::HashMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use duologue_test_postgres::{OwnServer, Setting};

use crate::history::{self, Acknowledged, Loss};
use crate::server::{Server, field, try_http};

/// Threads that send.
const WRITERS: usize = 4;

/// How many messages are acknowledged between one crash and the next, at least.
const PROGRESS: usize = 25;

/// Who is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Victim {
    Database,
    Server,
}

/// What the writers share.
struct Campaign {
    /// Where the server is at present.
    rest: RwLock<String>,
    token: String,
    chat_id: String,
    acknowledged: Mutex<HashMap<String, Acknowledged>>,
    progress: AtomicUsize,
    over: AtomicBool,
}

impl Campaign {
    /// Sends one message until it is acknowledged, or the campaign is over.
    fn send(&self, name: &str) -> Option<Acknowledged> {
        let path = format!("POST /v1/chats/{}/message", self.chat_id);
        let body = format!(r#"{{"text":"text of {name}","clientMessageId":"{name}"}}"#);
        while !self.over.load(Ordering::Relaxed) {
            let rest = self.rest.read().unwrap_or_else(PoisonError::into_inner).clone();
            match try_http(&rest, &path, &self.authorization(), &body) {
                Ok(answer) if answer.starts_with("HTTP/1.1 200") => return Some(Acknowledged::read(&answer)),
                // While something is down, and not otherwise.
                Ok(answer) => assert!(
                    answer.starts_with("HTTP/1.1 503")
                        || answer.starts_with("HTTP/1.1 504")
                        || answer.is_empty(),
                    "{answer}"
                ),
                Err(_) => std::thread::yield_now(),
            }
        }
        None
    }

    fn authorization(&self) -> String {
        format!("authorization: Bearer {}\r\n", self.token)
    }

    fn write(&self, writer: usize) {
        for number in 0.. {
            let name = format!("{writer}-{number}");
            let Some(first) = self.send(&name) else { return };
            self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), first);
            self.progress.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The whole history, oldest first.
    fn history(&self) -> Vec<Acknowledged> {
        let (mut history, mut cursor) = (Vec::new(), String::new());
        loop {
            let rest = self.rest.read().unwrap_or_else(PoisonError::into_inner).clone();
            let path = format!(
                "GET /v1/chats/{}/messages?order=MESSAGE_ORDER_OLDEST_FIRST&limit=100{cursor}",
                self.chat_id
            );
            let page = try_http(&rest, &path, &self.authorization(), "").unwrap();
            if page.starts_with("HTTP/1.1 503") {
                // A connection of before the last crash: the answer itself says to ask again.
                continue;
            }
            assert!(page.starts_with("HTTP/1.1 200"), "{page}");
            history.extend(
                page.split("{\"messageId\"")
                    .skip(1)
                    .map(|rest| Acknowledged::read(&format!("{{\"messageId\"{rest}"))),
            );
            if !page.contains("\"nextCursor\"") {
                return history;
            }
            cursor = format!("&cursor={}", field(&page, "nextCursor"));
        }
    }
}

/// Kills so often, and tells what was lost.
async fn run(settings: &[Setting], crashes: usize, victims: &[Victim]) -> Result<usize, Loss> {
    let mut database = OwnServer::new(settings).await.unwrap();
    let url = database.url("postgres");
    let start = |directory: Option<tempfile::TempDir>| {
        Server::start_in(directory, |command: &mut Command| {
            command.args(["--storage", &url]);
        })
    };
    let mut server = start(None);
    let (token, chat_id) = server.talk();
    // Only messages are at stake.
    database.checkpoint().await.unwrap();
    let campaign = Arc::new(Campaign {
        rest: RwLock::new(server.rest.clone()),
        token,
        chat_id,
        acknowledged: Mutex::default(),
        progress: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    });
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let campaign = campaign.clone();
            std::thread::spawn(move || campaign.write(writer))
        })
        .collect();
    for crash in 0..crashes {
        let before = campaign.progress.load(Ordering::Relaxed);
        // An uneven number, so that crashes do not fall in step with the writers.
        while campaign.progress.load(Ordering::Relaxed) < before + PROGRESS + crash * 7 % 13 {
            std::thread::yield_now();
        }
        match victims[crash % victims.len()] {
            Victim::Database => {
                database.kill_9().unwrap();
                database.start().await.unwrap();
            }
            Victim::Server => {
                server = start(Some(server.kill_9()));
                campaign.rest.write().unwrap_or_else(PoisonError::into_inner).clone_from(&server.rest);
            }
        }
    }
    let before = campaign.progress.load(Ordering::Relaxed);
    while campaign.progress.load(Ordering::Relaxed) < before + PROGRESS {
        std::thread::yield_now();
    }
    campaign.over.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.join().unwrap();
    }
    campaign.over.store(false, Ordering::Relaxed);
    let acknowledged = campaign.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone();
    history::judge(&acknowledged, &campaign.history())?;
    // However late it is asked, a retry is answered by the first message.
    for (name, first) in acknowledged.iter().take(100) {
        let again = campaign.send(name).unwrap();
        if again != *first {
            return Err(Loss::AnsweredOtherwise(name.clone()));
        }
    }
    Ok(acknowledged.len())
}

fn crashes() -> usize {
    std::env::var("DUOLOGUE_CRASHES").ok().and_then(|number| number.parse().ok()).unwrap_or(20)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_every_crash() {
    let crashes = crashes();
    let acknowledged = run(&[], crashes, &[Victim::Database, Victim::Server]).await.unwrap();
    assert!(acknowledged >= crashes * PROGRESS, "only {acknowledged} messages were sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_acknowledges_too_early_is_caught_losing() {
    // Nothing is written for ten seconds but when the buffers are full.
    let early =
        [("synchronous_commit", "off"), ("wal_writer_delay", "10s"), ("wal_writer_flush_after", "1GB")];
    let loss = run(&early, 20, &[Victim::Database]).await;
    assert!(loss.is_err(), "the campaign is blind: it lost nothing");
}
