//! Sessions that ended while their access tokens may still be alive.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;

use super::EndedSessions;
use crate::error::StorageError;
use crate::id::SessionId;
use crate::time::Timestamp;
use crate::wakeup::{LocalWakeUp, Subscription, Topic, WakeUp};

/// How far each poll looks behind the last one, for ends that were committed late.
const OVERLAP: Duration = Duration::from_secs(10);

/// The ended sessions that every verifier refuses, and open streams hear of.
///
/// Bounded: a session is forgotten once its last access token has expired.
#[derive(Debug, Clone)]
pub struct Revocations {
    ended: Arc<RwLock<HashMap<SessionId, Timestamp>>>,
    streams: LocalWakeUp,
    access_lifetime: Duration,
}

impl Revocations {
    /// Nothing has ended yet; access tokens live for `access_lifetime`.
    #[must_use]
    pub fn new(streams: LocalWakeUp, access_lifetime: Duration) -> Self {
        Self { ended: Arc::default(), streams, access_lifetime }
    }

    /// Refuses the session's access tokens from now on, and ends its streams.
    pub fn end(&self, session_id: SessionId, end_time: Timestamp) {
        if self.ended.write().insert(session_id, end_time).is_none() {
            self.streams.publish(Topic::Session(session_id), 1);
        }
    }

    /// Whether the session has ended.
    #[must_use]
    pub fn has_ended(&self, session_id: SessionId) -> bool {
        self.ended.read().contains_key(&session_id)
    }

    /// Waits for the end of a session.
    #[must_use]
    pub fn watch(&self, session_id: SessionId) -> SessionEnd {
        SessionEnd {
            subscription: self.streams.subscribe(Topic::Session(session_id)),
            revocations: self.clone(),
            session_id,
        }
    }

    /// Learns what ended elsewhere, and forgets what no living token belongs to.
    ///
    /// To be called about once a second: a verifier then knows of every end within two.
    pub async fn refresh(
        &self,
        source: &dyn EndedSessions,
        now: Timestamp,
        last: Option<Timestamp>,
    ) -> Result<(), StorageError> {
        let since = last.map_or_else(|| now.minus(self.access_lifetime), |last| last.minus(OVERLAP));
        for (session_id, end_time) in source.ended_sessions(since).await? {
            self.end(session_id, end_time);
        }
        let oldest = now.minus(self.access_lifetime).minus(OVERLAP);
        self.ended.write().retain(|_, end_time| *end_time > oldest);
        Ok(())
    }
}

/// Waits for the end of one session.
#[derive(Debug)]
pub struct SessionEnd {
    subscription: Subscription,
    revocations: Revocations,
    session_id: SessionId,
}

impl SessionEnd {
    /// Returns once the session has ended. Dropping the future is harmless.
    pub async fn ended(&mut self) {
        loop {
            self.subscription.mark_seen();
            if self.revocations.has_ended(self.session_id) {
                return;
            }
            self.subscription.changed().await;
        }
    }
}
