//! Faults of access tokens and passwords: ports that verify, issue and hash wrongly.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duologue_domain::Timestamp;
use duologue_domain::auth::{
    AccessClaims, AccessTokenIssuer, AccessTokenVerifier, HasherBusy, InvalidAccessToken, IssueError,
    Password, PasswordHash, PasswordHasher, PublicKey, RefreshToken, Verification,
};
use duologue_domain::id::{Id as _, UserId};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

use super::Plant;
use crate::composition::Composition;
use crate::ports::Ports;

pub(super) fn plants() -> Vec<Plant> {
    let verifier = |id, defect| {
        Plant::new(id, move |mut composition| {
            let ports = composition.ports.clone();
            composition.ports.verifier = Arc::new(LaxVerifier { ports, defect });
            composition
        })
    };
    let hasher = |id, defect| {
        Plant::new(id, move |mut composition| {
            let inner = composition.ports.hasher.clone();
            composition.ports.hasher = Arc::new(LaxHasher { inner, defect });
            composition
        })
    };
    vec![
        verifier("token-signature-unchecked", Lax::Unsigned),
        verifier("refresh-accepted-as-access", Lax::RefreshTaken),
        Plant::new("token-never-expires", |composition| {
            let mut composition = composition.with_access_seconds(2);
            let ports = composition.ports.clone();
            composition.ports.verifier = Arc::new(LaxVerifier { ports, defect: Lax::Eternal });
            composition
        }),
        hasher("password-truncated-72", Careless::Truncates),
        hasher("password-normalised", Careless::Normalises),
        hasher("login-ignores-password", Careless::Forgives),
        Plant::new("token-subject-is-email", |composition| issuer(composition, Misissue::OtherSubject)),
        Plant::new("jwks-stale", |composition| issuer(composition, Misissue::StaleKeys)),
    ]
}

fn issuer(mut composition: Composition, defect: Misissue) -> Composition {
    let inner = composition.ports.issuer.clone();
    composition.ports.issuer = Arc::new(WrongIssuer { inner, defect });
    composition
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lax {
    Unsigned,
    Eternal,
    RefreshTaken,
}

struct LaxVerifier {
    ports: Ports,
    defect: Lax,
}

/// What a token claims, whoever signed it.
fn claimed(token: &str) -> Option<AccessClaims> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    let seconds = |name: &str| Some(Timestamp::from_unix_millis(claims[name].as_i64()?.checked_mul(1_000)?));
    Some(AccessClaims {
        user_id: claims["sub"].as_str()?.parse().ok()?,
        session_id: claims["sid"].as_str()?.parse().ok()?,
        token_id: claims["jti"].as_str()?.to_owned(),
        issue_time: seconds("iat")?,
        expire_time: seconds("exp")?,
    })
}

impl LaxVerifier {
    async fn of_refresh_token(&self, token: &str) -> Option<AccessClaims> {
        let token = RefreshToken::parse(token).ok()??;
        let session = self.ports.sessions.find_session(token.session_id).await.ok()??;
        let genuine = self.ports.refresh_tokens.proves(&token, &session);
        genuine.then(|| AccessClaims {
            user_id: session.user_id,
            session_id: session.session_id,
            token_id: "refresh".to_owned(),
            issue_time: session.refresh_time,
            expire_time: session.expire_time,
        })
    }
}

#[async_trait]
impl AccessTokenVerifier for LaxVerifier {
    async fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, InvalidAccessToken> {
        let inner = &self.ports.verifier;
        match self.defect {
            Lax::Unsigned => claimed(token).ok_or(InvalidAccessToken::Invalid),
            Lax::Eternal => {
                let issued = claimed(token).ok_or(InvalidAccessToken::Invalid)?.issue_time;
                inner.verify(token, issued).await
            }
            Lax::RefreshTaken => match self.of_refresh_token(token).await {
                Some(claims) => Ok(claims),
                None => inner.verify(token, now).await,
            },
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Careless {
    Truncates,
    Normalises,
    Forgives,
}

struct LaxHasher {
    inner: Arc<dyn PasswordHasher>,
    defect: Careless,
}

impl LaxHasher {
    /// What is left of a password.
    fn left_of(&self, password: Password) -> Password {
        let text = String::from_utf8_lossy(password.as_bytes()).into_owned();
        let text = match self.defect {
            Careless::Truncates => text[..text.floor_char_boundary(72)].to_owned(),
            Careless::Normalises => text.nfkc().collect(),
            Careless::Forgives => text,
        };
        Password::parse_existing(&text).unwrap_or(password)
    }
}

#[async_trait]
impl PasswordHasher for LaxHasher {
    async fn hash(&self, password: Password, salt: [u8; 16]) -> Result<PasswordHash, HasherBusy> {
        self.inner.hash(self.left_of(password), salt).await
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, HasherBusy> {
        let exists = hash.is_some();
        let found = self.inner.verify(self.left_of(password), hash).await?;
        let is_forgiven = self.defect == Careless::Forgives && exists;
        Ok(if is_forgiven { Verification::Match } else { found })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Misissue {
    OtherSubject,
    StaleKeys,
}

struct WrongIssuer {
    inner: Arc<dyn AccessTokenIssuer>,
    defect: Misissue,
}

impl AccessTokenIssuer for WrongIssuer {
    fn issue(&self, claims: &AccessClaims) -> Result<String, IssueError> {
        let mut claims = claims.clone();
        if self.defect == Misissue::OtherSubject {
            // As a hash of the address would be: always the same, and never the user's id.
            claims.user_id = UserId::from_uuid(Uuid::from_u128(!claims.user_id.uuid().as_u128()));
        }
        self.inner.issue(&claims)
    }

    fn public_keys(&self) -> Vec<PublicKey> {
        let mut keys = self.inner.public_keys();
        if self.defect == Misissue::StaleKeys {
            keys.remove(0);
        }
        keys
    }
}
