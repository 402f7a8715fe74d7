//! Events that wait for delivery: one outbox for each context that writes them, in its own schema.
//!
//! A claim locks what it takes and skips what another claim holds, so that any number of dispatchers share the work.

use async_trait::async_trait;
use duologue_domain::event::{ClaimedEvent, Event, EventOutbox, OutboxCounts, Subject};
use duologue_domain::id::{EventId, Id};
use duologue_domain::{StorageError, Timestamp};
use sqlx::PgPool;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::error::{broken, storage};
use crate::rows::{Columns, limit, uuids};

/// An event of friendship, as columns.
#[derive(Clone, Copy)]
pub(crate) struct SocialEvent {
    pub(crate) event_id: Uuid,
    pub(crate) recipient_id: Uuid,
    pub(crate) actor_id: Uuid,
    pub(crate) request_id: Uuid,
    pub(crate) occur_time: i64,
    pub(crate) kind: i16,
}

impl SocialEvent {
    pub(crate) fn of(event: &Event) -> Result<Self, StorageError> {
        let (request_id, kind) = match event.subject {
            Subject::FriendRequestReceived(request_id) => (request_id, 1),
            Subject::FriendRequestAccepted(request_id) => (request_id, 2),
            Subject::MessageReceived(..) => {
                return Err(broken("an event of a chat has no place in this outbox"));
            }
        };
        Ok(Self {
            event_id: event.event_id.uuid(),
            recipient_id: event.recipient_id.uuid(),
            actor_id: event.actor_id.uuid(),
            request_id: request_id.uuid(),
            occur_time: event.occur_time.unix_micros(),
            kind,
        })
    }
}

/// The event of a row that has such columns, about `subject`.
pub(crate) fn event(row: &PgRow, recipient: &str, subject: Subject) -> Result<Event, StorageError> {
    Ok(Event {
        event_id: row.id("event_id")?,
        recipient_id: row.id(recipient)?,
        actor_id: row.id("actor_id")?,
        subject,
        occur_time: row.time("occur_time")?,
    })
}

/// The outbox of friendship.
#[derive(Debug)]
pub(crate) struct SocialOutbox(pub(crate) PgPool);

/// The outbox of chats.
#[derive(Debug)]
pub(crate) struct ChatOutbox(pub(crate) PgPool);

async fn claim(
    pool: &PgPool,
    statement: &'static str,
    size: usize,
    now: Timestamp,
    lease_end: Timestamp,
) -> Result<Vec<PgRow>, StorageError> {
    sqlx::query(statement)
        .bind(limit(size))
        .bind(now.unix_micros())
        .bind(lease_end.unix_micros())
        .fetch_all(pool)
        .await
        .map_err(storage)
}

async fn acknowledge(
    pool: &PgPool,
    statement: &'static str,
    event_ids: &[EventId],
) -> Result<(), StorageError> {
    sqlx::query(statement).bind(uuids(event_ids)).execute(pool).await.map_err(storage)?;
    Ok(())
}

async fn defer(
    pool: &PgPool,
    statement: &'static str,
    event_id: EventId,
    until: Timestamp,
) -> Result<(), StorageError> {
    let query = sqlx::query(statement).bind(event_id.uuid()).bind(until.unix_micros());
    query.execute(pool).await.map_err(storage)?;
    Ok(())
}

async fn park(pool: &PgPool, statement: &'static str, event_id: EventId) -> Result<(), StorageError> {
    sqlx::query(statement).bind(event_id.uuid()).execute(pool).await.map_err(storage)?;
    Ok(())
}

async fn count(pool: &PgPool, statement: &'static str) -> Result<OutboxCounts, StorageError> {
    let row = sqlx::query(statement).fetch_one(pool).await.map_err(storage)?;
    let number = |name| row.column::<i64>(name).map(i64::unsigned_abs);
    Ok(OutboxCounts { waiting: number("waiting")?, parked: number("parked")? })
}

/// The event of a row that a claim answered, about `subject`.
fn claimed(row: &PgRow, subject: Subject) -> Result<ClaimedEvent, StorageError> {
    let deferrals = row.column::<i32>("deferrals")?.unsigned_abs();
    Ok(ClaimedEvent { event: event(row, "recipient_id", subject)?, deferrals })
}

#[async_trait]
impl EventOutbox for SocialOutbox {
    async fn claim_events(
        &self,
        size: usize,
        now: Timestamp,
        lease_end: Timestamp,
    ) -> Result<Vec<ClaimedEvent>, StorageError> {
        let rows = claim(&self.0, CLAIM_SOCIAL, size, now, lease_end).await?;
        rows.iter()
            .map(|row| {
                let request_id = row.id("request_id")?;
                let subject = match row.column::<i16>("kind")? {
                    1 => Subject::FriendRequestReceived(request_id),
                    2 => Subject::FriendRequestAccepted(request_id),
                    _ => return Err(broken("a stored event has no known kind")),
                };
                claimed(row, subject)
            })
            .collect()
    }

    async fn acknowledge_events(&self, event_ids: &[EventId]) -> Result<(), StorageError> {
        acknowledge(&self.0, ACKNOWLEDGE_SOCIAL, event_ids).await
    }

    async fn defer_event(&self, event_id: EventId, until: Timestamp) -> Result<(), StorageError> {
        defer(&self.0, DEFER_SOCIAL, event_id, until).await
    }

    async fn park_event(&self, event_id: EventId) -> Result<(), StorageError> {
        park(&self.0, PARK_SOCIAL, event_id).await
    }

    async fn count_events(&self) -> Result<OutboxCounts, StorageError> {
        count(&self.0, COUNT_SOCIAL).await
    }
}

#[async_trait]
impl EventOutbox for ChatOutbox {
    async fn claim_events(
        &self,
        size: usize,
        now: Timestamp,
        lease_end: Timestamp,
    ) -> Result<Vec<ClaimedEvent>, StorageError> {
        let rows = claim(&self.0, CLAIM_CHAT, size, now, lease_end).await?;
        rows.iter()
            .map(|row| claimed(row, Subject::MessageReceived(row.id("chat_id")?, row.id("message_id")?)))
            .collect()
    }

    async fn acknowledge_events(&self, event_ids: &[EventId]) -> Result<(), StorageError> {
        acknowledge(&self.0, ACKNOWLEDGE_CHAT, event_ids).await
    }

    async fn defer_event(&self, event_id: EventId, until: Timestamp) -> Result<(), StorageError> {
        defer(&self.0, DEFER_CHAT, event_id, until).await
    }

    async fn park_event(&self, event_id: EventId) -> Result<(), StorageError> {
        park(&self.0, PARK_CHAT, event_id).await
    }

    async fn count_events(&self) -> Result<OutboxCounts, StorageError> {
        count(&self.0, COUNT_CHAT).await
    }
}

/// An array, and no join: whatever the number of events, they are found by the primary key.
pub(crate) const CLAIM_SOCIAL: &str = "
    WITH waiting AS MATERIALIZED (
        SELECT event_id FROM social.outbox WHERE NOT parked AND (lease_end IS NULL OR lease_end <= $2)
        ORDER BY occur_time, event_id LIMIT $1 FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE social.outbox SET lease_end = $3 WHERE event_id = ANY (ARRAY (SELECT event_id FROM waiting))
        RETURNING event_id, recipient_id, actor_id, request_id, occur_time, deferrals, kind
    )
    SELECT event_id, recipient_id, actor_id, request_id, occur_time, deferrals, kind FROM claimed
    ORDER BY occur_time, event_id";

/// As above.
pub(crate) const CLAIM_CHAT: &str = "
    WITH waiting AS MATERIALIZED (
        SELECT event_id FROM chat.outbox WHERE NOT parked AND (lease_end IS NULL OR lease_end <= $2)
        ORDER BY occur_time, event_id LIMIT $1 FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE chat.outbox SET lease_end = $3 WHERE event_id = ANY (ARRAY (SELECT event_id FROM waiting))
        RETURNING event_id, recipient_id, actor_id, chat_id, message_id, occur_time, deferrals
    )
    SELECT event_id, recipient_id, actor_id, chat_id, message_id, occur_time, deferrals FROM claimed
    ORDER BY occur_time, event_id";

/// Locked in one order first, so that two who deliver the same events never wait for each other in a ring.
const ACKNOWLEDGE_SOCIAL: &str = "
    WITH delivered AS MATERIALIZED (
        SELECT event_id FROM social.outbox WHERE event_id = ANY ($1) ORDER BY event_id FOR UPDATE
    )
    DELETE FROM social.outbox WHERE event_id = ANY (ARRAY (SELECT event_id FROM delivered))";

/// As above.
const ACKNOWLEDGE_CHAT: &str = "
    WITH delivered AS MATERIALIZED (
        SELECT event_id FROM chat.outbox WHERE event_id = ANY ($1) ORDER BY event_id FOR UPDATE
    )
    DELETE FROM chat.outbox WHERE event_id = ANY (ARRAY (SELECT event_id FROM delivered))";

/// A deferral is a lease of nobody's.
const DEFER_SOCIAL: &str = "
    UPDATE social.outbox SET lease_end = $2, deferrals = deferrals + 1 WHERE event_id = $1 AND NOT parked";

/// As above.
const DEFER_CHAT: &str = "
    UPDATE chat.outbox SET lease_end = $2, deferrals = deferrals + 1 WHERE event_id = $1 AND NOT parked";

const PARK_SOCIAL: &str = "UPDATE social.outbox SET parked = true WHERE event_id = $1 AND NOT parked";

const PARK_CHAT: &str = "UPDATE chat.outbox SET parked = true WHERE event_id = $1 AND NOT parked";

const COUNT_SOCIAL: &str = "
    SELECT count(*) FILTER (WHERE NOT parked) AS waiting, count(*) FILTER (WHERE parked) AS parked FROM social.outbox";

const COUNT_CHAT: &str = "
    SELECT count(*) FILTER (WHERE NOT parked) AS waiting, count(*) FILTER (WHERE parked) AS parked FROM chat.outbox";
