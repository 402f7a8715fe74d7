//! Accounts, with the sessions that begin with them.

use duologue_domain::auth::{Account, Email, InsertAccount, PasswordHash, ReplacePasswordHash};

use crate::cancellation::at_every_await_point;
use crate::fixture::Storage;
use crate::race::{CONTENDERS, ROUNDS, at_once, contender, count};
use crate::world::{Acknowledged as _, account, new_address, new_id, parsed};

pub(crate) async fn an_inserted_account_and_its_first_session_are_found(storage: &Storage) {
    let (account, session) = account("Ada.Lovelace+notes@Example.ORG");
    let inserted = storage.accounts().insert_account(account.clone(), session.clone()).await.answered();
    assert_eq!(inserted, InsertAccount::Inserted);
    assert_eq!(storage.accounts().find_account(account.user_id).await.answered(), Some(account.clone()));
    let by_email = storage.accounts().find_account_by_email(&account.email.key()).await.answered();
    assert_eq!(by_email, Some(account));
    assert_eq!(storage.sessions().find_session(session.session_id).await.answered(), Some(session));
}

pub(crate) async fn an_unknown_account_is_not_found(storage: &Storage) {
    let (account, session) = account(&new_address());
    assert_eq!(storage.accounts().find_account(account.user_id).await.answered(), None);
    assert_eq!(storage.accounts().find_account_by_email(&account.email.key()).await.answered(), None);
    assert_eq!(storage.sessions().find_session(session.session_id).await.answered(), None);
}

pub(crate) async fn an_account_is_found_by_its_address_in_any_case(storage: &Storage) {
    let (account, session) = account("Ада@Пример.РФ");
    storage.accounts().insert_account(account.clone(), session).await.answered();
    for address in ["ада@пример.рф", "АДА@ПРИМЕР.РФ", "Ада@Пример.РФ"] {
        let key = parsed::<Email>(address).key();
        assert_eq!(storage.accounts().find_account_by_email(&key).await.answered(), Some(account.clone()));
    }
}

pub(crate) async fn addresses_with_different_keys_are_different_however_alike(storage: &Storage) {
    // What a linguistic collation, or a folding of the adapter's own, takes for one.
    let alike = [
        "strasse@example.org",
        "straße@example.org",
        "stra\u{17f}se@example.org",
        "caf\u{e9}@example.org",
        "cafe@example.org",
        "c.afe@example.org",
        "c_afe@example.org",
        "c%fe@example.org",
    ];
    let mut accounts = Vec::new();
    for address in alike {
        let (account, session) = account(address);
        let inserted = storage.accounts().insert_account(account.clone(), session).await.answered();
        assert_eq!(inserted, InsertAccount::Inserted, "{address:?}");
        accounts.push(account);
    }
    for account in accounts {
        let found = storage.accounts().find_account_by_email(&account.email.key()).await.answered();
        assert_eq!(found.map(|found| found.user_id), Some(account.user_id), "{:?}", account.email.as_str());
    }
}

pub(crate) async fn an_address_and_a_hash_of_any_length_are_kept_as_they_are(storage: &Storage) {
    let (mut account, session) = account(&format!("{}@{}.example.org", "a".repeat(64), "b".repeat(63)));
    account.password_hash = PasswordHash::from_phc(format!("$argon2id$ {}", "é".repeat(500)));
    storage.accounts().insert_account(account.clone(), session).await.answered();
    assert_eq!(storage.accounts().find_account(account.user_id).await.answered(), Some(account));
}

pub(crate) async fn an_account_with_a_taken_address_is_refused_and_nothing_is_stored(storage: &Storage) {
    let (first, session) = account("taken@example.org");
    storage.accounts().insert_account(first.clone(), session.clone()).await.answered();
    for address in ["taken@example.org", "TAKEN@Example.Org"] {
        let (late, late_session) = account(address);
        let inserted = storage.accounts().insert_account(late.clone(), late_session.clone()).await.answered();
        assert_eq!(inserted, InsertAccount::EmailTaken);
        assert_eq!(storage.accounts().find_account(late.user_id).await.answered(), None);
        assert_eq!(storage.sessions().find_session(late_session.session_id).await.answered(), None);
        let found = storage.accounts().find_account_by_email(&late.email.key()).await.answered();
        assert_eq!(found, Some(first.clone()));
    }
    assert_eq!(storage.sessions().find_session(session.session_id).await.answered(), Some(session));
}

pub(crate) async fn of_accounts_with_one_address_inserted_at_once_exactly_one_is_stored(storage: &Storage) {
    for _ in 0..ROUNDS {
        let address = new_address();
        let rivals: Vec<_> = (0..CONTENDERS).map(|_| account(&address)).collect();
        let outcomes = at_once(rivals.iter().cloned().map(|(account, session)| {
            let accounts = storage.accounts();
            contender(async move { accounts.insert_account(account, session).await.answered() })
        }))
        .await;
        assert_eq!(count(&outcomes, |outcome| *outcome == InsertAccount::Inserted), 1, "{outcomes:?}");
        for ((account, session), outcome) in rivals.into_iter().zip(outcomes) {
            let won = outcome == InsertAccount::Inserted;
            let found = storage.accounts().find_account(account.user_id).await.answered();
            assert_eq!(found.is_some(), won);
            assert_eq!(storage.sessions().find_session(session.session_id).await.answered().is_some(), won);
            let by_email = storage.accounts().find_account_by_email(&account.email.key()).await.answered();
            assert_eq!(by_email.is_some_and(|found| found.user_id == account.user_id), won);
        }
    }
}

pub(crate) async fn a_password_hash_is_replaced_if_it_still_is_the_expected_one(storage: &Storage) {
    let (account, session) = account(&new_address());
    storage.accounts().insert_account(account.clone(), session.clone()).await.answered();
    let renewed = PasswordHash::from_phc("$argon2id$renewed".to_owned());
    let replaced = storage
        .accounts()
        .replace_password_hash(account.user_id, &account.password_hash, renewed.clone())
        .await
        .answered();
    assert_eq!(replaced, ReplacePasswordHash::Replaced);
    let after = Account { password_hash: renewed, ..account };
    assert_eq!(storage.accounts().find_account(after.user_id).await.answered(), Some(after.clone()));
    let by_email = storage.accounts().find_account_by_email(&after.email.key()).await.answered();
    assert_eq!(by_email, Some(after));
    assert_eq!(storage.sessions().find_session(session.session_id).await.answered(), Some(session));
}

pub(crate) async fn a_password_hash_that_is_no_longer_the_expected_one_is_kept(storage: &Storage) {
    let (account, session) = account(&new_address());
    storage.accounts().insert_account(account.clone(), session).await.answered();
    let (other, renewed) = (PasswordHash::from_phc("other".into()), PasswordHash::from_phc("renewed".into()));
    let accounts = storage.accounts();
    let replaced = accounts.replace_password_hash(account.user_id, &other, renewed.clone()).await.answered();
    assert_eq!(replaced, ReplacePasswordHash::Stale);
    assert_eq!(accounts.find_account(account.user_id).await.answered(), Some(account.clone()));
    let nobody = new_id();
    let replaced = accounts.replace_password_hash(nobody, &account.password_hash, renewed).await.answered();
    assert_eq!(replaced, ReplacePasswordHash::Stale);
    assert_eq!(accounts.find_account(nobody).await.answered(), None);
    assert_eq!(accounts.find_account(account.user_id).await.answered(), Some(account));
}

pub(crate) async fn of_replacements_of_one_password_hash_at_once_exactly_one_succeeds(storage: &Storage) {
    for _ in 0..ROUNDS {
        let (account, session) = account(&new_address());
        storage.accounts().insert_account(account.clone(), session).await.answered();
        let renewed = |index| PasswordHash::from_phc(format!("renewed {index}"));
        let outcomes = at_once((0..CONTENDERS).map(|index| {
            let (accounts, user_id, expected) =
                (storage.accounts(), account.user_id, account.password_hash.clone());
            contender(async move {
                accounts.replace_password_hash(user_id, &expected, renewed(index)).await.answered()
            })
        }))
        .await;
        assert_eq!(count(&outcomes, |outcome| *outcome == ReplacePasswordHash::Replaced), 1, "{outcomes:?}");
        let winner = outcomes.iter().position(|outcome| *outcome == ReplacePasswordHash::Replaced);
        let found = storage.accounts().find_account(account.user_id).await.answered();
        let stored = found.map(|found| found.password_hash.as_str().to_owned());
        assert_eq!(stored, winner.map(|index| renewed(index).as_str().to_owned()));
    }
}

pub(crate) async fn a_cancelled_registration_is_wholly_there_or_not_at_all(storage: &Storage) {
    at_every_await_point(async |cancellation| {
        let address = new_address();
        let attempts = [account(&address), account(&address)];
        let [(first, first_session), (again, again_session)] = attempts.clone();
        let cut = cancellation.cut(storage.accounts().insert_account(first, first_session)).await;
        storage.accounts().insert_account(again, again_session).await.answered();
        let mut stored = 0;
        for (account, session) in attempts {
            let found = storage.accounts().find_account(account.user_id).await.answered();
            let found_session = storage.sessions().find_session(session.session_id).await.answered();
            assert_eq!(found.is_some(), found_session.is_some(), "an account and its first session");
            stored += usize::from(found.is_some());
        }
        assert_eq!(stored, 1, "one of the two has the address");
        cut.is_some()
    })
    .await;
}

pub(crate) async fn an_account_acknowledged_after_a_cancellation_is_kept(storage: &Storage) {
    let mut acknowledged = Vec::new();
    at_every_await_point(async |cancellation| {
        let (cancelled, first) = account(&new_address());
        let cut = cancellation.cut(storage.accounts().insert_account(cancelled, first)).await;
        let (next, first) = account(&new_address());
        storage.accounts().insert_account(next.clone(), first).await.answered();
        acknowledged.push(next);
        cut.is_some()
    })
    .await;
    for account in acknowledged {
        // Whoever asks, on whichever connection.
        let found = at_once((0..CONTENDERS).map(|_| {
            let (accounts, user_id) = (storage.accounts(), account.user_id);
            contender(async move { accounts.find_account(user_id).await.answered() })
        }))
        .await;
        assert_eq!(found, vec![Some(account.clone()); CONTENDERS]);
    }
}
