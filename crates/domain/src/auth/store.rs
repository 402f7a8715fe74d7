//! What accounts and sessions need of a storage. Each method is one atomic operation.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Account, EmailKey, Generation, PasswordHash, Session, SessionKey};
use crate::error::StorageError;
use crate::id::{SessionId, UserId};
use crate::time::Timestamp;

/// Outcome of [`AccountStore::insert_account`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsertAccount {
    /// The account and its first session are stored.
    Inserted,
    /// Another account has the address; nothing is stored.
    EmailTaken,
}

/// Outcome of [`AccountStore::replace_password_hash`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplacePasswordHash {
    /// The new hash is stored.
    Replaced,
    /// The hash is no longer the expected one, or there is no such account; nothing is changed.
    Stale,
}

/// Accounts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Stores an account and its first session, both or neither.
    ///
    /// Of any number of accounts with one address ([`EmailKey`]) inserted at once, exactly one is stored.
    async fn insert_account(&self, account: Account, session: Session)
    -> Result<InsertAccount, StorageError>;

    /// Finds the account with this address.
    async fn find_account_by_email(&self, email: &EmailKey) -> Result<Option<Account>, StorageError>;

    /// Finds an account.
    async fn find_account(&self, user_id: UserId) -> Result<Option<Account>, StorageError>;

    /// Replaces the password hash if it still is `expected`.
    async fn replace_password_hash(
        &self,
        user_id: UserId,
        expected: &PasswordHash,
        replacement: PasswordHash,
    ) -> Result<ReplacePasswordHash, StorageError>;
}

/// Outcome of [`SessionStore::rotate_session`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotate {
    /// The session as it is now.
    Rotated(Session),
    /// The generation is no longer the expected one, or the session has ended or is unknown; nothing is changed.
    Stale,
}

/// Outcome of [`SessionStore::end_session`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndSession {
    /// It stood, and has ended now.
    Ended,
    /// It had ended before, or is unknown; nothing is changed.
    NotLive,
}

/// Sessions. An ended session stays findable for at least a day, far longer than its last access token lives.
///
/// *Ended* means that the end time is set. That a session has expired is for its reader to see: only
/// [`SessionStore::list_sessions`] leaves expired ones out.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Stores a new session.
    async fn insert_session(&self, session: Session) -> Result<(), StorageError>;

    /// Finds a session, ended or not.
    async fn find_session(&self, session_id: SessionId) -> Result<Option<Session>, StorageError>;

    /// Makes the next generation if the session has not ended and its generation still is `expected`.
    ///
    /// Of any number of rotations from one generation at once, exactly one succeeds.
    async fn rotate_session(
        &self,
        session_id: SessionId,
        expected: Generation,
        refresh_time: Timestamp,
        expire_time: Timestamp,
    ) -> Result<Rotate, StorageError>;

    /// Ends a session for good. Its end time is `now`.
    async fn end_session(&self, session_id: SessionId, now: Timestamp) -> Result<EndSession, StorageError>;

    /// Ends every session of a user but `except`, and names those that it ended.
    async fn end_sessions_of_user(
        &self,
        user_id: UserId,
        except: Option<SessionId>,
        now: Timestamp,
    ) -> Result<Vec<SessionId>, StorageError>;

    /// Lists up to `limit` sessions of a user that are live at `now`, in the order of [`SessionKey`] from the
    /// greatest down, below `before`.
    async fn list_sessions(
        &self,
        user_id: UserId,
        now: Timestamp,
        before: Option<SessionKey>,
        limit: usize,
    ) -> Result<Vec<Session>, StorageError>;

    /// Lists all sessions whose end time is `since` or later, with it, in no order.
    async fn list_ended_sessions(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(SessionId, Timestamp)>, StorageError>;
}

/// Tells other contexts which sessions have ended: a session store, or the service that has one.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EndedSessions: Send + Sync {
    /// All sessions whose end time is `since` or later, with it, in no order.
    async fn ended_sessions(&self, since: Timestamp) -> Result<Vec<(SessionId, Timestamp)>, StorageError>;
}

#[async_trait]
impl<S: SessionStore + ?Sized> EndedSessions for Arc<S> {
    async fn ended_sessions(&self, since: Timestamp) -> Result<Vec<(SessionId, Timestamp)>, StorageError> {
        self.list_ended_sessions(since).await
    }
}
