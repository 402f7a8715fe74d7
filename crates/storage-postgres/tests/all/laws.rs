//! The adapter keeps every promise of the storage traits, whichever clock tells the time of its messages.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_storage_conformance::{Fixture, MessageTime as Told, Storage, storage_conformance};
use duologue_storage_postgres::{MessageTime, Options, PostgresStorage, checksum, migrate};

/// A fresh database whose adapter takes the time of messages from `message_time`.
async fn fresh(message_time: MessageTime, told: Told) -> Storage {
    let prepare = async |url: String| Ok(migrate(&url).await?);
    let database = duologue_test_postgres::database(&checksum(), prepare).await.unwrap();
    let options = Options { message_time, max_connections: 8, writers: 2, ..Options::default() };
    let adapter = PostgresStorage::connect(&database.url(), options).await.unwrap();
    let outboxes = adapter.outboxes();
    Storage::of(&Arc::new(adapter)).with_outboxes(outboxes).with_message_time(told).with_guard(database)
}

mod database_clock {
    use super::{Fixture, MessageTime, Storage, Told, async_trait, fresh, storage_conformance};

    /// As in production: the database tells the time.
    struct Fresh;

    #[async_trait]
    impl Fixture for Fresh {
        async fn create(&self) -> Storage {
            fresh(MessageTime::Database, Told::Own).await
        }
    }

    storage_conformance!(Fresh);
}

mod sender_clock {
    use super::{Fixture, MessageTime, Storage, Told, async_trait, fresh, storage_conformance};

    /// With a clock that cases can move.
    struct Fresh;

    #[async_trait]
    impl Fixture for Fresh {
        async fn create(&self) -> Storage {
            fresh(MessageTime::Sender, Told::Given).await
        }
    }

    // Only what tells the time of messages differs.
    storage_conformance!(Fresh: chat, chat_list);
}
