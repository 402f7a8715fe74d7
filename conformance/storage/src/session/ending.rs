//! Ending sessions.

use duologue_domain::auth::{EndSession, Generation, Rotate, Session};

use super::{found, stored_session};
use crate::cancellation::at_every_await_point;
use crate::fixture::Storage;
use crate::race::{CONTENDERS, ROUNDS, at_once, contender, count};
use crate::world::{Acknowledged as _, at, new_id, registered, session, sorted};

pub(crate) async fn an_ended_session_stays_findable_with_its_end_time(storage: &Storage) {
    let stored = stored_session(storage).await;
    let ended = storage.sessions().end_session(stored.session_id, at(77)).await.answered();
    assert_eq!(ended, EndSession::Ended);
    assert_eq!(found(storage, stored.session_id).await, Session { end_time: Some(at(77)), ..stored });
}

pub(crate) async fn a_session_ends_once(storage: &Storage) {
    let sessions = storage.sessions();
    let stored = stored_session(storage).await;
    sessions.end_session(stored.session_id, at(7)).await.answered();
    for now in [8, 7, 6] {
        assert_eq!(sessions.end_session(stored.session_id, at(now)).await.answered(), EndSession::NotLive);
        assert_eq!(found(storage, stored.session_id).await.end_time, Some(at(7)));
    }
    let unknown = new_id();
    assert_eq!(sessions.end_session(unknown, at(7)).await.answered(), EndSession::NotLive);
    assert_eq!(sessions.find_session(unknown).await.answered(), None);
}

pub(crate) async fn of_endings_of_one_session_at_once_exactly_one_ends_it(storage: &Storage) {
    for _ in 0..ROUNDS {
        let stored = stored_session(storage).await;
        let outcomes = at_once((0..).take(CONTENDERS).map(|index| {
            let (sessions, session_id) = (storage.sessions(), stored.session_id);
            contender(async move { sessions.end_session(session_id, at(index)).await.answered() })
        }))
        .await;
        assert_eq!(count(&outcomes, |outcome| *outcome == EndSession::Ended), 1, "{outcomes:?}");
        let winner = (0..).zip(&outcomes).find(|(_, outcome)| **outcome == EndSession::Ended);
        assert_eq!(found(storage, stored.session_id).await.end_time, winner.map(|(index, _)| at(index)));
    }
}

pub(crate) async fn all_sessions_of_a_user_but_one_are_ended_and_named(storage: &Storage) {
    let sessions = storage.sessions();
    let (user_id, other) = (registered(storage).await, registered(storage).await);
    let stored: Vec<_> = (0..5).map(|time| session(user_id, at(time))).collect();
    let others = session(other, at(1));
    for session in stored.iter().chain([&others]) {
        sessions.insert_session(session.clone()).await.answered();
    }
    sessions.end_session(stored[0].session_id, at(10)).await.answered();
    let ended = sessions.end_sessions_of_user(user_id, Some(stored[1].session_id), at(20)).await.answered();
    assert_eq!(sorted(ended), sorted(stored[2..].iter().map(|session| session.session_id).collect()));
    let end_times = [Some(at(10)), None, Some(at(20)), Some(at(20)), Some(at(20))];
    for (session, end_time) in stored.into_iter().zip(end_times) {
        assert_eq!(found(storage, session.session_id).await, Session { end_time, ..session });
    }
    assert_eq!(found(storage, others.session_id).await, others);
}

pub(crate) async fn all_sessions_of_a_user_are_ended_and_named_once(storage: &Storage) {
    let sessions = storage.sessions();
    let (user_id, other) = (registered(storage).await, registered(storage).await);
    let (one, two, others) = (session(user_id, at(1)), session(user_id, at(2)), session(other, at(1)));
    for session in [&one, &two, &others] {
        sessions.insert_session(session.clone()).await.answered();
    }
    // Somebody else's session excepts nothing.
    let ended = sessions.end_sessions_of_user(user_id, Some(others.session_id), at(20)).await.answered();
    assert_eq!(sorted(ended), sorted(vec![one.session_id, two.session_id]));
    assert_eq!(sessions.end_sessions_of_user(user_id, None, at(30)).await.answered(), []);
    assert_eq!(found(storage, one.session_id).await.end_time, Some(at(20)));
    assert_eq!(found(storage, others.session_id).await.end_time, None);
    assert_eq!(sessions.end_sessions_of_user(new_id(), None, at(30)).await.answered(), []);
}

pub(crate) async fn a_session_ended_by_two_at_once_is_named_by_one_of_them(storage: &Storage) {
    let sessions = storage.sessions();
    for _ in 0..ROUNDS {
        let user_id = registered(storage).await;
        let stored: Vec<_> = (0..3).map(|time| session(user_id, at(time))).collect();
        for session in &stored {
            sessions.insert_session(session.clone()).await.answered();
        }
        let named = at_once((0..).take(CONTENDERS).map(|index| {
            let sessions = storage.sessions();
            contender(
                async move { sessions.end_sessions_of_user(user_id, None, at(10 + index)).await.answered() },
            )
        }))
        .await;
        let named = named.into_iter().flatten().collect();
        assert_eq!(sorted(named), sorted(stored.iter().map(|session| session.session_id).collect()));
    }
}

pub(crate) async fn sessions_that_ended_since_a_moment_are_listed_with_their_end_time(storage: &Storage) {
    let sessions = storage.sessions();
    let mut stored = Vec::new();
    for time in [100, 101, 101, 250] {
        let session = stored_session(storage).await;
        sessions.end_session(session.session_id, at(time)).await.answered();
        stored.push((session.session_id, at(time)));
    }
    let standing = stored_session(storage).await;
    let user_id = stored_session(storage).await.user_id;
    for session_id in sessions.end_sessions_of_user(user_id, None, at(260)).await.answered() {
        stored.push((session_id, at(260)));
    }
    for since in [99, 100, 101, 102, 250, 251, 260, 261] {
        let listed = sessions.list_ended_sessions(at(since)).await.answered();
        let expected: Vec<_> =
            stored.iter().copied().filter(|(_, end_time)| *end_time >= at(since)).collect();
        assert!(listed.iter().all(|(session_id, _)| *session_id != standing.session_id));
        assert_eq!(sorted(listed), sorted(expected), "since {since}");
    }
}

pub(crate) async fn a_session_that_merely_expired_has_not_ended(storage: &Storage) {
    let sessions = storage.sessions();
    let user_id = registered(storage).await;
    let expired = [(); 3].map(|()| Session { expire_time: at(5), ..session(user_id, at(1)) });
    for session in &expired {
        sessions.insert_session(session.clone()).await.answered();
    }
    let [one, two, three] = expired.map(|session| session.session_id);
    let rotated = sessions.rotate_session(one, Generation::FIRST, at(50), at(60)).await.answered();
    assert!(matches!(rotated, Rotate::Rotated(_)), "{rotated:?}");
    assert_eq!(sessions.end_session(two, at(70)).await.answered(), EndSession::Ended);
    let ended = sessions.end_sessions_of_user(user_id, None, at(80)).await.answered();
    assert_eq!(sorted(ended), sorted(vec![one, three]));
    assert_eq!(found(storage, three).await.end_time, Some(at(80)));
}

pub(crate) async fn a_cancelled_ending_of_sessions_ends_all_or_none(storage: &Storage) {
    let sessions = storage.sessions();
    at_every_await_point(async |cancellation| {
        let user_id = registered(storage).await;
        let stored: Vec<_> = (0..4).map(|time| session(user_id, at(time))).collect();
        for session in &stored {
            sessions.insert_session(session.clone()).await.answered();
        }
        let cut = cancellation.cut(sessions.end_sessions_of_user(user_id, None, at(10))).await;
        let again = sessions.end_sessions_of_user(user_id, None, at(20)).await.answered();
        assert!(again.is_empty() || again.len() == stored.len(), "some were ended: {again:?}");
        let end_time = if again.is_empty() { at(10) } else { at(20) };
        for session in stored {
            assert_eq!(found(storage, session.session_id).await.end_time, Some(end_time));
        }
        cut.is_some()
    })
    .await;
}
