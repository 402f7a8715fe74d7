//! Sessions: one login, and everything refreshed from it.

use std::time::Duration;

use super::{Generation, Salt};
use crate::id::{Id, SessionId, UserId};
use crate::page::CursorKey;
use crate::time::Timestamp;

/// For how long a spent refresh token is answered with its successor again.
pub(super) const GRACE: Duration = Duration::from_mins(1);

/// One login, and everything refreshed from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Names the session.
    pub session_id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// Makes its refresh tokens its own.
    pub salt: Salt,
    /// How often it was refreshed: the only generation whose token is not spent.
    pub generation: Generation,
    /// When it began.
    pub create_time: Timestamp,
    /// When its newest generation was made.
    pub refresh_time: Timestamp,
    /// When it ends by itself, unless it is refreshed.
    pub expire_time: Timestamp,
    /// When it was ended, if it was.
    pub end_time: Option<Timestamp>,
}

/// What presenting a genuine refresh token calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// It is the newest: make the next generation.
    Rotate,
    /// It was spent moments ago: answer with the same successor again.
    Repeat,
    /// It was spent long ago, or its successor was spent as well: somebody else has it. End the session.
    Kill,
    /// The session is over.
    Refuse,
}

impl Session {
    /// Whether the session is neither ended nor expired.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.end_time.is_none() && now < self.expire_time
    }

    /// Decides what a genuine refresh token of `generation` calls for.
    #[must_use]
    pub fn refresh(&self, generation: Generation, now: Timestamp) -> Refresh {
        if !self.is_live(now) || generation > self.generation {
            return Refresh::Refuse;
        }
        if generation == self.generation {
            return Refresh::Rotate;
        }
        let one_back = generation.next() == self.generation;
        if one_back && now.since(self.refresh_time) <= GRACE { Refresh::Repeat } else { Refresh::Kill }
    }
}

/// Orders sessions: newest first, ties by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionKey {
    /// When the session began.
    pub create_time: Timestamp,
    /// Which it is.
    pub session_id: SessionId,
}

impl From<&Session> for SessionKey {
    fn from(session: &Session) -> Self {
        Self { create_time: session.create_time, session_id: session.session_id }
    }
}

impl CursorKey for SessionKey {
    fn to_bytes(&self) -> Vec<u8> {
        crate::page::timed_key_to_bytes(self.create_time, self.session_id.uuid())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (create_time, uuid) = crate::page::timed_key_from_bytes(bytes)?;
        Some(Self { create_time, session_id: SessionId::from_uuid(uuid) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn session(generation: u64) -> Session {
        Session {
            session_id: SessionId::from_uuid(Uuid::nil()),
            user_id: UserId::from_uuid(Uuid::nil()),
            salt: Salt([0; 16]),
            generation: Generation(generation),
            create_time: Timestamp::from_unix_millis(0),
            refresh_time: Timestamp::from_unix_millis(1_000_000),
            expire_time: Timestamp::from_unix_millis(9_000_000),
            end_time: None,
        }
    }

    #[test]
    fn every_generation_at_every_age_has_its_answer() {
        let (at_once, in_grace, late) = (1_000_000, 1_060_000, 1_060_001);
        let table = [
            (5, at_once, Refresh::Rotate),
            (5, late, Refresh::Rotate),
            (5, 9_000_000, Refresh::Refuse),
            (4, at_once, Refresh::Repeat),
            (4, in_grace, Refresh::Repeat),
            (4, late, Refresh::Kill),
            (3, at_once, Refresh::Kill),
            (0, late, Refresh::Kill),
            (6, at_once, Refresh::Refuse),
        ];
        for (generation, now, expected) in table {
            let decided = session(5).refresh(Generation(generation), Timestamp::from_unix_millis(now));
            assert_eq!(decided, expected, "generation {generation} at {now}");
        }
    }

    #[test]
    fn an_ended_session_refuses_every_generation() {
        let ended = Session { end_time: Some(Timestamp::from_unix_millis(1_000_000)), ..session(5) };
        for generation in 0..=6 {
            assert_eq!(
                ended.refresh(Generation(generation), Timestamp::from_unix_millis(1_000_001)),
                Refresh::Refuse
            );
        }
    }
}
