//! Access tokens: what they say, and the ports that issue and verify them.

use async_trait::async_trait;

use crate::id::{SessionId, UserId};
use crate::time::Timestamp;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// Whose it is (`sub`).
    pub user_id: UserId,
    /// Of which session (`sid`).
    pub session_id: SessionId,
    /// Which token it is (`jti`).
    pub token_id: String,
    /// When it was issued (`iat`); whole seconds on the wire.
    pub issue_time: Timestamp,
    /// When it dies (`exp`); whole seconds on the wire.
    pub expire_time: Timestamp,
}

/// The text is no access token of ours, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccessToken {
    /// Everything about it is right but the time.
    #[error("the access token has expired")]
    Expired,
    /// Malformed, forged, of another kind or issuer, or signed by an unknown key.
    #[error("the access token is not valid")]
    Invalid,
    /// The keys to verify it with cannot be had at present.
    #[error("the keys that verify access tokens cannot be had")]
    KeysUnavailable,
}

/// No key can sign at present: a bug, or a broken key directory.
#[derive(Debug, thiserror::Error)]
#[error("no access token can be signed")]
pub struct IssueError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A published key: an Ed25519 public key and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The `kid` of tokens that it verifies.
    pub key_id: String,
    /// The 32 bytes of the key.
    pub bytes: [u8; 32],
}

/// Signs access tokens, and publishes what verifies them.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait AccessTokenIssuer: Send + Sync {
    /// The signed token; the same claims under the same key give the same text.
    fn issue(&self, claims: &AccessClaims) -> Result<String, IssueError>;

    /// The keys of all tokens that can be alive now or soon, the next one included.
    fn public_keys(&self) -> Vec<PublicKey>;
}

/// Verifies access tokens.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AccessTokenVerifier: Send + Sync {
    /// What the token says, if it is genuine, for us, and alive at `now`.
    async fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, InvalidAccessToken>;
}

/// The text is no token of a service of this deployment, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the service token is not valid")]
pub struct InvalidServiceToken;

/// Verifies the identity of services that call without a user.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait ServiceTokenVerifier: Send + Sync {
    /// Whether the token is one of a service of this deployment, and alive at `now`.
    fn verify(&self, token: &str, now: Timestamp) -> Result<(), InvalidServiceToken>;
}
