//! Notifications: what the events of the other contexts become.

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::event::{Event, Subject};
use duologue_domain::id::{Id, NotificationId, UserId};
use duologue_domain::notification::{
    Inbox, InsertNotification, Notification, NotificationRange, NotificationStore, Position, ReadFilter,
};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::PostgresStorage;
use crate::error::{broken, storage, violates};
use crate::outbox::event;
use crate::rows::{Columns, limit, uuids};

fn notification(row: &PgRow) -> Result<Notification, StorageError> {
    let subject = match row.column::<i16>("kind")? {
        1 => Subject::FriendRequestReceived(row.id("request_id")?),
        2 => Subject::FriendRequestAccepted(row.id("request_id")?),
        3 => Subject::MessageReceived(row.id("chat_id")?, row.id("message_id")?),
        _ => return Err(broken("a stored notification has no known kind")),
    };
    Ok(Notification {
        event: event(row, "user_id", subject)?,
        position: Position(row.column("position")?),
        read: row.column("read")?,
    })
}

#[async_trait]
impl NotificationStore for PostgresStorage {
    async fn insert_notification(&self, event: Event) -> Result<InsertNotification, StorageError> {
        let (kind, request_id, chat_id, message_id) = match event.subject {
            Subject::FriendRequestReceived(request_id) => (1_i16, Some(request_id), None, None),
            Subject::FriendRequestAccepted(request_id) => (2, Some(request_id), None, None),
            Subject::MessageReceived(chat_id, message_id) => (3, None, Some(chat_id), Some(message_id)),
        };
        let inserted: Result<Option<i64>, _> = sqlx::query_scalar(INSERT_NOTIFICATION)
            .bind(event.recipient_id.uuid())
            .bind(event.event_id.uuid())
            .bind(event.actor_id.uuid())
            .bind(kind)
            .bind(request_id.map(Id::uuid))
            .bind(chat_id.map(Id::uuid))
            .bind(message_id.map(Id::uuid))
            .bind(event.occur_time.unix_micros())
            .fetch_optional(&self.pool)
            .await;
        match inserted {
            Ok(Some(position)) => Ok(InsertNotification::Inserted(Position(position))),
            Ok(None) => Ok(InsertNotification::Duplicate),
            // Somebody applied it meanwhile; the position was given back with the rest of the statement.
            Err(error) if violates(&error, "notifications_one_per_event") => {
                Ok(InsertNotification::Duplicate)
            }
            Err(error) => Err(storage(error)),
        }
    }

    async fn find_position(
        &self,
        user_id: UserId,
        notification_id: NotificationId,
    ) -> Result<Option<Position>, StorageError> {
        let position: Option<i64> = sqlx::query_scalar(
            "SELECT position FROM notification.notifications WHERE user_id = $1 AND event_id = $2",
        )
        .bind(user_id.uuid())
        .bind(notification_id.uuid())
        .fetch_optional(&self.pool)
        .await
        .map_err(storage)?;
        Ok(position.map(Position))
    }

    async fn find_inbox(&self, user_id: UserId) -> Result<Inbox, StorageError> {
        let inbox: Option<(i64, i64)> =
            sqlx::query_as("SELECT newest, read FROM notification.inboxes WHERE user_id = $1")
                .bind(user_id.uuid())
                .fetch_optional(&self.pool)
                .await
                .map_err(storage)?;
        Ok(inbox.map_or_else(Inbox::default, inbox_of))
    }

    async fn list_notifications(
        &self,
        user_id: UserId,
        range: NotificationRange,
        filter: ReadFilter,
        size: usize,
    ) -> Result<Vec<Notification>, StorageError> {
        let (list, edge) = match range {
            NotificationRange::NewestFirst { before } => {
                (LIST_NEWEST_FIRST, before.unwrap_or(Position(i64::MAX)))
            }
            NotificationRange::OldestFirst { after } => (LIST_OLDEST_FIRST, after),
        };
        let rows = sqlx::query(list)
            .bind(user_id.uuid())
            .bind(edge.0)
            .bind(filter == ReadFilter::UnreadOnly)
            .bind(limit(size))
            .fetch_all(&self.pool)
            .await
            .map_err(storage)?;
        rows.iter().map(notification).collect()
    }

    async fn mark_read(&self, user_id: UserId, up_to: Position) -> Result<Inbox, StorageError> {
        let inbox: Option<(i64, i64)> = sqlx::query_as(
            "UPDATE notification.inboxes SET read = greatest(read, least($2, newest)) WHERE user_id = $1
             RETURNING newest, read",
        )
        .bind(user_id.uuid())
        .bind(up_to.0)
        .fetch_optional(&self.pool)
        .await
        .map_err(storage)?;
        Ok(inbox.map_or_else(Inbox::default, inbox_of))
    }

    async fn list_newest_positions(
        &self,
        user_ids: &[UserId],
    ) -> Result<Vec<(UserId, Position)>, StorageError> {
        let rows: Vec<(Uuid, i64)> =
            sqlx::query_as("SELECT user_id, newest FROM notification.inboxes WHERE user_id = ANY ($1)")
                .bind(uuids(user_ids))
                .fetch_all(&self.pool)
                .await
                .map_err(storage)?;
        Ok(rows.into_iter().map(|(id, newest)| (UserId::from_uuid(id), Position(newest))).collect())
    }
}

fn inbox_of((newest, read): (i64, i64)) -> Inbox {
    Inbox { newest: Position(newest), read: Position(read) }
}

const INSERT_NOTIFICATION: &str = "
    WITH inbox AS (
        INSERT INTO notification.inboxes AS inbox (user_id, newest, read) VALUES ($1, 1, 0)
        ON CONFLICT (user_id) DO UPDATE SET newest = inbox.newest + 1
        WHERE NOT EXISTS (SELECT FROM notification.notifications WHERE user_id = $1 AND event_id = $2)
        RETURNING newest
    )
    INSERT INTO notification.notifications
        (user_id, position, event_id, actor_id, kind, request_id, chat_id, message_id, occur_time)
    SELECT $1, newest, $2, $3, $4, $5, $6, $7, $8 FROM inbox
    RETURNING position";

pub(crate) const LIST_NEWEST_FIRST: &str = "
    WITH seen AS MATERIALIZED (SELECT coalesce(max(read), 0) AS read FROM notification.inboxes WHERE user_id = $1)
    SELECT user_id, position, event_id, actor_id, kind, request_id, chat_id, message_id, occur_time,
           position <= (SELECT read FROM seen) AS read
    FROM notification.notifications
    WHERE user_id = $1 AND position < $2 AND position > CASE WHEN $3 THEN (SELECT read FROM seen) ELSE 0 END
    ORDER BY position DESC LIMIT $4";

pub(crate) const LIST_OLDEST_FIRST: &str = "
    WITH seen AS MATERIALIZED (SELECT coalesce(max(read), 0) AS read FROM notification.inboxes WHERE user_id = $1)
    SELECT user_id, position, event_id, actor_id, kind, request_id, chat_id, message_id, occur_time,
           position <= (SELECT read FROM seen) AS read
    FROM notification.notifications
    WHERE user_id = $1 AND position > $2 AND position > CASE WHEN $3 THEN (SELECT read FROM seen) ELSE 0 END
    ORDER BY position LIMIT $4";
