//! The adapter's statements by the bare driver.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::id::{ChatId, Id as _};
use sqlx::postgres::{PgPoolOptions, PgRow};
use sqlx::{FromRow, PgPool, Row as _};
use uuid::Uuid;

use super::statements;
use crate::answer::Answer;
use crate::load::{Lane, Sends};
use crate::seed::TEXT;

/// A message as the driver gives it: a plain struct, nothing parsed.
#[derive(Debug)]
pub struct PlainMessage {
    /// Its id.
    pub message_id: Uuid,
    /// Its sender.
    pub sender_id: Uuid,
    /// Its text.
    pub text: String,
    /// Its time.
    pub message_time: i64,
    /// Its place.
    pub sequence: i64,
    /// The sender's name for it.
    pub client_message_id: Option<String>,
}

impl FromRow<'_, PgRow> for PlainMessage {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            message_id: row.try_get("message_id")?,
            sender_id: row.try_get("sender_id")?,
            text: row.try_get("text")?,
            message_time: row.try_get("message_time")?,
            sequence: row.try_get("sequence")?,
            client_message_id: row.try_get("client_message_id")?,
        })
    }
}

impl Answer for Vec<PlainMessage> {
    fn keys(&self) -> Vec<String> {
        self.iter().map(|message| message.sequence.to_string()).collect()
    }
}

/// A page by the adapter's statement.
///
/// # Panics
/// If the database refuses.
pub async fn page(pool: &PgPool, chat_id: ChatId, before: i64, limit: i64) -> Vec<PlainMessage> {
    let list = sqlx::query_as(statements::list_newest_first()).bind(chat_id.uuid()).bind(before).bind(limit);
    list.fetch_all(pool).await.expect("a page")
}

/// The same page by OFFSET: how deep it is decides what it costs.
///
/// # Panics
/// If the database refuses.
pub async fn page_by_offset(pool: &PgPool, chat_id: ChatId, offset: i64, limit: i64) -> Vec<PlainMessage> {
    let list = sqlx::query_as(
        "SELECT message_id, sender_id, text, create_time AS message_time, sequence, client_message_id
         FROM chat.messages WHERE chat_id = $1 ORDER BY sequence DESC OFFSET $2 LIMIT $3",
    );
    list.bind(chat_id.uuid()).bind(offset).bind(limit).fetch_all(pool).await.expect("a page")
}

/// Sends by the adapter's statement for one message, each on its own: as many connections as lanes.
pub struct SqlxSends {
    pool: PgPool,
    lanes: Arc<[Lane]>,
}

impl SqlxSends {
    /// Connects.
    ///
    /// # Panics
    /// If the database takes no connections.
    pub async fn connect(url: &str, lanes: &Arc<[Lane]>) -> Self {
        let connections = u32::try_from(lanes.len()).expect("some lanes");
        let options = PgPoolOptions::new().max_connections(connections).test_before_acquire(false);
        let pool = options.connect(url).await.expect("the database takes connections");
        Self { pool, lanes: lanes.clone() }
    }
}

#[async_trait]
impl Sends for SqlxSends {
    async fn send(&self, lane: usize, chat_id: ChatId, client_message_id: Option<&str>) -> i64 {
        let append = sqlx::query(statements::append_one())
            .bind(chat_id.uuid())
            .bind(self.lanes[lane].sender.uuid())
            .bind(Uuid::new_v4())
            .bind(Uuid::new_v4())
            .bind(TEXT)
            .bind(client_message_id)
            .bind(None::<i64>);
        append.fetch_one(&self.pool).await.expect("a message").get("sequence")
    }
}
