//! What the use cases stand on, each part to be decorated by a fault.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use duologue_domain::auth::{
    AccessClaims, AccessTokenIssuer, AccessTokenVerifier, AccountStore, Lifetimes, PasswordHasher,
    RefreshTokens, Revocations, SessionStore,
};
use duologue_domain::chat::ChatStore;
use duologue_domain::event::EventOutbox;
use duologue_domain::id::UserId;
use duologue_domain::notification::NotificationStore;
use duologue_domain::social::SocialStore;
use duologue_domain::user::{ProfileStore, UserDirectory};
use duologue_domain::wakeup::LocalWakeUp;
use duologue_domain::{Environment, Timestamp};
use duologue_platform::keys::KeySet;
use duologue_platform::password::{Argon2Hasher, HasherSettings};
use duologue_platform::token::{Ed25519Issuer, Ed25519Verifier, TokenParties, VerifierSettings};
use duologue_platform::{SystemClock, SystemRandom};
use duologue_storage_memory::MemoryStorage;

use crate::call::Call;

/// What the use cases stand on. Clones share everything.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names are those of the domain's traits")]
pub struct Ports {
    pub accounts: Arc<dyn AccountStore>,
    pub sessions: Arc<dyn SessionStore>,
    pub profiles: Arc<dyn ProfileStore>,
    pub social: Arc<dyn SocialStore>,
    pub chats: Arc<dyn ChatStore>,
    pub notifications: Arc<dyn NotificationStore>,
    pub outboxes: Vec<Arc<dyn EventOutbox>>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub issuer: Arc<dyn AccessTokenIssuer>,
    pub verifier: Arc<dyn AccessTokenVerifier>,
    /// Who exists, as far as friendship asks; without it, who has a profile.
    pub users_of_social: Option<Arc<dyn UserDirectory>>,
    /// Who exists, as far as chats ask; without it, who has a profile.
    pub users_of_chat: Option<Arc<dyn UserDirectory>>,
    pub refresh_tokens: RefreshTokens,
    pub revocations: Revocations,
    pub lifetimes: Lifetimes,
    /// How often the server was killed so far.
    pub lives: Arc<AtomicU64>,
    pub hub: LocalWakeUp,
    pub environment: Environment,
}

impl Ports {
    /// Ports without any fault: memory, keys of its own, quick hashes.
    pub fn sound(lifetimes: Lifetimes) -> anyhow::Result<Self> {
        let storage = MemoryStorage::new();
        let shared = Arc::new(storage.clone());
        let hub = LocalWakeUp::new();
        let keys = Arc::new(KeySet::ephemeral()?);
        let hasher = HasherSettings { memory_kib: 64, passes: 1, queue_length: 4096, ..Default::default() };
        Ok(Self {
            accounts: shared.clone(),
            sessions: shared.clone(),
            profiles: shared.clone(),
            social: shared.clone(),
            chats: shared.clone(),
            notifications: shared,
            outboxes: storage.outboxes(),
            hasher: Arc::new(Argon2Hasher::start(hasher)?),
            issuer: Arc::new(Ed25519Issuer::new(keys.clone(), TokenParties::default())),
            verifier: Arc::new(Ed25519Verifier::new(keys, VerifierSettings::default())),
            users_of_social: None,
            users_of_chat: None,
            refresh_tokens: RefreshTokens::new(&[9; 32]),
            revocations: Revocations::new(hub.clone(), lifetimes.access),
            lifetimes,
            lives: Arc::default(),
            hub,
            environment: Environment::new(Arc::new(SystemClock), Arc::new(SystemRandom)),
        })
    }

    /// The ports of another replica: the same storage and keys, and wake-ups of its own.
    #[must_use]
    pub fn replica(&self) -> Self {
        let hub = LocalWakeUp::new();
        let revocations = Revocations::new(hub.clone(), self.lifetimes.access);
        Self { revocations, hub, ..self.clone() }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.environment.now()
    }

    /// Who calls, if the call shows a good token.
    pub async fn caller(&self, call: &Call) -> Option<AccessClaims> {
        self.verifier.verify(call.token()?, self.now()).await.ok()
    }

    /// A token for this user, in a session that nobody knows.
    #[must_use]
    pub fn token_of(&self, user_id: UserId) -> String {
        let now = self.now();
        let claims = AccessClaims {
            user_id,
            session_id: self.environment.new_id(),
            token_id: "planted".to_owned(),
            issue_time: now,
            expire_time: now.plus(std::time::Duration::from_hours(1)),
        };
        self.issuer.issue(&claims).unwrap_or_default()
    }

    /// A token for nobody who ever registered.
    #[must_use]
    pub fn token_of_nobody(&self) -> String {
        self.token_of(self.environment.new_id())
    }
}
