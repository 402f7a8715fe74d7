//! What stands in a token.

use duologue_domain::Timestamp;
use duologue_domain::auth::AccessClaims;
use serde::{Deserialize, Serialize};

/// The type of an access token (RFC 9068), so that no other JWT is ever taken for one.
pub(super) const TYPE: &str = "at+jwt";

/// Who makes the tokens, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenParties {
    /// The claim `iss`.
    pub issuer: String,
    /// The claim `aud`.
    pub audience: String,
}

impl Default for TokenParties {
    /// `duologue` and `duologue`.
    fn default() -> Self {
        Self { issuer: "duologue".to_owned(), audience: "duologue".to_owned() }
    }
}

/// The claims as they stand in the JSON, in this order. Issuer and audience are texts, never lists.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireClaims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
    jti: String,
    sid: String,
    #[serde(default, skip_serializing)]
    nbf: Option<i64>,
}

impl WireClaims {
    pub(super) fn new(parties: &TokenParties, claims: &AccessClaims) -> Self {
        Self {
            iss: parties.issuer.clone(),
            aud: parties.audience.clone(),
            sub: claims.user_id.to_string(),
            iat: claims.issue_time.unix_seconds(),
            exp: claims.expire_time.unix_seconds(),
            jti: claims.token_id.clone(),
            sid: claims.session_id.to_string(),
            nbf: None,
        }
    }

    /// The moment before which the token says nothing, if it names one.
    pub(super) fn not_before(&self) -> Option<Timestamp> {
        self.nbf.and_then(seconds)
    }

    /// What the token says, if it is all there and in its canonical spelling.
    pub(super) fn read(self) -> Option<AccessClaims> {
        if self.jti.is_empty() || (self.nbf.is_some() && self.not_before().is_none()) {
            return None;
        }
        Some(AccessClaims {
            user_id: self.sub.parse().ok()?,
            session_id: self.sid.parse().ok()?,
            token_id: self.jti,
            issue_time: seconds(self.iat)?,
            expire_time: seconds(self.exp)?,
        })
    }
}

/// The moment so many seconds after the epoch, if there is one.
fn seconds(seconds: i64) -> Option<Timestamp> {
    seconds.checked_mul(1_000_000).map(Timestamp::from_unix_micros)
}
