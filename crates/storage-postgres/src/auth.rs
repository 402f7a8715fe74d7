//! Accounts and sessions.

use async_trait::async_trait;
use duologue_domain::auth::{
    Account, AccountStore, EmailKey, EndSession, Generation, InsertAccount, PasswordHash,
    ReplacePasswordHash, Rotate, Salt, Session, SessionKey, SessionStore,
};
use duologue_domain::id::{Id, SessionId, UserId};
use duologue_domain::{StorageError, Timestamp};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::PostgresStorage;
use crate::error::{broken, storage, violates};
use crate::rows::{Columns, below, limit, parsed};

fn account(row: &PgRow) -> Result<Account, StorageError> {
    Ok(Account {
        user_id: row.id("user_id")?,
        email: parsed(row.column("email")?)?,
        password_hash: PasswordHash::from_phc(row.column("password_hash")?),
        create_time: row.time("create_time")?,
    })
}

fn session(row: &PgRow) -> Result<Session, StorageError> {
    let salt: &[u8] = row.column("salt")?;
    let generation: i64 = row.column("generation")?;
    Ok(Session {
        session_id: row.id("session_id")?,
        user_id: row.id("user_id")?,
        salt: Salt(salt.try_into().map_err(|_| broken("a salt has not 16 bytes"))?),
        generation: Generation(u64::try_from(generation).map_err(|_| broken("a generation is negative"))?),
        create_time: row.time("create_time")?,
        refresh_time: row.time("refresh_time")?,
        expire_time: row.time("expire_time")?,
        end_time: row.column::<Option<i64>>("end_time")?.map(Timestamp::from_unix_micros),
    })
}

/// A generation as the database keeps it. One that it cannot keep was never made.
fn stored(generation: Generation) -> i64 {
    i64::try_from(generation.0).unwrap_or(i64::MAX)
}

#[async_trait]
impl AccountStore for PostgresStorage {
    async fn insert_account(
        &self,
        account: Account,
        session: Session,
    ) -> Result<InsertAccount, StorageError> {
        let inserted = sqlx::query(
            "WITH account AS (
                 INSERT INTO auth.accounts (user_id, email, email_key, password_hash, create_time)
                 VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT ON CONSTRAINT accounts_one_per_email DO NOTHING
                 RETURNING user_id
             )
             INSERT INTO auth.sessions
                 (session_id, user_id, salt, generation, create_time, refresh_time, expire_time, end_time)
             SELECT $6, $7, $8, $9, $10, $11, $12, $13 FROM account",
        )
        .bind(account.user_id.uuid())
        .bind(account.email.as_str())
        .bind(account.email.key().as_str())
        .bind(account.password_hash.as_str())
        .bind(account.create_time.unix_micros())
        .bind(session.session_id.uuid())
        .bind(session.user_id.uuid())
        .bind(session.salt.0.as_slice())
        .bind(stored(session.generation))
        .bind(session.create_time.unix_micros())
        .bind(session.refresh_time.unix_micros())
        .bind(session.expire_time.unix_micros())
        .bind(session.end_time.map(Timestamp::unix_micros))
        .execute(&self.pool)
        .await;
        match inserted {
            Ok(done) if done.rows_affected() == 0 => Ok(InsertAccount::EmailTaken),
            Ok(_) => Ok(InsertAccount::Inserted),
            Err(error) if violates(&error, "accounts_one_per_email") => Ok(InsertAccount::EmailTaken),
            Err(error) => Err(storage(error)),
        }
    }

    async fn find_account_by_email(&self, email: &EmailKey) -> Result<Option<Account>, StorageError> {
        let row = sqlx::query(
            "SELECT user_id, email, password_hash, create_time FROM auth.accounts WHERE email_key = $1",
        )
        .bind(email.as_str())
        .fetch_optional(&self.pool)
        .await
        .map_err(storage)?;
        row.as_ref().map(account).transpose()
    }

    async fn find_account(&self, user_id: UserId) -> Result<Option<Account>, StorageError> {
        let row = sqlx::query(
            "SELECT user_id, email, password_hash, create_time FROM auth.accounts WHERE user_id = $1",
        )
        .bind(user_id.uuid())
        .fetch_optional(&self.pool)
        .await
        .map_err(storage)?;
        row.as_ref().map(account).transpose()
    }

    async fn replace_password_hash(
        &self,
        user_id: UserId,
        expected: &PasswordHash,
        replacement: PasswordHash,
    ) -> Result<ReplacePasswordHash, StorageError> {
        let done = sqlx::query(
            "UPDATE auth.accounts SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2",
        )
        .bind(user_id.uuid())
        .bind(expected.as_str())
        .bind(replacement.as_str())
        .execute(&self.pool)
        .await
        .map_err(storage)?;
        Ok(if done.rows_affected() == 0 { ReplacePasswordHash::Stale } else { ReplacePasswordHash::Replaced })
    }
}

#[async_trait]
impl SessionStore for PostgresStorage {
    async fn insert_session(&self, session: Session) -> Result<(), StorageError> {
        sqlx::query(
            "INSERT INTO auth.sessions
                 (session_id, user_id, salt, generation, create_time, refresh_time, expire_time, end_time)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(session.session_id.uuid())
        .bind(session.user_id.uuid())
        .bind(session.salt.0.as_slice())
        .bind(stored(session.generation))
        .bind(session.create_time.unix_micros())
        .bind(session.refresh_time.unix_micros())
        .bind(session.expire_time.unix_micros())
        .bind(session.end_time.map(Timestamp::unix_micros))
        .execute(&self.pool)
        .await
        .map_err(storage)?;
        Ok(())
    }

    async fn find_session(&self, session_id: SessionId) -> Result<Option<Session>, StorageError> {
        let row = sqlx::query(FIND_SESSION)
            .bind(session_id.uuid())
            .fetch_optional(&self.pool)
            .await
            .map_err(storage)?;
        row.as_ref().map(session).transpose()
    }

    async fn rotate_session(
        &self,
        session_id: SessionId,
        expected: Generation,
        refresh_time: Timestamp,
        expire_time: Timestamp,
    ) -> Result<Rotate, StorageError> {
        let row = sqlx::query(ROTATE_SESSION)
            .bind(session_id.uuid())
            .bind(stored(expected))
            .bind(refresh_time.unix_micros())
            .bind(expire_time.unix_micros())
            .fetch_optional(&self.pool)
            .await
            .map_err(storage)?;
        row.as_ref().map_or(Ok(Rotate::Stale), |row| session(row).map(Rotate::Rotated))
    }

    async fn end_session(&self, session_id: SessionId, now: Timestamp) -> Result<EndSession, StorageError> {
        let done =
            sqlx::query("UPDATE auth.sessions SET end_time = $2 WHERE session_id = $1 AND end_time IS NULL")
                .bind(session_id.uuid())
                .bind(now.unix_micros())
                .execute(&self.pool)
                .await
                .map_err(storage)?;
        Ok(if done.rows_affected() == 0 { EndSession::NotLive } else { EndSession::Ended })
    }

    async fn end_sessions_of_user(
        &self,
        user_id: UserId,
        except: Option<SessionId>,
        now: Timestamp,
    ) -> Result<Vec<SessionId>, StorageError> {
        // Locked in one order first: two that end the same sessions at once wait for each other, and never in a ring.
        let ended: Vec<Uuid> = sqlx::query_scalar(
            "WITH standing AS MATERIALIZED (
                 SELECT session_id FROM auth.sessions
                 WHERE user_id = $1 AND end_time IS NULL AND session_id IS DISTINCT FROM $2
                 ORDER BY session_id FOR NO KEY UPDATE
             )
             UPDATE auth.sessions SET end_time = $3
             WHERE session_id = ANY (ARRAY (SELECT session_id FROM standing)) AND end_time IS NULL
             RETURNING session_id",
        )
        .bind(user_id.uuid())
        .bind(except.map(Id::uuid))
        .bind(now.unix_micros())
        .fetch_all(&self.pool)
        .await
        .map_err(storage)?;
        Ok(ended.into_iter().map(SessionId::from_uuid).collect())
    }

    async fn list_sessions(
        &self,
        user_id: UserId,
        now: Timestamp,
        before: Option<SessionKey>,
        size: usize,
    ) -> Result<Vec<Session>, StorageError> {
        let (time, id) = below(before, |key| (key.create_time, key.session_id.uuid()));
        let rows = sqlx::query(LIST_SESSIONS)
            .bind(user_id.uuid())
            .bind(now.unix_micros())
            .bind(time)
            .bind(id)
            .bind(limit(size))
            .fetch_all(&self.pool)
            .await
            .map_err(storage)?;
        rows.iter().map(session).collect()
    }

    async fn list_ended_sessions(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(SessionId, Timestamp)>, StorageError> {
        let rows: Vec<(Uuid, i64)> =
            sqlx::query_as("SELECT session_id, end_time FROM auth.sessions WHERE end_time >= $1")
                .bind(since.unix_micros())
                .fetch_all(&self.pool)
                .await
                .map_err(storage)?;
        Ok(rows
            .into_iter()
            .map(|(id, time)| (SessionId::from_uuid(id), Timestamp::from_unix_micros(time)))
            .collect())
    }
}

const FIND_SESSION: &str = "
    SELECT session_id, user_id, salt, generation, create_time, refresh_time, expire_time, end_time
    FROM auth.sessions WHERE session_id = $1";

const ROTATE_SESSION: &str = "
    UPDATE auth.sessions SET generation = generation + 1, refresh_time = $3, expire_time = $4
    WHERE session_id = $1 AND generation = $2 AND end_time IS NULL
    RETURNING session_id, user_id, salt, generation, create_time, refresh_time, expire_time, end_time";

pub(crate) const LIST_SESSIONS: &str = "
    SELECT session_id, user_id, salt, generation, create_time, refresh_time, expire_time, end_time
    FROM auth.sessions
    WHERE user_id = $1 AND end_time IS NULL AND expire_time > $2 AND (create_time, session_id) < ($3, $4)
    ORDER BY create_time DESC, session_id DESC LIMIT $5";
