//! Serves a composition on two ports of this machine.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum::middleware::{self, Next as NextLayer};
use duologue_conformance::door::Door;
use duologue_conformance::target::Target;
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
use duologue_domain::auth::{self, Authenticator};
use duologue_domain::notification::{self, Dispatcher};
use duologue_domain::page::CursorSealer;
use duologue_domain::poller::Poller;
use duologue_domain::user::AvatarSchemes;
use duologue_domain::wakeup::{Topic, WakeUp as _};
use duologue_domain::{chat, social, user};
use duologue_gateway::Guard;
use duologue_grpc::{Domain, Entry, EntryConfig, Plaintext, Server, ServerConfig, Services};
use duologue_listener::ListenerConfig;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};
use tonic::metadata::MetadataMap;
use tonic::service::Routes;
use tonic::{Code, Status};

use crate::call::{Call, Next};
use crate::composition::{Around, Composition, Layer};
use crate::ports::Ports;
use crate::woven::Woven;

/// The largest message, as SPEC section 8 has it.
const MESSAGE_BYTES: usize = 64 * 1024;

/// A server that runs until it is dropped.
pub struct Deployment {
    /// Where it listens, and what it can show.
    pub target: Target,
    _tasks: JoinSet<()>,
}

impl Deployment {
    /// Serves the composition.
    pub async fn start(composition: Composition) -> anyhow::Result<Self> {
        let Composition {
            ports,
            is_guarded,
            is_doubled,
            polls,
            capabilities,
            around,
            mut rest_layers,
            mut grpc_layers,
        } = composition;
        let mut tasks = JoinSet::new();
        let (mut grpc, mut rest) = (Vec::new(), Vec::new());
        let mut replicas = vec![ports];
        if is_doubled {
            replicas.extend(replicas.first().map(Ports::replica));
        }
        for ports in replicas {
            let replica = Replica::new(&ports, around.clone());
            rest.push(replica.serve_rest(&mut tasks, is_guarded, std::mem::take(&mut rest_layers)).await?);
            grpc.push(replica.serve_grpc(&mut tasks, std::mem::take(&mut grpc_layers)).await?);
            background(&mut tasks, &ports, polls);
        }
        let mut target = Target::new(&grpc, &rest);
        for (capability, value) in &capabilities {
            target.declare(*capability, value);
        }
        Ok(Self { target, _tasks: tasks })
    }
}

/// The doors of one replica, not open yet.
struct Replica {
    services: Services,
    entry: Entry,
    around: Option<Around>,
}

impl Replica {
    fn new(ports: &Ports, around: Option<Around>) -> Self {
        let authenticator =
            Authenticator::new(ports.verifier.clone(), ports.revocations.clone(), ports.environment.clone());
        let config = EntryConfig { stream_check: Duration::from_millis(250), ..EntryConfig::default() };
        let entry = Entry::new(authenticator, ports.environment.clone(), config);
        Self { services: Services::new(domain(ports), &entry, AvatarSchemes::Https), entry, around }
    }

    fn woven(&self, door: Door) -> Arc<Woven> {
        let around = self.around.clone().unwrap_or_else(none);
        Arc::new(Woven { services: Arc::new(self.services.clone()), around, door })
    }

    async fn serve_rest(
        &self,
        tasks: &mut JoinSet<()>,
        is_guarded: bool,
        layers: Vec<Layer>,
    ) -> anyhow::Result<String> {
        let guard: Arc<dyn Guard> = Arc::new(Guardian(self.entry.clone()));
        let config = duologue_gateway::Config {
            guard: is_guarded.then_some(guard),
            ..duologue_gateway::Config::default()
        };
        let router = duologue_gateway::router(bridges(&self.woven(Door::Rest)), config);
        serve(tasks, "rest", layers.into_iter().fold(router, |router, layer| layer(router))).await
    }

    async fn serve_grpc(&self, tasks: &mut JoinSet<()>, layers: Vec<Layer>) -> anyhow::Result<String> {
        if self.around.is_some() || !layers.is_empty() {
            let router = routes(&self.woven(Door::Grpc)).layer(middleware::from_fn(in_our_words));
            return serve(tasks, "grpc", layers.into_iter().fold(router, |router, layer| layer(router)))
                .await;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = Server::new(&self.services, &self.entry, ServerConfig::development())?;
        tasks.spawn(server.serve(listener, Plaintext, pending(), Duration::ZERO));
        Ok(format!("http://{address}"))
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

fn domain(ports: &Ports) -> Domain {
    let environment = || ports.environment.clone();
    let cursors = CursorSealer::new(&[7; 32]);
    let wake_up = Arc::new(ports.hub.clone());
    let auth = auth::Ports {
        accounts: ports.accounts.clone(),
        sessions: ports.sessions.clone(),
        hasher: ports.hasher.clone(),
        issuer: ports.issuer.clone(),
        refresh_tokens: ports.refresh_tokens.clone(),
        revocations: ports.revocations.clone(),
        cursors: cursors.clone(),
        environment: environment(),
    };
    let user = user::Service::new(ports.profiles.clone(), cursors.clone(), environment());
    let of_social = ports.users_of_social.clone().unwrap_or_else(|| Arc::new(user.clone()));
    let of_chat = ports.users_of_chat.clone().unwrap_or_else(|| Arc::new(user.clone()));
    Domain {
        auth: Some(auth::Service::new(auth, ports.lifetimes)),
        social: Some(social::Service::new(
            ports.social.clone(),
            of_social,
            wake_up.clone(),
            cursors.clone(),
            environment(),
        )),
        chat: Some(chat::Service::new(
            ports.chats.clone(),
            of_chat,
            Arc::new(chat::Open),
            wake_up.clone(),
            cursors.clone(),
            environment(),
        )),
        notification: Some(notification::Service::new(ports.notifications.clone(), wake_up, cursors)),
        user: Some(user),
    }
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

async fn serve(tasks: &mut JoinSet<()>, door: &'static str, router: Router) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
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
    Ok(format!("http://{address}"))
}

fn whole(request: Request<Incoming>) -> Request<Body> {
    request.map(Body::new)
}

/// Polls, delivers events and learns of ended sessions, as the product does beside its doors.
fn background(tasks: &mut JoinSet<()>, ports: &Ports, polls: bool) {
    let poller = Poller::new(ports.hub.clone(), ports.chats.clone(), ports.notifications.clone());
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
    let wake_up = Arc::new(hub.clone());
    let dispatcher =
        Dispatcher::new(ports.outboxes.clone(), ports.notifications.clone(), wake_up, environment);
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
            if ports.revocations.refresh(&*ports.sessions, now, last).await.is_ok() {
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
