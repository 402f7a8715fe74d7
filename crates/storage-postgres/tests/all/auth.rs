//! Accounts and sessions.

use duologue_domain::auth::{
    Account, AccountStore, Email, EndSession, Generation, InsertAccount, PasswordHash, ReplacePasswordHash,
    Rotate, Salt, Session, SessionKey, SessionStore,
};
use duologue_domain::id::UserId;

use crate::harness::{CONTENDERS, ROUNDS, count, fixture, id, micros, race};

fn account(email: &str) -> Account {
    Account {
        user_id: id(),
        email: email.parse().unwrap(),
        password_hash: PasswordHash::from_phc("$first".into()),
        create_time: micros(1_234_567_890_123_457),
    }
}

fn session(user_id: UserId, create_time: i64) -> Session {
    Session {
        session_id: id(),
        user_id,
        salt: Salt([7; 16]),
        generation: Generation::FIRST,
        create_time: micros(create_time),
        refresh_time: micros(create_time),
        expire_time: micros(create_time + 1_000),
        end_time: None,
    }
}

#[tokio::test]
async fn an_account_and_its_session_are_read_as_written() {
    let fixture = fixture().await;
    let account = account("Ada.Lovelace@Example.org");
    let session = session(account.user_id, 5);
    let inserted = fixture.storage.insert_account(account.clone(), session.clone()).await.unwrap();
    assert_eq!(inserted, InsertAccount::Inserted);
    let key = "ada.lovelace@example.ORG".parse::<Email>().unwrap().key();
    assert_eq!(fixture.storage.find_account_by_email(&key).await.unwrap(), Some(account.clone()));
    assert_eq!(fixture.storage.find_account(account.user_id).await.unwrap(), Some(account));
    assert_eq!(fixture.storage.find_session(session.session_id).await.unwrap(), Some(session));
    assert_eq!(fixture.storage.find_account(id()).await.unwrap(), None);
    assert_eq!(fixture.storage.find_session(id()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_taken_once_whatever_its_case_and_a_refusal_leaves_no_session() {
    let fixture = fixture().await;
    for round in 0..ROUNDS {
        let attempts: Vec<_> = (0..CONTENDERS)
            .map(|number| {
                let name = if number % 2 == 0 { "Somebody" } else { "SOMEBODY" };
                let account = account(&format!("{name}{round}@example.org"));
                (account.clone(), session(account.user_id, 5))
            })
            .collect();
        let results = race(CONTENDERS, |number| {
            let (storage, (account, session)) = (fixture.storage.clone(), attempts[number].clone());
            async move { storage.insert_account(account, session).await.unwrap() }
        })
        .await;
        assert_eq!(count(&results, |result| *result == InsertAccount::Inserted), 1, "round {round}");
        for ((account, session), result) in attempts.iter().zip(results) {
            let stored = result == InsertAccount::Inserted;
            assert_eq!(fixture.storage.find_account(account.user_id).await.unwrap().is_some(), stored);
            assert_eq!(fixture.storage.find_session(session.session_id).await.unwrap().is_some(), stored);
        }
    }
}

#[tokio::test]
async fn a_hash_is_replaced_only_if_it_is_the_expected_one() {
    let fixture = fixture().await;
    let account = account("a@example.org");
    fixture.storage.insert_account(account.clone(), session(account.user_id, 5)).await.unwrap();
    let (second, third) = (PasswordHash::from_phc("$second".into()), PasswordHash::from_phc("$third".into()));
    let storage = &fixture.storage;
    let replaced =
        storage.replace_password_hash(account.user_id, &account.password_hash, second.clone()).await;
    assert_eq!(replaced.unwrap(), ReplacePasswordHash::Replaced);
    let stale = storage.replace_password_hash(account.user_id, &account.password_hash, third.clone()).await;
    assert_eq!(stale.unwrap(), ReplacePasswordHash::Stale);
    let unknown = storage.replace_password_hash(id(), &account.password_hash, third).await;
    assert_eq!(unknown.unwrap(), ReplacePasswordHash::Stale);
    assert_eq!(storage.find_account(account.user_id).await.unwrap().unwrap().password_hash, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_rotation_of_a_generation_succeeds() {
    let fixture = fixture().await;
    let first = session(id(), 5);
    fixture.storage.insert_session(first.clone()).await.unwrap();
    for round in 0..ROUNDS as u64 {
        let results = race(CONTENDERS, |_| {
            let (storage, session_id) = (fixture.storage.clone(), first.session_id);
            async move {
                storage
                    .rotate_session(session_id, Generation(round), micros(50), micros(5_000))
                    .await
                    .unwrap()
            }
        })
        .await;
        let expected = Session {
            generation: Generation(round + 1),
            refresh_time: micros(50),
            expire_time: micros(5_000),
            ..first.clone()
        };
        assert_eq!(
            count(&results, |result| *result == Rotate::Rotated(expected.clone())),
            1,
            "round {round}"
        );
        assert_eq!(count(&results, |result| *result == Rotate::Stale), CONTENDERS - 1, "round {round}");
    }
}

#[tokio::test]
async fn an_ended_session_stays_ended_and_findable() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    let first = session(id(), 5);
    storage.insert_session(first.clone()).await.unwrap();
    assert_eq!(storage.end_session(first.session_id, micros(70)).await.unwrap(), EndSession::Ended);
    assert_eq!(storage.end_session(first.session_id, micros(80)).await.unwrap(), EndSession::NotLive);
    assert_eq!(storage.end_session(id(), micros(80)).await.unwrap(), EndSession::NotLive);
    let rotated = storage.rotate_session(first.session_id, Generation::FIRST, micros(90), micros(900)).await;
    assert_eq!(rotated.unwrap(), Rotate::Stale);
    let found = storage.find_session(first.session_id).await.unwrap();
    assert_eq!(found, Some(Session { end_time: Some(micros(70)), ..first.clone() }));
    assert_eq!(storage.list_ended_sessions(micros(70)).await.unwrap(), [(first.session_id, micros(70))]);
    assert_eq!(storage.list_ended_sessions(micros(71)).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_all_sessions_of_a_user_names_each_once_and_spares_the_exception() {
    let fixture = fixture().await;
    let user_id = id();
    let sessions: Vec<_> = (0..20).map(|time| session(user_id, time)).collect();
    for session in sessions.iter().cloned().chain([session(id(), 3)]) {
        fixture.storage.insert_session(session).await.unwrap();
    }
    let spared = sessions[4].session_id;
    let results = race(CONTENDERS, |_| {
        let storage = fixture.storage.clone();
        async move { storage.end_sessions_of_user(user_id, Some(spared), micros(99)).await.unwrap() }
    })
    .await;
    let mut ended: Vec<_> = results.into_iter().flatten().collect();
    ended.sort();
    let mut expected: Vec<_> = sessions
        .iter()
        .map(|session| session.session_id)
        .filter(|session_id| *session_id != spared)
        .collect();
    expected.sort();
    assert_eq!(ended, expected);
    let live = fixture.storage.list_sessions(user_id, micros(10), None, 50).await.unwrap();
    assert_eq!(live, [sessions[4].clone()]);
}

#[tokio::test]
async fn live_sessions_are_listed_newest_first_in_pages_of_any_size() {
    let fixture = fixture().await;
    let user_id = id();
    let mut expected = Vec::new();
    for time in [10, 10, 10, 11, 13, 13, 17] {
        let session = session(user_id, time);
        fixture.storage.insert_session(session.clone()).await.unwrap();
        expected.push(session);
    }
    let expired = Session { expire_time: micros(20), ..session(user_id, 12) };
    fixture.storage.insert_session(expired).await.unwrap();
    expected.sort_by_key(|session| std::cmp::Reverse(SessionKey::from(session)));
    for size in 1..=expected.len() + 1 {
        let (mut listed, mut before) = (Vec::new(), None);
        loop {
            let page = fixture.storage.list_sessions(user_id, micros(20), before, size).await.unwrap();
            assert!(page.len() <= size);
            let Some(last) = page.last() else { break };
            before = Some(SessionKey::from(last));
            listed.extend(page);
        }
        assert_eq!(listed, expected, "pages of {size}");
    }
}
