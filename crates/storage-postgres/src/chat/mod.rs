//! Chats and their messages. Sends are in [`append`] and [`writers`].

mod append;
mod list;
mod writers;

use async_trait::async_trait;
use duologue_domain::chat::{
    AppendMessage, Chat, ChatList, ChatStore, ChatWalk, DirectChat, InsertChat, Message, MessageRange,
    NewMessage, Sequence,
};
use duologue_domain::id::{ChatId, Id, UserId};
use duologue_domain::social::Pair;
use duologue_domain::{StorageError, Timestamp};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::PostgresStorage;
use crate::error::{broken, storage};
use crate::rows::{Columns, limit, parsed, uuids};

#[cfg(test)]
pub(crate) use append::{APPEND_MANY, APPEND_ONE};
#[cfg(test)]
pub(crate) use list::CONTINUE_WALK;
pub(crate) use writers::Writers;

fn direct_chat(row: &PgRow) -> Result<DirectChat, StorageError> {
    let members = Pair::of(row.id("lower_id")?, row.id("higher_id")?);
    Ok(DirectChat {
        chat_id: row.id("chat_id")?,
        members: members.map_err(|_| broken("a stored chat is with oneself"))?,
        create_time: row.time("create_time")?,
    })
}

/// The message in a row whose own columns are those of a chat; the chat's are absent before the first message.
fn last_message(row: &PgRow, chat_id: ChatId) -> Result<Option<Message>, StorageError> {
    let Some(sequence) = row.column::<Option<i64>>("sequence")? else { return Ok(None) };
    message(row, chat_id, Sequence(sequence)).map(Some)
}

fn message(row: &PgRow, chat_id: ChatId, sequence: Sequence) -> Result<Message, StorageError> {
    let client_message_id: Option<&str> = row.column("client_message_id")?;
    Ok(Message {
        message_id: row.id("message_id")?,
        chat_id,
        sender_id: row.id("sender_id")?,
        text: parsed(row.column("text")?)?,
        create_time: row.time("message_time")?,
        sequence,
        client_message_id: client_message_id.map(parsed).transpose()?,
    })
}

fn chat(row: &PgRow) -> Result<Chat, StorageError> {
    let direct = direct_chat(row)?;
    Ok(Chat { direct, last_message: last_message(row, direct.chat_id)? })
}

#[async_trait]
impl ChatStore for PostgresStorage {
    async fn insert_chat(&self, chat: DirectChat) -> Result<InsertChat, StorageError> {
        let done = sqlx::query(INSERT_CHAT)
            .bind(chat.chat_id.uuid())
            .bind(chat.members.lower().uuid())
            .bind(chat.members.higher().uuid())
            .bind(chat.create_time.unix_micros())
            .execute(&self.pool)
            .await
            .map_err(storage)?;
        // A row for each member's list.
        if done.rows_affected() == 2 {
            return Ok(InsertChat::Inserted);
        }
        // A chat stays for ever: whichever stood in the way can be read now.
        let row = sqlx::query(FIND_CHAT_OF_PAIR)
            .bind(chat.members.lower().uuid())
            .bind(chat.members.higher().uuid())
            .fetch_optional(&self.pool)
            .await
            .map_err(storage)?;
        let row = row.ok_or_else(|| broken("a chat that exists is not there"))?;
        direct_chat(&row).map(InsertChat::Exists)
    }

    async fn find_direct_chat(&self, chat_id: ChatId) -> Result<Option<DirectChat>, StorageError> {
        let row = sqlx::query(
            "SELECT chat_id, lower_id, higher_id, create_time FROM chat.chats WHERE chat_id = $1",
        )
        .bind(chat_id.uuid())
        .fetch_optional(&self.pool)
        .await
        .map_err(storage)?;
        row.as_ref().map(direct_chat).transpose()
    }

    async fn find_chat(&self, chat_id: ChatId) -> Result<Option<Chat>, StorageError> {
        let row =
            sqlx::query(FIND_CHAT).bind(chat_id.uuid()).fetch_optional(&self.pool).await.map_err(storage)?;
        row.as_ref().map(chat).transpose()
    }

    async fn append_message(&self, message: NewMessage) -> Result<AppendMessage, StorageError> {
        self.writers.append(message).await
    }

    async fn list_messages(
        &self,
        chat_id: ChatId,
        range: MessageRange,
        size: usize,
    ) -> Result<Vec<Message>, StorageError> {
        let (list, edge) = match range {
            MessageRange::NewestFirst { before } => (LIST_NEWEST_FIRST, before.unwrap_or(Sequence(i64::MAX))),
            MessageRange::OldestFirst { after } => (LIST_OLDEST_FIRST, after),
        };
        let rows = sqlx::query(list)
            .bind(chat_id.uuid())
            .bind(edge.0)
            .bind(limit(size))
            .fetch_all(&self.pool)
            .await
            .map_err(storage)?;
        rows.iter().map(|row| message(row, chat_id, Sequence(row.column("sequence")?))).collect()
    }

    async fn find_first_sequence_since(
        &self,
        chat_id: ChatId,
        since: Timestamp,
    ) -> Result<Option<Sequence>, StorageError> {
        let first: Option<i64> = sqlx::query_scalar(FIRST_SEQUENCE_SINCE)
            .bind(chat_id.uuid())
            .bind(since.unix_micros())
            .fetch_optional(&self.pool)
            .await
            .map_err(storage)?;
        Ok(first.map(Sequence))
    }

    async fn list_newest_sequences(
        &self,
        chat_ids: &[ChatId],
    ) -> Result<Vec<(ChatId, Sequence)>, StorageError> {
        let rows: Vec<(Uuid, i64)> =
            sqlx::query_as("SELECT chat_id, last_sequence FROM chat.chats WHERE chat_id = ANY ($1)")
                .bind(uuids(chat_ids))
                .fetch_all(&self.pool)
                .await
                .map_err(storage)?;
        Ok(rows.into_iter().map(|(id, newest)| (ChatId::from_uuid(id), Sequence(newest))).collect())
    }

    async fn list_chats(
        &self,
        user_id: UserId,
        walk: ChatWalk,
        size: usize,
    ) -> Result<ChatList, StorageError> {
        match walk {
            ChatWalk::Begin { now } => self.begin_walk(user_id, now, size).await,
            ChatWalk::Continue { as_of, before } => self.continue_walk(user_id, as_of, before, size).await,
        }
    }
}

const INSERT_CHAT: &str = "
    WITH made AS (
        INSERT INTO chat.chats (chat_id, lower_id, higher_id, create_time, last_sequence, last_activity)
        VALUES ($1, $2, $3, $4, 0, $4) ON CONFLICT ON CONSTRAINT chats_one_per_pair DO NOTHING
        RETURNING chat_id, lower_id, higher_id, last_activity
    )
    INSERT INTO chat.activities (user_id, chat_id, time)
    SELECT lower_id, chat_id, last_activity FROM made UNION ALL SELECT higher_id, chat_id, last_activity FROM made";

const FIND_CHAT_OF_PAIR: &str = "
    SELECT chat_id, lower_id, higher_id, create_time FROM chat.chats WHERE lower_id = $1 AND higher_id = $2";

const FIND_CHAT: &str = "
    SELECT chat.chat_id, lower_id, higher_id, chat.create_time, message.sequence, message_id, sender_id, text,
           message.create_time AS message_time, client_message_id
    FROM chat.chats AS chat
    LEFT JOIN chat.messages AS message ON message.chat_id = chat.chat_id AND message.sequence = chat.last_sequence
    WHERE chat.chat_id = $1";

pub(crate) const LIST_NEWEST_FIRST: &str = "
    SELECT message_id, sender_id, text, create_time AS message_time, sequence, client_message_id
    FROM chat.messages WHERE chat_id = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3";

pub(crate) const LIST_OLDEST_FIRST: &str = "
    SELECT message_id, sender_id, text, create_time AS message_time, sequence, client_message_id
    FROM chat.messages WHERE chat_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";

/// `OFFSET 0` keeps the search from being done twice.
pub(crate) const FIRST_SEQUENCE_SINCE: &str = "
    SELECT first FROM (
        SELECT last_sequence, chat.first_sequence_since(chat_id, last_sequence, $2) AS first
        FROM chat.chats WHERE chat_id = $1 OFFSET 0
    ) AS found WHERE first <= last_sequence";
