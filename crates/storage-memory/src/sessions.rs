//! Sessions.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::time::Duration;

use async_trait::async_trait;
use duologue_domain::auth::{EndSession, Generation, Rotate, Session, SessionKey, SessionStore};
use duologue_domain::id::{SessionId, UserId};
use duologue_domain::{StorageError, Timestamp};
use parking_lot::RwLock;

use crate::{MemoryStorage, broken};

/// For how long a session is remembered after it ended or expired: far longer than any access token lives.
const REMEMBERED: Duration = Duration::from_hours(24);

/// How many sessions one write forgets at most: more than it can add, and never long.
const FORGET_AT_ONCE: usize = 16;

/// Sessions. One lock: a session is touched a few times an hour, and ending all of a user's is one operation.
#[derive(Default)]
pub(crate) struct Sessions {
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    sessions: HashMap<SessionId, Session>,
    /// Those that were not ended, of each user.
    standing: HashMap<UserId, BTreeSet<SessionKey>>,
    /// Those that were ended, and when.
    ended: BTreeSet<(Timestamp, SessionId)>,
    /// All of them, by when they ended or expire.
    over: BTreeSet<(Timestamp, SessionId)>,
}

/// When the session ended, or else will expire.
fn over_time(session: &Session) -> Timestamp {
    session.end_time.unwrap_or(session.expire_time)
}

impl Sessions {
    /// Stores a new session.
    pub(crate) fn insert(&self, session: Session) -> Result<(), StorageError> {
        let mut state = self.state.write();
        if state.sessions.contains_key(&session.session_id) {
            return Err(broken("the session id is in use"));
        }
        let now = session.create_time;
        state.add(session);
        state.forget(now);
        Ok(())
    }
}

impl State {
    fn add(&mut self, session: Session) {
        self.over.insert((over_time(&session), session.session_id));
        match session.end_time {
            None => {
                self.standing.entry(session.user_id).or_default().insert(SessionKey::from(&session));
            }
            Some(end_time) => {
                self.ended.insert((end_time, session.session_id));
            }
        }
        self.sessions.insert(session.session_id, session);
    }

    fn remove(&mut self, session_id: SessionId) -> Option<Session> {
        let session = self.sessions.remove(&session_id)?;
        self.over.remove(&(over_time(&session), session_id));
        if let Some(end_time) = session.end_time {
            self.ended.remove(&(end_time, session_id));
        } else if let Some(standing) = self.standing.get_mut(&session.user_id) {
            standing.remove(&SessionKey::from(&session));
            if standing.is_empty() {
                self.standing.remove(&session.user_id);
            }
        }
        Some(session)
    }

    /// Changes a session that was not ended, and gives what became of it.
    fn change(&mut self, session_id: SessionId, change: impl FnOnce(&mut Session)) -> Option<Session> {
        if self.sessions.get(&session_id)?.end_time.is_some() {
            return None;
        }
        let mut session = self.remove(session_id)?;
        change(&mut session);
        self.add(session.clone());
        Some(session)
    }

    /// Forgets some of those that are over for long.
    fn forget(&mut self, now: Timestamp) {
        let horizon = now.minus(REMEMBERED);
        for _ in 0..FORGET_AT_ONCE {
            match self.over.first() {
                Some((over_time, session_id)) if *over_time < horizon => self.remove(*session_id),
                _ => return,
            };
        }
    }
}

#[async_trait]
impl SessionStore for MemoryStorage {
    async fn insert_session(&self, session: Session) -> Result<(), StorageError> {
        self.contexts.sessions.insert(session)
    }

    async fn find_session(&self, session_id: SessionId) -> Result<Option<Session>, StorageError> {
        Ok(self.contexts.sessions.state.read().sessions.get(&session_id).cloned())
    }

    async fn rotate_session(
        &self,
        session_id: SessionId,
        expected: Generation,
        refresh_time: Timestamp,
        expire_time: Timestamp,
    ) -> Result<Rotate, StorageError> {
        let mut state = self.contexts.sessions.state.write();
        if state.sessions.get(&session_id).is_none_or(|session| session.generation != expected) {
            return Ok(Rotate::Stale);
        }
        let rotated = state.change(session_id, |session| {
            session.generation = expected.next();
            session.refresh_time = refresh_time;
            session.expire_time = expire_time;
        });
        Ok(rotated.map_or(Rotate::Stale, Rotate::Rotated))
    }

    async fn end_session(&self, session_id: SessionId, now: Timestamp) -> Result<EndSession, StorageError> {
        let mut state = self.contexts.sessions.state.write();
        let ended = state.change(session_id, |session| session.end_time = Some(now));
        Ok(ended.map_or(EndSession::NotLive, |_| EndSession::Ended))
    }

    async fn end_sessions_of_user(
        &self,
        user_id: UserId,
        except: Option<SessionId>,
        now: Timestamp,
    ) -> Result<Vec<SessionId>, StorageError> {
        let mut state = self.contexts.sessions.state.write();
        let mut standing: Vec<_> =
            state.standing.get(&user_id).into_iter().flatten().map(|key| key.session_id).collect();
        standing.retain(|session_id| Some(*session_id) != except);
        for session_id in &standing {
            state.change(*session_id, |session| session.end_time = Some(now));
        }
        Ok(standing)
    }

    async fn list_sessions(
        &self,
        user_id: UserId,
        now: Timestamp,
        before: Option<SessionKey>,
        limit: usize,
    ) -> Result<Vec<Session>, StorageError> {
        let state = self.contexts.sessions.state.read();
        let Some(standing) = state.standing.get(&user_id) else { return Ok(Vec::new()) };
        let below = before.map_or(Bound::Unbounded, Bound::Excluded);
        let keys = standing.range((Bound::Unbounded, below)).rev();
        let sessions = keys.filter_map(|key| state.sessions.get(&key.session_id));
        Ok(sessions.filter(|session| session.is_live(now)).take(limit).cloned().collect())
    }

    async fn list_ended_sessions(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(SessionId, Timestamp)>, StorageError> {
        let state = self.contexts.sessions.state.read();
        // Newest first, up to the first that is too old: no id is the least of all.
        let ended = state.ended.iter().rev().take_while(|(end_time, _)| *end_time >= since);
        Ok(ended.map(|(end_time, session_id)| (*session_id, *end_time)).collect())
    }
}
