//! Sends that wait are stored together: one commit for many.
//!
//! A chat belongs to one of a few writers, each with a queue and a connection of its own. A writer takes what waits in
//! its queue, up to a limit, and stores it in one statement; it never waits for more. So a lone send costs what it
//! costs, and the more wait, the more one commit carries. Two writers never touch the same chat, and take the locks
//! that they share in one order: no deadlock.
//!
//! A send whose caller has gone is dropped if it has not begun, and finished otherwise.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use duologue_domain::StorageError;
use duologue_domain::chat::{AppendMessage, NewMessage};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Error, PgConnection, PgPool, Postgres};
use tokio::sync::{mpsc, oneshot};

use super::append::{all_different, append_many, append_one, retry_key, shared_error};
use crate::error::{storage, surely_undone, unavailable};
use crate::options::{MessageTime, Options};

/// How many sends may wait for one writer; who comes later waits to get into the queue.
const QUEUE: usize = 4_096;

/// A connection that was idle for this long is asked whether it still stands before it is used.
const STALE: Duration = Duration::from_secs(1);

type Outcome = Result<AppendMessage, StorageError>;

/// A send that waits.
struct Send {
    message: NewMessage,
    reply: oneshot::Sender<Outcome>,
}

/// The queues of all writers. The writers end when the last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Writers {
    queues: Arc<[mpsc::Sender<Send>]>,
    patience: Duration,
}

impl Writers {
    /// Starts the writers on the runtime of the caller.
    pub(crate) fn start(options: &Options, connect: PgConnectOptions) -> Self {
        let count = options.writers.max(1);
        let pool = options.pool(connect, count);
        let queues = (0..count).map(|_| {
            let (queue, sends) = mpsc::channel(QUEUE);
            let writer = Writer {
                sends,
                pool: pool.clone(),
                connection: None,
                limit: options.merged_sends.max(1),
                patience: 2 * (options.statement_timeout + options.acquire_timeout),
                time: options.message_time,
            };
            tokio::spawn(writer.run());
            queue
        });
        Self { queues: queues.collect(), patience: options.acquire_timeout }
    }

    /// Stores a message, maybe together with others.
    pub(crate) async fn append(&self, message: NewMessage) -> Outcome {
        let mut hasher = DefaultHasher::new();
        message.chat_id.hash(&mut hasher);
        #[expect(clippy::cast_possible_truncation, reason = "the remainder is below the number of queues")]
        let queue = &self.queues[(hasher.finish() % self.queues.len() as u64) as usize];
        let (reply, outcome) = oneshot::channel();
        match queue.send_timeout(Send { message, reply }, self.patience).await {
            Ok(()) => outcome.await.map_err(|_| unavailable("the storage is closing"))?,
            Err(_) => Err(unavailable("too many messages wait to be stored")),
        }
    }
}

struct Writer {
    sends: mpsc::Receiver<Send>,
    pool: PgPool,
    connection: Option<(PoolConnection<Postgres>, Instant)>,
    limit: usize,
    /// How long a statement may take if the database keeps its limits.
    patience: Duration,
    time: MessageTime,
}

impl Writer {
    async fn run(mut self) {
        let mut waiting = Vec::new();
        loop {
            if waiting.is_empty() && self.sends.recv_many(&mut waiting, self.limit).await == 0 {
                return;
            }
            waiting.retain(|send: &Send| !send.reply.is_closed());
            // A retry that meets its own first attempt here waits for the next round, and is answered with it.
            let mut seen = HashSet::new();
            let again = |send: &mut Send| retry_key(&send.message).is_some_and(|key| !seen.insert(key));
            let later: Vec<Send> = waiting.extract_if(.., again).collect();
            if !waiting.is_empty() {
                self.store(std::mem::replace(&mut waiting, later)).await;
            }
        }
    }

    /// Stores these sends and answers each.
    async fn store(&mut self, sends: Vec<Send>) {
        debug_assert!(all_different(sends.iter().map(|send| &send.message)), "two sends of one message");
        let outcomes = match self.connected().await {
            Ok(mut connection) => {
                // The database ends statements by itself; only one that is out of reach does not.
                let stored =
                    tokio::time::timeout(self.patience, store(&mut connection, &sends, self.time)).await;
                let stored =
                    stored.unwrap_or(Stored { outcomes: Vec::new(), lost: Some(Error::PoolTimedOut) });
                match stored.lost {
                    None => self.connection = Some((connection, Instant::now())),
                    Some(_) => connection.close_on_drop(),
                }
                stored
            }
            Err(error) => Stored { outcomes: Vec::new(), lost: Some(error) },
        }
        .for_all(sends.len());
        for (send, outcome) in sends.into_iter().zip(outcomes) {
            // Whoever has gone needs no answer.
            send.reply.send(outcome).ok();
        }
    }

    async fn connected(&mut self) -> Result<PoolConnection<Postgres>, Error> {
        if let Some((mut connection, used)) = self.connection.take() {
            if used.elapsed() < STALE {
                return Ok(connection);
            }
            let pong = tokio::time::timeout(self.patience, connection.ping()).await;
            if matches!(pong, Ok(Ok(()))) {
                return Ok(connection);
            }
            connection.close_on_drop();
        }
        self.pool.acquire().await
    }
}

/// What became of some sends, in their order.
struct Stored {
    /// As far as it is known.
    outcomes: Vec<Outcome>,
    /// Why nobody knows what became of the rest.
    lost: Option<Error>,
}

impl Stored {
    fn for_all(mut self, sends: usize) -> Vec<Outcome> {
        if let Some(error) = self.lost {
            tracing::warn!(%error, sends, "a writer lost its connection");
            let rest = sends.saturating_sub(self.outcomes.len());
            self.outcomes.extend(shared_error(error, rest).into_iter().map(Err));
        }
        self.outcomes
    }
}

/// Stores these sends, together if they are several.
///
/// If the database refuses them together, each is stored by itself, so that one that cannot be stored fails alone.
/// Never if it is not sure that the first attempt was undone: nothing is stored twice.
async fn store(connection: &mut PgConnection, sends: &[Send], time: MessageTime) -> Stored {
    if sends.len() > 1 {
        let messages: Vec<_> = sends.iter().map(|send| &send.message).collect();
        match append_many(connection, &messages, time).await {
            Ok(outcomes) => return Stored { outcomes, lost: None },
            Err(error) if surely_undone(&error) => {
                tracing::debug!(%error, sends = sends.len(), "a merged send is repeated one by one");
            }
            Err(error) => return Stored { outcomes: Vec::new(), lost: Some(error) },
        }
    }
    let mut outcomes = Vec::with_capacity(sends.len());
    for send in sends {
        match append_one(connection, &send.message, time).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(error) if surely_undone(&error) => outcomes.push(Err(storage(error))),
            Err(error) => return Stored { outcomes, lost: Some(error) },
        }
    }
    Stored { outcomes, lost: None }
}
