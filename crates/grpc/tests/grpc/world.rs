//! A whole server over real sockets: storage in memory, real tokens and hashes, a clock that the test moves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use duologue_contract::auth::auth_service_client::AuthServiceClient;
use duologue_contract::auth::{RegisterRequest, RegisterResponse};
use duologue_contract::user::CreateProfileRequest;
use duologue_domain::auth::{self, Authenticator, Lifetimes, Ports, RefreshTokens, Revocations};
use duologue_domain::page::CursorSealer;
use duologue_domain::time::Clock;
use duologue_domain::user::AvatarSchemes;
use duologue_domain::wakeup::LocalWakeUp;
use duologue_domain::{Environment, Timestamp, chat, notification, social, user};
use duologue_grpc::{Domain, Entry, EntryConfig, Limits, Plaintext, Server, ServerConfig, Services};
use duologue_platform::SystemRandom;
use duologue_platform::keys::KeySet;
use duologue_platform::password::{Argon2Hasher, HasherSettings};
use duologue_platform::token::{Ed25519Issuer, Ed25519Verifier, TokenParties, VerifierSettings};
use duologue_storage_memory::MemoryStorage;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

use crate::users::User;

/// An id that is well formed and nobody's.
pub(crate) const NOBODY: &str = "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1b";

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Longer than anything here should take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A clock that moves when it is told to.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn advance(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_micros()).expect("a while"), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) channel: Channel,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) entry: Entry,
    pub(crate) services: Services,
    pub(crate) dispatcher: notification::Dispatcher,
    pub(crate) shutdown: oneshot::Sender<()>,
    pub(crate) served: JoinHandle<()>,
    names: AtomicU32,
}

pub(crate) struct Options {
    pub(crate) limits: Limits,
    pub(crate) server: ServerConfig,
    pub(crate) hard_deadline: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let mut server = ServerConfig::development();
        server.listener.handshake = Duration::from_millis(400);
        Self { limits: Limits::development(), server, hard_deadline: Duration::from_millis(700) }
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_800_000_000_000_000)));
        let environment = Environment::new(clock.clone(), Arc::new(SystemRandom));
        let storage = MemoryStorage::new();
        let hub = LocalWakeUp::new();
        let keys = Arc::new(KeySet::ephemeral().expect("keys"));
        let cursors = CursorSealer::new(&[7; 32]);
        let hasher = HasherSettings { memory_kib: 64, passes: 1, ..HasherSettings::default() };
        let revocations = Revocations::new(hub.clone(), Lifetimes::default().access);
        let ports = Ports {
            accounts: Arc::new(storage.clone()),
            sessions: Arc::new(storage.clone()),
            hasher: Arc::new(Argon2Hasher::start(hasher).expect("a hasher")),
            issuer: Arc::new(Ed25519Issuer::new(keys.clone(), TokenParties::default())),
            refresh_tokens: RefreshTokens::new(&[9; 32]),
            revocations: revocations.clone(),
            cursors: cursors.clone(),
            environment: environment.clone(),
        };
        let verifier = Arc::new(Ed25519Verifier::new(keys, VerifierSettings::default()));
        let authenticator = Authenticator::new(verifier, revocations, environment.clone());
        let profiles = user::Service::new(Arc::new(storage.clone()), cursors.clone(), environment.clone());
        let users = Arc::new(profiles.clone());
        let (store, wake_up) = (Arc::new(storage.clone()), Arc::new(hub));
        let notifications = notification::Service::new(store.clone(), wake_up.clone(), cursors.clone());
        let domain = Domain {
            auth: Some(auth::Service::new(ports, Lifetimes::default())),
            user: Some(profiles),
            social: Some(social::Service::new(
                store.clone(),
                users.clone(),
                wake_up.clone(),
                cursors.clone(),
                environment.clone(),
            )),
            chat: Some(chat::Service::new(
                store.clone(),
                users,
                Arc::new(chat::Open),
                wake_up.clone(),
                cursors.clone(),
                environment.clone(),
            )),
            notification: Some(notifications.clone()),
        };
        let dispatcher =
            notification::Dispatcher::new(storage.outboxes(), Arc::new(notifications), environment.clone());
        let config = EntryConfig {
            limits: options.limits,
            stream_check: Duration::from_millis(20),
            ..EntryConfig::default()
        };
        let entry = Entry::new(authenticator, environment, config);
        let services = Services::new(domain, &entry, AvatarSchemes::Https);
        let listens = Server::new(&services, &entry, options.server).expect("a server");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (shutdown, stop) = oneshot::channel();
        let shutdown_signal = async {
            let _ = stop.await;
        };
        let served = tokio::spawn(listens.serve(listener, Plaintext, shutdown_signal, options.hard_deadline));
        let channel = connect(address).await;
        let names = AtomicU32::new(0);
        Self { address, channel, clock, entry, services, dispatcher, shutdown, served, names }
    }

    /// Stops the server, and proves that no RPC answered a code that it does not declare.
    pub(crate) async fn finish(self) {
        assert_eq!(self.entry.undeclared_codes(), 0, "an RPC answered a code that it does not declare");
        drop(self.channel);
        let _ = self.shutdown.send(());
        tokio::time::timeout(PATIENCE, self.served)
            .await
            .expect("the drain ends")
            .expect("the server ends well");
    }

    pub(crate) fn auth(&self) -> AuthServiceClient<Channel> {
        AuthServiceClient::new(self.channel.clone())
    }

    /// A name that nobody else has.
    pub(crate) fn name(&self) -> String {
        format!("user_{}", self.names.fetch_add(1, Ordering::SeqCst))
    }

    /// Somebody who is registered and has no profile.
    pub(crate) async fn stranger(&self) -> User {
        let name = self.name();
        let request = RegisterRequest { email: format!("{name}@example.org"), password: PASSWORD.to_owned() };
        let RegisterResponse { user_id, access_token, refresh_token, .. } =
            self.auth().register(request.clone()).await.expect("registered").into_inner();
        User {
            name,
            email: request.email,
            user_id,
            access_token,
            refresh_token,
            channel: self.channel.clone(),
        }
    }

    /// Somebody who is registered and has a profile.
    pub(crate) async fn user(&self) -> User {
        let user = self.stranger().await;
        let profile = CreateProfileRequest { nickname: user.name.clone(), ..CreateProfileRequest::default() };
        user.user().create_profile(profile).await.expect("a profile");
        user
    }

    /// Two users and their chat.
    pub(crate) async fn pair(&self) -> (User, User, String) {
        let (one, other) = (self.user().await, self.user().await);
        let chat_id = one.chat_with(&other).await;
        (one, other, chat_id)
    }
}

pub(crate) async fn connect(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}"))
        .expect("an address")
        .connect()
        .await
        .expect("a connection")
}
