//! Verifies access tokens, and remembers those that were genuine.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use duologue_domain::Timestamp;
use duologue_domain::auth::{AccessClaims, AccessTokenVerifier, InvalidAccessToken, PublicKey};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::claims::{TYPE, WireClaims};
use super::known_keys::KnownKeys;
use super::{KeySource, TokenParties};

/// What a verifier accepts, and how much it remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierSettings {
    /// The issuer and the audience that a token must name.
    pub parties: TokenParties,
    /// The longest token, in bytes; a longer one is refused unread.
    pub longest_token: usize,
    /// How many genuine tokens are remembered, so that their signature is verified once.
    pub remembered_tokens: usize,
    /// How far in the future a token may have been issued, for clocks that differ.
    pub clock_difference: Duration,
    /// How long a key source is left alone after it was asked, whatever tokens arrive.
    pub refetch_interval: Duration,
    /// How long fetched keys are used without asking again.
    pub keys_fresh_for: Duration,
    /// How long fetched keys are used while the source cannot be asked.
    pub keys_usable_for: Duration,
}

impl Default for VerifierSettings {
    /// 4 KiB, 10,000 tokens, a minute; 10 seconds, a minute and an hour.
    fn default() -> Self {
        Self {
            parties: TokenParties::default(),
            longest_token: 4 * 1024,
            remembered_tokens: 10_000,
            clock_difference: Duration::from_mins(1),
            refetch_interval: Duration::from_secs(10),
            keys_fresh_for: Duration::from_mins(1),
            keys_usable_for: Duration::from_hours(1),
        }
    }
}

/// Verifies access tokens that an [`Ed25519Issuer`](super::Ed25519Issuer) signed, here or elsewhere.
///
/// A genuine token is remembered by the digest of its whole text, and only as long as its key is published.
pub struct Ed25519Verifier {
    keys: Arc<KnownKeys>,
    settings: VerifierSettings,
    validation: Validation,
    pub(super) remembered: Cache<[u8; 32], Genuine>,
}

/// A token whose signature and claims were right, and the key that proved it.
#[derive(Clone)]
pub(super) struct Genuine {
    claims: AccessClaims,
    key: PublicKey,
}

impl Ed25519Verifier {
    /// A verifier with the keys of a source.
    #[must_use]
    pub fn new(source: Arc<dyn KeySource>, settings: VerifierSettings) -> Self {
        super::choose_cryptography();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&settings.parties.issuer]);
        validation.set_audience(&[&settings.parties.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // It would ask the system's clock; here the caller says what time it is.
        validation.validate_exp = false;
        Self {
            keys: Arc::new(KnownKeys::new(source, &settings)),
            remembered: Cache::new(settings.remembered_tokens),
            validation,
            settings,
        }
    }

    /// What a token says that was verified before with a key that is still published.
    async fn recall(
        &self,
        digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<AccessClaims>, InvalidAccessToken> {
        let Some(genuine) = self.remembered.get(digest) else { return Ok(None) };
        let published = self.keys.find(&genuine.key.key_id, now).await? == Some(genuine.key);
        let expired = now >= genuine.claims.expire_time;
        if expired || !published {
            self.remembered.remove(digest);
        }
        match (published, expired) {
            (true, false) => Ok(Some(genuine.claims)),
            (true, true) => Err(InvalidAccessToken::Expired),
            (false, _) => Ok(None),
        }
    }

    /// Verifies all of the token but whether it has expired.
    async fn examine(&self, token: &str, now: Timestamp) -> Result<Genuine, InvalidAccessToken> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| InvalidAccessToken::Invalid)?;
        let key_id = key_id(&header).ok_or(InvalidAccessToken::Invalid)?;
        let key = self.keys.find(key_id, now).await?.ok_or(InvalidAccessToken::Invalid)?;
        let decoding_key = DecodingKey::from_ed_der(&key.bytes);
        let claims = jsonwebtoken::decode::<WireClaims>(token, &decoding_key, &self.validation)
            .map_err(|_| InvalidAccessToken::Invalid)?
            .claims;
        let latest = now.plus(self.settings.clock_difference);
        let not_before = claims.not_before();
        let claims = claims.read().ok_or(InvalidAccessToken::Invalid)?;
        if claims.issue_time > latest || not_before.is_some_and(|not_before| not_before > latest) {
            return Err(InvalidAccessToken::Invalid);
        }
        Ok(Genuine { claims, key })
    }
}

/// The key that the header names, if the header is one of ours.
fn key_id(header: &Header) -> Option<&str> {
    let ours = header.alg == Algorithm::EdDSA && header.typ.as_deref() == Some(TYPE) && header.crit.is_none();
    header.kid.as_deref().filter(|_| ours)
}

#[async_trait]
impl AccessTokenVerifier for Ed25519Verifier {
    async fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, InvalidAccessToken> {
        if token.len() > self.settings.longest_token {
            return Err(InvalidAccessToken::Invalid);
        }
        let digest = Sha256::digest(token).into();
        if let Some(claims) = self.recall(&digest, now).await? {
            return Ok(claims);
        }
        let genuine = self.examine(token, now).await?;
        if now >= genuine.claims.expire_time {
            return Err(InvalidAccessToken::Expired);
        }
        let claims = genuine.claims.clone();
        self.remembered.insert(digest, genuine);
        Ok(claims)
    }
}

impl fmt::Debug for Ed25519Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ed25519Verifier").field("settings", &self.settings).finish_non_exhaustive()
    }
}
