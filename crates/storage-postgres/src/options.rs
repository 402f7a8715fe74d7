//! How many connections, how long to wait, how many sends to merge.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};

/// A connection that was idle for this long is asked whether it still stands before it is used.
const STALE: Duration = Duration::from_secs(5);

/// How the adapter uses its database. The limits are the database's own: a statement that is given up ends there too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Connections for everything but sends.
    pub max_connections: u32,
    /// Connections for sends, each with a queue of its own; a chat belongs to one of them.
    pub writers: u32,
    /// How many waiting sends one statement takes; 1 merges none.
    pub merged_sends: usize,
    /// How long to wait for a connection, a new one included.
    pub acquire_timeout: Duration,
    /// The database's `statement_timeout`.
    pub statement_timeout: Duration,
    /// The database's `lock_timeout`.
    pub lock_timeout: Duration,
    /// The database's `idle_in_transaction_session_timeout`.
    pub idle_in_transaction_timeout: Duration,
    /// Whose clock tells the time of a message.
    pub message_time: MessageTime,
}

/// Whose clock tells the time of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MessageTime {
    /// The database's, read under the chat's lock: one clock for all replicas.
    #[default]
    Database,
    /// The sender's `send_time`: for tests that have a clock of their own.
    Sender,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 16,
            writers: 4,
            merged_sends: 64,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(8),
            lock_timeout: Duration::from_secs(4),
            idle_in_transaction_timeout: Duration::from_secs(10),
            message_time: MessageTime::Database,
        }
    }
}

impl Options {
    /// The limits that every connection sets.
    pub(crate) fn limited(&self, options: PgConnectOptions) -> PgConnectOptions {
        let millis = |limit: Duration| limit.as_millis().to_string();
        options.application_name("duologue").options([
            ("statement_timeout", millis(self.statement_timeout)),
            ("lock_timeout", millis(self.lock_timeout)),
            ("idle_in_transaction_session_timeout", millis(self.idle_in_transaction_timeout)),
            // Every statement is short: compiling one never pays.
            ("jit", "off".to_owned()),
        ])
    }

    /// A pool of up to `size` connections that opens them when they are needed.
    pub(crate) fn pool(&self, options: PgConnectOptions, size: u32) -> PgPool {
        PgPoolOptions::new()
            .max_connections(size)
            .acquire_timeout(self.acquire_timeout)
            // Asking before every use would be a second round trip: ask only who was idle.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > STALE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options)
    }
}
