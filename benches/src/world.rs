//! The messenger over a storage, composed as the server composes it, with every layer at hand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::ConnectInfo;
use duologue_contract::Rpc;
use duologue_contract::bridge::{Bridges, ChatInProcess, SocialInProcess, UserInProcess};
use duologue_domain::auth::{
    AccessClaims, AccessTokenIssuer as _, Authenticator, Caller, Lifetimes, Revocations, Standing,
};
use duologue_domain::id::{Id, SessionId, UserId};
use duologue_domain::notification::{self, Dispatcher};
use duologue_domain::page::CursorSealer;
use duologue_domain::user::AvatarSchemes;
use duologue_domain::wakeup::{LocalWakeUp, Topic, WakeUp};
use duologue_domain::{Environment, chat, social, user};
use duologue_gateway::Guard;
use duologue_grpc::{Domain, Entry, EntryConfig, Limits, Plaintext, Server, ServerConfig, Services};
use duologue_listener::{Ends, ListenerConfig};
use duologue_platform::keys::KeySet;
use duologue_platform::token::{Ed25519Issuer, Ed25519Verifier, TokenParties, VerifierSettings};
use duologue_platform::{SystemClock, SystemRandom};
use duologue_wakeup::{Bus, Carrier};
use http::Request;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tonic::Status;
use tonic::metadata::MetadataMap;
use tower::ServiceExt as _;

use crate::backend::{Backend, Stores};

/// Streams that one user may have open: those of a benchmark belong to a few.
const STREAMS_PER_USER: usize = 20_000;

/// The messenger over a storage. It runs for as long as the runtime does.
pub struct World {
    /// Where everything is stored.
    pub backend: Backend,
    /// The stores behind the use cases.
    pub stores: Stores,
    /// Carries wake-ups.
    pub hub: LocalWakeUp,
    /// Makes cursors.
    pub cursors: CursorSealer,
    /// The use cases of chats.
    pub chat: chat::Service,
    /// The use cases of friendship.
    pub social: social::Service,
    /// The use cases of profiles.
    pub user: user::Service,
    /// Who tells whose a token is.
    pub authenticator: Authenticator,
    /// What every call passes.
    pub entry: Entry,
    /// The REST door.
    pub router: Router,
    services: Services,
    issuer: Ed25519Issuer,
    environment: Environment,
}

/// Where a messenger listens.
#[derive(Debug, Clone, Copy)]
pub struct Listening {
    /// The gRPC door.
    pub grpc: SocketAddr,
    /// The REST door.
    pub rest: SocketAddr,
}

impl World {
    /// The messenger over this storage. To be called within a runtime.
    ///
    /// # Panics
    /// If it cannot be composed.
    #[must_use]
    pub fn over(backend: Backend) -> Self {
        let hub = LocalWakeUp::new();
        let wake_up = Arc::new(hub.clone());
        Self::composed(backend, hub, wake_up)
    }

    /// The same as one replica of several, which a bus wakes.
    ///
    /// # Panics
    /// If it cannot be composed.
    #[must_use]
    pub fn on_a_bus(backend: Backend, carrier: impl Carrier) -> Self {
        let hub = LocalWakeUp::new();
        let (bus, background) = Bus::new(hub.clone(), carrier);
        tokio::spawn(background.run(std::future::pending()));
        Self::composed(backend, hub, Arc::new(bus))
    }

    fn composed(backend: Backend, hub: LocalWakeUp, wake_up: Arc<dyn WakeUp>) -> Self {
        let stores = backend.stores();
        let environment = Environment::new(Arc::new(SystemClock), Arc::new(SystemRandom));
        let cursors = CursorSealer::new(&[7; 32]);
        let keys = Arc::new(KeySet::ephemeral().expect("keys"));
        let issuer = Ed25519Issuer::new(keys.clone(), TokenParties::default());
        let verifier = Ed25519Verifier::new(keys, VerifierSettings::default());
        let revocations = Revocations::new(hub.clone(), Lifetimes::default().access);
        let authenticator = Authenticator::new(Arc::new(verifier), revocations, environment.clone());
        let user = user::Service::new(stores.profiles.clone(), cursors.clone(), environment.clone());
        let users = Arc::new(user.clone());
        let social = social::Service::new(
            stores.social.clone(),
            users.clone(),
            wake_up.clone(),
            cursors.clone(),
            environment.clone(),
        );
        let chat = chat::Service::new(
            stores.chats.clone(),
            users,
            Arc::new(chat::Open),
            wake_up,
            cursors.clone(),
            environment.clone(),
        );
        let domain = Domain {
            user: Some(user.clone()),
            social: Some(social.clone()),
            chat: Some(chat.clone()),
            ..Domain::default()
        };
        let limits = Limits { streams_per_user: STREAMS_PER_USER, ..Limits::development() };
        let config = EntryConfig { limits, ..EntryConfig::default() };
        let entry = Entry::new(authenticator.clone(), environment.clone(), config);
        let services = Services::new(domain, &entry, AvatarSchemes::Https);
        let router = router(&services, &entry);
        Self {
            backend,
            stores,
            hub,
            cursors,
            chat,
            social,
            user,
            authenticator,
            entry,
            router,
            services,
            issuer,
            environment,
        }
    }

    /// Opens both doors on loopback.
    ///
    /// # Panics
    /// If they cannot be opened.
    pub async fn listen(&self) -> Listening {
        let server = Server::new(&self.services, &self.entry, ServerConfig::development()).expect("a server");
        let (grpc, rest) = (loopback().await, loopback().await);
        let listening = Listening {
            grpc: grpc.local_addr().expect("an address"),
            rest: rest.local_addr().expect("an address"),
        };
        let forever = std::future::pending::<()>;
        tokio::spawn(server.serve(grpc, Plaintext, forever(), Duration::ZERO));
        let service = self.router.clone().map_request(|mut request: Request<Incoming>| {
            if let Some(ends) = request.extensions().get::<Ends>() {
                let peer = ConnectInfo(ends.peer);
                request.extensions_mut().insert(peer);
            }
            request.map(axum::body::Body::new)
        });
        let config = ListenerConfig::development("rest");
        tokio::spawn(duologue_listener::serve(rest, Plaintext, service, config, forever(), Duration::ZERO));
        listening
    }

    /// Delivers events to notifications from now on, as the server does.
    ///
    /// # Panics
    /// In its task, if the storage fails.
    pub fn deliver_events(&self) {
        let wake_up = Arc::new(self.hub.clone());
        let receiver =
            notification::Service::new(self.stores.notifications.clone(), wake_up, self.cursors.clone());
        let dispatcher =
            Dispatcher::new(self.stores.outboxes.clone(), Arc::new(receiver), self.environment.clone());
        let mut news = self.hub.subscribe(Topic::Events);
        tokio::spawn(async move {
            loop {
                news.mark_seen();
                if dispatcher.dispatch().await.expect("events can be delivered") == 0 {
                    news.changed().await;
                }
            }
        });
    }

    /// The caller that a person is, for a use case that is called directly.
    #[must_use]
    pub fn caller(&self, user_id: UserId) -> Caller {
        Caller {
            user_id,
            session_id: SessionId::from_uuid(user_id.uuid()),
            expire_time: self.environment.now().plus(Duration::from_hours(24)),
            standing: Standing::Live,
        }
    }

    /// An access token of a person, good for a day.
    ///
    /// # Panics
    /// If it cannot be signed.
    #[must_use]
    pub fn token(&self, user_id: UserId) -> String {
        let caller = self.caller(user_id);
        let claims = AccessClaims {
            user_id,
            session_id: caller.session_id,
            token_id: user_id.to_string(),
            issue_time: self.environment.now(),
            expire_time: caller.expire_time,
        };
        self.issuer.issue(&claims).expect("a token")
    }
}

/// A port of our own on loopback.
///
/// # Panics
/// If there is none.
pub async fn loopback() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}

/// The gateway in front of the services of this process, guarded as the server's is.
fn router(services: &Services, entry: &Entry) -> Router {
    let mut bridges = Bridges::new();
    if let Some(user) = &services.user {
        bridges = bridges.with(UserInProcess::new(user.clone()));
    }
    if let Some(social) = &services.social {
        bridges = bridges.with(SocialInProcess::new(social.clone()));
    }
    if let Some(chat) = &services.chat {
        bridges = bridges.with(ChatInProcess::new(chat.clone()));
    }
    let config = duologue_gateway::Config {
        guard: Some(Arc::new(Door(entry.clone()))),
        ..duologue_gateway::Config::default()
    };
    duologue_gateway::router(bridges, config)
}

struct Door(Entry);

#[async_trait]
impl Guard for Door {
    async fn admit(&self, rpc: Rpc, metadata: &MetadataMap) -> Result<(), Status> {
        self.0.admit(rpc, metadata).await
    }
}
