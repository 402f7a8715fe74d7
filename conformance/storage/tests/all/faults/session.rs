//! Broken sessions.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::auth::{EndSession, Generation, Rotate, Session, SessionKey, SessionStore};
use duologue_domain::id::{SessionId, UserId};
use duologue_domain::{StorageError, Timestamp};
use duologue_storage_conformance::Storage;
use tokio::task::yield_now;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    GenerationIgnored,
    GenerationLookedUpFirst,
    AnswerBeforeRotation,
    EndedTwice,
    ExpiredListed,
    EndedSinceExclusive,
    ExceptionForgotten,
    TiesLost,
    EndedOneByOne,
    ExpiredNotRotated,
    Milliseconds,
}

struct BrokenSessions {
    inner: Arc<dyn SessionStore>,
    fault: Fault,
}

fn decorate(storage: Storage, fault: Fault) -> Storage {
    let inner = storage.sessions();
    storage.with_sessions(Arc::new(BrokenSessions { inner, fault }))
}

super::caught! { decorate;
    a_rotation_from_any_generation: Fault::GenerationIgnored =>
        "session::a_rotation_from_another_generation_changes_nothing",
        "session::any_sequence_of_calls_agrees_with_the_model_of_sessions";
    a_generation_that_is_looked_up_first: Fault::GenerationLookedUpFirst =>
        "session::of_rotations_from_one_generation_at_once_exactly_one_succeeds";
    an_answer_with_the_session_as_it_was: Fault::AnswerBeforeRotation =>
        "session::a_rotation_makes_the_next_generation_and_keeps_the_rest";
    a_session_that_ends_twice: Fault::EndedTwice =>
        "session::a_session_ends_once",
        "session::of_endings_of_one_session_at_once_exactly_one_ends_it";
    expired_sessions_that_are_listed: Fault::ExpiredListed =>
        "session::a_session_is_listed_until_the_moment_it_expires";
    a_since_that_is_exclusive: Fault::EndedSinceExclusive =>
        "session::sessions_that_ended_since_a_moment_are_listed_with_their_end_time";
    an_exception_that_is_forgotten: Fault::ExceptionForgotten =>
        "session::all_sessions_of_a_user_but_one_are_ended_and_named";
    a_page_that_loses_ties: Fault::TiesLost =>
        "session::live_sessions_are_listed_newest_first_with_ties_broken_by_id";
    sessions_ended_one_by_one: Fault::EndedOneByOne =>
        "session::a_cancelled_ending_of_sessions_ends_all_or_none";
    expired_sessions_that_count_as_ended: Fault::ExpiredNotRotated =>
        "session::a_session_that_merely_expired_has_not_ended";
    times_in_milliseconds: Fault::Milliseconds =>
        "session::an_inserted_session_is_found_as_it_was_stored";
}

#[async_trait]
impl SessionStore for BrokenSessions {
    async fn insert_session(&self, mut session: Session) -> Result<(), StorageError> {
        if self.fault == Fault::Milliseconds {
            session.refresh_time = Timestamp::from_unix_millis(session.refresh_time.unix_millis());
        }
        self.inner.insert_session(session).await
    }

    async fn find_session(&self, session_id: SessionId) -> Result<Option<Session>, StorageError> {
        self.inner.find_session(session_id).await
    }

    async fn rotate_session(
        &self,
        session_id: SessionId,
        expected: Generation,
        refresh_time: Timestamp,
        expire_time: Timestamp,
    ) -> Result<Rotate, StorageError> {
        let Some(before) = self.inner.find_session(session_id).await? else { return Ok(Rotate::Stale) };
        let stands = before.generation == expected;
        let expected = match self.fault {
            Fault::GenerationIgnored => before.generation,
            Fault::GenerationLookedUpFirst if stands => {
                yield_now().await;
                let now = self.inner.find_session(session_id).await?;
                now.map_or(expected, |now| now.generation)
            }
            Fault::ExpiredNotRotated if before.expire_time <= refresh_time => return Ok(Rotate::Stale),
            _ => expected,
        };
        let outcome = self.inner.rotate_session(session_id, expected, refresh_time, expire_time).await?;
        Ok(match outcome {
            Rotate::Rotated(_) if self.fault == Fault::AnswerBeforeRotation => Rotate::Rotated(before),
            other => other,
        })
    }

    async fn end_session(&self, session_id: SessionId, now: Timestamp) -> Result<EndSession, StorageError> {
        let outcome = self.inner.end_session(session_id, now).await?;
        Ok(if self.fault == Fault::EndedTwice { EndSession::Ended } else { outcome })
    }

    async fn end_sessions_of_user(
        &self,
        user_id: UserId,
        except: Option<SessionId>,
        now: Timestamp,
    ) -> Result<Vec<SessionId>, StorageError> {
        match self.fault {
            Fault::ExceptionForgotten => self.inner.end_sessions_of_user(user_id, None, now).await,
            Fault::EndedOneByOne => {
                let mut ended = Vec::new();
                for session in self.inner.list_sessions(user_id, now, None, 1_000).await? {
                    if Some(session.session_id) != except {
                        self.inner.end_session(session.session_id, now).await?;
                        ended.push(session.session_id);
                        yield_now().await;
                    }
                }
                Ok(ended)
            }
            _ => self.inner.end_sessions_of_user(user_id, except, now).await,
        }
    }

    async fn list_sessions(
        &self,
        user_id: UserId,
        now: Timestamp,
        before: Option<SessionKey>,
        limit: usize,
    ) -> Result<Vec<Session>, StorageError> {
        let now = if self.fault == Fault::ExpiredListed { Timestamp::from_unix_micros(0) } else { now };
        let mut listed = self.inner.list_sessions(user_id, now, before, limit).await?;
        if let (Fault::TiesLost, Some(before)) = (self.fault, before) {
            listed.retain(|session| session.create_time < before.create_time);
        }
        Ok(listed)
    }

    async fn list_ended_sessions(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(SessionId, Timestamp)>, StorageError> {
        let exclusive = i64::from(self.fault == Fault::EndedSinceExclusive);
        self.inner.list_ended_sessions(Timestamp::from_unix_micros(since.unix_micros() + exclusive)).await
    }
}
