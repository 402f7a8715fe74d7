//! Serves a composition on two ports of this machine.

use std::future::pending;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum::middleware::{self, Next as NextLayer};
use duologue_conformance::door::Door;
use duologue_conformance::target::{Capability, Target};
use duologue_contract::Rpc;
use duologue_contract::auth::auth_service_server::AuthServiceServer;
use duologue_contract::bridge::{
    AuthInProcess, Bridges, ChatInProcess, NotificationInProcess, SocialInProcess, UserInProcess,
};
use duologue_contract::chat::chat_service_server::ChatServiceServer;
use duologue_contract::errors::Reason;
use duologue_contract::notification::notification_service_server::NotificationServiceServer;
use duologue_contract::social::social_service_server::SocialServiceServer;
use duologue_contract::user::user_service_server::UserServiceServer;
use duologue_domain::auth::Authenticator;
use duologue_domain::notification::Dispatcher;
use duologue_domain::poller::Poller;
use duologue_domain::user::AvatarSchemes;
use duologue_domain::wakeup::{Topic, WakeUp as _};
use duologue_gateway::Guard;
use duologue_grpc::{Entry, EntryConfig, Plaintext, Server, ServerConfig, Services};
use duologue_listener::ListenerConfig;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};
use tonic::metadata::MetadataMap;
use tonic::service::Routes;
use tonic::{Code, Status};

use crate::call::{Call, Next};
use crate::composition::{Around, Composition, Layer, Operation};
use crate::ports::Ports;
use crate::restart::{Life, Operator};
use crate::wiring::{domain, notifications};
use crate::woven::Woven;

/// The largest message, as SPEC section 8 has it.
const MESSAGE_BYTES: usize = 64 * 1024;

/// A server that runs until it is dropped.
pub struct Deployment {
    /// Where it listens, and what it can show.
    pub target: Target,
    _tasks: JoinSet<()>,
    _operator: Option<Operator>,
}

/// Any free port of this machine.
const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

impl Deployment {
    /// Serves the composition.
    pub async fn start(composition: Composition) -> anyhow::Result<Self> {
        let Composition {
            ports,
            is_guarded,
            operation,
            polls,
            capabilities,
            around,
            mut rest_layers,
            mut grpc_layers,
        } = composition;
        let mut tasks = JoinSet::new();
        let (mut grpc, mut rest) = (Vec::new(), Vec::new());
        let mut replicas = vec![ports];
        if operation == Operation::Doubled {
            replicas.extend(replicas.first().map(Ports::replica));
        }
        for ports in &replicas {
            let replica = Replica::new(ports, around.clone(), is_guarded);
            let layers = std::mem::take(&mut rest_layers);
            rest.push(replica.serve_rest(&mut tasks, ANYWHERE, layers).await?);
            let layers = std::mem::take(&mut grpc_layers);
            grpc.push(replica.serve_grpc(&mut tasks, ANYWHERE, layers).await?);
            background(&mut tasks, ports, polls);
        }
        let address = |door: &SocketAddr| format!("http://{door}");
        let mut target = Target::new(
            &grpc.iter().map(address).collect::<Vec<_>>(),
            &rest.iter().map(address).collect::<Vec<_>>(),
        );
        for (capability, value) in &capabilities {
            target.declare(*capability, value);
        }
        let mut operator = None;
        if let (true, [ports, ..], [grpc, ..], [rest, ..]) =
            (operation == Operation::Restartable, replicas.as_slice(), grpc.as_slice(), rest.as_slice())
        {
            let life = Life { ports: ports.clone(), around, is_guarded, polls, grpc: *grpc, rest: *rest };
            let hired = Operator::hire(life, std::mem::take(&mut tasks))?;
            target.declare(Capability::Restart, &hired.command);
            operator = Some(hired);
        }
        Ok(Self { target, _tasks: tasks, _operator: operator })
    }
}

/// The doors of one replica, not open yet.
pub(crate) struct Replica {
    services: Services,
    entry: Entry,
    around: Option<Around>,
    is_guarded: bool,
}

impl Replica {
    pub(crate) fn new(ports: &Ports, around: Option<Around>, is_guarded: bool) -> Self {
        let authenticator =
            Authenticator::new(ports.verifier.clone(), ports.revocations.clone(), ports.environment.clone());
        let config = EntryConfig { stream_check: Duration::from_millis(250), ..EntryConfig::default() };
        let entry = Entry::new(authenticator, ports.environment.clone(), config);
        let services = Services::new(domain(ports), &entry, AvatarSchemes::Https);
        Self { services, entry, around, is_guarded }
    }

    fn woven(&self, door: Door) -> Arc<Woven> {
        let around = self.around.clone().unwrap_or_else(none);
        Arc::new(Woven { services: Arc::new(self.services.clone()), around, door })
    }

    pub(crate) async fn serve_rest(
        &self,
        tasks: &mut JoinSet<()>,
        listen: SocketAddr,
        layers: Vec<Layer>,
    ) -> anyhow::Result<SocketAddr> {
        let guard: Arc<dyn Guard> = Arc::new(Guardian(self.entry.clone()));
        let config = duologue_gateway::Config {
            guard: self.is_guarded.then_some(guard),
            ..duologue_gateway::Config::default()
        };
        let router = duologue_gateway::router(bridges(&self.woven(Door::Rest)), config);
        let router = layers.into_iter().fold(router, |router, layer| layer(router));
        serve(tasks, "rest", listen, router).await
    }

    pub(crate) async fn serve_grpc(
        &self,
        tasks: &mut JoinSet<()>,
        listen: SocketAddr,
        layers: Vec<Layer>,
    ) -> anyhow::Result<SocketAddr> {
        if self.around.is_some() || !layers.is_empty() {
            let router = routes(&self.woven(Door::Grpc)).layer(middleware::from_fn(in_our_words));
            let router = layers.into_iter().fold(router, |router, layer| layer(router));
            return serve(tasks, "grpc", listen, router).await;
        }
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let server = Server::new(&self.services, &self.entry, ServerConfig::development())?;
        tasks.spawn(server.serve(listener, Plaintext, pending(), Duration::ZERO));
        Ok(address)
    }
}

/// Says what the transport itself answers as the product does.
async fn in_our_words(request: Request<Body>, next: NextLayer) -> Response<Body> {
    let is_known = Rpc::from_path(request.uri().path()).is_some();
    let response = next.run(request).await;
    let headers = response.headers();
    let code = headers.get(Status::GRPC_STATUS).map(|code| Code::from_bytes(code.as_bytes()));
    if headers.contains_key(Status::GRPC_STATUS_DETAILS) {
        return response;
    }
    let reason = match code {
        Some(Code::OutOfRange | Code::ResourceExhausted) => Reason::MessageTooLarge,
        Some(Code::Unimplemented) if !is_known => Reason::MethodUnknown,
        Some(Code::Internal | Code::Unknown | Code::Unimplemented) => Reason::MalformedMessage,
        _ => return response,
    };
    reason.status("the transport cannot take this").into_http()
}

fn bridges(woven: &Arc<Woven>) -> Bridges {
    Bridges::new()
        .with(AuthInProcess::new(woven.clone()))
        .with(UserInProcess::new(woven.clone()))
        .with(SocialInProcess::new(woven.clone()))
        .with(ChatInProcess::new(woven.clone()))
        .with(NotificationInProcess::new(woven.clone()))
}

/// Nothing around the services.
fn none() -> Around {
    Arc::new(|call: Call, next: Next| Box::pin(async move { next.call(call).await }))
}

fn routes(woven: &Arc<Woven>) -> Router {
    let mut routes = Routes::builder();
    macro_rules! serve {
        ($($server:ident),*) => {$(
            let service = $server::from_arc(woven.clone());
            routes.add_service(service.max_decoding_message_size(MESSAGE_BYTES));
        )*};
    }
    serve!(
        AuthServiceServer,
        UserServiceServer,
        SocialServiceServer,
        ChatServiceServer,
        NotificationServiceServer
    );
    routes.routes().into_axum_router()
}

async fn serve(
    tasks: &mut JoinSet<()>,
    door: &'static str,
    listen: SocketAddr,
    router: Router,
) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let service = tower::ServiceExt::<Request<Body>>::map_request(router, whole);
    tasks.spawn(duologue_listener::serve(
        listener,
        Plaintext,
        service,
        ListenerConfig::development(door),
        pending(),
        Duration::ZERO,
    ));
    Ok(address)
}

fn whole(request: Request<Incoming>) -> Request<Body> {
    request.map(Body::new)
}

/// Polls, delivers events and learns of ended sessions, as the product does beside its doors.
pub(crate) fn background(tasks: &mut JoinSet<()>, ports: &Ports, polls: bool) {
    let poller = Poller::new(ports.hub.clone())
        .with_chats(ports.chats.clone())
        .with_notifications(ports.notifications.clone());
    tasks.spawn(async move {
        let mut turns = interval(Duration::from_secs(2));
        loop {
            turns.tick().await;
            if polls {
                let _ = poller.poll().await;
            }
        }
    });
    let (hub, environment) = (ports.hub.clone(), ports.environment.clone());
    let receiver = Arc::new(notifications(ports));
    let dispatcher = Dispatcher::new(ports.outboxes.clone(), receiver, environment);
    tasks.spawn(async move {
        let mut news = hub.subscribe(Topic::Events);
        loop {
            news.mark_seen();
            if !matches!(dispatcher.dispatch().await, Ok(1..)) {
                tokio::select! { () = news.changed() => {} () = sleep(Duration::from_secs(2)) => {} }
            }
        }
    });
    let ports = ports.clone();
    tasks.spawn(async move {
        let mut turns = interval(Duration::from_secs(1));
        let mut last = None;
        loop {
            turns.tick().await;
            let now = ports.now();
            if ports.revocations.refresh(&ports.sessions, now, last).await.is_ok() {
                last = Some(now);
            }
        }
    });
}

/// Lets the gateway ask the entry.
struct Guardian(Entry);

#[async_trait]
impl Guard for Guardian {
    async fn admit(&self, rpc: Rpc, metadata: &MetadataMap) -> Result<(), Status> {
        self.0.admit(rpc, metadata).await
    }
}
