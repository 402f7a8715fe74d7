//! Serves a composition on two ports of this machine.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use duologue_conformance::door::Door;
use duologue_conformance::target::{Capability, Target};
use duologue_contract::Rpc;
use duologue_contract::auth::auth_service_server::AuthServiceServer;
use duologue_contract::bridge::{
    AuthInProcess, Bridges, ChatInProcess, NotificationInProcess, SocialInProcess, UserInProcess,
};
use duologue_contract::chat::chat_service_server::ChatServiceServer;
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
use tonic::Status;
use tonic::metadata::MetadataMap;
use tonic::service::Routes;

use crate::call::Call;
use crate::call::Next;
use crate::composition::{Around, Composition};
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
        let Composition { ports, is_guarded, capabilities, around, rest_layers, grpc_layers } = composition;
        let authenticator =
            Authenticator::new(ports.verifier.clone(), ports.revocations.clone(), ports.environment.clone());
        let entry_config = EntryConfig { stream_check: Duration::from_millis(250), ..EntryConfig::default() };
        let entry = Entry::new(authenticator, ports.environment.clone(), entry_config);
        let services = Services::new(domain(&ports), &entry, AvatarSchemes::Https);

        let mut tasks = JoinSet::new();
        let guard: Arc<dyn Guard> = Arc::new(Guardian(entry.clone()));
        let config = duologue_gateway::Config {
            guard: is_guarded.then_some(guard),
            ..duologue_gateway::Config::default()
        };
        let rest = duologue_gateway::router(bridges(&services, around.as_ref()), config);
        let rest = rest_layers.into_iter().fold(rest, |router, layer| layer(router));
        let rest_address = serve(&mut tasks, "rest", rest).await?;

        let grpc_address = if around.is_none() && grpc_layers.is_empty() {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let server = Server::new(&services, &entry, ServerConfig::development())?;
            tasks.spawn(server.serve(listener, Plaintext, pending(), Duration::ZERO));
            format!("http://{address}")
        } else {
            let around = around.unwrap_or_else(none);
            let routes = routes(Woven { services: Arc::new(services), around, door: Door::Grpc });
            let router = grpc_layers.into_iter().fold(routes, |router, layer| layer(router));
            serve(&mut tasks, "grpc", router).await?
        };
        background(&mut tasks, &ports);
        Ok(Self { target: target(grpc_address, rest_address, &capabilities), _tasks: tasks })
    }
}

fn target(grpc: String, rest: String, capabilities: &[(Capability, String)]) -> Target {
    let mut target = Target::new(&[grpc], &[rest]);
    for (capability, value) in capabilities {
        target.declare(*capability, value);
    }
    target
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

fn bridges(services: &Services, around: Option<&Around>) -> Bridges {
    let around = around.cloned().unwrap_or_else(none);
    let woven = Arc::new(Woven { services: Arc::new(services.clone()), around, door: Door::Rest });
    Bridges::new()
        .with(AuthInProcess::new(woven.clone()))
        .with(UserInProcess::new(woven.clone()))
        .with(SocialInProcess::new(woven.clone()))
        .with(ChatInProcess::new(woven.clone()))
        .with(NotificationInProcess::new(woven))
}

/// Nothing around the services.
fn none() -> Around {
    Arc::new(|call: Call, next: Next| Box::pin(async move { next.call(call).await }))
}

fn routes(woven: Woven) -> Router {
    let woven = Arc::new(woven);
    let mut routes = Routes::builder();
    macro_rules! serve {
        ($($server:ident),*) => {$(
            let service = $server::from_arc(woven.clone());
            routes.add_service(service.max_decoding_message_size(MESSAGE_BYTES));
        )*};
    }
    serve!(AuthServiceServer, UserServiceServer, SocialServiceServer, ChatServiceServer, NotificationServiceServer);
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
fn background(tasks: &mut JoinSet<()>, ports: &Ports) {
    let poller = Poller::new(ports.hub.clone(), ports.chats.clone(), ports.notifications.clone());
    tasks.spawn(async move {
        let mut turns = interval(Duration::from_secs(2));
        loop {
            turns.tick().await;
            let _ = poller.poll().await;
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
