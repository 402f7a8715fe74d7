//! Sessions.

mod ending;
mod model;
mod rotation;

pub(crate) use ending::*;
pub(crate) use model::*;
pub(crate) use rotation::*;

use duologue_domain::auth::{Generation, Salt, Session, SessionKey};
use duologue_domain::id::SessionId;

use crate::cancellation::at_every_await_point;
use crate::fixture::Storage;
use crate::pages::assert_pages;
use crate::race::{CONTENDERS, at_once, contender};
use crate::world::{Acknowledged as _, at, new_id, registered, session};

pub(crate) async fn an_inserted_session_is_found_as_it_was_stored(storage: &Storage) {
    let user_id = registered(storage).await;
    for (salt, generation) in [([0; 16], 0), ([0xff; 16], 7), ([0x27; 16], 1 << 40)] {
        let stored =
            Session { salt: Salt(salt), generation: Generation(generation), ..session(user_id, at(1)) };
        let stored = Session { refresh_time: at(2), expire_time: at(3), ..stored };
        storage.sessions().insert_session(stored.clone()).await.answered();
        assert_eq!(storage.sessions().find_session(stored.session_id).await.answered(), Some(stored));
    }
}

pub(crate) async fn an_unknown_session_is_not_found(storage: &Storage) {
    assert_eq!(storage.sessions().find_session(new_id()).await.answered(), None);
}

pub(crate) async fn live_sessions_are_listed_newest_first_with_ties_broken_by_id(storage: &Storage) {
    let sessions = storage.sessions();
    let (user_id, other) = (registered(storage).await, registered(storage).await);
    let mut expected = Vec::new();
    for time in [50, 10, 30, 30, 30, 10, 70] {
        let live = session(user_id, at(time));
        sessions.insert_session(live.clone()).await.answered();
        sessions.insert_session(session(other, at(time))).await.answered();
        let over = session(user_id, at(time));
        sessions.insert_session(over.clone()).await.answered();
        sessions.end_session(over.session_id, at(80)).await.answered();
        expected.push(live);
    }
    expected.sort_by_key(|session| std::cmp::Reverse(SessionKey::from(session)));
    assert_pages(
        &expected,
        |session| SessionKey::from(session),
        async |before, limit| sessions.list_sessions(user_id, at(90), before, limit).await.answered(),
    )
    .await;
}

pub(crate) async fn a_session_is_listed_until_the_moment_it_expires(storage: &Storage) {
    let sessions = storage.sessions();
    let user_id = registered(storage).await;
    let short = Session { expire_time: at(100), ..session(user_id, at(1)) };
    sessions.insert_session(short.clone()).await.answered();
    assert_eq!(sessions.list_sessions(user_id, at(99), None, 2).await.answered(), [short]);
    assert_eq!(sessions.list_sessions(user_id, at(100), None, 2).await.answered(), []);
    assert_eq!(sessions.list_sessions(new_id(), at(99), None, 2).await.answered(), []);
}

pub(crate) async fn the_list_goes_on_below_a_session_that_is_gone(storage: &Storage) {
    let sessions = storage.sessions();
    let user_id = registered(storage).await;
    let stored = [10, 20, 30].map(|time| session(user_id, at(time)));
    for session in &stored {
        sessions.insert_session(session.clone()).await.answered();
    }
    let before = SessionKey::from(&stored[1]);
    sessions.end_session(stored[1].session_id, at(40)).await.answered();
    let rest = sessions.list_sessions(user_id, at(50), Some(before), 5).await.answered();
    assert_eq!(rest, [stored[0].clone()]);
}

pub(crate) async fn a_session_acknowledged_after_a_cancellation_is_kept(storage: &Storage) {
    let sessions = storage.sessions();
    let user_id = registered(storage).await;
    let mut acknowledged = Vec::new();
    at_every_await_point(async |cancellation| {
        let cut = cancellation.cut(sessions.insert_session(session(user_id, at(1)))).await;
        let next = session(user_id, at(2));
        sessions.insert_session(next.clone()).await.answered();
        acknowledged.push(next);
        cut.is_some()
    })
    .await;
    for session in acknowledged {
        // Whoever asks, on whichever connection.
        let found = at_once((0..CONTENDERS).map(|_| {
            let (sessions, session_id) = (storage.sessions(), session.session_id);
            contender(async move { sessions.find_session(session_id).await.answered() })
        }))
        .await;
        assert_eq!(found, vec![Some(session.clone()); CONTENDERS]);
    }
}

/// A session of somebody new.
async fn stored_session(storage: &Storage) -> Session {
    let stored = session(registered(storage).await, at(1));
    storage.sessions().insert_session(stored.clone()).await.answered();
    stored
}

/// The session as it is now.
async fn found(storage: &Storage, session_id: SessionId) -> Session {
    storage.sessions().find_session(session_id).await.answered().expect("the session is stored")
}
