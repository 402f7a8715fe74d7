//! Refresh tokens: derived from the session, so that nothing token-like is stored.
//!
//! A token is `prefix + base64url(session id, generation, MAC)`. The MAC is keyed by a secret of the server and
//! covers the session's salt, so the successor of a token can be computed again: however many clients refresh one
//! token at once, all get one and the same answer.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Session;
use crate::error::FieldError;
use crate::id::{Id, SessionId};
use crate::mac;

/// Tells a refresh token from any other text, and its layout.
const PREFIX: &str = "duologue_refresh_1_";

/// How often a session was refreshed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

impl Generation {
    /// The generation of the login itself.
    pub const FIRST: Self = Self(0);

    /// The generation after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Random bytes of a session that its refresh tokens depend on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

/// Never shows the salt.
impl fmt::Debug for Salt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Salt(…)")
    }
}

/// A refresh token as a client presents it: its shape is right, its origin not yet proved.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The session it claims to be of.
    pub session_id: SessionId,
    /// The generation it claims to be.
    pub generation: Generation,
    mac: [u8; 32],
}

/// Never shows what makes the token valid.
impl fmt::Debug for RefreshToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RefreshToken").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}

/// The field holds no text that a refresh token could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must not be empty or contain U+0000")]
pub struct InvalidRefreshToken;

impl FieldError for InvalidRefreshToken {}

impl RefreshToken {
    /// Reads the field of a request: an empty one is a mistake, any other text that is no token is `Ok(None)`.
    pub fn parse(text: &str) -> Result<Option<Self>, InvalidRefreshToken> {
        if text.is_empty() || text.contains('\0') {
            return Err(InvalidRefreshToken);
        }
        Ok(Self::decode(text))
    }

    fn decode(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?);
        let (session_id, rest) = bytes.split_at_checked(16)?;
        let (generation, mac) = rest.split_at_checked(8)?;
        Some(Self {
            session_id: SessionId::from_uuid(uuid::Uuid::from_slice(session_id).ok()?),
            generation: Generation(u64::from_be_bytes(generation.try_into().ok()?)),
            mac: mac.try_into().ok()?,
        })
    }
}

/// Derives refresh tokens and proves them, with a secret of the server.
#[derive(Clone)]
pub struct RefreshTokens {
    mac: Hmac<Sha256>,
}

impl RefreshTokens {
    /// Tokens under this secret, which must be the same on every replica and outlive restarts.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self { mac: mac::keyed(secret) }
    }

    fn mac(&self, purpose: &[u8], session: &Session, generation: Generation) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(purpose);
        mac.update(session.session_id.uuid().as_bytes());
        mac.update(&session.salt.0);
        mac.update(&generation.0.to_be_bytes());
        mac
    }

    /// The refresh token of the session's present generation.
    #[must_use]
    pub fn derive(&self, session: &Session) -> String {
        let mac = self.mac(b"refresh", session, session.generation).finalize().into_bytes();
        let bytes = Zeroizing::new(
            [session.session_id.uuid().as_bytes().as_slice(), &session.generation.0.to_be_bytes(), &mac]
                .concat(),
        );
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&*bytes))
    }

    /// The `jti` of the access token of the session's present generation: the same however often it is asked for.
    #[must_use]
    pub fn access_token_id(&self, session: &Session) -> String {
        let mac = self.mac(b"access", session, session.generation).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode(&mac[..16])
    }

    /// Whether this server derived the token for this session.
    #[must_use]
    pub fn proves(&self, token: &RefreshToken, session: &Session) -> bool {
        token.session_id == session.session_id
            && self.mac(b"refresh", session, token.generation).verify_slice(&token.mac).is_ok()
    }
}

impl fmt::Debug for RefreshTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RefreshTokens").finish_non_exhaustive()
    }
}
