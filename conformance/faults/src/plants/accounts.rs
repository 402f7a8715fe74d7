//! A store of accounts without a unique index.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::auth::{
    Account, AccountStore, EmailKey, InsertAccount, PasswordHash, ReplacePasswordHash, Session, SessionStore,
};
use duologue_domain::id::UserId;
use parking_lot::Mutex;

use super::{Plant, gap};

pub(super) fn plants() -> Vec<Plant> {
    vec![Plant::new("register-toctou", |mut composition| {
        composition.ports.accounts = Arc::new(Unindexed {
            inner: composition.ports.accounts.clone(),
            sessions: composition.ports.sessions.clone(),
            twins: Mutex::default(),
        });
        composition
    })]
}

/// The address is looked up, and the account inserted afterwards.
struct Unindexed {
    inner: Arc<dyn AccountStore>,
    sessions: Arc<dyn SessionStore>,
    /// Accounts whose address another one has.
    twins: Mutex<HashMap<UserId, Account>>,
}

#[async_trait]
impl AccountStore for Unindexed {
    async fn insert_account(
        &self,
        account: Account,
        session: Session,
    ) -> Result<InsertAccount, StorageError> {
        if self.inner.find_account_by_email(&account.email.key()).await?.is_some() {
            return Ok(InsertAccount::EmailTaken);
        }
        gap().await;
        if self.inner.insert_account(account.clone(), session.clone()).await? == InsertAccount::EmailTaken {
            self.sessions.insert_session(session).await?;
            self.twins.lock().insert(account.user_id, account);
        }
        Ok(InsertAccount::Inserted)
    }

    async fn find_account_by_email(&self, email: &EmailKey) -> Result<Option<Account>, StorageError> {
        self.inner.find_account_by_email(email).await
    }

    async fn find_account(&self, user_id: UserId) -> Result<Option<Account>, StorageError> {
        let twin = self.twins.lock().get(&user_id).cloned();
        Ok(twin.or(self.inner.find_account(user_id).await?))
    }

    async fn replace_password_hash(
        &self,
        user_id: UserId,
        expected: &PasswordHash,
        replacement: PasswordHash,
    ) -> Result<ReplacePasswordHash, StorageError> {
        self.inner.replace_password_hash(user_id, expected, replacement).await
    }
}
