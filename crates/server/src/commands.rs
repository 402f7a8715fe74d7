//! The commands beside `serve`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::http::{Request, StatusCode};
use clap::{Args, Subcommand};
use duologue_domain::Timestamp;
use duologue_domain::time::Clock as _;
use duologue_platform::SystemClock;
use duologue_platform::keys::{KeyDirectory, Rotation, RotationSettings};
use duologue_remote::endpoint;
use duologue_tls::{ClientFiles, ClientTls, ConnectSettings, Connector};
use tonic::body::Body;
use tower::ServiceExt as _;

/// What to do with the keys.
#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Makes the directory with its first keys and secrets, where they are missing
    Create(KeysArguments),
    /// Lists the keys, and where in their lives they are
    Show(KeysArguments),
    /// Lets the next key sign, publishes another next one, and retires the present one
    Rotate {
        #[command(flatten)]
        arguments: KeysArguments,
        /// Even if verifiers may not have seen the next key yet
        #[arg(long)]
        force: bool,
    },
}

/// Where the keys are.
#[derive(Args)]
pub(crate) struct KeysArguments {
    /// Directory of the keys
    #[arg(long, value_name = "DIRECTORY", env = "DUOLOGUE_KEYS", default_value = ".duologue/keys")]
    keys: PathBuf,
}

/// Which server to ask.
#[derive(Args)]
pub(crate) struct HealthTarget {
    /// Its address of metrics, which also tells whether it is ready
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
    metrics: String,
    /// PEM file of the authorities that vouch for it, where it speaks TLS [default: the system's]
    #[arg(long, value_name = "FILE")]
    tls_authorities: Option<PathBuf>,
}

/// Which database to migrate.
#[derive(Args)]
pub(crate) struct MigrateTarget {
    /// Its URL
    #[arg(long, value_name = "URL", env = "DUOLOGUE_STORAGE")]
    storage: String,
}

/// Brings a database to the schema of this release.
pub(crate) fn migrate(target: &MigrateTarget) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(duologue_storage_postgres::migrate(&target.storage))?)
}

/// Makes, shows or rotates keys.
pub(crate) fn keys(command: &KeysCommand) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let settings = RotationSettings::default();
    let open = |path: &Path| {
        KeyDirectory::open_existing(path, settings, now)
            .with_context(|| format!("the keys in {}", path.display()))
    };
    let directory = match command {
        KeysCommand::Create(KeysArguments { keys }) => KeyDirectory::open_or_create(keys, settings, now)
            .with_context(|| format!("the keys in {}", keys.display()))?,
        KeysCommand::Show(KeysArguments { keys }) => open(keys)?,
        KeysCommand::Rotate { arguments, force } => {
            let directory = open(&arguments.keys)?;
            directory.rotate(if *force { Rotation::Forced } else { Rotation::Safe }, now)?;
            directory
        }
    };
    list(&directory, now)
}

fn list(directory: &KeyDirectory, now: Timestamp) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for (key, phase) in directory.list(now) {
        writeln!(out, "{}  {phase:?}", key.key_id)?;
    }
    Ok(())
}

/// Asks a running server whether it is ready.
pub(crate) fn healthcheck(target: &HealthTarget) -> anyhow::Result<()> {
    let HealthTarget { metrics, tls_authorities } = target;
    let mut connector = Connector::new(&ConnectSettings::default());
    if metrics.starts_with("https://") {
        let files = ClientFiles { identity: None, authorities: tls_authorities.clone() };
        connector = connector.with_tls(ClientTls::open(files)?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let channel =
            endpoint(metrics)?.timeout(Duration::from_secs(5)).connect_with_connector_lazy(connector);
        let request = Request::get(format!("{metrics}/readyz")).body(Body::empty())?;
        let answer =
            channel.oneshot(request).await.with_context(|| format!("nothing answers at {metrics}"))?;
        ensure!(answer.status() == StatusCode::OK, "not ready: {}", answer.status());
        Ok(())
    })
}

/// Prints the OpenAPI document.
pub(crate) fn openapi() -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{}", duologue_contract::openapi())?)
}
