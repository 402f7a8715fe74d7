//! The list of a person's chats, as it was when the walk through it began.
//!
//! Beginning excludes sends to the walker's chats for a moment, so that each message is either seen or later than
//! the walk. Going on needs no lock: where a chat stood is told by its newest message up to that moment.
//!
//! Where chats stand is written down lazily: an index has them in order, and the few that were written to since (or, of a
//! walk that goes on, have moved since it began) are put in their places as they are read. When more than a hundred have
//! fallen behind, the next walk writes them down.

use duologue_domain::chat::{ActivityKey, ChatList, ListedChat};
use duologue_domain::id::{Id, UserId};
use duologue_domain::{StorageError, Timestamp};
use uuid::Uuid;

use super::chat;
use crate::PostgresStorage;
use crate::error::storage;
use crate::options::MessageTime;
use crate::rows::{Columns, limit};

impl PostgresStorage {
    pub(super) async fn begin_walk(
        &self,
        user_id: UserId,
        now: Timestamp,
        size: usize,
    ) -> Result<ChatList, StorageError> {
        let rows = sqlx::query(BEGIN_WALK)
            .bind(user_id.uuid())
            .bind(now.unix_micros())
            .bind(self.message_time == MessageTime::Database)
            .bind(limit(size))
            .fetch_all(&self.pool)
            .await
            .map_err(storage)?;
        let mut list = ChatList { as_of: now, chats: Vec::with_capacity(rows.len()) };
        for row in &rows {
            list.as_of = row.time("as_of")?;
            if row.column::<Option<Uuid>>("chat_id")?.is_some() {
                let chat = chat(row)?;
                list.chats.push(ListedChat { key: chat.activity(), chat });
            }
        }
        Ok(list)
    }

    pub(super) async fn continue_walk(
        &self,
        user_id: UserId,
        as_of: Timestamp,
        before: ActivityKey,
        size: usize,
    ) -> Result<ChatList, StorageError> {
        let rows = sqlx::query(CONTINUE_WALK)
            .bind(user_id.uuid())
            .bind(as_of.unix_micros())
            .bind(before.time.unix_micros())
            .bind(before.chat_id.uuid())
            .bind(limit(size))
            .fetch_all(&self.pool)
            .await
            .map_err(storage)?;
        let chats = rows.iter().map(|row| {
            let chat = chat(row)?;
            Ok(ListedChat {
                key: ActivityKey { time: row.time("stood")?, chat_id: chat.direct.chat_id },
                chat,
            })
        });
        Ok(ChatList { as_of, chats: chats.collect::<Result<_, StorageError>>()? })
    }
}

const BEGIN_WALK: &str = "
    SELECT as_of, chat_id, lower_id, higher_id, create_time, sequence, message_id, sender_id, text, message_time,
           client_message_id
    FROM chat.begin_walk($1, $2, $3, $4)";

pub(crate) const CONTINUE_WALK: &str = "
    WITH behind AS MATERIALIZED (
        SELECT chat_id FROM chat.behind WHERE user_id = $1
    ), written AS MATERIALIZED (
        SELECT chat_id, time AS stood FROM chat.activities WHERE user_id = $1 AND (time, chat_id) < ($3, $4)
        ORDER BY time DESC, chat_id DESC LIMIT $5 + (SELECT count(*) FROM behind)
    ), moved AS (
        SELECT chat_id FROM behind
        UNION
        SELECT chat_id FROM chat.activities WHERE user_id = $1 AND time > $2
    ), listed AS MATERIALIZED (
        SELECT * FROM (
            SELECT chat_id, stood FROM written WHERE chat_id NOT IN (SELECT chat_id FROM behind)
            UNION ALL
            SELECT chat_id, CASE WHEN last_activity <= $2 THEN last_activity
                                 ELSE chat.activity_as_of(chat_id, create_time, last_sequence, $2) END
            FROM moved JOIN chat.chats USING (chat_id)
        ) AS walked
        WHERE (stood, chat_id) < ($3, $4)
        ORDER BY stood DESC, chat_id DESC LIMIT $5
    )
    SELECT stood, chats.chat_id, lower_id, higher_id, chats.create_time, sequence, message_id, sender_id, text,
           message.create_time AS message_time, client_message_id
    FROM listed
    JOIN chat.chats USING (chat_id)
    LEFT JOIN chat.messages AS message ON message.chat_id = listed.chat_id AND sequence = last_sequence
    ORDER BY stood DESC, listed.chat_id DESC";
