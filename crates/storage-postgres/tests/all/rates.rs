//! What merging sends is worth: `cargo test --release -p duologue-storage-postgres rates -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use duologue_domain::chat::{AppendMessage, ChatStore};
use duologue_storage_postgres::{Options, PostgresStorage, migrate};
use duologue_test_postgres::OwnServer;

use crate::harness::{chat, new_message};

const LASTING: Duration = Duration::from_secs(3);

/// Messages a second, and the time that 99 of 100 sends take at most.
async fn rate(storage: &PostgresStorage, chats: usize, senders: usize) -> (f64, Duration) {
    let mut all = Vec::new();
    for _ in 0..chats {
        all.push(chat(storage).await);
    }
    let begin = Instant::now();
    let tasks: Vec<_> = (0..senders)
        .map(|sender| {
            let (storage, all) = (storage.clone(), all.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                while begin.elapsed() < LASTING {
                    let chat = all[(sender + times.len() * senders) % all.len()];
                    let sent = Instant::now();
                    let message = new_message(chat.chat_id, chat.members.lower(), "How do you do?", 0);
                    let outcome = storage.append_message(message).await.unwrap();
                    assert!(matches!(outcome, AppendMessage::Stored(_)));
                    times.push(sent.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let seconds = begin.elapsed().as_secs_f64();
    times.sort();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = times.len() as f64 / seconds;
    (rate, times[times.len() * 99 / 100])
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, and decides nothing"]
async fn sends_alone_and_merged() {
    let server = OwnServer::new(&[]).await.unwrap();
    let url = server.url("postgres");
    migrate(&url).await.unwrap();
    for round in 0..2 {
        for (writers, merged_sends) in [(32, 1), (1, 64), (2, 64), (4, 32), (4, 64)] {
            let options = Options { writers, merged_sends, ..Options::default() };
            let storage = PostgresStorage::connect(&url, options).await.unwrap();
            for (chats, senders) in [(1, 1), (1, 32), (500, 64)] {
                let (rate, p99) = rate(&storage, chats, senders).await;
                println!(
                    "{round} writers {writers:2} merged {merged_sends:2} chats {chats:3} senders {senders:2}: {rate:7.0}/s p99 {p99:?}"
                );
            }
        }
    }
}
