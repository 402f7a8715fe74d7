//! Accounts.

use std::collections::HashMap;

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::auth::{
    Account, AccountStore, EmailKey, InsertAccount, PasswordHash, ReplacePasswordHash, Session,
};
use duologue_domain::id::UserId;
use parking_lot::RwLock;

use crate::{MemoryStorage, broken};

/// Accounts, and who has which address. One lock: next to the password hash that every write costs, it is nothing.
#[derive(Default)]
pub(crate) struct Accounts {
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    accounts: HashMap<UserId, Account>,
    owners: HashMap<EmailKey, UserId>,
}

#[async_trait]
impl AccountStore for MemoryStorage {
    async fn insert_account(
        &self,
        account: Account,
        session: Session,
    ) -> Result<InsertAccount, StorageError> {
        let mut state = self.contexts.accounts.state.write();
        let key = account.email.key();
        if state.owners.contains_key(&key) {
            return Ok(InsertAccount::EmailTaken);
        }
        if state.accounts.contains_key(&account.user_id) {
            return Err(broken("the user id is in use"));
        }
        self.contexts.sessions.insert(session)?;
        state.owners.insert(key, account.user_id);
        state.accounts.insert(account.user_id, account);
        Ok(InsertAccount::Inserted)
    }

    async fn find_account_by_email(&self, email: &EmailKey) -> Result<Option<Account>, StorageError> {
        let state = self.contexts.accounts.state.read();
        Ok(state.owners.get(email).and_then(|user_id| state.accounts.get(user_id)).cloned())
    }

    async fn find_account(&self, user_id: UserId) -> Result<Option<Account>, StorageError> {
        Ok(self.contexts.accounts.state.read().accounts.get(&user_id).cloned())
    }

    async fn replace_password_hash(
        &self,
        user_id: UserId,
        expected: &PasswordHash,
        replacement: PasswordHash,
    ) -> Result<ReplacePasswordHash, StorageError> {
        let mut state = self.contexts.accounts.state.write();
        match state.accounts.get_mut(&user_id) {
            Some(account) if account.password_hash == *expected => {
                account.password_hash = replacement;
                Ok(ReplacePasswordHash::Replaced)
            }
            _ => Ok(ReplacePasswordHash::Stale),
        }
    }
}
