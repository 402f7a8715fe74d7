//! Opening a database, and what can be wrong with it.

use duologue_domain::StorageError;
use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Error, PgConnection};

use crate::PostgresStorage;
use crate::chat::Writers;
use crate::error::storage;
use crate::migrations::{self, SCHEMA_VERSION};
use crate::options::Options;

/// The oldest PostgreSQL that serves.
const OLDEST: u32 = 15;

/// A database cannot be used. No text says more of the URL than its owner wrote on purpose: never the password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL is none of a PostgreSQL.
    #[error("this is no URL of a PostgreSQL database: postgres://user@host:port/database is one")]
    InvalidUrl(#[source] Error),
    /// Nobody answers there.
    #[error("the PostgreSQL server cannot be reached")]
    Unreachable(#[source] Error),
    /// The server refuses the user.
    #[error("the PostgreSQL server refuses the user or the password")]
    Authentication(#[source] Error),
    /// The server has no such database.
    #[error("the PostgreSQL server has no such database")]
    NoSuchDatabase(#[source] Error),
    /// The server is too old.
    #[error("the PostgreSQL server is version {found}, and must be 15 or newer")]
    ServerTooOld {
        /// Its major version.
        found: u32,
    },
    /// The schema is missing or older than this release: migrate first.
    #[error("the database has no schema of this release yet: migrate it first")]
    NotMigrated,
    /// The schema is of a release too far ahead.
    #[error(
        "the database has schema {found}, and this release runs on {SCHEMA_VERSION} and the one after it"
    )]
    Newer {
        /// Its version.
        found: i64,
    },
    /// The database belongs to something else, or its schema was edited.
    #[error("the database belongs to another application, or its schema was changed by hand")]
    Foreign,
    /// A migration failed; nothing of it is left.
    #[error("the database could not be migrated")]
    Migration(#[source] MigrateError),
    /// The server answered otherwise than a PostgreSQL does.
    #[error("the PostgreSQL server answered unexpectedly")]
    Unexpected(#[source] Error),
}

impl OpenError {
    /// What an error of the driver means while opening.
    pub(crate) fn of(error: Error) -> Self {
        let code = error.as_database_error().and_then(DatabaseError::code).unwrap_or_default().into_owned();
        match (&error, code.as_str()) {
            (Error::Configuration(_), _) => Self::InvalidUrl(error),
            (_, "28P01" | "28000") => Self::Authentication(error),
            (_, "3D000") => Self::NoSuchDatabase(error),
            (_, code) if code.starts_with("57") || code.starts_with("53") => Self::Unreachable(error),
            (Error::Io(_) | Error::Tls(_) | Error::PoolTimedOut, _) => Self::Unreachable(error),
            _ => Self::Unexpected(error),
        }
    }
}

/// Whether what is acknowledged survives the loss of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durability {
    /// The server's `fsync`.
    pub fsync: bool,
    /// Whether `synchronous_commit` makes a commit wait for the disk.
    pub synchronous_commit: bool,
    /// The server's `full_page_writes`.
    pub full_page_writes: bool,
}

impl Durability {
    /// Whether nothing that was acknowledged can be lost.
    #[must_use]
    pub fn is_complete(self) -> bool {
        self.fsync && self.synchronous_commit && self.full_page_writes
    }
}

/// The options in a URL; the driver itself would take any scheme.
fn parse(url: &str) -> Result<PgConnectOptions, OpenError> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(OpenError::InvalidUrl(Error::Configuration("the scheme is not postgres".into())));
    }
    url.parse().map_err(OpenError::of)
}

/// Opens one connection, within the time that [`Options`] allow.
pub(crate) async fn connect_once(
    url: &str,
    options: &Options,
    limited: impl FnOnce(PgConnectOptions) -> PgConnectOptions,
) -> Result<PgConnection, OpenError> {
    let connect = limited(parse(url)?);
    // Nothing is written while connecting: giving up is harmless.
    let connecting = tokio::time::timeout(options.acquire_timeout, connect.connect());
    let connection =
        connecting.await.map_err(|_| OpenError::Unreachable(Error::PoolTimedOut))?.map_err(OpenError::of)?;
    match connection.server_version_num() {
        Some(version) if version / 10_000 < OLDEST => {
            Err(OpenError::ServerTooOld { found: version / 10_000 })
        }
        _ => Ok(connection),
    }
}

impl PostgresStorage {
    /// Opens a database whose schema is that of this release, or of the one after it.
    ///
    /// To be called within a tokio runtime, which the sends run on.
    pub async fn connect(url: &str, options: Options) -> Result<Self, OpenError> {
        let mut connection = connect_once(url, &options, |connect| options.limited(connect)).await?;
        migrations::check(&mut connection).await?;
        connection.close().await.ok();
        let connect = options.limited(parse(url)?);
        let pool = options.pool(connect.clone(), options.max_connections.max(1));
        let writers = Writers::start(&options, connect);
        Ok(Self { pool, writers, message_time: options.message_time })
    }

    /// Whether what this storage acknowledges survives the loss of power.
    pub async fn durability(&self) -> Result<Durability, StorageError> {
        let (fsync, synchronous_commit, full_page_writes): (String, String, String) = sqlx::query_as(
            "SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes')",
        )
        .fetch_one(&self.pool)
        .await
        .map_err(storage)?;
        Ok(Durability {
            fsync: fsync == "on",
            synchronous_commit: synchronous_commit != "off",
            full_page_writes: full_page_writes == "on",
        })
    }

    /// Asks the database whether it takes writes: for readiness.
    pub async fn ping(&self) -> Result<(), StorageError> {
        let standby: bool =
            sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(&self.pool).await.map_err(storage)?;
        if standby { Err(crate::error::unavailable("the server is a standby")) } else { Ok(()) }
    }
}
