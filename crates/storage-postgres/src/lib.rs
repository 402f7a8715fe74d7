//! The storage traits of [`duologue_domain`], on PostgreSQL 15 or newer: durable, shared by any number of replicas.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use duologue_domain::chat::ChatStore;
//! use duologue_storage_postgres::{Options, PostgresStorage, migrate};
//!
//! # async fn open() -> Result<(), duologue_storage_postgres::OpenError> {
//! let url = "postgres://duologue@localhost/duologue";
//! migrate(url).await?;
//! let storage = PostgresStorage::connect(url, Options::default()).await?;
//! let chats: Arc<dyn ChatStore> = Arc::new(storage.clone());
//! # drop(chats);
//! # Ok(())
//! # }
//! ```
//!
//! # How it keeps the promises of the traits
//! * **Every change is one statement**, committed by itself: atomic, one round trip, and dropping its future can only
//!   lose the answer, never half of a change. Where a statement has to look before it decides, a unique index decides
//!   once more, and the loser looks again. A profile is changed by the domain's own rule, and stored if it still is
//!   what the rule was applied to. No transaction is ever opened by the driver: the newest sqlx hands on a
//!   connection inside an open transaction when a future is dropped while `begin` waits, and the next acknowledged
//!   write is lost with it (launchbadge/sqlx#4393). `clippy.toml` bans `begin`.
//! * **What is acknowledged is committed**: an answer is read to its end, past the commit.
//! * **Sends that wait are merged** ([`Options::merged_sends`]): one commit makes up to that many messages durable. A
//!   lone send takes the plain statement and waits for nobody.
//! * **Times** are whole microseconds, kept as integers. The time of a message is the database's
//!   ([`MessageTime::Database`]): all replicas share that clock, so `send_time` is not used.
//! * **Text** that is compared or ordered is in the collation `C`: bytewise, whatever the database's own is.
//!
//! # Layout
//! One schema for each context, no foreign key between two of them, so that each can move to a database of its own.
//! All that belongs to a chat has `chat_id` first in its primary key. A server runs on the schema that it knows and on
//! the one after it, so that replicas can be replaced one by one ([`migrate`]).

mod auth;
mod chat;
mod error;
mod migrations;
mod notification;
mod open;
mod options;
mod outbox;
#[cfg(test)]
mod plans;
mod rows;
mod social;
mod user;

use std::sync::Arc;

use duologue_domain::event::EventOutbox;
use sqlx::PgPool;

use chat::Writers;
use outbox::{ChatOutbox, SocialOutbox};

pub use migrations::{SCHEMA_VERSION, checksum, migrate};
pub use open::{Durability, OpenError};
pub use options::{MessageTime, Options};

/// All storage traits, on PostgreSQL. Clones share the connections.
#[derive(Debug, Clone)]
pub struct PostgresStorage {
    pool: PgPool,
    writers: Writers,
    message_time: MessageTime,
}

impl PostgresStorage {
    /// The outbox of each context that writes events: friendship, then chats.
    #[must_use]
    pub fn outboxes(&self) -> Vec<Arc<dyn EventOutbox>> {
        vec![Arc::new(SocialOutbox(self.pool.clone())), Arc::new(ChatOutbox(self.pool.clone()))]
    }
}
