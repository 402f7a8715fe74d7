//! What sessions are, written down a second time: a list of them.

use duologue_domain::auth::{EndSession, Generation, Rotate, Session, SessionKey};
use duologue_domain::id::UserId;
use proptest::prelude::{Strategy, prop_oneof};

use crate::fixture::Storage;
use crate::sequences::{agree, assert_sequences};
use crate::world::{Acknowledged as _, at, new_id, registered, session, sorted};

/// What somebody does; sessions are named by the order in which they began.
#[derive(Debug, Clone, Copy)]
enum Act {
    Begin { expires_after: i64 },
    Rotate { session: usize, behind: u64 },
    End { session: usize },
    EndAll { except: Option<usize> },
    List { limit: usize },
}

pub(crate) async fn any_sequence_of_calls_agrees_with_the_model_of_sessions(storage: &Storage) {
    let index = || 0..6_usize;
    let act = prop_oneof![
        3 => (1..30_i64).prop_map(|expires_after| Act::Begin { expires_after }),
        3 => (index(), 0..2_u64).prop_map(|(session, behind)| Act::Rotate { session, behind }),
        2 => index().prop_map(|session| Act::End { session }),
        1 => proptest::option::of(index()).prop_map(|except| Act::EndAll { except }),
        3 => (1..7_usize).prop_map(|limit| Act::List { limit }),
    ];
    assert_sequences((act, 10..40_i64), &async |acts: &[_]| run(storage, acts).await);
}

async fn run(storage: &Storage, acts: &[(Act, i64)]) -> Result<(), String> {
    let sessions = storage.sessions();
    let user_id: UserId = registered(storage).await;
    let mut model: Vec<Session> = Vec::new();
    for (index, (act, time)) in acts.iter().enumerate() {
        let what = format!("{act:?}, call {index}");
        let now = at(*time);
        match *act {
            Act::Begin { expires_after } => {
                let new = Session { expire_time: at(time + expires_after), ..session(user_id, now) };
                sessions.insert_session(new.clone()).await.answered();
                model.push(new);
            }
            Act::Rotate { session, behind } => {
                let (session_id, generation) =
                    model.get(session).map_or((new_id(), Generation::FIRST), |session| {
                        (session.session_id, session.generation)
                    });
                let expected = Generation(generation.0.wrapping_sub(behind).min(1_000));
                let outcome =
                    sessions.rotate_session(session_id, expected, now, at(time + 20)).await.answered();
                let stands =
                    |session: &&mut Session| session.generation == expected && session.end_time.is_none();
                let rotated = model.get_mut(session).filter(stands).map(|session| {
                    session.generation = expected.next();
                    (session.refresh_time, session.expire_time) = (now, at(time + 20));
                    session.clone()
                });
                agree(&what, outcome, rotated.map_or(Rotate::Stale, Rotate::Rotated))?;
            }
            Act::End { session } => {
                let session_id = model.get(session).map_or_else(new_id, |session| session.session_id);
                let outcome = sessions.end_session(session_id, now).await.answered();
                let standing = model.get_mut(session).filter(|session| session.end_time.is_none());
                let ended = standing.map(|session| session.end_time = Some(now));
                agree(&what, outcome, ended.map_or(EndSession::NotLive, |()| EndSession::Ended))?;
            }
            Act::EndAll { except } => {
                let except = except.and_then(|except| model.get(except)).map(|session| session.session_id);
                let named = sessions.end_sessions_of_user(user_id, except, now).await.answered();
                let mut expected = Vec::new();
                for session in &mut model {
                    if session.end_time.is_none() && Some(session.session_id) != except {
                        session.end_time = Some(now);
                        expected.push(session.session_id);
                    }
                }
                agree(&what, sorted(named), sorted(expected))?;
            }
            Act::List { limit } => list(storage, user_id, &model, *time, limit).await?,
        }
    }
    for session in model {
        agree("a session", sessions.find_session(session.session_id).await.answered(), Some(session))?;
    }
    Ok(())
}

/// Lists the live sessions, and those that ended, at a moment.
async fn list(
    storage: &Storage,
    user_id: UserId,
    model: &[Session],
    time: i64,
    limit: usize,
) -> Result<(), String> {
    let mut live: Vec<_> = model.iter().filter(|session| session.is_live(at(time))).cloned().collect();
    live.sort_by_key(|session| std::cmp::Reverse(SessionKey::from(session)));
    live.truncate(limit);
    agree(
        "live sessions",
        storage.sessions().list_sessions(user_id, at(time), None, limit).await.answered(),
        live,
    )?;
    let mut ended = storage.sessions().list_ended_sessions(at(time)).await.answered();
    ended.retain(|(session_id, _)| model.iter().any(|session| session.session_id == *session_id));
    let since = |session: &Session| {
        session
            .end_time
            .filter(|end_time| *end_time >= at(time))
            .map(|end_time| (session.session_id, end_time))
    };
    agree("ended sessions", sorted(ended), sorted(model.iter().filter_map(since).collect()))
}
