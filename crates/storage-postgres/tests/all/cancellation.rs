//! A future that is dropped loses its answer, and nothing that was acknowledged to anybody.

use std::time::Duration;

use duologue_domain::chat::{AppendMessage, ChatStore, ChatWalk, MessageRange, Sequence};
use duologue_domain::social::SocialStore;
use duologue_storage_postgres::Options;
use rand::Rng as _;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection};

use crate::harness::{chat, empty_database, id, micros, new_message, pair, with};

fn moment() -> Duration {
    Duration::from_micros(rand::rng().random_range(0..3_000))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_however_many_others_were_dropped() {
    // Few connections, so that whoever comes next gets one that somebody dropped.
    let fixture = with(Options { max_connections: 2, writers: 2, ..Options::default() }).await;
    let chat = chat(&fixture.storage).await;
    let tasks: Vec<_> = (0..8)
        .map(|lane| {
            let storage = fixture.storage.clone();
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for turn in 0..60 {
                    let message =
                        new_message(chat.chat_id, chat.members.lower(), &format!("{lane}.{turn}"), 0);
                    if let Ok(sent) = tokio::time::timeout(moment(), storage.append_message(message)).await {
                        let AppendMessage::Stored(message) = sent.unwrap() else { panic!("not stored") };
                        acknowledged.push(message);
                    }
                    // The other pool has its share of dropped futures too.
                    let walk = ChatWalk::Begin { now: micros(0) };
                    tokio::time::timeout(moment(), storage.list_chats(chat.members.lower(), walk, 5))
                        .await
                        .ok();
                    tokio::time::timeout(moment(), storage.are_friends(pair())).await.ok();
                }
                acknowledged
            })
        })
        .collect();
    let mut acknowledged = Vec::new();
    for task in tasks {
        acknowledged.extend(task.await.unwrap());
    }
    // A send that goes through the same queue comes after all that were dropped there.
    fixture.storage.append_message(new_message(chat.chat_id, chat.members.lower(), "last", 0)).await.unwrap();
    let range = MessageRange::OldestFirst { after: Sequence::ZERO };
    let stored = fixture.storage.list_messages(chat.chat_id, range, 10_000).await.unwrap();
    assert!(
        stored.iter().zip(1..).all(|(message, sequence)| message.sequence == Sequence(sequence)),
        "no hole"
    );
    assert!(acknowledged.iter().all(|message| stored.contains(message)), "all that was acknowledged");
    assert!(stored.len() > 1 && acknowledged.len() < 480, "some were sent, and some were dropped");
    let events = fixture.storage.outboxes()[1].claim_events(10_000, micros(0), micros(0)).await.unwrap();
    assert_eq!(events.len(), stored.len(), "no event without its message, and none is missing");
    let mut connection = PgConnection::connect(&fixture.database.url()).await.unwrap();
    let open: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(open, 0, "no connection was left inside a transaction");
}

/// Why the adapter never calls `begin`: with it, what is acknowledged afterwards can be lost.
///
/// If this fails, the driver is mended, and the ban in `clippy.toml` can go.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "shows what the ban is for")]
async fn with_begin_a_dropped_future_loses_what_somebody_else_was_told_is_stored() {
    let database = empty_database().await;
    let mut lost = 0;
    for _ in 0..200 {
        let pool = PgPoolOptions::new().max_connections(1).connect(&database.url()).await.unwrap();
        let patience = Duration::from_micros(rand::rng().random_range(0..300));
        let begun = tokio::time::timeout(patience, pool.begin()).await;
        let dropped = begun.is_err();
        drop(begun);
        let user_id: duologue_domain::id::UserId = id();
        let user_id = duologue_domain::id::Id::uuid(user_id);
        let inserted = sqlx::query("INSERT INTO chat.walks (user_id, as_of) VALUES ($1, 1)")
            .bind(user_id)
            .execute(&pool);
        inserted.await.unwrap();
        pool.close().await;
        let mut connection = PgConnection::connect(&database.url()).await.unwrap();
        let stored: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM chat.walks WHERE user_id = $1)")
            .bind(user_id)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert!(stored || dropped);
        if !stored {
            lost += 1;
            break;
        }
    }
    assert!(lost > 0, "no loss in 200 dropped begins: the driver may be mended");
}
