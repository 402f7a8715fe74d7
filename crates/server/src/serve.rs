//! `duologue serve`: opens the listeners, serves until it is told to stop, and ends in time.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use axum::extract::ConnectInfo;
use axum::http::Request;
use duologue_contract::Rpc;
use duologue_contract::bridge::{
    AuthInProcess, Bridges, ChatInProcess, NotificationInProcess, SocialInProcess, UserInProcess,
};
use duologue_gateway::{Guard, NotReady, Readiness};
use duologue_grpc::{Drain, Entry, EntryConfig, Limits, Plaintext, Rate, Server, ServerConfig, Services};
use duologue_listener::{Ends, ListenerConfig};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::compose::{Composed, compose};
use crate::config::{Config, LimitSettings};
use crate::observability;
use crate::settings::Profile;
use crate::stores::Health;

/// Serves until SIGTERM or Ctrl-C, then drains.
pub(crate) async fn serve(config: Config) -> anyhow::Result<()> {
    observability::install_logs(&config.log, config.log_format)?;
    let metrics = observability::install_metrics()?;
    tracing::info!("starting with {}", config.summary());

    let Composed { domain, authenticator, environment, background, health } = compose(&config).await?;
    let entry_config =
        EntryConfig { limits: limits(&config), default_deadline: config.deadline, ..EntryConfig::default() };
    let entry = Entry::new(authenticator, environment, entry_config);
    let services = Services::new(domain, &entry, config.avatar_schemes);
    let server = Server::new(&services, &entry, server_config(&config))?;
    let rest = duologue_gateway::router(bridges(&services), gateway_config(&config, &entry, health)?);

    let grpc_listener = listen("grpc", config.grpc_listen).await?;
    let rest_listener = listen("rest", config.rest_listen).await?;
    let metrics_listener = listen("metrics", config.metrics_listen).await?;
    let _tasks = background.start();
    announce(&grpc_listener, &rest_listener, &metrics_listener)?;

    let (stop, stopped) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        let told = told_to_stop().await;
        tracing::info!(signal = told, "draining");
        stop.send_replace(true);
    });
    let stopping = || {
        let mut stopped = stopped.clone();
        async move {
            // The sender going away means the same.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        }
    };
    let drain_then = |drain: Drain| {
        let stopping = stopping();
        async move {
            stopping.await;
            drain.begin();
        }
    };

    let rest = duologue_listener::serve(
        rest_listener,
        duologue_listener::Plaintext,
        rest_service(rest),
        listener_config(&config, "rest"),
        drain_then(entry.drain().clone()),
        config.drain,
    );
    let metrics = axum::serve(metrics_listener, observability::metrics_router(metrics))
        .with_graceful_shutdown(stopping());
    tokio::spawn(async move {
        if let Err(error) = metrics.await {
            tracing::error!(error = &error as &dyn std::error::Error, "metrics are no longer served");
        }
    });
    tokio::join!(server.serve(grpc_listener, Plaintext, stopping(), config.drain), rest);
    tracing::info!("stopped");
    Ok(())
}

async fn listen(name: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{name}-listen: {address} cannot be listened on"))
}

/// Says on standard output where the server listens: a line for each door, for people and for scripts.
fn announce(grpc: &TcpListener, rest: &TcpListener, metrics: &TcpListener) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "grpc http://{}", grpc.local_addr()?)?;
    writeln!(out, "metrics http://{}/metrics", metrics.local_addr()?)?;
    writeln!(out, "rest http://{}", rest.local_addr()?)?;
    Ok(out.flush()?)
}

async fn told_to_stop() -> &'static str {
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! { _ = terminate.recv() => "SIGTERM", _ = interrupt.recv() => "SIGINT" }
        }
        // Without signals there is nothing to wait for but the end of the process.
        _ => std::future::pending().await,
    }
}

fn bridges(services: &Services) -> Bridges {
    let mut bridges = Bridges::new();
    if let Some(auth) = &services.auth {
        bridges = bridges.with(AuthInProcess::new(auth.clone()));
    }
    if let Some(user) = &services.user {
        bridges = bridges.with(UserInProcess::new(user.clone()));
    }
    if let Some(social) = &services.social {
        bridges = bridges.with(SocialInProcess::new(social.clone()));
    }
    if let Some(chat) = &services.chat {
        bridges = bridges.with(ChatInProcess::new(chat.clone()));
    }
    if let Some(notification) = &services.notification {
        bridges = bridges.with(NotificationInProcess::new(notification.clone()));
    }
    bridges
}

fn gateway_config(
    config: &Config,
    entry: &Entry,
    health: Arc<dyn Health>,
) -> anyhow::Result<duologue_gateway::Config> {
    let door = Arc::new(Door { entry: entry.clone(), health });
    let origins = config.allowed_origins.iter().map(|origin| origin.parse());
    let proxies = config.trusted_proxies.iter().map(|network| network.parse());
    Ok(duologue_gateway::Config {
        allowed_origins: origins.collect::<Result<_, _>>().context("allowed-origins")?,
        trusted_proxies: proxies.collect::<Result<_, _>>().context("trusted-proxies")?,
        readiness: Some(door.clone()),
        guard: Some(door),
        ..duologue_gateway::Config::default()
    })
}

/// What the gateway asks the server: who may pass, and whether it is ready.
struct Door {
    entry: Entry,
    health: Arc<dyn Health>,
}

#[async_trait]
impl Guard for Door {
    async fn admit(&self, rpc: Rpc, metadata: &MetadataMap) -> Result<(), Status> {
        self.entry.admit(rpc, metadata).await
    }
}

#[async_trait]
impl Readiness for Door {
    async fn check(&self) -> Result<(), NotReady> {
        if self.entry.drain().has_begun() {
            return Err(NotReady(vec!["draining".to_owned()]));
        }
        self.health.ask().await.map_err(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "the storage does not answer");
            NotReady(vec!["storage".to_owned()])
        })
    }
}

/// The gateway as the listener serves it: each request tells the gateway its client's address.
fn rest_service(
    gateway: axum::Router,
) -> impl tower::Service<
    Request<Incoming>,
    Response = axum::response::Response,
    Error = std::convert::Infallible,
    Future: Send,
> + Clone
+ Send
+ 'static {
    tower::ServiceExt::map_request(gateway, |mut request: Request<Incoming>| {
        if let Some(ends) = request.extensions().get::<Ends>() {
            let peer = ConnectInfo(ends.peer);
            request.extensions_mut().insert(peer);
        }
        request.map(axum::body::Body::new)
    })
}

fn listener_config(config: &Config, door: &'static str) -> ListenerConfig {
    match config.profile {
        Profile::Development => ListenerConfig::development(door),
        Profile::Production => ListenerConfig::production(door),
    }
}

fn server_config(config: &Config) -> ServerConfig {
    match config.profile {
        Profile::Development => ServerConfig::development(),
        Profile::Production => ServerConfig::production(),
    }
}

fn limits(config: &Config) -> Limits {
    use std::time::Duration;
    let profile = match config.profile {
        Profile::Development => Limits::development(),
        Profile::Production => Limits::production(),
    };
    let LimitSettings {
        requests_per_second,
        logins_per_minute,
        logins_per_minute_and_address,
        streams_per_user,
    } = config.limits;
    let per_second = |count: u32| Rate { count, per: Duration::from_secs(1), burst: count.saturating_mul(2) };
    let per_minute = |count| Rate { count, per: Duration::from_mins(1), burst: count };
    Limits {
        calls_per_user: requests_per_second.map(per_second).or(profile.calls_per_user),
        calls_per_address: requests_per_second.map(per_second).or(profile.calls_per_address),
        sign_ins_per_account: logins_per_minute.map(per_minute).or(profile.sign_ins_per_account),
        sign_ins_per_address: logins_per_minute_and_address.map(per_minute).or(profile.sign_ins_per_address),
        streams_per_user: streams_per_user.map_or(profile.streams_per_user, |count| count as usize),
    }
}
