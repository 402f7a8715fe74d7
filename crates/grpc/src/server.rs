//! The listener: gRPC, gRPC-Web, health and reflection on one port.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use duologue_contract::Service as ContractService;
use duologue_contract::auth::auth_service_server::AuthServiceServer;
use duologue_contract::chat::chat_service_server::ChatServiceServer;
use duologue_contract::context::REQUEST_ID;
use duologue_contract::internal::ended_sessions_service_server::EndedSessionsServiceServer;
use duologue_contract::internal::event_receiver_service_server::EventReceiverServiceServer;
use duologue_contract::internal::friendship_directory_service_server::FriendshipDirectoryServiceServer;
use duologue_contract::internal::user_directory_service_server::UserDirectoryServiceServer;
use duologue_contract::notification::notification_service_server::NotificationServiceServer;
use duologue_contract::social::social_service_server::SocialServiceServer;
use duologue_contract::user::user_service_server::UserServiceServer;
use duologue_listener::{Acceptor, Ends, ListenerConfig};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::RoutesBuilder;
use tonic::transport::server::TcpConnectInfo;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tonic_web::{GrpcWebLayer, GrpcWebService};
use tower::util::{Either, option_layer};
use tower::{Layer as _, ServiceExt as _};
use tower_http::cors::{AllowOrigin, Cors, CorsLayer};

use crate::entry::Entry;
use crate::internal::Internal;
use crate::services::Services;
use crate::wire::Wire;

/// What the metrics call this door.
const DOOR: &str = "grpc";

/// What a listener takes from its peers.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The largest message, in bytes.
    pub message_bytes: usize,
    /// Connections, headers and patience.
    pub listener: ListenerConfig,
    /// The origins whose pages may call by gRPC-Web; none unless named.
    pub allowed_origins: Vec<HeaderValue>,
}

impl ServerConfig {
    /// The numbers of the specification for production.
    #[must_use]
    pub fn production() -> Self {
        Self {
            message_bytes: 64 * 1024,
            listener: ListenerConfig::production(DOOR),
            allowed_origins: Vec::new(),
        }
    }

    /// As in production, with as many connections from one address as there may be.
    #[must_use]
    pub fn development() -> Self {
        Self { listener: ListenerConfig::development(DOOR), ..Self::production() }
    }
}

/// Services that are elsewhere, and what passes their calls on.
#[derive(Debug, Default)]
pub struct Elsewhere {
    routes: RoutesBuilder,
    served: Vec<&'static str>,
}

impl Elsewhere {
    /// Adds what passes calls of one service on.
    pub fn add<S>(&mut self, service: S)
    where
        S: tower::Service<Request<Body>, Error = Infallible, Response = Response<Body>, Future: Send>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
    {
        self.routes.add_service(service);
        self.served.push(S::NAME);
    }
}

/// What serves one request: CORS, gRPC-Web, our words, the services.
type Stack = Either<Cors<GrpcWebService<Wire>>, GrpcWebService<Wire>>;

/// The listener for the services of this process.
pub struct Server {
    stack: Stack,
    entry: Entry,
    config: ServerConfig,
    health: HealthReporter,
    /// What the health service knows by name; the empty name is the whole server.
    served: Vec<&'static str>,
}

/// The contract's descriptors cannot be served for reflection: a defect of the build.
#[derive(Debug, thiserror::Error)]
#[error("the contract's descriptors cannot be read")]
pub struct BrokenDescriptors(#[source] tonic_reflection::server::Error);

impl Server {
    /// A listener for these services, which are behind `entry`.
    pub fn new(services: &Services, entry: &Entry, config: ServerConfig) -> Result<Self, BrokenDescriptors> {
        Self::beside(Elsewhere::default(), services, entry, config)
    }

    /// The same, beside services that are elsewhere and whose calls are passed on.
    pub fn beside(
        elsewhere: Elsewhere,
        services: &Services,
        entry: &Entry,
        config: ServerConfig,
    ) -> Result<Self, BrokenDescriptors> {
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(duologue_contract::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()
            .map_err(BrokenDescriptors)?;
        let (health, health_service) = tonic_health::server::health_reporter();
        let Elsewhere { mut routes, mut served } = elsewhere;
        served.push("");
        macro_rules! serve {
            ($($field:ident: $server:ident as $name:ident),*) => {$(
                if let Some(binding) = &services.$field {
                    let service = $server::from_arc(binding.clone());
                    routes.add_service(service.max_decoding_message_size(config.message_bytes));
                    served.push(ContractService::$name.name());
                }
            )*};
        }
        serve!(
            auth: AuthServiceServer as Auth,
            user: UserServiceServer as User,
            social: SocialServiceServer as Social,
            chat: ChatServiceServer as Chat,
            notification: NotificationServiceServer as Notification
        );
        if let Some(internal) = &services.internal {
            add_internal(&mut routes, &Arc::new(internal.clone()), config.message_bytes);
        }
        routes.add_service(health_service.max_decoding_message_size(config.message_bytes));
        routes.add_service(reflection.max_decoding_message_size(config.message_bytes));
        let wire = Wire::new(routes.routes().prepare(), entry.clone());
        let stack = option_layer(cors(&config.allowed_origins)).layer(GrpcWebLayer::new().layer(wire));
        Ok(Self { stack, entry: entry.clone(), config, health, served })
    }

    /// What `grpc.health.v1` answers; every service serves from the start and until the drain.
    #[must_use]
    pub fn health(&self) -> HealthReporter {
        self.health.clone()
    }

    /// Serves until `shutdown`, then drains; returns at the latest `hard_deadline` after that, whatever peers do.
    ///
    /// Draining begins with [`Drain::begin`]: health says so, streams end, no new connection is accepted, and peers
    /// are asked to leave. Who has not left by the deadline is cut off.
    pub async fn serve<A: Acceptor>(
        self,
        listener: TcpListener,
        acceptor: A,
        shutdown: impl Future<Output = ()> + Send,
        hard_deadline: Duration,
    ) {
        self.report(ServingStatus::Serving).await;
        let leaving = async {
            shutdown.await;
            self.entry.drain().begin();
            self.report(ServingStatus::NotServing).await;
        };
        let stack = self.stack.clone().map_request(|mut request: Request<Incoming>| {
            if let Some(Ends { local, peer }) = request.extensions().get().copied() {
                request
                    .extensions_mut()
                    .insert(TcpConnectInfo { local_addr: local, remote_addr: Some(peer) });
            }
            request
        });
        duologue_listener::serve(
            listener,
            acceptor,
            stack,
            self.config.listener.clone(),
            leaving,
            hard_deadline,
        )
        .await;
    }

    async fn report(&self, status: ServingStatus) {
        for name in &self.served {
            self.health.set_service_status(name, status).await;
        }
    }
}

fn add_internal(routes: &mut RoutesBuilder, internal: &Arc<Internal>, message_bytes: usize) {
    macro_rules! serve {
        ($($server:ident),*) => {$(
            routes.add_service($server::from_arc(internal.clone()).max_decoding_message_size(message_bytes));
        )*};
    }
    serve!(
        EndedSessionsServiceServer,
        UserDirectoryServiceServer,
        FriendshipDirectoryServiceServer,
        EventReceiverServiceServer
    );
}

/// Lets pages of these origins read what gRPC-Web answers; without any there is nothing to say.
fn cors(origins: &[HeaderValue]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let names = |names: &[&'static str]| -> Vec<http::HeaderName> {
        names.iter().map(|name| http::HeaderName::from_static(name)).collect()
    };
    let mut asked = names(&["grpc-timeout", "x-grpc-web", "x-user-agent"]);
    asked.extend([AUTHORIZATION, CONTENT_TYPE, REQUEST_ID]);
    let mut shown = names(&["grpc-status", "grpc-message", "grpc-status-details-bin"]);
    shown.push(REQUEST_ID);
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([http::Method::POST])
        .allow_headers(asked)
        .expose_headers(shown);
    Some(layer)
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Server").field("config", &self.config).finish_non_exhaustive()
    }
}
