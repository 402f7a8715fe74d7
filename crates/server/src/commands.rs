//! The commands beside `serve`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use duologue_domain::Timestamp;
use duologue_domain::time::Clock as _;
use duologue_platform::SystemClock;
use duologue_platform::keys::{KeyDirectory, Rotation, RotationSettings};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

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
    /// Its gRPC address
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:50051")]
    grpc: String,
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let channel = tonic::transport::Endpoint::new(target.grpc.clone())?
            .timeout(std::time::Duration::from_secs(5))
            .connect()
            .await
            .with_context(|| format!("nothing answers at {}", target.grpc))?;
        let answer = HealthClient::new(channel).check(HealthCheckRequest { service: String::new() }).await?;
        ensure!(answer.get_ref().status() == ServingStatus::Serving, "{:?}", answer.get_ref().status());
        Ok(())
    })
}

/// Prints the OpenAPI document.
pub(crate) fn openapi() -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{}", duologue_contract::openapi())?)
}
