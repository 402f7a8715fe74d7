//! Broken accounts.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::auth::{
    Account, AccountStore, EmailKey, InsertAccount, PasswordHash, ReplacePasswordHash, Session, SessionStore,
};
use duologue_domain::id::{Id as _, SessionId, UserId};
use duologue_storage_conformance::Storage;
use tokio::task::yield_now;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    CaseMatters,
    OrphanSession,
    TwoSteps,
    LookedUpFirst,
    ExpectedIgnored,
    HashLookedUpFirst,
}

struct BrokenAccounts {
    inner: Arc<dyn AccountStore>,
    sessions: Arc<dyn SessionStore>,
    fault: Fault,
}

fn decorate(storage: Storage, fault: Fault) -> Storage {
    let broken = BrokenAccounts { inner: storage.accounts(), sessions: storage.sessions(), fault };
    storage.with_accounts(Arc::new(broken))
}

super::caught! { decorate;
    an_address_whose_case_matters: Fault::CaseMatters =>
        "account::an_account_is_found_by_its_address_in_any_case";
    a_refused_account_whose_session_is_stored: Fault::OrphanSession =>
        "account::an_account_with_a_taken_address_is_refused_and_nothing_is_stored",
        "account::of_accounts_with_one_address_inserted_at_once_exactly_one_is_stored";
    a_registration_in_two_steps: Fault::TwoSteps =>
        "account::a_cancelled_registration_is_wholly_there_or_not_at_all";
    a_look_up_before_the_insert: Fault::LookedUpFirst =>
        "account::of_accounts_with_one_address_inserted_at_once_exactly_one_is_stored";
    a_hash_that_is_replaced_whatever_it_is: Fault::ExpectedIgnored =>
        "account::a_password_hash_that_is_no_longer_the_expected_one_is_kept";
    a_hash_that_is_looked_up_first: Fault::HashLookedUpFirst =>
        "account::of_replacements_of_one_password_hash_at_once_exactly_one_succeeds";
}

#[async_trait]
impl AccountStore for BrokenAccounts {
    async fn insert_account(
        &self,
        account: Account,
        session: Session,
    ) -> Result<InsertAccount, StorageError> {
        let taken = self.inner.find_account_by_email(&account.email.key()).await?.is_some();
        match self.fault {
            Fault::TwoSteps if !taken => {
                let elsewhere = Session { session_id: flipped(session.session_id), ..session.clone() };
                self.sessions.insert_session(session).await?;
                yield_now().await;
                self.inner.insert_account(account, elsewhere).await
            }
            Fault::LookedUpFirst if !taken => {
                yield_now().await;
                self.inner.insert_account(account, session).await?;
                Ok(InsertAccount::Inserted)
            }
            Fault::OrphanSession => {
                let outcome = self.inner.insert_account(account, session.clone()).await?;
                if outcome == InsertAccount::EmailTaken {
                    self.sessions.insert_session(session).await?;
                }
                Ok(outcome)
            }
            _ => self.inner.insert_account(account, session).await,
        }
    }

    async fn find_account_by_email(&self, email: &EmailKey) -> Result<Option<Account>, StorageError> {
        let found = self.inner.find_account_by_email(email).await?;
        let same = |account: &Account| account.email.as_str() == email.as_str();
        Ok(if self.fault == Fault::CaseMatters { found.filter(same) } else { found })
    }

    async fn find_account(&self, user_id: UserId) -> Result<Option<Account>, StorageError> {
        self.inner.find_account(user_id).await
    }

    async fn replace_password_hash(
        &self,
        user_id: UserId,
        expected: &PasswordHash,
        replacement: PasswordHash,
    ) -> Result<ReplacePasswordHash, StorageError> {
        let Some(account) = self.inner.find_account(user_id).await? else {
            return Ok(ReplacePasswordHash::Stale);
        };
        let stands = account.password_hash == *expected;
        if self.fault == Fault::ExpectedIgnored || self.fault == Fault::HashLookedUpFirst && stands {
            yield_now().await;
            self.inner.replace_password_hash(user_id, &account.password_hash, replacement).await?;
            return Ok(ReplacePasswordHash::Replaced);
        }
        self.inner.replace_password_hash(user_id, expected, replacement).await
    }
}

/// Another id.
fn flipped(session_id: SessionId) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(!session_id.uuid().as_u128()))
}
