//! Accounts.

use std::sync::atomic::{AtomicBool, Ordering};

use duologue_domain::auth::{AccountStore, InsertAccount, PasswordHash, ReplacePasswordHash, SessionStore};
use duologue_domain::id::UserId;
use duologue_storage_memory::MemoryStorage;
use futures::executor::block_on;

use crate::fixtures::{ROUNDS, account, count, new_id, race, session};

async fn of_many_accounts_with_one_address_exactly_one_is_stored(store: &MemoryStorage) {
    for round in 0..ROUNDS {
        let outcomes = race(|contender| {
            // The case of an address tells nobody apart.
            let name = if contender % 2 == 0 { "ada" } else { "ADA" };
            let account = account(&format!("{name}{round}@example.org"));
            let session = session(account.user_id, 1);
            let outcome = block_on(store.insert_account(account.clone(), session.clone())).unwrap();
            (outcome, account, session)
        });
        let winners: Vec<_> =
            outcomes.iter().filter(|(outcome, ..)| *outcome == InsertAccount::Inserted).collect();
        assert_eq!(winners.len(), 1);
        let (_, winner, _) = winners[0];
        let found = store.find_account_by_email(&winner.email.key()).await.unwrap();
        assert_eq!(found.as_ref(), Some(winner));
        for (outcome, account, session) in &outcomes {
            let stored = *outcome == InsertAccount::Inserted;
            assert_eq!(store.find_account(account.user_id).await.unwrap().is_some(), stored);
            assert_eq!(store.find_session(session.session_id).await.unwrap().is_some(), stored);
        }
    }
}

async fn an_account_that_is_seen_has_its_session(store: &MemoryStorage) {
    for round in 0..ROUNDS {
        let account = account(&format!("ada{round}@example.org"));
        let session = session(account.user_id, 1);
        let answered = AtomicBool::new(false);
        race(|contender| {
            if contender == 0 {
                block_on(store.insert_account(account.clone(), session.clone())).unwrap();
                answered.store(true, Ordering::SeqCst);
                return;
            }
            loop {
                let late = answered.load(Ordering::SeqCst);
                let account = block_on(store.find_account(account.user_id)).unwrap();
                let session = block_on(store.find_session(session.session_id)).unwrap();
                if account.is_some() {
                    assert!(session.is_some());
                    return;
                }
                assert!(!late, "what was stored is seen by nobody");
            }
        });
    }
}

async fn of_many_password_changes_from_one_hash_exactly_one_succeeds(store: &dyn AccountStore) {
    let account = account("ada@example.org");
    let user_id = account.user_id;
    let mut present = account.password_hash.clone();
    store.insert_account(account, session(user_id, 1)).await.unwrap();
    for round in 0..ROUNDS {
        let replacement = |contender| PasswordHash::from_phc(format!("${round}-{contender}"));
        let outcomes = race(|contender| {
            block_on(store.replace_password_hash(user_id, &present, replacement(contender))).unwrap()
        });
        assert_eq!(count(&outcomes, &ReplacePasswordHash::Replaced), 1);
        let winner = outcomes.iter().position(|outcome| *outcome == ReplacePasswordHash::Replaced).unwrap();
        present = replacement(winner);
        let found = store.find_account(user_id).await.unwrap().unwrap();
        assert!(found.password_hash == present);
    }
}

async fn a_hash_is_replaced_only_where_it_is_the_expected_one(store: &dyn AccountStore) {
    let account = account("ada@example.org");
    let first = account.password_hash.clone();
    let other = PasswordHash::from_phc("$other".to_owned());
    store.insert_account(account.clone(), session(account.user_id, 1)).await.unwrap();
    for (user_id, expected) in [(account.user_id, &other), (new_id::<UserId>(), &first)] {
        let outcome = store.replace_password_hash(user_id, expected, other.clone()).await.unwrap();
        assert_eq!(outcome, ReplacePasswordHash::Stale);
    }
    assert_eq!(store.find_account(account.user_id).await.unwrap(), Some(account));
}

crate::laws! {
    of_many_accounts_with_one_address_exactly_one_is_stored,
    an_account_that_is_seen_has_its_session,
    of_many_password_changes_from_one_hash_exactly_one_succeeds,
    a_hash_is_replaced_only_where_it_is_the_expected_one,
}
