//! The service over a plain store, a hasher that counts its work, and an issuer whose tokens can be read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use duologue_domain::auth::error::LoginError;
use duologue_domain::auth::{
    AccessClaims, AccessTokenIssuer, AccessTokenVerifier, Authenticator, Caller, HasherBusy,
    InvalidAccessToken, IssueError, Lifetimes, Password, PasswordHash, PasswordHasher, Ports, PublicKey,
    RefreshToken, RefreshTokens, Revocations, Service, Session, SignedIn, Verification,
};
use duologue_domain::id::SessionId;
use duologue_domain::time::Timestamp;
use duologue_domain::wakeup::LocalWakeUp;
use parking_lot::Mutex;

use super::super::support::auth_store::PlainAuthStore;
use crate::support::schedule::yield_once;
use crate::support::{ManualClock, cursors, environment};

/// What a hasher was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Work {
    pub(crate) hashes: usize,
    pub(crate) verifications: usize,
}

/// Keeps passwords readable, under a version of its parameters.
#[derive(Default)]
pub(crate) struct PlainHasher {
    pub(crate) version: AtomicUsize,
    pub(crate) work: Mutex<Work>,
}

impl PlainHasher {
    fn phc(version: usize, password: &Password) -> String {
        format!("$plain$v={version}${}", String::from_utf8_lossy(password.as_bytes()))
    }
}

#[async_trait]
impl PasswordHasher for PlainHasher {
    async fn hash(&self, password: Password, salt: [u8; 16]) -> Result<PasswordHash, HasherBusy> {
        yield_once().await;
        self.work.lock().hashes += 1;
        let text = Self::phc(self.version.load(Ordering::Relaxed), &password);
        // The salt makes two hashes of one password differ, as real ones do.
        Ok(PasswordHash::from_phc(format!("{text}${:x}", u128::from_le_bytes(salt))))
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, HasherBusy> {
        yield_once().await;
        self.work.lock().verifications += 1;
        let Some(hash) = hash else { return Ok(Verification::Mismatch) };
        let now = self.version.load(Ordering::Relaxed);
        let made_in = (0..=now).find(|version| {
            let text = Self::phc(*version, &password);
            hash.as_str().strip_prefix(&text).is_some_and(|salt| salt.starts_with('$'))
        });
        Ok(match made_in {
            None => Verification::Mismatch,
            Some(version) if version == now => Verification::Match,
            Some(_) => Verification::MatchOutdated,
        })
    }
}

/// Tokens are their claims.
#[derive(Default)]
struct PlainTokens(Mutex<Vec<(String, AccessClaims)>>);

impl AccessTokenIssuer for PlainTokens {
    fn issue(&self, claims: &AccessClaims) -> Result<String, IssueError> {
        let text = format!("{claims:?}");
        self.0.lock().push((text.clone(), claims.clone()));
        Ok(text)
    }

    fn public_keys(&self) -> Vec<PublicKey> {
        Vec::new()
    }
}

#[async_trait]
impl AccessTokenVerifier for PlainTokens {
    async fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, InvalidAccessToken> {
        let issued = self.0.lock();
        let (_, claims) = issued.iter().find(|(text, _)| text == token).ok_or(InvalidAccessToken::Invalid)?;
        if now < claims.expire_time { Ok(claims.clone()) } else { Err(InvalidAccessToken::Expired) }
    }
}

pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) struct World {
    pub(crate) store: Arc<PlainAuthStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) hasher: Arc<PlainHasher>,
    pub(crate) revocations: Revocations,
    pub(crate) authenticator: Authenticator,
    pub(crate) service: Service,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let (store, clock) = (Arc::new(PlainAuthStore::default()), ManualClock::new());
        let (hasher, tokens) = (Arc::new(PlainHasher::default()), Arc::new(PlainTokens::default()));
        let revocations = Revocations::new(LocalWakeUp::new(), Lifetimes::default().access);
        let environment = environment(&clock, seed);
        let authenticator = Authenticator::new(tokens.clone(), revocations.clone(), environment.clone());
        let ports = Ports {
            accounts: store.clone(),
            sessions: store.clone(),
            hasher: hasher.clone(),
            issuer: tokens,
            refresh_tokens: RefreshTokens::new(&[9; 32]),
            revocations: revocations.clone(),
            cursors: cursors(),
            environment,
        };
        let service = Service::new(ports, Lifetimes::default());
        Self { store, clock, hasher, revocations, authenticator, service }
    }

    pub(crate) async fn register(&self, email: &str) -> SignedIn {
        self.service.register(email.parse().unwrap(), PASSWORD.parse().unwrap()).await.unwrap()
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Result<SignedIn, LoginError> {
        self.service.login(&email.parse().unwrap(), Password::parse_existing(password).unwrap()).await
    }

    /// Whoever holds this access token, whether or not the session still stands.
    pub(crate) async fn caller(&self, signed_in: &SignedIn) -> Caller {
        self.authenticator.authenticate_leaving(&signed_in.access_token).await.unwrap()
    }

    pub(crate) fn session(&self, session_id: SessionId) -> Session {
        self.store.0.behind(|state| state.sessions[&session_id].clone())
    }
}

/// The token of an answer, as the next request presents it.
pub(crate) fn parsed(refresh_token: &str) -> Option<RefreshToken> {
    RefreshToken::parse(refresh_token).unwrap()
}
