//! What an operator can say, in one place: the same names as flags, in the environment and in a TOML file.
//!
//! Later layers win: defaults of the profile, the file named by `--config`, `DUOLOGUE_*`, flags.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _, Parser, ValueEnum};
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer as _};
use serde::{Deserialize, Deserializer, Serialize};

use crate::roles::Role;

/// What the environment's names begin with.
const PREFIX: &str = "DUOLOGUE_";

/// How the server is meant to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Profile {
    /// Loopback only, in memory, keys of its own, generous limits.
    #[default]
    Development,
    /// Refuses to start without durable storage, given keys, and TLS or an explicit word for plaintext.
    Production,
}

/// Who may open a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChatPolicy {
    /// Everybody with everybody.
    #[default]
    Open,
    /// Friends only.
    Friends,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Pretty,
    /// For machines: one JSON object a line.
    Json,
}

/// What clients of gRPC have to show of themselves, besides their tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ClientCertificate {
    /// Nothing.
    #[default]
    Ignored,
    /// A certificate, if they have one.
    Optional,
    /// A certificate.
    Required,
}

/// Every setting; absent ones are decided by the profile.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// How the server is meant to be run [default: development]
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<Profile>,

    /// What this process is of the whole, as in `chat,notification` [default: all of it]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "ROLE,…")]
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "list")]
    pub(crate) roles: Option<Vec<Role>>,

    /// Where Auth is, if it is elsewhere; several replicas with commas between them
    #[arg(long, value_name = "URL,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "list")]
    pub(crate) auth_url: Option<Vec<String>>,

    /// Where User is, if it is elsewhere
    #[arg(long, value_name = "URL,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "list")]
    pub(crate) user_url: Option<Vec<String>>,

    /// Where Social is, if it is elsewhere
    #[arg(long, value_name = "URL,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "list")]
    pub(crate) social_url: Option<Vec<String>>,

    /// Where Chat is, if it is elsewhere
    #[arg(long, value_name = "URL,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "list")]
    pub(crate) chat_url: Option<Vec<String>>,

    /// Where Notification is, if it is elsewhere
    #[arg(long, value_name = "URL,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "list")]
    pub(crate) notification_url: Option<Vec<String>>,

    /// What carries wake-ups between replicas: `local`, `postgres` (the database of --storage), or nats://… [default:
    /// postgres where that is the storage, else local]
    #[arg(long, value_name = "BUS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wakeup: Option<String>,

    /// How often the storage is asked for what no wake-up told of, in milliseconds; 0 is never, which loses messages
    /// on streams as soon as a wake-up is lost [default: 2000]
    #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(0..=60_000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) poll_milliseconds: Option<u64>,

    /// Where data is kept: `memory`, or the URL of a PostgreSQL database [default: memory]
    #[arg(long, value_name = "WHERE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) storage: Option<String>,

    /// Bring the database to this release's schema before serving [default: true]
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) migrate: Option<bool>,

    /// Address of the REST gateway [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rest_listen: Option<SocketAddr>,

    /// Address of the gRPC services, gRPC-Web included [default: 127.0.0.1:50051]
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grpc_listen: Option<SocketAddr>,

    /// Address of the Prometheus metrics [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metrics_listen: Option<SocketAddr>,

    /// Serve without TLS where others can listen in: beyond loopback, or in production [default: false]
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plaintext: Option<bool>,

    /// PEM file of this process's certificate, followed by those that vouch for it: every listener speaks TLS
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_certificate: Option<PathBuf>,

    /// PEM file of its private key
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_key: Option<PathBuf>,

    /// PEM file of the authorities that vouch for other roles and for clients of gRPC [default: the system's]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_authorities: Option<PathBuf>,

    /// Certificates of clients of gRPC, vouched for by --tls-authorities; other roles show theirs [default: ignored]
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_clients: Option<ClientCertificate>,

    /// Directory of the signing keys and secrets; development makes one [default: .duologue/keys]
    #[arg(long, value_name = "DIRECTORY")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) keys: Option<PathBuf>,

    /// Lifetime of access tokens, in seconds [default: 900]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_token_seconds: Option<u64>,

    /// Lifetime of refresh tokens, in seconds, sliding [default: 2592000]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(60..))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token_seconds: Option<u64>,

    /// `iss` of access tokens [default: duologue]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_issuer: Option<String>,

    /// `aud` of access tokens [default: duologue]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_audience: Option<String>,

    /// Threads that hash passwords, 19 MiB each [default: 2]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=64))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hashing_threads: Option<u16>,

    /// Passwords that may wait to be hashed [default: 1024; production: 64]
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hashing_queue: Option<u16>,

    /// Who may open a chat [default: open]
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chat_policy: Option<ChatPolicy>,

    /// Allow `http` in `avatar_url` beside `https` [default: false]
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) avatar_http: Option<bool>,

    /// Origins of browsers that may call the REST gateway; CORS is off without any
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "list")]
    pub(crate) allowed_origins: Option<Vec<String>>,

    /// Proxies (address or CIDR) whose x-forwarded-for is believed
    #[arg(long, value_name = "NETWORK", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "list")]
    pub(crate) trusted_proxies: Option<Vec<String>>,

    /// Deadline of unary calls whose client sets none, in seconds [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deadline_seconds: Option<u64>,

    /// How long calls and streams may take to end after SIGTERM, in seconds [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=3600))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) drain_seconds: Option<u64>,

    /// How logs are written [default: pretty; production: json]
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log_format: Option<LogFormat>,

    /// Collector of traces (OTLP over gRPC), as in `http://127.0.0.1:4317`; none: traces are passed on and not exported
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) otlp_endpoint: Option<String>,

    /// What is logged, as in `info,duologue_grpc=debug` [default: info]
    #[arg(long, value_name = "FILTER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log: Option<String>,

    /// Requests per second and user, and per address; a burst of twice as many passes [production: 50]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requests_per_second: Option<u32>,

    /// Logins per minute for one e-mail address from one network address [production: 10]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) logins_per_minute: Option<u32>,

    /// Logins per minute from one network address [production: 100]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) logins_per_minute_and_address: Option<u32>,

    /// Streams that one user may have open [default: 1000; production: 20]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) streams_per_user: Option<u32>,

    /// Connections at once from one address, at each listener; a proxy is one address [production: 100]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connections_per_address: Option<u32>,
}

/// A list, or text with commas between its items, as a variable of the environment has it.
fn list<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written<T> {
        Items(Vec<T>),
        Text(String),
    }
    match Written::deserialize(deserializer)? {
        Written::Items(items) => Ok(Some(items)),
        Written::Text(text) => {
            let items = text.split(',').map(|item| T::deserialize(item.trim().into_deserializer()));
            items.collect::<Result<_, serde::de::value::Error>>().map(Some).map_err(D::Error::custom)
        }
    }
}

/// Settings alone, to know their names.
#[derive(Parser)]
struct Names {
    #[command(flatten)]
    settings: Settings,
}

impl Settings {
    /// These settings, over those of the environment, over those of a file.
    pub(crate) fn layered(&self, file: Option<&PathBuf>) -> anyhow::Result<Self> {
        let names: Vec<String> =
            Names::command().get_arguments().map(|argument| argument.get_id().to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut figment = Figment::new();
        if let Some(file) = file {
            std::fs::metadata(file).with_context(|| format!("the configuration file {}", file.display()))?;
            figment = figment.merge(Toml::file_exact(file));
        }
        figment
            .merge(Env::prefixed(PREFIX).only(&names))
            .merge(Serialized::defaults(self))
            .extract()
            .context("the configuration")
    }
}
