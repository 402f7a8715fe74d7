//! A database for one test, cloned from a template that is made once.

use std::error::Error as StdError;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::provider::{self, Error, Server};

/// A database of one test's own, removed when dropped.
#[derive(Debug)]
pub struct TestDatabase {
    server: Server,
    name: String,
}

impl TestDatabase {
    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }
}

/// A new database like the template of this name, which `prepare` makes if it is not there yet.
///
/// The name has to change with whatever `prepare` does: a checksum of the migrations serves.
pub async fn database<F>(template: &str, prepare: F) -> Result<TestDatabase, Error>
where
    F: AsyncFnOnce(String) -> Result<(), Box<dyn StdError + Send + Sync>>,
{
    let server = provider::server().await?;
    let mut connection = PgConnection::connect(&server.url("postgres")).await?;
    let template =
        format!("template_{}", template.replace(|character: char| !character.is_ascii_alphanumeric(), "_"));
    // One process at a time makes the template; it gets its name when it is complete.
    sqlx::query("SELECT pg_advisory_lock(hashtext($1))").bind(&template).execute(&mut connection).await?;
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(&template)
        .fetch_one(&mut connection)
        .await?;
    if !exists {
        let draft = format!("draft_{}", Uuid::new_v4().simple());
        run(&mut connection, format!("CREATE DATABASE {draft}")).await?;
        prepare(server.url(&draft)).await.map_err(Error::Prepare)?;
        run(&mut connection, format!("ALTER DATABASE {draft} RENAME TO {template}")).await?;
    }
    sqlx::query("SELECT pg_advisory_unlock(hashtext($1))").bind(&template).execute(&mut connection).await?;
    let name = format!("test_{}", Uuid::new_v4().simple());
    run(&mut connection, format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")).await?;
    connection.close().await?;
    Ok(TestDatabase { server: server.clone(), name })
}

async fn run(connection: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.map(drop)
}

impl Drop for TestDatabase {
    /// Removes the database, whoever is still connected to it. What cannot be removed is left.
    fn drop(&mut self) {
        let (url, name) = (self.server.url("postgres"), self.name.clone());
        let removal = async move {
            let mut connection = PgConnection::connect(&url).await?;
            run(&mut connection, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
        };
        // A thread of its own: the test's runtime may be the one that is being dropped.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(removal))
        });
        thread.join().ok();
    }
}
