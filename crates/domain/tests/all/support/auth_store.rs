//! Accounts and sessions, as plainly as their traits word them.

use std::collections::HashMap;

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::auth::{
    Account, AccountStore, EmailKey, EndSession, Generation, InsertAccount, PasswordHash,
    ReplacePasswordHash, Rotate, Session, SessionKey, SessionStore,
};
use duologue_domain::id::{SessionId, UserId};
use duologue_domain::time::Timestamp;

use super::table::Table;

#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) accounts: HashMap<UserId, Account>,
    pub(crate) sessions: HashMap<SessionId, Session>,
}

#[derive(Debug, Default)]
pub(crate) struct PlainAuthStore(pub(crate) Table<State>);

#[async_trait]
impl AccountStore for PlainAuthStore {
    async fn insert_account(
        &self,
        account: Account,
        session: Session,
    ) -> Result<InsertAccount, StorageError> {
        self.0
            .atomically(|state| {
                if state.accounts.values().any(|other| other.email.key() == account.email.key()) {
                    return InsertAccount::EmailTaken;
                }
                state.accounts.insert(account.user_id, account);
                state.sessions.insert(session.session_id, session);
                InsertAccount::Inserted
            })
            .await
    }

    async fn find_account_by_email(&self, email: &EmailKey) -> Result<Option<Account>, StorageError> {
        self.0
            .atomically(|state| {
                state.accounts.values().find(|account| account.email.key() == *email).cloned()
            })
            .await
    }

    async fn find_account(&self, user_id: UserId) -> Result<Option<Account>, StorageError> {
        self.0.atomically(|state| state.accounts.get(&user_id).cloned()).await
    }

    async fn replace_password_hash(
        &self,
        user_id: UserId,
        expected: &PasswordHash,
        replacement: PasswordHash,
    ) -> Result<ReplacePasswordHash, StorageError> {
        self.0
            .atomically(|state| match state.accounts.get_mut(&user_id) {
                Some(account) if account.password_hash == *expected => {
                    account.password_hash = replacement;
                    ReplacePasswordHash::Replaced
                }
                _ => ReplacePasswordHash::Stale,
            })
            .await
    }
}

#[async_trait]
impl SessionStore for PlainAuthStore {
    async fn insert_session(&self, session: Session) -> Result<(), StorageError> {
        self.0
            .atomically(|state| {
                state.sessions.insert(session.session_id, session);
            })
            .await
    }

    async fn find_session(&self, session_id: SessionId) -> Result<Option<Session>, StorageError> {
        self.0.atomically(|state| state.sessions.get(&session_id).cloned()).await
    }

    async fn rotate_session(
        &self,
        session_id: SessionId,
        expected: Generation,
        refresh_time: Timestamp,
        expire_time: Timestamp,
    ) -> Result<Rotate, StorageError> {
        self.0
            .atomically(|state| match state.sessions.get_mut(&session_id) {
                Some(session) if session.generation == expected && session.end_time.is_none() => {
                    session.generation = expected.next();
                    session.refresh_time = refresh_time;
                    session.expire_time = expire_time;
                    Rotate::Rotated(session.clone())
                }
                _ => Rotate::Stale,
            })
            .await
    }

    async fn end_session(&self, session_id: SessionId, now: Timestamp) -> Result<EndSession, StorageError> {
        self.0
            .atomically(|state| match state.sessions.get_mut(&session_id) {
                Some(session) if session.end_time.is_none() => {
                    session.end_time = Some(now);
                    EndSession::Ended
                }
                _ => EndSession::NotLive,
            })
            .await
    }

    async fn end_sessions_of_user(
        &self,
        user_id: UserId,
        except: Option<SessionId>,
        now: Timestamp,
    ) -> Result<Vec<SessionId>, StorageError> {
        self.0
            .atomically(|state| {
                let of_user = state.sessions.values_mut().filter(|session| session.user_id == user_id);
                let standing = of_user.filter(|session| session.end_time.is_none());
                let ending = standing.filter(|session| Some(session.session_id) != except);
                let end = |session: &mut Session| {
                    session.end_time = Some(now);
                    session.session_id
                };
                ending.map(end).collect()
            })
            .await
    }

    async fn list_sessions(
        &self,
        user_id: UserId,
        now: Timestamp,
        before: Option<SessionKey>,
        limit: usize,
    ) -> Result<Vec<Session>, StorageError> {
        self.0
            .atomically(|state| {
                let of_user = state.sessions.values().filter(|session| session.user_id == user_id);
                let mut listed: Vec<_> = of_user.filter(|session| session.is_live(now)).cloned().collect();
                listed.sort_by_key(|session| std::cmp::Reverse(SessionKey::from(session)));
                listed.retain(|session| before.is_none_or(|before| SessionKey::from(session) < before));
                listed.truncate(limit);
                listed
            })
            .await
    }

    async fn list_ended_sessions(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(SessionId, Timestamp)>, StorageError> {
        self.0
            .atomically(|state| {
                let ended = state.sessions.values().filter_map(|one| Some((one.session_id, one.end_time?)));
                ended.filter(|(_, end_time)| *end_time >= since).collect()
            })
            .await
    }
}
