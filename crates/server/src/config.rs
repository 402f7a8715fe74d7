//! The settings, decided: what the profile fills in, and what it refuses.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use duologue_domain::auth::Lifetimes;
use duologue_domain::user::AvatarSchemes;
use duologue_tls::IdentityFiles;

use crate::roles::{Role, Roles};
use crate::settings::{ChatPolicy, ClientCertificate, LogFormat, Profile, Settings};
use crate::tls::TlsConfig;

/// Where data is kept.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Storage {
    /// In this process; gone at exit.
    Memory,
    /// In a PostgreSQL database.
    Postgres {
        /// Its URL, which may hold a password.
        url: String,
        /// Whether to bring it to this release's schema first.
        migrate: bool,
    },
}

/// Never shows a password.
impl fmt::Debug for Storage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => formatter.write_str("memory"),
            Self::Postgres { url, migrate } => {
                let place = url.rsplit_once('@').map_or(url.as_str(), |(_, place)| place);
                let place = place.split('?').next().unwrap_or_default().trim_start_matches("postgres://");
                write!(formatter, "postgres at {place}, migrate: {migrate}")
            }
        }
    }
}

/// Where the signing keys and secrets are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keys {
    /// In a directory that is made when it is missing.
    Made(PathBuf),
    /// In a directory that must be there.
    Given(PathBuf),
}

/// What carries wake-ups between replicas.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Bus {
    /// Nothing: there is one process.
    Local,
    /// The database of the storage, at this URL.
    Postgres(String),
    /// NATS, at this URL.
    Nats(String),
}

/// Never shows a password.
impl fmt::Debug for Bus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Local => "local",
            Self::Postgres(_) => "postgres",
            Self::Nats(_) => "nats",
        })
    }
}

/// What the server runs with.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) profile: Profile,
    pub(crate) roles: Roles,
    /// The addresses of the roles that are elsewhere, at least one of each.
    pub(crate) elsewhere: BTreeMap<Role, Vec<String>>,
    pub(crate) bus: Bus,
    pub(crate) poll: Option<Duration>,
    pub(crate) storage: Storage,
    pub(crate) rest_listen: SocketAddr,
    pub(crate) grpc_listen: SocketAddr,
    pub(crate) metrics_listen: SocketAddr,
    pub(crate) keys: Keys,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) token_issuer: String,
    pub(crate) token_audience: String,
    pub(crate) hashing_threads: usize,
    pub(crate) hashing_queue: usize,
    pub(crate) chat_policy: ChatPolicy,
    pub(crate) avatar_schemes: AvatarSchemes,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) trusted_proxies: Vec<String>,
    pub(crate) deadline: Duration,
    pub(crate) drain: Duration,
    pub(crate) log_format: LogFormat,
    pub(crate) log: String,
    pub(crate) otlp_endpoint: Option<String>,
    pub(crate) tls: TlsConfig,
    pub(crate) limits: LimitSettings,
}

/// The limits that an operator named; the profile decides the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LimitSettings {
    pub(crate) requests_per_second: Option<u32>,
    pub(crate) logins_per_minute: Option<u32>,
    pub(crate) logins_per_minute_and_address: Option<u32>,
    pub(crate) streams_per_user: Option<u32>,
    pub(crate) connections_per_address: Option<u32>,
}

impl Config {
    /// Decides what the settings leave open, and refuses what the profile does not allow.
    pub(crate) fn decide(settings: Settings) -> anyhow::Result<Self> {
        let profile = settings.profile.unwrap_or_default();
        let production = profile == Profile::Production;
        let storage = match settings.storage.as_deref() {
            None | Some("memory") => Storage::Memory,
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Storage::Postgres { url: url.to_owned(), migrate: settings.migrate.unwrap_or(true) }
            }
            Some(_) => bail!("storage: say `memory`, or the URL of a PostgreSQL database: postgres://…"),
        };
        let roles = Roles::new(settings.roles.as_deref());
        let chat_policy = settings.chat_policy.unwrap_or_default();
        let elsewhere = elsewhere(&settings, &roles, chat_policy)?;
        let bus = bus(settings.wakeup.as_deref(), &storage)?;
        let tls = tls(&settings)?;
        let listen = |given: Option<SocketAddr>, port| given.unwrap_or_else(|| ([127, 0, 0, 1], port).into());
        let config = Self {
            profile,
            roles,
            elsewhere,
            bus,
            poll: Some(settings.poll_milliseconds.unwrap_or(2_000))
                .filter(|wait| *wait > 0)
                .map(Duration::from_millis),
            storage,
            rest_listen: listen(settings.rest_listen, 8080),
            grpc_listen: listen(settings.grpc_listen, 50051),
            metrics_listen: listen(settings.metrics_listen, 9090),
            keys: match settings.keys {
                Some(directory) if production => Keys::Given(directory),
                Some(directory) => Keys::Made(directory),
                None if production => {
                    bail!("production: --keys must name a directory made by `duologue keys create`")
                }
                None => Keys::Made(PathBuf::from(".duologue/keys")),
            },
            lifetimes: Lifetimes {
                access: settings
                    .access_token_seconds
                    .map_or(Lifetimes::default().access, Duration::from_secs),
                refresh: settings
                    .refresh_token_seconds
                    .map_or(Lifetimes::default().refresh, Duration::from_secs),
            },
            token_issuer: settings.token_issuer.unwrap_or_else(|| "duologue".to_owned()),
            token_audience: settings.token_audience.unwrap_or_else(|| "duologue".to_owned()),
            hashing_threads: settings.hashing_threads.unwrap_or(2).into(),
            hashing_queue: settings.hashing_queue.unwrap_or(if production { 64 } else { 1024 }).into(),
            chat_policy,
            avatar_schemes: match settings.avatar_http {
                Some(true) => AvatarSchemes::HttpsAndHttp,
                _ => AvatarSchemes::Https,
            },
            allowed_origins: settings.allowed_origins.unwrap_or_default(),
            trusted_proxies: settings.trusted_proxies.unwrap_or_default(),
            deadline: Duration::from_secs(settings.deadline_seconds.unwrap_or(10)),
            drain: Duration::from_secs(settings.drain_seconds.unwrap_or(10)),
            log_format: settings.log_format.unwrap_or(if production {
                LogFormat::Json
            } else {
                LogFormat::Pretty
            }),
            otlp_endpoint: settings.otlp_endpoint.clone(),
            tls,
            log: settings.log.unwrap_or_else(|| "info".to_owned()),
            limits: LimitSettings {
                requests_per_second: settings.requests_per_second,
                logins_per_minute: settings.logins_per_minute,
                logins_per_minute_and_address: settings.logins_per_minute_and_address,
                streams_per_user: settings.streams_per_user,
                connections_per_address: settings.connections_per_address,
            },
        };
        config.refuse_what_is_unsafe(settings.plaintext.unwrap_or(false))?;
        Ok(config)
    }

    fn refuse_what_is_unsafe(&self, plaintext: bool) -> anyhow::Result<()> {
        let is_readable = self.tls.identity.is_none() && !plaintext;
        if self.profile == Profile::Production {
            // A gateway keeps nothing.
            ensure!(
                self.storage != Storage::Memory || !self.roles.have_services(),
                "production: memory forgets at exit: --storage must name a durable storage"
            );
            ensure!(
                !is_readable,
                "production: nothing here is encrypted: name --tls-certificate and --tls-key, or put TLS in front \
                 and say --plaintext"
            );
        }
        for (name, address) in [("rest", self.rest_listen), ("grpc", self.grpc_listen)] {
            ensure!(
                address.ip().is_loopback() || !is_readable,
                "{name}-listen: {address} is beyond loopback and nothing here is encrypted: name --tls-certificate \
                 and --tls-key, put TLS in front and say --plaintext, or listen on 127.0.0.1"
            );
        }
        for url in self.elsewhere.values().flatten() {
            ensure!(
                plaintext || !is_beyond_loopback_in_plaintext(url),
                "{url} is beyond loopback and not encrypted: say https://, or --plaintext"
            );
        }
        Ok(())
    }

    /// The effective configuration, for people; it holds no secret.
    pub(crate) fn summary(&self) -> String {
        format!("{self:#?}")
    }
}

/// Whether others may listen to what is said to this address.
fn is_beyond_loopback_in_plaintext(url: &str) -> bool {
    let Some(authority) = url.strip_prefix("http://") else { return false };
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host != "localhost" && !host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// The addresses of the roles that are needed and not here.
fn elsewhere(
    settings: &Settings,
    roles: &Roles,
    chat_policy: ChatPolicy,
) -> anyhow::Result<BTreeMap<Role, Vec<String>>> {
    let needed = roles.elsewhere(chat_policy == ChatPolicy::Friends);
    let addresses = needed.into_iter().map(|role| {
        let urls = match role {
            Role::Auth => &settings.auth_url,
            Role::User => &settings.user_url,
            Role::Social => &settings.social_url,
            Role::Chat => &settings.chat_url,
            Role::Notification => &settings.notification_url,
            Role::Gateway => &None,
        };
        let name = role.name();
        let urls = urls.clone().filter(|urls| !urls.is_empty());
        Ok((role, urls.with_context(|| format!("roles {roles}: --{name}-url must say where {name} is"))?))
    });
    addresses.collect()
}

fn tls(settings: &Settings) -> anyhow::Result<TlsConfig> {
    let identity = match (settings.tls_certificate.clone(), settings.tls_key.clone()) {
        (Some(certificate_chain), Some(private_key)) => {
            Some(IdentityFiles { certificate_chain, private_key })
        }
        (None, None) => None,
        _ => bail!("--tls-certificate and --tls-key belong together"),
    };
    let (authorities, clients) = (settings.tls_authorities.clone(), settings.tls_clients.unwrap_or_default());
    if clients != ClientCertificate::Ignored {
        ensure!(authorities.is_some(), "tls-clients: --tls-authorities must say who vouches for them");
        ensure!(
            identity.is_some(),
            "tls-clients: only a listener with --tls-certificate can ask for certificates"
        );
    }
    Ok(TlsConfig { identity, authorities, clients })
}

fn bus(wakeup: Option<&str>, storage: &Storage) -> anyhow::Result<Bus> {
    match (wakeup, storage) {
        (None | Some("postgres"), Storage::Postgres { url, .. }) => Ok(Bus::Postgres(url.clone())),
        (None | Some("local"), _) => Ok(Bus::Local),
        (Some("postgres"), Storage::Memory) => {
            bail!("wakeup: postgres carries wake-ups only where it is the storage")
        }
        (Some(url), _) if url.starts_with("nats://") || url.starts_with("tls://") => {
            Ok(Bus::Nats(url.to_owned()))
        }
        (Some(_), _) => bail!("wakeup: say `local`, `postgres`, or the URL of a NATS server: nats://…"),
    }
}

/// The settings of a file, the environment and flags, decided.
pub(crate) fn load(settings: &Settings, file: Option<&PathBuf>) -> anyhow::Result<Config> {
    Config::decide(settings.layered(file)?).context("the server cannot be configured like this")
}
