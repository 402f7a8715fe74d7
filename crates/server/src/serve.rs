//! `duologue serve`: opens the listeners, serves until it is told to stop, and ends in time.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use axum::extract::ConnectInfo;
use axum::http::Request;
use duologue_contract::Rpc;
use duologue_contract::bridge::{
    AuthInProcess, Bridges, ChatInProcess, NotificationInProcess, SocialInProcess, UserInProcess,
};
use duologue_gateway::{Guard, NotReady, Readiness};
use duologue_grpc::{Entry, EntryConfig, Limits, Rate, Server, ServerConfig, Services};
use duologue_listener::{Ends, ListenerConfig};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::compose::compose;
use crate::config::{Config, LimitSettings};
use crate::observability;
use crate::roles::Role;
use crate::settings::Profile;
use crate::stores::Health;
use crate::tls::Tls;

/// How long the last traces may take to reach their collector.
const LAST_TRACES: Duration = Duration::from_secs(2);

/// Serves until SIGTERM or Ctrl-C, then drains.
pub(crate) async fn serve(config: Config) -> anyhow::Result<()> {
    let tls = Tls::open(&config.tls)?;
    let traces = observability::install(&config, &tls.connector)?;
    let metrics = observability::install_metrics()?;
    tracing::info!("starting with {}", config.summary());

    let (grpc_security, public_security) = (tls.grpc.clone(), tls.public.clone());
    let composed = compose(&config, &tls.connector).await?;
    let entry_config = EntryConfig {
        limits: limits(&config),
        default_deadline: config.deadline,
        gateways: composed.gateways,
        ..EntryConfig::default()
    };
    let entry = Entry::new(composed.authenticator, composed.environment, entry_config);
    let mut services = Services::new(composed.domain, &entry, config.avatar_schemes);
    if let Some(internal) = composed.internal {
        services = services.with_internal(internal);
    }
    let door = Arc::new(Door { entry: entry.clone(), health: composed.health });
    let doors = Doors::open(&config).await?;
    let mut tasks = composed.background.start();
    tls.keep_current(&mut tasks);
    doors.announce()?;

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
    let admin = observability::admin_router(metrics, door.clone());
    // It answers until the others are done: whoever asks whether the process is ready learns that it is leaving.
    let admin = tokio::spawn(duologue_listener::serve(
        doors.metrics,
        public_security.clone(),
        http_service(admin),
        listener_config(&config, "metrics"),
        std::future::pending(),
        config.drain,
    ));

    let grpc = async {
        let server = Server::beside(composed.forwards, &services, &entry, server_config(&config))?;
        server.serve(doors.grpc, grpc_security, stopping(), config.drain).await;
        anyhow::Ok(())
    };
    let rest = async {
        let Some(listener) = doors.rest else { return Ok(()) };
        let bridges = bridges(&services, composed.bridges);
        let router = duologue_gateway::router(bridges, gateway_config(&config, door)?);
        let leaving = async {
            stopping().await;
            entry.drain().begin();
        };
        let (service, settings) = (http_service(router), listener_config(&config, "rest"));
        duologue_listener::serve(listener, public_security, service, settings, leaving, config.drain).await;
        Ok(())
    };
    tokio::try_join!(grpc, rest)?;
    admin.abort();
    tracing::info!("stopped");
    if let Some(traces) = traces
        && let Err(error) = traces.shutdown(LAST_TRACES).await
    {
        tracing::warn!(error = &error as &dyn std::error::Error, "the last traces are lost");
    }
    Ok(())
}

/// Where the process listens.
struct Doors {
    /// Always: the services of the process, and a gateway passes on what is elsewhere.
    grpc: TcpListener,
    /// Where the gateway is.
    rest: Option<TcpListener>,
    /// Always: metrics, and whether the process lives and is ready.
    metrics: TcpListener,
    /// What their addresses begin with.
    scheme: &'static str,
}

impl Doors {
    /// Opens the doors of the process's roles.
    async fn open(config: &Config) -> anyhow::Result<Self> {
        let roles = &config.roles;
        Ok(Self {
            grpc: listen("grpc", config.grpc_listen).await?,
            rest: if roles.has(Role::Gateway) {
                Some(listen("rest", config.rest_listen).await?)
            } else {
                None
            },
            metrics: listen("metrics", config.metrics_listen).await?,
            scheme: if config.tls.identity.is_some() { "https" } else { "http" },
        })
    }

    /// Says on standard output where the server listens: a line for each door, for people and for scripts.
    fn announce(&self) -> anyhow::Result<()> {
        let (mut out, scheme) = (std::io::stdout().lock(), self.scheme);
        writeln!(out, "grpc {scheme}://{}", self.grpc.local_addr()?)?;
        writeln!(out, "metrics {scheme}://{}/metrics", self.metrics.local_addr()?)?;
        if let Some(rest) = &self.rest {
            writeln!(out, "rest {scheme}://{}", rest.local_addr()?)?;
        }
        Ok(out.flush()?)
    }
}

async fn listen(name: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{name}-listen: {address} cannot be listened on"))
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

/// Bridges to the services of this process, beside those that are elsewhere.
fn bridges(services: &Services, mut bridges: Bridges) -> Bridges {
    macro_rules! reach {
        ($($field:ident: $in_process:ident),*) => {$(
            if let Some(binding) = &services.$field {
                bridges = bridges.with($in_process::new(binding.clone()));
            }
        )*};
    }
    reach!(
        auth: AuthInProcess,
        user: UserInProcess,
        social: SocialInProcess,
        chat: ChatInProcess,
        notification: NotificationInProcess
    );
    bridges
}

fn gateway_config(config: &Config, door: Arc<Door>) -> anyhow::Result<duologue_gateway::Config> {
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
    /// Where there is a storage.
    health: Option<Arc<dyn Health>>,
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
        let Some(health) = &self.health else { return Ok(()) };
        health.ask().await.map_err(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "the storage does not answer");
            NotReady(vec!["storage".to_owned()])
        })
    }
}

/// A router as the listener serves it: each request tells its client's address.
fn http_service(
    router: axum::Router,
) -> impl tower::Service<
    Request<Incoming>,
    Response = axum::response::Response,
    Error = std::convert::Infallible,
    Future: Send,
> + Clone
+ Send
+ 'static {
    tower::ServiceExt::map_request(router, |mut request: Request<Incoming>| {
        if let Some(ends) = request.extensions().get::<Ends>() {
            let peer = ConnectInfo(ends.peer);
            request.extensions_mut().insert(peer);
        }
        request.map(axum::body::Body::new)
    })
}

fn listener_config(config: &Config, door: &'static str) -> ListenerConfig {
    let profile = match config.profile {
        Profile::Development => ListenerConfig::development(door),
        Profile::Production => ListenerConfig::production(door),
    };
    let given = config.limits.connections_per_address.map(|count| count as usize);
    ListenerConfig { connections_per_address: given.unwrap_or(profile.connections_per_address), ..profile }
}

fn server_config(config: &Config) -> ServerConfig {
    let profile = match config.profile {
        Profile::Development => ServerConfig::development(),
        Profile::Production => ServerConfig::production(),
    };
    ServerConfig { listener: listener_config(config, "grpc"), ..profile }
}

fn limits(config: &Config) -> Limits {
    let profile = match config.profile {
        Profile::Development => Limits::development(),
        Profile::Production => Limits::production(),
    };
    let LimitSettings {
        requests_per_second,
        logins_per_minute,
        logins_per_minute_and_address,
        streams_per_user,
        connections_per_address: _,
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
