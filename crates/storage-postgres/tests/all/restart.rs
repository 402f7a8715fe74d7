//! The server is killed again and again, and nothing that was acknowledged is lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use duologue_domain::chat::{AppendMessage, ChatStore, DirectChat, Message, MessageRange, Sequence};
use duologue_domain::error::StorageError;
use duologue_storage_postgres::{Options, PostgresStorage, migrate};
use duologue_test_postgres::{OwnServer, Setting};

use crate::harness::{chat, micros, new_message, retryable};

const WRITERS: usize = 12;

struct Crashes {
    chat: DirectChat,
    acknowledged: Vec<Message>,
    /// Those that a retry was told to be another message than the first attempt was.
    contradicted: usize,
    stored: Vec<Message>,
    events: usize,
}

/// Sends with retries while the server is killed so many times; then reads what is there.
async fn crash(settings: &[Setting], kills: usize) -> Crashes {
    let mut server = OwnServer::new(settings).await.unwrap();
    let url = server.url("postgres");
    migrate(&url).await.unwrap();
    let options = Options { acquire_timeout: Duration::from_secs(1), ..Options::default() };
    let storage = PostgresStorage::connect(&url, options).await.unwrap();
    let chat = chat(&storage).await;
    let (done, progress) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let writers: Vec<_> = (0..WRITERS)
        .map(|lane| {
            let (storage, done, progress) = (storage.clone(), done.clone(), progress.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for turn in 0.. {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    acknowledged.push(send(&storage, chat, &format!("{lane}.{turn}")).await);
                    progress.fetch_add(1, Ordering::Relaxed);
                }
                acknowledged
            })
        })
        .collect();
    for _ in 0..kills {
        let before = progress.load(Ordering::Relaxed);
        while progress.load(Ordering::Relaxed) < before + 4 * WRITERS {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.kill_9().unwrap();
        server.start().await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    let mut contradicted = 0;
    for message in acknowledged.iter().step_by(7) {
        let name = message.client_message_id.as_ref().unwrap().as_str().to_owned();
        contradicted += usize::from(send(&storage, chat, &name).await != *message);
    }
    let range = MessageRange::OldestFirst { after: Sequence::ZERO };
    // Connections opened now: those of before the last crash are dead.
    let storage = PostgresStorage::connect(&url, Options::default()).await.unwrap();
    let stored = storage.list_messages(chat.chat_id, range, 1_000_000).await.unwrap();
    let events = storage.outboxes()[1].claim_events(1_000_000, micros(0), micros(0)).await.unwrap().len();
    Crashes { chat, acknowledged, contradicted, stored, events }
}

/// Sends until it is acknowledged.
async fn send(storage: &PostgresStorage, chat: DirectChat, name: &str) -> Message {
    loop {
        let message = retryable(new_message(chat.chat_id, chat.members.lower(), name, 0), name);
        match storage.append_message(message).await {
            Ok(AppendMessage::Stored(message) | AppendMessage::Replayed(message)) => return message,
            Err(StorageError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
            other => panic!("{other:?}"),
        }
    }
}

fn missing(crashes: &Crashes) -> usize {
    let stored: HashMap<_, _> = crashes.stored.iter().map(|message| (message.message_id, message)).collect();
    crashes.acknowledged.iter().filter(|message| stored.get(&message.message_id) != Some(message)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_crashes_lose_nothing_that_was_acknowledged() {
    let crashes = crash(&[], 20).await;
    assert_eq!(missing(&crashes), 0, "of {} acknowledged", crashes.acknowledged.len());
    assert_eq!(crashes.contradicted, 0, "a retry is answered with the first message, however late");
    assert_eq!(crashes.stored.len(), crashes.acknowledged.len(), "each once");
    assert!(crashes.stored.iter().zip(1..).all(|(message, sequence)| message.sequence == Sequence(sequence)));
    assert!(crashes.stored.is_sorted_by_key(|message| message.create_time));
    assert_eq!(crashes.events, crashes.stored.len(), "and each with its event");
    assert!(crashes.stored.iter().all(|message| message.chat_id == crashes.chat.chat_id));
}

/// Shows that the test above can fail.
#[tokio::test(flavor = "multi_thread")]
async fn without_synchronous_commit_a_crash_is_caught_losing() {
    for _ in 0..10 {
        let careless = [("synchronous_commit", "off"), ("wal_writer_delay", "10s")];
        if missing(&crash(&careless, 2).await) > 0 {
            return;
        }
    }
    panic!("nothing was lost: the check sees nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn durability_is_told_as_it_is() {
    for (settings, complete) in
        [(&[][..], true), (&[("fsync", "off")], false), (&[("synchronous_commit", "off")], false)]
    {
        let server = OwnServer::new(settings).await.unwrap();
        let url = server.url("postgres");
        migrate(&url).await.unwrap();
        let storage = PostgresStorage::connect(&url, Options::default()).await.unwrap();
        let durability = storage.durability().await.unwrap();
        assert_eq!(durability.is_complete(), complete, "{durability:?}");
    }
}
