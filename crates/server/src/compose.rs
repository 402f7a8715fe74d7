//! The composition root: every port gets its adapter here, and nowhere else.

use std::sync::Arc;

use duologue_domain::Environment;
use duologue_domain::auth::{self, Authenticator, Revocations};
use duologue_domain::chat::{self, ChatPolicy, FriendsOnly, Open};
use duologue_domain::notification::{self, Dispatcher};
use duologue_domain::page::CursorSealer;
use duologue_domain::poller::Poller;
use duologue_domain::social;
use duologue_domain::time::Clock as _;
use duologue_domain::user::{self, UserDirectory};
use duologue_domain::wakeup::LocalWakeUp;
use duologue_grpc::Domain;
use duologue_platform::keys::{KeyDirectory, RotationSettings};
use duologue_platform::password::{Argon2Hasher, HasherSettings};
use duologue_platform::token::{Ed25519Issuer, Ed25519Verifier, TokenParties, VerifierSettings};
use duologue_platform::{SystemClock, SystemRandom};

use crate::background::Background;
use crate::config::{Config, Keys};
use crate::settings::ChatPolicy as Policy;
use crate::stores::{Health, Stores};

/// What was composed: the use cases, who authenticates for them, and what has to run behind them.
pub(crate) struct Composed {
    pub(crate) domain: Domain,
    pub(crate) authenticator: Authenticator,
    pub(crate) environment: Environment,
    pub(crate) background: Background,
    /// Answers whether the storage does.
    pub(crate) health: Arc<dyn Health>,
}

/// Composes the whole messenger.
pub(crate) async fn compose(config: &Config) -> anyhow::Result<Composed> {
    let environment = Environment::new(Arc::new(SystemClock), Arc::new(SystemRandom));
    let keys = Arc::new(open_keys(config)?);
    let hub = LocalWakeUp::new();
    let stores = Stores::open(config).await?;
    let cursors = CursorSealer::new(keys.secrets().cursors());
    let revocations = Revocations::new(hub.clone(), config.lifetimes.access);
    let wake_up = Arc::new(hub.clone());

    let parties =
        TokenParties { issuer: config.token_issuer.clone(), audience: config.token_audience.clone() };
    let verifier = VerifierSettings { parties: parties.clone(), ..VerifierSettings::default() };
    let authenticator = Authenticator::new(
        Arc::new(Ed25519Verifier::new(keys.keys(), verifier)),
        revocations.clone(),
        environment.clone(),
    );

    let hasher = HasherSettings {
        threads: config.hashing_threads,
        queue_length: config.hashing_queue,
        ..HasherSettings::default()
    };
    let auth = auth::Service::new(
        auth::Ports {
            accounts: stores.accounts,
            sessions: stores.sessions.clone(),
            hasher: Arc::new(Argon2Hasher::start(hasher)?),
            issuer: Arc::new(Ed25519Issuer::new(keys.keys(), parties)),
            refresh_tokens: auth::RefreshTokens::new(keys.secrets().refresh_tokens()),
            revocations: revocations.clone(),
            cursors: cursors.clone(),
            environment: environment.clone(),
        },
        config.lifetimes,
    );
    let user = user::Service::new(stores.profiles, cursors.clone(), environment.clone());
    let users: Arc<dyn UserDirectory> = Arc::new(user.clone());
    let social = social::Service::new(
        stores.social.clone(),
        users.clone(),
        wake_up.clone(),
        cursors.clone(),
        environment.clone(),
    );
    let policy: Arc<dyn ChatPolicy> = match config.chat_policy {
        Policy::Open => Arc::new(Open),
        Policy::Friends => Arc::new(FriendsOnly::new(stores.social)),
    };
    let chat = chat::Service::new(
        stores.chats.clone(),
        users,
        policy,
        wake_up.clone(),
        cursors.clone(),
        environment.clone(),
    );
    let notification = notification::Service::new(stores.notifications.clone(), wake_up.clone(), cursors);

    let background = Background {
        poller: Poller::new(hub.clone(), stores.chats, stores.notifications.clone()),
        dispatcher: Dispatcher::new(
            stores.outboxes.iter().map(|named| named.outbox.clone()).collect(),
            stores.notifications,
            wake_up,
            environment.clone(),
        ),
        outboxes: stores.outboxes,
        hub,
        revocations,
        sessions: stores.sessions,
        keys,
        environment: environment.clone(),
    };
    Ok(Composed {
        domain: Domain {
            auth: Some(auth),
            user: Some(user),
            social: Some(social),
            chat: Some(chat),
            notification: Some(notification),
        },
        authenticator,
        environment,
        background,
        health: stores.health,
    })
}

fn open_keys(config: &Config) -> anyhow::Result<KeyDirectory> {
    let settings =
        RotationSettings { access_lifetime: config.lifetimes.access, ..RotationSettings::default() };
    let now = SystemClock.now();
    Ok(match &config.keys {
        Keys::Made(path) => KeyDirectory::open_or_create(path, settings, now)?,
        Keys::Given(path) => KeyDirectory::open_existing(path, settings, now)?,
    })
}
