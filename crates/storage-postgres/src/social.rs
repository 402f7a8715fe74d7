//! Friend requests and friendships.
//!
//! A request *binds* its two people while it is pending, and while the friendship that it made stands. A unique index
//! allows one that binds per pair: so no race, in whichever order, leaves two of them.

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::event::Event;
use duologue_domain::id::{Id, RequestId, UserId};
use duologue_domain::social::{
    CommitAnswer, Direction, FriendRequest, FriendshipKey, InsertRequest, Pair, RemoveFriendship, RequestKey,
    SettledRequest, SocialStore, Status,
};
use sqlx::postgres::PgRow;

use crate::PostgresStorage;
use crate::error::{broken, storage};
use crate::outbox::SocialEvent;
use crate::rows::{Columns, below, limit};

fn status(status: Status) -> i16 {
    match status {
        Status::Pending => 1,
        Status::Accepted => 2,
        Status::Declined => 3,
        Status::Canceled => 4,
    }
}

fn request(row: &PgRow) -> Result<FriendRequest, StorageError> {
    Ok(FriendRequest {
        request_id: row.id("request_id")?,
        from: row.id("from_id")?,
        to: row.id("to_id")?,
        status: match row.column::<i16>("status")? {
            1 => Status::Pending,
            2 => Status::Accepted,
            3 => Status::Declined,
            4 => Status::Canceled,
            _ => return Err(broken("a stored friend request has no known status")),
        },
        create_time: row.time("create_time")?,
        update_time: row.time("update_time")?,
    })
}

impl PostgresStorage {
    /// The request that binds two people, if there is one.
    async fn find_binding(&self, request_: &FriendRequest) -> Result<Option<FriendRequest>, StorageError> {
        let row = sqlx::query(FIND_BINDING)
            .bind(request_.from.uuid())
            .bind(request_.to.uuid())
            .fetch_optional(&self.pool)
            .await
            .map_err(storage)?;
        row.as_ref().map(request).transpose()
    }
}

#[async_trait]
impl SocialStore for PostgresStorage {
    async fn insert_request(
        &self,
        request: FriendRequest,
        event: Event,
    ) -> Result<InsertRequest, StorageError> {
        let event = SocialEvent::of(&event)?;
        loop {
            let done = sqlx::query(INSERT_REQUEST)
                .bind(request.request_id.uuid())
                .bind(request.from.uuid())
                .bind(request.to.uuid())
                .bind(request.create_time.unix_micros())
                .bind(request.update_time.unix_micros())
                .bind(status(request.status))
                .bind(event.event_id)
                .bind(event.recipient_id)
                .bind(event.actor_id)
                .bind(event.request_id)
                .bind(event.occur_time)
                .bind(event.kind)
                .execute(&self.pool)
                .await
                .map_err(storage)?;
            if done.rows_affected() == 1 {
                return Ok(InsertRequest::Inserted);
            }
            match self.find_binding(&request).await? {
                Some(pending) if pending.status == Status::Pending => {
                    return Ok(InsertRequest::Pending(pending));
                }
                Some(_) => return Ok(InsertRequest::AlreadyFriends),
                // It ended between the two statements: try again.
                None => {}
            }
        }
    }

    async fn find_request(&self, request_id: RequestId) -> Result<Option<FriendRequest>, StorageError> {
        let row = sqlx::query(FIND_REQUEST)
            .bind(request_id.uuid())
            .fetch_optional(&self.pool)
            .await
            .map_err(storage)?;
        row.as_ref().map(request).transpose()
    }

    async fn commit_answer(&self, settled: SettledRequest) -> Result<CommitAnswer, StorageError> {
        let event = settled.event.as_ref().map(SocialEvent::of).transpose()?;
        let friendship = settled.new_friendship;
        let committed: bool = sqlx::query_scalar(COMMIT_ANSWER)
            .bind(settled.request.request_id.uuid())
            .bind(status(settled.request.status))
            .bind(settled.request.update_time.unix_micros())
            .bind(friendship.map(|friendship| friendship.pair.lower().uuid()))
            .bind(friendship.map(|friendship| friendship.pair.higher().uuid()))
            .bind(friendship.map(|friendship| friendship.create_time.unix_micros()))
            .bind(event.map(|event| event.event_id))
            .bind(event.map(|event| event.recipient_id))
            .bind(event.map(|event| event.actor_id))
            .bind(event.map(|event| event.request_id))
            .bind(event.map(|event| event.occur_time))
            .bind(event.map(|event| event.kind))
            .fetch_one(&self.pool)
            .await
            .map_err(storage)?;
        Ok(if committed { CommitAnswer::Committed } else { CommitAnswer::Stale })
    }

    async fn remove_friendship(&self, pair: Pair) -> Result<RemoveFriendship, StorageError> {
        let removed: bool = sqlx::query_scalar(REMOVE_FRIENDSHIP)
            .bind(pair.lower().uuid())
            .bind(pair.higher().uuid())
            .fetch_one(&self.pool)
            .await
            .map_err(storage)?;
        Ok(if removed { RemoveFriendship::Removed } else { RemoveFriendship::NotFriends })
    }

    async fn are_friends(&self, pair: Pair) -> Result<bool, StorageError> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM social.friendships WHERE user_id = $1 AND friend_id = $2)",
        )
        .bind(pair.lower().uuid())
        .bind(pair.higher().uuid())
        .fetch_one(&self.pool)
        .await
        .map_err(storage)
    }

    async fn list_requests(
        &self,
        user_id: UserId,
        direction: Direction,
        before: Option<RequestKey>,
        size: usize,
    ) -> Result<Vec<FriendRequest>, StorageError> {
        let (time, id) = below(before, |key| (key.create_time, key.request_id.uuid()));
        let list = match direction {
            Direction::Incoming => LIST_INCOMING,
            Direction::Outgoing => LIST_OUTGOING,
        };
        let rows = sqlx::query(list)
            .bind(user_id.uuid())
            .bind(time)
            .bind(id)
            .bind(limit(size))
            .fetch_all(&self.pool)
            .await
            .map_err(storage)?;
        rows.iter().map(request).collect()
    }

    async fn list_friends(
        &self,
        user_id: UserId,
        before: Option<FriendshipKey>,
        size: usize,
    ) -> Result<Vec<FriendshipKey>, StorageError> {
        let (time, id) = below(before, |key| (key.create_time, key.friend_id.uuid()));
        let rows = sqlx::query(LIST_FRIENDS)
            .bind(user_id.uuid())
            .bind(time)
            .bind(id)
            .bind(limit(size))
            .fetch_all(&self.pool)
            .await
            .map_err(storage)?;
        rows.iter()
            .map(|row| {
                Ok(FriendshipKey { create_time: row.time("create_time")?, friend_id: row.id("friend_id")? })
            })
            .collect()
    }
}

const FIND_REQUEST: &str = "
    SELECT request_id, from_id, to_id, status, create_time, update_time
    FROM social.friend_requests WHERE request_id = $1";

const FIND_BINDING: &str = "
    SELECT request_id, from_id, to_id, status, create_time, update_time FROM social.friend_requests
    WHERE least(from_id, to_id) = least($1, $2) AND greatest(from_id, to_id) = greatest($1, $2) AND binding";

const INSERT_REQUEST: &str = "
    WITH request AS (
        INSERT INTO social.friend_requests (request_id, from_id, to_id, create_time, update_time, status, binding)
        VALUES ($1, $2, $3, $4, $5, $6, true)
        ON CONFLICT (least(from_id, to_id), greatest(from_id, to_id)) WHERE binding DO NOTHING
        RETURNING request_id
    )
    INSERT INTO social.outbox (event_id, recipient_id, actor_id, request_id, occur_time, kind)
    SELECT $7, $8, $9, $10, $11, $12 FROM request";

const COMMIT_ANSWER: &str = "
    WITH settled AS (
        UPDATE social.friend_requests SET status = $2, update_time = $3, binding = $4::uuid IS NOT NULL
        WHERE request_id = $1 AND status = 1
        RETURNING request_id
    ), befriended AS (
        INSERT INTO social.friendships (user_id, friend_id, create_time)
        SELECT side.user_id, side.friend_id, $6
        FROM settled, (VALUES ($4::uuid, $5::uuid), ($5, $4)) AS side (user_id, friend_id)
        WHERE side.user_id IS NOT NULL
    ), told AS (
        INSERT INTO social.outbox (event_id, recipient_id, actor_id, request_id, occur_time, kind)
        SELECT $7, $8, $9, $10, $11, $12 FROM settled WHERE $7::uuid IS NOT NULL
    )
    SELECT EXISTS (SELECT FROM settled)";

const REMOVE_FRIENDSHIP: &str = "
    WITH freed AS (
        UPDATE social.friend_requests SET binding = false
        WHERE least(from_id, to_id) = $1 AND greatest(from_id, to_id) = $2 AND binding AND status = 2
        RETURNING request_id
    ), parted AS (
        DELETE FROM social.friendships
        WHERE ((user_id = $1 AND friend_id = $2) OR (user_id = $2 AND friend_id = $1))
          AND EXISTS (SELECT FROM freed)
    )
    SELECT EXISTS (SELECT FROM freed)";

pub(crate) const LIST_INCOMING: &str = "
    SELECT request_id, from_id, to_id, status, create_time, update_time FROM social.friend_requests
    WHERE to_id = $1 AND status = 1 AND (create_time, request_id) < ($2, $3)
    ORDER BY create_time DESC, request_id DESC LIMIT $4";

pub(crate) const LIST_OUTGOING: &str = "
    SELECT request_id, from_id, to_id, status, create_time, update_time FROM social.friend_requests
    WHERE from_id = $1 AND status = 1 AND (create_time, request_id) < ($2, $3)
    ORDER BY create_time DESC, request_id DESC LIMIT $4";

pub(crate) const LIST_FRIENDS: &str = "
    SELECT create_time, friend_id FROM social.friendships
    WHERE user_id = $1 AND (create_time, friend_id) < ($2, $3)
    ORDER BY create_time DESC, friend_id DESC LIMIT $4";
