//! Sessions.

use duologue_domain::auth::{EndSession, Generation, Rotate, Session, SessionKey, SessionStore};
use duologue_domain::id::SessionId;
use futures::executor::block_on;

use crate::fixtures::{ROUNDS, at, count, new_id, race, session};

async fn of_many_rotations_from_one_generation_exactly_one_succeeds(store: &dyn SessionStore) {
    let session = session(new_id(), 1);
    store.insert_session(session.clone()).await.unwrap();
    for round in 0..ROUNDS as u64 {
        let outcomes = race(|_| {
            block_on(store.rotate_session(session.session_id, Generation(round), at(5), at(9_000))).unwrap()
        });
        let rotated = Session {
            generation: Generation(round + 1),
            refresh_time: at(5),
            expire_time: at(9_000),
            ..session.clone()
        };
        assert_eq!(count(&outcomes, &Rotate::Rotated(rotated.clone())), 1);
        assert_eq!(count(&outcomes, &Rotate::Stale), outcomes.len() - 1);
        assert_eq!(store.find_session(session.session_id).await.unwrap(), Some(rotated));
    }
}

async fn a_session_ends_once_and_is_never_rotated_again(store: &dyn SessionStore) {
    for _ in 0..ROUNDS {
        let session = session(new_id(), 1);
        let session_id = session.session_id;
        store.insert_session(session).await.unwrap();
        let ends = race(|contender| {
            if contender == 0 {
                block_on(store.rotate_session(session_id, Generation(0), at(5), at(9))).unwrap();
                return EndSession::NotLive;
            }
            block_on(store.end_session(session_id, at(7))).unwrap()
        });
        assert_eq!(count(&ends, &EndSession::Ended), 1);
        let ended = store.find_session(session_id).await.unwrap().unwrap();
        assert_eq!(ended.end_time, Some(at(7)));
        let again = store.rotate_session(session_id, ended.generation, at(8), at(9)).await.unwrap();
        assert_eq!(again, Rotate::Stale);
        assert_eq!(store.find_session(session_id).await.unwrap(), Some(ended));
    }
    let unknown: SessionId = new_id();
    assert_eq!(store.end_session(unknown, at(7)).await.unwrap(), EndSession::NotLive);
    assert_eq!(store.rotate_session(unknown, Generation(0), at(8), at(9)).await.unwrap(), Rotate::Stale);
}

async fn ending_all_sessions_spares_one_and_names_those_it_ended(store: &dyn SessionStore) {
    let user_id = new_id();
    let sessions: Vec<_> = (1..=4).map(|time| session(user_id, time)).collect();
    let others = session(new_id(), 1);
    for session in sessions.iter().chain([&others]) {
        store.insert_session(session.clone()).await.unwrap();
    }
    store.end_session(sessions[0].session_id, at(10)).await.unwrap();
    let except = Some(sessions[1].session_id);
    let mut ended = store.end_sessions_of_user(user_id, except, at(20)).await.unwrap();
    ended.sort_unstable();
    assert_eq!(ended, [sessions[2].session_id, sessions[3].session_id]);
    assert_eq!(store.end_sessions_of_user(user_id, except, at(30)).await.unwrap(), []);
    let end_times = [Some(at(10)), None, Some(at(20)), Some(at(20)), None];
    for (session, end_time) in sessions.iter().chain([&others]).zip(end_times) {
        assert_eq!(store.find_session(session.session_id).await.unwrap().unwrap().end_time, end_time);
    }
    assert_eq!(store.end_sessions_of_user(user_id, None, at(40)).await.unwrap(), [sessions[1].session_id]);
}

async fn live_sessions_are_listed_newest_first_each_once(store: &dyn SessionStore) {
    let user_id = new_id();
    let mut expected: Vec<_> = [3, 1, 2, 2, 2].map(|time| session(user_id, time)).to_vec();
    let gone = session(user_id, 2);
    let expired = Session { expire_time: at(50), ..session(user_id, 4) };
    for session in expected.iter().chain([&gone, &expired, &session(new_id(), 2)]) {
        store.insert_session(session.clone()).await.unwrap();
    }
    store.end_session(gone.session_id, at(10)).await.unwrap();
    expected.sort_unstable_by_key(|session| std::cmp::Reverse(SessionKey::from(session)));
    for limit in 1..=expected.len() + 1 {
        let (mut listed, mut before) = (Vec::new(), None);
        loop {
            let page = store.list_sessions(user_id, at(50), before, limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            before = Some(SessionKey::from(last));
            listed.extend(page);
        }
        assert_eq!(listed, expected, "{limit} at once");
    }
}

async fn ended_sessions_are_listed_from_a_moment_on(store: &dyn SessionStore) {
    let sessions: Vec<_> = (1..=3).map(|time| session(new_id(), time)).collect();
    for (session, end_time) in sessions.iter().zip([10, 20, 20]) {
        store.insert_session(session.clone()).await.unwrap();
        store.end_session(session.session_id, at(end_time)).await.unwrap();
    }
    store.insert_session(session(new_id(), 1)).await.unwrap();
    for (since, expected) in [(0, 3), (10, 3), (11, 2), (20, 2), (21, 0)] {
        let ended = store.list_ended_sessions(at(since)).await.unwrap();
        assert_eq!(ended.len(), expected, "since {since}");
        assert!(ended.iter().all(|(_, end_time)| *end_time >= at(since)));
    }
}

async fn only_sessions_that_are_over_for_a_day_are_forgotten(store: &dyn SessionStore) {
    const DAY: i64 = 24 * 60 * 60 * 1_000_000;
    let user_id = new_id();
    let (ended, later, expired, lasting) =
        (session(user_id, 1), session(user_id, 2), session(user_id, 3), session(user_id, 4));
    let lasting = Session { expire_time: at(2 * DAY), ..lasting };
    for session in [&ended, &later, &expired, &lasting] {
        store.insert_session(session.clone()).await.unwrap();
    }
    store.end_session(ended.session_id, at(100)).await.unwrap();
    store.end_session(later.session_id, at(200)).await.unwrap();
    let found = async |session: &Session| store.find_session(session.session_id).await.unwrap().is_some();

    store.insert_session(session(user_id, DAY + 100)).await.unwrap();
    assert!(found(&ended).await && found(&later).await && found(&expired).await && found(&lasting).await);
    store.insert_session(session(user_id, DAY + 101)).await.unwrap();
    assert!(!found(&ended).await && found(&later).await && found(&expired).await && found(&lasting).await);
    store.insert_session(session(user_id, DAY + 10_000)).await.unwrap();
    assert!(!found(&later).await && !found(&expired).await && found(&lasting).await);
    assert_eq!(store.list_ended_sessions(at(0)).await.unwrap(), []);
    assert_eq!(store.list_sessions(user_id, at(0), None, 10).await.unwrap().len(), 4);
}

crate::laws! {
    of_many_rotations_from_one_generation_exactly_one_succeeds,
    a_session_ends_once_and_is_never_rotated_again,
    ending_all_sessions_spares_one_and_names_those_it_ended,
    live_sessions_are_listed_newest_first_each_once,
    ended_sessions_are_listed_from_a_moment_on,
    only_sessions_that_are_over_for_a_day_are_forgotten,
}
