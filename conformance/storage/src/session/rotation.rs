//! Refreshing a session.

use duologue_domain::auth::{EndSession, Generation, Rotate, Session};

use super::{found, stored_session};
use crate::cancellation::at_every_await_point;
use crate::fixture::Storage;
use crate::race::{CONTENDERS, ROUNDS, at_once, contender, count};
use crate::world::{Acknowledged as _, at, new_id};

pub(crate) async fn a_rotation_makes_the_next_generation_and_keeps_the_rest(storage: &Storage) {
    let mut expected = stored_session(storage).await;
    for generation in 0..3 {
        let (refresh_time, expire_time) = (at(100 + generation), at(1_000 + generation));
        let rotated = storage
            .sessions()
            .rotate_session(expected.session_id, expected.generation, refresh_time, expire_time)
            .await
            .answered();
        expected = Session { generation: expected.generation.next(), refresh_time, expire_time, ..expected };
        assert_eq!(rotated, Rotate::Rotated(expected.clone()));
        assert_eq!(found(storage, expected.session_id).await, expected);
    }
}

pub(crate) async fn a_rotation_from_another_generation_changes_nothing(storage: &Storage) {
    let sessions = storage.sessions();
    let stored = stored_session(storage).await;
    let rotated = sessions.rotate_session(stored.session_id, Generation(0), at(5), at(99)).await.answered();
    let Rotate::Rotated(stored) = rotated else { panic!("{rotated:?}") };
    for generation in [0, 2, 1 << 33] {
        let expected = Generation(generation);
        let rotated = sessions.rotate_session(stored.session_id, expected, at(6), at(100)).await.answered();
        assert_eq!(rotated, Rotate::Stale, "generation {generation}");
        assert_eq!(found(storage, stored.session_id).await, stored);
    }
    let unknown = sessions.rotate_session(new_id(), Generation(0), at(6), at(100)).await.answered();
    assert_eq!(unknown, Rotate::Stale);
}

pub(crate) async fn an_ended_session_is_not_rotated(storage: &Storage) {
    let sessions = storage.sessions();
    let stored = stored_session(storage).await;
    sessions.end_session(stored.session_id, at(7)).await.answered();
    let rotated =
        sessions.rotate_session(stored.session_id, stored.generation, at(8), at(100)).await.answered();
    assert_eq!(rotated, Rotate::Stale);
    assert_eq!(found(storage, stored.session_id).await, Session { end_time: Some(at(7)), ..stored });
}

pub(crate) async fn of_rotations_from_one_generation_at_once_exactly_one_succeeds(storage: &Storage) {
    let mut expected = stored_session(storage).await;
    for _ in 0..ROUNDS {
        let (session_id, generation) = (expected.session_id, expected.generation);
        let outcomes = at_once((0..).take(CONTENDERS).map(|index| {
            let sessions = storage.sessions();
            contender(async move {
                sessions
                    .rotate_session(session_id, generation, at(10 + index), at(900 + index))
                    .await
                    .answered()
            })
        }))
        .await;
        let mut rotated = outcomes.into_iter().filter_map(|outcome| match outcome {
            Rotate::Rotated(session) => Some(session),
            Rotate::Stale => None,
        });
        let winner = rotated.next().expect("one rotation succeeds");
        assert_eq!(rotated.next(), None, "a second rotation succeeded");
        assert_eq!(winner.generation, generation.next());
        expected = Session { refresh_time: winner.refresh_time, expire_time: winner.expire_time, ..expected };
        expected.generation = winner.generation;
        assert_eq!(winner, expected);
        assert_eq!(found(storage, session_id).await, expected);
    }
}

pub(crate) async fn a_session_that_is_ended_while_it_is_rotated_has_ended(storage: &Storage) {
    for _ in 0..ROUNDS {
        let stored = stored_session(storage).await;
        let session_id = stored.session_id;
        let ends = (0..2).map(|_| {
            let sessions = storage.sessions();
            contender(async move { Err(sessions.end_session(session_id, at(9)).await.answered()) })
        });
        let rotations = (0..2).map(|_| {
            let sessions = storage.sessions();
            contender(async move {
                Ok(sessions.rotate_session(session_id, Generation::FIRST, at(8), at(100)).await.answered())
            })
        });
        let outcomes = at_once(rotations.chain(ends).collect::<Vec<_>>()).await;
        assert_eq!(count(&outcomes, |outcome| *outcome == Err(EndSession::Ended)), 1, "{outcomes:?}");
        let rotations = count(&outcomes, |outcome| matches!(outcome, Ok(Rotate::Rotated(_))));
        let after = found(storage, session_id).await;
        assert_eq!(after.end_time, Some(at(9)));
        assert_eq!(after.generation, if rotations == 0 { Generation(0) } else { Generation(1) });
        assert!(rotations < 2, "{outcomes:?}");
    }
}

pub(crate) async fn a_cancelled_rotation_is_wholly_there_or_not_at_all(storage: &Storage) {
    at_every_await_point(async |cancellation| {
        let sessions = storage.sessions();
        let stored = stored_session(storage).await;
        let (session_id, expected) = (stored.session_id, stored.generation);
        let cut = cancellation.cut(sessions.rotate_session(session_id, expected, at(5), at(500))).await;
        let again = sessions.rotate_session(session_id, expected, at(6), at(600)).await.answered();
        let after = found(storage, session_id).await;
        let (refresh_time, expire_time) =
            if again == Rotate::Stale { (at(5), at(500)) } else { (at(6), at(600)) };
        let generation = expected.next();
        assert_eq!(after, Session { generation, refresh_time, expire_time, ..stored });
        cut.is_some()
    })
    .await;
}
