//! The schema: embedded, applied under a lock, and checked before use.
//!
//! A release has at most one migration: a directory `migrations/N` with a file for each context that changes. A server
//! runs on the schema `N` that it knows and on `N + 1`, so that replicas of two releases can run side by side while one
//! takes over from the other: a migration may add, and may remove only what the release before it stopped using. A
//! migration that was released is never edited.

use std::collections::BTreeMap;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Connection, PgConnection, SqlSafeStr};

use crate::open::{self, OpenError};
use crate::options::Options;

/// The version of the schema that this release makes.
pub const SCHEMA_VERSION: i64 = 1;

/// Where it is noted which migrations were applied.
const LEDGER: &str = "duologue.migrations";

/// The SQLSTATEs of a schema, table or function that is there already.
const EXISTS: [&str; 3] = ["42P06", "42P07", "42723"];

const FIRST: &str = concat!(
    include_str!("../migrations/1/auth.sql"),
    include_str!("../migrations/1/user.sql"),
    include_str!("../migrations/1/social.sql"),
    include_str!("../migrations/1/chat.sql"),
    include_str!("../migrations/1/notification.sql"),
);

fn migrator() -> Migrator {
    let first = Migration::new(1, "first release".into(), MigrationType::Simple, FIRST.into_sql_str(), false);
    let mut migrator = Migrator::with_migrations(vec![first]);
    migrator.dangerous_set_table_name(LEDGER);
    migrator.create_schema("duologue");
    migrator.set_ignore_missing(true);
    migrator
}

/// Names the schema by its text: what a template database can be called after.
#[must_use]
pub fn checksum() -> String {
    // The checksum of the newest is enough: those before it never change.
    let newest = migrator().iter().last().map(|migration| migration.checksum.to_vec()).unwrap_or_default();
    newest.iter().take(16).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Brings the schema of a database up to this release. Any number of servers may do so at once: one does it.
pub async fn migrate(url: &str) -> Result<(), OpenError> {
    let mut connection = open::connect_once(url, &Options::default(), |options| options).await?;
    let result = migrate_on(&mut connection).await;
    connection.close().await.ok();
    result
}

async fn migrate_on(connection: &mut PgConnection) -> Result<(), OpenError> {
    match check(connection).await {
        Ok(()) => return Ok(()),
        Err(OpenError::NotMigrated) => {}
        Err(error) => return Err(error),
    }
    migrator().run_direct(None, connection, false).await.map_err(|error| match &error {
        MigrateError::ExecuteMigration(sqlx::Error::Database(refused), _)
            if EXISTS.contains(&&*refused.code().unwrap_or_default()) =>
        {
            OpenError::Foreign
        }
        MigrateError::VersionMismatch(_) => OpenError::Foreign,
        _ => OpenError::Migration(error),
    })
}

/// Whether this release can run on the schema of the database.
pub(crate) async fn check(connection: &mut PgConnection) -> Result<(), OpenError> {
    let (migrated, occupied): (bool, bool) = sqlx::query_as(
        "SELECT to_regclass('duologue.migrations') IS NOT NULL, EXISTS (
             SELECT FROM pg_namespace WHERE nspname IN ('auth', 'profile', 'social', 'chat', 'notification'))",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(OpenError::of)?;
    match (migrated, occupied) {
        (false, true) => return Err(OpenError::Foreign),
        (false, false) => return Err(OpenError::NotMigrated),
        (true, _) => {}
    }
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM duologue.migrations WHERE success")
            .fetch_all(connection)
            .await
            .map_err(OpenError::of)?;
    let applied = BTreeMap::from_iter(applied);
    for migration in migrator().iter() {
        match applied.get(&migration.version) {
            None => return Err(OpenError::NotMigrated),
            Some(checksum) if *checksum != *migration.checksum => return Err(OpenError::Foreign),
            Some(_) => {}
        }
    }
    match applied.last_key_value() {
        Some((&found, _)) if found > SCHEMA_VERSION + 1 => Err(OpenError::Newer { found }),
        _ => Ok(()),
    }
}
