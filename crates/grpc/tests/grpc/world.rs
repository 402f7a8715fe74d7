//! A whole server over real sockets: storage in memory, real tokens and hashes, a clock that the test moves.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use duologue_contract::Rpc;
use duologue_contract::auth::auth_service_client::AuthServiceClient;
use duologue_contract::auth::{RegisterRequest, RegisterResponse};
use duologue_contract::chat::chat_service_client::ChatServiceClient;
use duologue_contract::chat::{CreateDirectChatRequest, Message, SendMessageRequest};
use duologue_contract::errors::{Reason, reason_of};
use duologue_contract::notification::notification_service_client::NotificationServiceClient;
use duologue_contract::social::social_service_client::SocialServiceClient;
use duologue_contract::user::CreateProfileRequest;
use duologue_contract::user::user_service_client::UserServiceClient;
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
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};

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
        let server = ServerConfig { handshake: Duration::from_millis(400), ..ServerConfig::development() };
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
            notification: Some(notification::Service::new(store.clone(), wake_up.clone(), cursors)),
        };
        let dispatcher =
            notification::Dispatcher::new(storage.outboxes(), store, wake_up, environment.clone());
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

#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

pub(crate) type Signed = InterceptedService<Channel, Bearer>;

#[derive(Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) user_id: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) channel: Channel,
}

impl User {
    fn bearer(&self) -> Bearer {
        Bearer(format!("Bearer {}", self.access_token).parse().expect("metadata"))
    }

    pub(crate) fn auth(&self) -> AuthServiceClient<Signed> {
        AuthServiceClient::with_interceptor(self.channel.clone(), self.bearer())
    }

    pub(crate) fn user(&self) -> UserServiceClient<Signed> {
        UserServiceClient::with_interceptor(self.channel.clone(), self.bearer())
    }

    pub(crate) fn social(&self) -> SocialServiceClient<Signed> {
        SocialServiceClient::with_interceptor(self.channel.clone(), self.bearer())
    }

    pub(crate) fn chat(&self) -> ChatServiceClient<Signed> {
        ChatServiceClient::with_interceptor(self.channel.clone(), self.bearer())
    }

    pub(crate) fn notification(&self) -> NotificationServiceClient<Signed> {
        NotificationServiceClient::with_interceptor(self.channel.clone(), self.bearer())
    }

    pub(crate) async fn chat_with(&self, other: &Self) -> String {
        let request = CreateDirectChatRequest { participant_id: other.user_id.clone(), allow_existing: true };
        self.chat().create_direct_chat(request).await.expect("a chat").into_inner().chat_id
    }

    pub(crate) async fn send(&self, chat_id: &str, text: &str) -> Message {
        let request = SendMessageRequest {
            chat_id: chat_id.to_owned(),
            text: text.to_owned(),
            client_message_id: None,
        };
        self.chat().send_message(request).await.expect("sent").into_inner()
    }
}

/// Which codes each RPC was seen to answer.
#[derive(Default)]
pub(crate) struct Seen(BTreeSet<(&'static str, i32)>);

impl Seen {
    pub(crate) fn ok<T: Debug>(&mut self, rpc: Rpc, outcome: Result<Response<T>, Status>) -> T {
        self.0.insert((rpc.path(), Code::Ok as i32));
        outcome.unwrap_or_else(|status| panic!("{}: {status:?}", rpc.path())).into_inner()
    }

    pub(crate) fn refused<T>(
        &mut self,
        rpc: Rpc,
        outcome: Result<Response<T>, Status>,
        reason: Reason,
    ) -> Status {
        let status = refused(outcome, reason);
        self.0.insert((rpc.path(), status.code() as i32));
        status
    }

    /// What is declared and was never seen.
    pub(crate) fn missing(&self) -> Vec<(&'static str, Code)> {
        let declared = Rpc::ALL.into_iter().flat_map(|rpc| {
            rpc.codes().iter().copied().chain([Code::Ok]).map(move |code| (rpc.path(), code))
        });
        declared.filter(|(path, code)| !self.0.contains(&(*path, *code as i32))).collect()
    }
}

/// The status of a call that was refused for `reason`, with the code that the contract gives it.
pub(crate) fn refused<T>(outcome: Result<Response<T>, Status>, reason: Reason) -> Status {
    let Err(status) = outcome else { panic!("not refused for {}", reason.name()) };
    assert_eq!(reason_of(&status), Some(reason), "{status:?}");
    assert_eq!(status.code(), reason.code(), "{status:?}");
    assert!(status.metadata().get("x-request-id").is_some(), "a refusal names its request");
    status
}
