//! The settings, decided: what the profile fills in, and what it refuses.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use duologue_domain::auth::Lifetimes;
use duologue_domain::user::AvatarSchemes;

use crate::settings::{ChatPolicy, LogFormat, Profile, Settings};

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

/// What the server runs with.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) profile: Profile,
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
    pub(crate) limits: LimitSettings,
}

/// The limits that an operator named; the profile decides the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LimitSettings {
    pub(crate) requests_per_second: Option<u32>,
    pub(crate) logins_per_minute: Option<u32>,
    pub(crate) logins_per_minute_and_address: Option<u32>,
    pub(crate) streams_per_user: Option<u32>,
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
        let listen = |given: Option<SocketAddr>, port| given.unwrap_or_else(|| ([127, 0, 0, 1], port).into());
        let config = Self {
            profile,
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
            chat_policy: settings.chat_policy.unwrap_or_default(),
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
            log: settings.log.unwrap_or_else(|| "info".to_owned()),
            limits: LimitSettings {
                requests_per_second: settings.requests_per_second,
                logins_per_minute: settings.logins_per_minute,
                logins_per_minute_and_address: settings.logins_per_minute_and_address,
                streams_per_user: settings.streams_per_user,
            },
        };
        config.refuse_what_is_unsafe(settings.plaintext.unwrap_or(false))?;
        Ok(config)
    }

    fn refuse_what_is_unsafe(&self, plaintext: bool) -> anyhow::Result<()> {
        if self.profile == Profile::Production {
            match self.storage {
                Storage::Memory => {
                    bail!("production: memory forgets at exit: --storage must name a durable storage")
                }
                Storage::Postgres { .. } => {
                    ensure!(
                        plaintext,
                        "production: nothing here is encrypted: put TLS in front and say --plaintext"
                    );
                }
            }
        }
        for (name, address) in [("rest", self.rest_listen), ("grpc", self.grpc_listen)] {
            ensure!(
                address.ip().is_loopback() || plaintext,
                "{name}-listen: {address} is beyond loopback and nothing here is encrypted: \
                 put TLS in front and say --plaintext, or listen on 127.0.0.1"
            );
        }
        Ok(())
    }

    /// The effective configuration, for people; it holds no secret.
    pub(crate) fn summary(&self) -> String {
        format!("{self:#?}")
    }
}

/// The settings of a file, the environment and flags, decided.
pub(crate) fn load(settings: &Settings, file: Option<&PathBuf>) -> anyhow::Result<Config> {
    Config::decide(settings.layered(file)?).context("the server cannot be configured like this")
}
