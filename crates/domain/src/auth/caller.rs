//! Who calls: the subject of a verified access token, and nobody else.

use std::sync::Arc;

use super::error::AuthenticateError;
use super::{AccessTokenVerifier, Revocations};
use crate::environment::Environment;
use crate::error::NotYours;
use crate::id::{SessionId, UserId};
use crate::time::Timestamp;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user_id: UserId,
    /// The session that the token belongs to.
    pub session_id: SessionId,
    /// When the token dies, and with it any stream that it opened.
    pub expire_time: Timestamp,
    /// Whether the session still stands.
    pub standing: Standing,
}

/// Whether the session of a genuine, living token still stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Live,
    /// It has ended: only leaving once more is allowed, so that a repeated logout succeeds.
    Ended,
}

impl Caller {
    /// The user a request is for: the caller, whether named or not, and never anybody else.
    ///
    /// Whether the other user exists is never told.
    pub fn acting_for(&self, named: Option<UserId>) -> Result<UserId, NotYours> {
        match named {
            Some(user_id) if user_id != self.user_id => Err(NotYours),
            _ => Ok(self.user_id),
        }
    }
}

/// Turns an access token into a caller: verifies it, and asks whether its session still stands.
#[derive(Clone)]
pub struct Authenticator {
    verifier: Arc<dyn AccessTokenVerifier>,
    revocations: Revocations,
    environment: Environment,
}

impl Authenticator {
    /// An authenticator over a verifier and the ended sessions.
    #[must_use]
    pub fn new(
        verifier: Arc<dyn AccessTokenVerifier>,
        revocations: Revocations,
        environment: Environment,
    ) -> Self {
        Self { verifier, revocations, environment }
    }

    /// The caller of a token whose session stands.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, AuthenticateError> {
        let caller = self.authenticate_leaving(token).await?;
        match caller.standing {
            Standing::Live => Ok(caller),
            Standing::Ended => Err(AuthenticateError::SessionRevoked),
        }
    }

    /// The caller of a token whose session may have ended: for leaving once more.
    pub async fn authenticate_leaving(&self, token: &str) -> Result<Caller, AuthenticateError> {
        let claims = self.verifier.verify(token, self.environment.now()).await?;
        let ended = self.revocations.has_ended(claims.session_id);
        Ok(Caller {
            user_id: claims.user_id,
            session_id: claims.session_id,
            expire_time: claims.expire_time,
            standing: if ended { Standing::Ended } else { Standing::Live },
        })
    }

    /// The ended sessions, for streams to watch.
    #[must_use]
    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authenticator").finish_non_exhaustive()
    }
}
