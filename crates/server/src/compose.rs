//! The composition root: every port gets its adapter here, and nowhere else.

use std::sync::Arc;

use anyhow::Context as _;
use duologue_contract::bridge::Bridges;
use duologue_domain::Environment;
use duologue_domain::auth::{self, Authenticator, EndedSessions, Revocations, ServiceTokenVerifier};
use duologue_domain::chat::{self, ChatPolicy, FriendsOnly, Open};
use duologue_domain::notification::{self, Dispatcher, EventReceiver};
use duologue_domain::page::CursorSealer;
use duologue_domain::poller::Poller;
use duologue_domain::social::{self, FriendshipDirectory};
use duologue_domain::time::Clock as _;
use duologue_domain::user::{self, UserDirectory};
use duologue_domain::wakeup::{LocalWakeUp, WakeUp};
use duologue_grpc::{Domain, Internal};
use duologue_platform::keys::{KeyDirectory, RotationSettings, SharedSecrets};
use duologue_platform::password::{Argon2Hasher, HasherSettings};
use duologue_platform::token::{
    Ed25519Issuer, Ed25519Verifier, KeySource, ServiceTokens, TokenParties, VerifierSettings,
};
use duologue_platform::{SystemClock, SystemRandom};
use duologue_tls::Connector;
use duologue_wakeup::Bus;
use duologue_wakeup_nats::NatsCarrier;
use duologue_wakeup_postgres::PostgresCarrier;

use crate::background::Background;
use crate::config::{Bus as Carrying, Config, Keys};
use crate::elsewhere::Elsewhere;
use crate::roles::Role;
use crate::settings::ChatPolicy as Policy;
use crate::stores::{Health, Stores};

/// What was composed: the use cases, who authenticates for them, and what has to run behind them.
pub(crate) struct Composed {
    pub(crate) domain: Domain,
    /// What other processes of the deployment may ask, if this is one of several.
    pub(crate) internal: Option<Internal>,
    /// Who calls as a gateway of the deployment, if this is one process of several.
    pub(crate) gateways: Option<Arc<dyn ServiceTokenVerifier>>,
    /// The services that are elsewhere, where this process is a gateway to them: for REST, and for gRPC.
    pub(crate) bridges: Bridges,
    pub(crate) forwards: duologue_grpc::Elsewhere,
    pub(crate) authenticator: Authenticator,
    pub(crate) environment: Environment,
    pub(crate) background: Background,
    /// Answers whether the storage does, where there is one.
    pub(crate) health: Option<Arc<dyn Health>>,
}

/// The secrets of this process: all that a deployment has where Auth is served, else those that everybody holds.
enum Secrets {
    OfAuth(Arc<KeyDirectory>),
    Shared(SharedSecrets),
}

impl Secrets {
    fn shared(&self) -> &SharedSecrets {
        match self {
            Self::OfAuth(keys) => keys.secrets().shared(),
            Self::Shared(secrets) => secrets,
        }
    }

    fn keys(&self) -> Option<&Arc<KeyDirectory>> {
        match self {
            Self::OfAuth(keys) => Some(keys),
            Self::Shared(_) => None,
        }
    }
}

/// What every role is composed of.
struct Parts<'a> {
    config: &'a Config,
    environment: Environment,
    secrets: Secrets,
    elsewhere: Elsewhere,
    stores: Stores,
    hub: LocalWakeUp,
    wake_up: Arc<dyn WakeUp>,
    bus: Option<duologue_wakeup::Background>,
    cursors: CursorSealer,
    revocations: Revocations,
}

/// Composes the roles of this process.
pub(crate) async fn compose(config: &Config, connector: &Connector) -> anyhow::Result<Composed> {
    let environment = Environment::new(Arc::new(SystemClock), Arc::new(SystemRandom));
    let secrets = open_secrets(config)?;
    let hub = LocalWakeUp::new();
    let (wake_up, bus) = wake_up(config, &hub)?;
    let parts = Parts {
        config,
        elsewhere: Elsewhere::new(config, secrets.shared(), environment.clone(), connector)?,
        stores: Stores::open(config).await?,
        wake_up,
        bus,
        cursors: CursorSealer::new(secrets.shared().cursors()),
        revocations: Revocations::new(hub.clone(), config.lifetimes.access),
        hub,
        secrets,
        environment,
    };
    parts.compose()
}

impl Parts<'_> {
    fn compose(self) -> anyhow::Result<Composed> {
        let roles = &self.config.roles;
        let is_gateway = roles.has(Role::Gateway);
        let user = roles.has(Role::User).then(|| self.user());
        let notification = roles.has(Role::Notification).then(|| self.notification());
        let asks = [Role::Social, Role::Chat];
        let users: Option<Arc<dyn UserDirectory>> = match &user {
            Some(user) => Some(Arc::new(user.clone())),
            None => roles.have_any(&asks).then(|| self.elsewhere.users()).transpose()?,
        };
        let events: Option<Arc<dyn EventReceiver>> = match &notification {
            Some(notification) => Some(Arc::new(notification.clone())),
            None => roles.have_any(&asks).then(|| self.elsewhere.events()).transpose()?,
        };
        let domain = Domain {
            auth: self.secrets.keys().map(|keys| self.auth(keys)).transpose()?,
            social: users.clone().filter(|_| roles.has(Role::Social)).map(|users| self.social(users)),
            chat: match users.filter(|_| roles.has(Role::Chat)) {
                Some(users) => Some(self.chat(users)?),
                None => None,
            },
            user,
            notification,
        };
        let ended_sessions: Arc<dyn EndedSessions> = match self.secrets.keys() {
            Some(_) => Arc::new(self.stores.sessions.clone()),
            None => self.elsewhere.ended_sessions()?,
        };
        let tokens = Arc::new(ServiceTokens::new(self.secrets.shared().services()));
        let internal = Internal {
            verifier: tokens.clone(),
            environment: self.environment.clone(),
            ended_sessions: domain.auth.is_some().then(|| ended_sessions.clone()),
            users: domain.user.clone().map(|user| Arc::new(user) as Arc<dyn UserDirectory>),
            friendships: domain
                .social
                .is_some()
                .then(|| Arc::new(self.stores.social.clone()) as Arc<dyn FriendshipDirectory>),
            events: domain.notification.clone().map(|service| Arc::new(service) as Arc<dyn EventReceiver>),
        };
        Ok(Composed {
            internal: (!roles.are_all()).then_some(internal),
            gateways: (!roles.are_all()).then_some(tokens),
            bridges: if is_gateway { self.elsewhere.bridges() } else { Bridges::new() },
            forwards: if is_gateway {
                self.elsewhere.forwards()
            } else {
                duologue_grpc::Elsewhere::default()
            },
            authenticator: self.authenticator()?,
            environment: self.environment.clone(),
            health: roles.have_services().then(|| self.stores.health.clone()),
            domain,
            background: self.background(ended_sessions, events),
        })
    }

    fn parties(&self) -> TokenParties {
        let (issuer, audience) = (&self.config.token_issuer, &self.config.token_audience);
        TokenParties { issuer: issuer.clone(), audience: audience.clone() }
    }

    fn authenticator(&self) -> anyhow::Result<Authenticator> {
        let settings = VerifierSettings { parties: self.parties(), ..VerifierSettings::default() };
        let keys: Arc<dyn KeySource> = match self.secrets.keys() {
            Some(keys) => keys.keys(),
            None => self.elsewhere.keys()?,
        };
        let verifier = Arc::new(Ed25519Verifier::new(keys, settings));
        Ok(Authenticator::new(verifier, self.revocations.clone(), self.environment.clone()))
    }

    fn auth(&self, keys: &KeyDirectory) -> anyhow::Result<auth::Service> {
        let hasher = HasherSettings {
            threads: self.config.hashing_threads,
            queue_length: self.config.hashing_queue,
            ..HasherSettings::default()
        };
        let ports = auth::Ports {
            accounts: self.stores.accounts.clone(),
            sessions: self.stores.sessions.clone(),
            hasher: Arc::new(Argon2Hasher::start(hasher)?),
            issuer: Arc::new(Ed25519Issuer::new(keys.keys(), self.parties())),
            refresh_tokens: auth::RefreshTokens::new(keys.secrets().refresh_tokens()),
            revocations: self.revocations.clone(),
            cursors: self.cursors.clone(),
            environment: self.environment.clone(),
        };
        Ok(auth::Service::new(ports, self.config.lifetimes))
    }

    fn user(&self) -> user::Service {
        user::Service::new(self.stores.profiles.clone(), self.cursors.clone(), self.environment.clone())
    }

    fn social(&self, users: Arc<dyn UserDirectory>) -> social::Service {
        social::Service::new(
            self.stores.social.clone(),
            users,
            self.wake_up.clone(),
            self.cursors.clone(),
            self.environment.clone(),
        )
    }

    fn chat(&self, users: Arc<dyn UserDirectory>) -> anyhow::Result<chat::Service> {
        let policy: Arc<dyn ChatPolicy> = match self.config.chat_policy {
            Policy::Open => Arc::new(Open),
            Policy::Friends if self.config.roles.has(Role::Social) => {
                Arc::new(FriendsOnly::new(Arc::new(self.stores.social.clone())))
            }
            Policy::Friends => Arc::new(FriendsOnly::new(self.elsewhere.friendships()?)),
        };
        Ok(chat::Service::new(
            self.stores.chats.clone(),
            users,
            policy,
            self.wake_up.clone(),
            self.cursors.clone(),
            self.environment.clone(),
        ))
    }

    fn notification(&self) -> notification::Service {
        let (store, cursors) = (self.stores.notifications.clone(), self.cursors.clone());
        notification::Service::new(store, self.wake_up.clone(), cursors)
    }

    fn background(
        self,
        ended_sessions: Arc<dyn EndedSessions>,
        events: Option<Arc<dyn EventReceiver>>,
    ) -> Background {
        let roles = &self.config.roles;
        let mut poller = Poller::new(self.hub.clone());
        if roles.has(Role::Chat) {
            poller = poller.with_chats(self.stores.chats);
        }
        if roles.has(Role::Notification) {
            poller = poller.with_notifications(self.stores.notifications);
        }
        let mut outboxes = self.stores.outboxes;
        outboxes.retain(|outbox| roles.has(outbox.role));
        let dispatcher = events.map(|events| {
            let boxes = outboxes.iter().map(|named| named.outbox.clone()).collect();
            Dispatcher::new(boxes, events, self.environment.clone())
        });
        Background {
            poller: self.config.poll.map(|period| (poller, period)),
            dispatcher,
            bus: self.bus,
            outboxes,
            hub: self.hub,
            revocations: self.revocations,
            ended_sessions,
            keys: self.secrets.keys().cloned(),
            environment: self.environment,
        }
    }
}

/// What carries wake-ups to and from this process, and the work behind it.
fn wake_up(
    config: &Config,
    hub: &LocalWakeUp,
) -> anyhow::Result<(Arc<dyn WakeUp>, Option<duologue_wakeup::Background>)> {
    let (bus, background) = match &config.bus {
        Carrying::Local => return Ok((Arc::new(hub.clone()), None)),
        Carrying::Postgres(url) => Bus::new(hub.clone(), PostgresCarrier::new(url).context("wakeup")?),
        Carrying::Nats(url) => Bus::new(hub.clone(), NatsCarrier::new(url).context("wakeup")?),
    };
    Ok((Arc::new(bus), Some(background)))
}

fn open_secrets(config: &Config) -> anyhow::Result<Secrets> {
    let settings =
        RotationSettings { access_lifetime: config.lifetimes.access, ..RotationSettings::default() };
    let now = SystemClock.now();
    let is_auth = config.roles.has(Role::Auth);
    let (path, secrets) = match &config.keys {
        Keys::Made(path) => (path, KeyDirectory::open_or_create(path, settings, now)),
        Keys::Given(path) if is_auth => (path, KeyDirectory::open_existing(path, settings, now)),
        Keys::Given(path) => {
            let shared = SharedSecrets::open(path);
            return Ok(Secrets::Shared(shared.with_context(|| format!("the keys in {}", path.display()))?));
        }
    };
    let keys = secrets.with_context(|| format!("the keys in {}", path.display()))?;
    // A process without Auth has no use for the keys that sign.
    Ok(if is_auth {
        Secrets::OfAuth(Arc::new(keys))
    } else {
        Secrets::Shared(keys.secrets().shared().clone())
    })
}
