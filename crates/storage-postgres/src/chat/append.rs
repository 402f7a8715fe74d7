//! The statements that store messages: one for a lone send, one for several at once.
//!
//! Both do the same: look whether the sender is a member and whether they sent this before; keep walks of both members
//! from beginning; lock the chat's row, which serialises its sends; take the next sequence and a time that is not
//! earlier than the last; store the message and its event. Locks are taken in one order everywhere: those of walks
//! by their keys, then rows by chat. A message that is not stored takes no sequence.
//!
//! Two sends under one client message id at once can both find no earlier one: the unique index refuses the second,
//! all of its statement is undone, and it looks again.

use std::collections::HashSet;

use duologue_domain::chat::{AppendMessage, ClientMessageId, Message, MessageText, NewMessage, Sequence};
use duologue_domain::id::{ChatId, Id, MessageId, UserId};
use duologue_domain::{StorageError, Timestamp};
use sqlx::postgres::PgRow;
use sqlx::{Error, PgConnection};

use crate::error::{broken, storage, unavailable, violates};
use crate::options::MessageTime;
use crate::rows::Columns;

/// The index that refuses the second message under one client message id.
const ONE_PER_CLIENT_MESSAGE_ID: &str = "messages_one_per_client_message_id";

/// How often a send looks again after the index refused it. Once is enough, unless the first is undone in between.
const ATTEMPTS: usize = 3;

/// What tells two sends of one message: they must not meet in one statement.
pub(super) fn retry_key(message: &NewMessage) -> Option<(ChatId, UserId, ClientMessageId)> {
    Some((message.chat_id, message.sender_id, message.client_message_id.clone()?))
}

/// Whether no two of these are sends of one message.
pub(super) fn all_different<'a>(messages: impl IntoIterator<Item = &'a NewMessage>) -> bool {
    let mut seen = HashSet::new();
    messages.into_iter().filter_map(retry_key).all(|key| seen.insert(key))
}

fn send_time(message: &NewMessage, time: MessageTime) -> Option<i64> {
    (time == MessageTime::Sender).then(|| message.send_time.unix_micros())
}

/// Stores one message.
pub(super) async fn append_one(
    connection: &mut PgConnection,
    message: &NewMessage,
    time: MessageTime,
) -> Result<Result<AppendMessage, StorageError>, Error> {
    for _ in 0..ATTEMPTS {
        let row = sqlx::query(APPEND_ONE)
            .bind(message.chat_id.uuid())
            .bind(message.sender_id.uuid())
            .bind(message.message_id.uuid())
            .bind(message.event_id.uuid())
            .bind(message.text.as_str())
            .bind(message.client_message_id.as_ref().map(ClientMessageId::as_str))
            .bind(send_time(message, time))
            .fetch_one(&mut *connection)
            .await;
        match row {
            Ok(row) => return Ok(outcome(&row, message)),
            Err(error) if violates(&error, ONE_PER_CLIENT_MESSAGE_ID) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Err(unavailable("the same message is being stored elsewhere")))
}

/// Stores several messages, no two of them sends of one message. All of them are stored, or the error tells why none.
pub(super) async fn append_many(
    connection: &mut PgConnection,
    messages: &[&NewMessage],
    time: MessageTime,
) -> Result<Vec<Result<AppendMessage, StorageError>>, Error> {
    let uuids = |uuid: fn(&NewMessage) -> uuid::Uuid| {
        messages.iter().map(|message| uuid(message)).collect::<Vec<_>>()
    };
    let rows = sqlx::query(APPEND_MANY)
        .bind(uuids(|message| message.chat_id.uuid()))
        .bind(uuids(|message| message.sender_id.uuid()))
        .bind(uuids(|message| message.message_id.uuid()))
        .bind(uuids(|message| message.event_id.uuid()))
        .bind(messages.iter().map(|message| message.text.as_str()).collect::<Vec<_>>())
        .bind(
            messages
                .iter()
                .map(|message| message.client_message_id.as_ref().map(ClientMessageId::as_str))
                .collect::<Vec<_>>(),
        )
        .bind(messages.iter().map(|message| send_time(message, time)).collect::<Vec<_>>())
        .fetch_all(&mut *connection)
        .await?;
    if rows.len() != messages.len() {
        return Err(Error::Protocol("a merged send answered too few or too many rows".into()));
    }
    Ok(rows.iter().zip(messages).map(|(row, message)| outcome(row, message)).collect())
}

/// What became of a message, by the row that answers it.
fn outcome(row: &PgRow, new: &NewMessage) -> Result<AppendMessage, StorageError> {
    if !row.column::<bool>("member")? {
        return Ok(AppendMessage::NotAMember);
    }
    let sequence: Option<i64> = row.column("sequence")?;
    let sequence = Sequence(sequence.ok_or_else(|| broken("a send has no outcome"))?);
    let earlier: Option<&str> = row.column("earlier_text")?;
    let (text, message_id) = match earlier {
        None => (new.text.clone(), new.message_id),
        Some(text) if text == new.text.as_str() => (new.text.clone(), row.id::<MessageId>("message_id")?),
        Some(_) => return Ok(AppendMessage::KeyReused),
    };
    let message = stored(new, text, message_id, sequence, row.time("message_time")?);
    Ok(if earlier.is_none() { AppendMessage::Stored(message) } else { AppendMessage::Replayed(message) })
}

fn stored(
    new: &NewMessage,
    text: MessageText,
    message_id: MessageId,
    sequence: Sequence,
    create_time: Timestamp,
) -> Message {
    Message {
        message_id,
        chat_id: new.chat_id,
        sender_id: new.sender_id,
        text,
        create_time,
        sequence,
        client_message_id: new.client_message_id.clone(),
    }
}

/// What an error of the driver means to everybody whose send was in the statement.
pub(super) fn shared_error(error: Error, sends: usize) -> Vec<StorageError> {
    let text = error.to_string();
    let first = storage(error);
    let passing = matches!(first, StorageError::Unavailable(_));
    let mut errors = vec![first];
    errors.resize_with(sends.max(1), || {
        let text = text.clone().into();
        if passing { StorageError::Unavailable(text) } else { StorageError::Broken(text) }
    });
    errors
}

/// The time is read after the row's lock was granted: the row is joined before it is set, and again after a wait.
pub(crate) const APPEND_ONE: &str = "
    WITH member AS MATERIALIZED (
        SELECT lower_id, higher_id FROM chat.chats WHERE chat_id = $1 AND $2 IN (lower_id, higher_id)
    ), earlier AS MATERIALIZED (
        SELECT message_id, sequence, create_time, text FROM chat.messages
        WHERE chat_id = $1 AND sender_id = $2 AND client_message_id = $6 AND EXISTS (SELECT FROM member)
    ), held AS MATERIALIZED (
        SELECT max(walk.as_of) + 1 AS later FROM member, chat.hold_walks(ARRAY[lower_id, higher_id]) AS walk
    ), moved AS (
        UPDATE chat.chats SET last_sequence = last_sequence + 1,
            last_activity = greatest(last_activity, held.later, coalesce($7, chat.clock_micros())),
            lower_behind = lower_behind + 1, higher_behind = higher_behind + 1
        FROM held
        WHERE chat_id = $1 AND $2 IN (lower_id, higher_id) AND NOT EXISTS (SELECT FROM earlier)
        RETURNING last_sequence, last_activity, lower_id, higher_id, lower_behind, higher_behind,
                  CASE WHEN lower_id = $2 THEN higher_id ELSE lower_id END AS recipient_id
    ), behind AS (
        INSERT INTO chat.behind (user_id, chat_id)
        SELECT lower_id, $1 FROM moved WHERE lower_behind = 1 UNION ALL SELECT higher_id, $1 FROM moved WHERE higher_behind = 1
        ON CONFLICT DO NOTHING
    ), message AS (
        INSERT INTO chat.messages (chat_id, sequence, message_id, sender_id, create_time, text, client_message_id)
        SELECT $1, last_sequence, $3, $2, last_activity, $5, $6 FROM moved
    ), event AS (
        INSERT INTO chat.outbox (event_id, recipient_id, actor_id, chat_id, message_id, occur_time)
        SELECT $4, recipient_id, $2, $1, $3, last_activity FROM moved
    )
    SELECT EXISTS (SELECT FROM member) AS member, coalesce(moved.last_sequence, earlier.sequence) AS sequence,
           coalesce(moved.last_activity, earlier.create_time) AS message_time, earlier.message_id,
           earlier.text AS earlier_text
    FROM (SELECT) AS always LEFT JOIN moved ON true LEFT JOIN earlier ON true";

pub(crate) const APPEND_MANY: &str = "
    WITH send AS MATERIALIZED (
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bigint[])
        WITH ORDINALITY AS send (chat_id, sender_id, message_id, event_id, text, client_message_id, send_time, place)
    ), member AS MATERIALIZED (
        SELECT send.*, lower_id, higher_id FROM send JOIN chat.chats USING (chat_id)
        WHERE sender_id IN (lower_id, higher_id)
    ), earlier AS MATERIALIZED (
        SELECT place, earlier.message_id, sequence, create_time, earlier.text
        FROM member JOIN chat.messages AS earlier USING (chat_id, sender_id, client_message_id)
    ), fresh AS MATERIALIZED (
        SELECT member.*, row_number() OVER in_chat AS nth, max(send_time) OVER in_chat AS latest
        FROM member WHERE place NOT IN (SELECT place FROM earlier)
        WINDOW in_chat AS (PARTITION BY chat_id ORDER BY place)
    ), held AS MATERIALIZED (
        SELECT * FROM chat.hold_walks((SELECT array_agg(lower_id) || array_agg(higher_id) FROM fresh))
    ), growing AS MATERIALIZED (
        SELECT chat_id, count(*) AS messages, max(latest) AS latest,
               (SELECT max(as_of) + 1 FROM held WHERE user_id IN (lower_id, higher_id)) AS later
        FROM fresh GROUP BY chat_id, lower_id, higher_id
    ), locked AS MATERIALIZED (
        SELECT chat_id, last_sequence, last_activity, messages, latest, later, lower_id, higher_id, lower_behind,
               higher_behind
        FROM growing JOIN chat.chats USING (chat_id)
        ORDER BY chat_id FOR NO KEY UPDATE OF chats
    ), timed AS MATERIALIZED (
        SELECT chat_id, last_sequence, messages, latest,
               greatest(last_activity, later, CASE WHEN latest IS NULL THEN chat.clock_micros() END) AS earliest
        FROM locked
    ), moved AS (
        UPDATE chat.chats SET last_sequence = timed.last_sequence + messages, last_activity = greatest(earliest, latest),
            lower_behind = chats.lower_behind + messages, higher_behind = chats.higher_behind + messages
        FROM timed WHERE chats.chat_id = timed.chat_id
    ), behind AS (
        INSERT INTO chat.behind (user_id, chat_id)
        SELECT lower_id, chat_id FROM locked WHERE lower_behind = 0
        UNION ALL SELECT higher_id, chat_id FROM locked WHERE higher_behind = 0
        ON CONFLICT DO NOTHING
    ), placed AS MATERIALIZED (
        SELECT fresh.*, last_sequence + nth AS sequence, greatest(earliest, fresh.latest) AS create_time,
               CASE WHEN lower_id = sender_id THEN higher_id ELSE lower_id END AS recipient_id
        FROM fresh JOIN timed USING (chat_id)
    ), message AS (
        INSERT INTO chat.messages (chat_id, sequence, message_id, sender_id, create_time, text, client_message_id)
        SELECT chat_id, sequence, message_id, sender_id, create_time, text, client_message_id
        FROM placed ORDER BY chat_id, sequence
    ), event AS (
        INSERT INTO chat.outbox (event_id, recipient_id, actor_id, chat_id, message_id, occur_time)
        SELECT event_id, recipient_id, sender_id, chat_id, message_id, create_time FROM placed ORDER BY chat_id, sequence
    )
    SELECT member.place IS NOT NULL AS member, coalesce(placed.sequence, earlier.sequence) AS sequence,
           coalesce(placed.create_time, earlier.create_time) AS message_time, earlier.message_id,
           earlier.text AS earlier_text
    FROM send LEFT JOIN member USING (place) LEFT JOIN placed USING (place) LEFT JOIN earlier USING (place)
    ORDER BY place";
