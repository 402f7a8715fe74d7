//! Which server the tests use.

use std::env;

use tokio::sync::OnceCell;

use crate::{docker, local};

/// No PostgreSQL for the tests.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No way leads to a server.
    #[error(
        "no PostgreSQL for the tests: set DATABASE_URL to a server where databases may be created, or start Docker, or \
         install the programs (Debian: apt-get install postgresql) and, unless they are on the PATH, set PG_BIN_DIR"
    )]
    Nowhere,
    /// A server did not start.
    #[error("the PostgreSQL server for the tests did not start: {0}")]
    Start(String),
    /// The file system refused.
    #[error("the PostgreSQL server for the tests has no place to live")]
    Io(#[from] std::io::Error),
    /// The server refused.
    #[error("the PostgreSQL server for the tests refused")]
    Sql(#[from] sqlx::Error),
    /// The template database could not be prepared.
    #[error("the template database could not be prepared")]
    Prepare(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A server that the tests may use: everything of a URL but the database.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    before_database: String,
    after_database: String,
}

impl Server {
    pub(crate) fn at_port(port: u16) -> Self {
        Self {
            before_database: format!("postgres://postgres@127.0.0.1:{port}/"),
            after_database: String::new(),
        }
    }

    fn of_url(url: &str) -> Self {
        let (url, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        let host = url.find("://").map_or(0, |scheme| scheme + 3);
        let path = url[host..].find('/').map_or(url.len(), |slash| host + slash);
        Self { before_database: format!("{}/", &url[..path]), after_database: query.to_owned() }
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("{}{database}{}", self.before_database, self.after_database)
    }
}

/// The server of this process, found once.
pub(crate) async fn server() -> Result<&'static Server, Error> {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    SERVER
        .get_or_try_init(|| async {
            // Starting a server blocks for a second or two.
            tokio::task::spawn_blocking(choose).await.map_err(|error| Error::Start(error.to_string()))?
        })
        .await
}

fn choose() -> Result<Server, Error> {
    let only = env::var("DUOLOGUE_TEST_POSTGRES").ok();
    let allowed = |way: &str| only.as_deref().is_none_or(|only| only == way);
    if allowed("url")
        && let Some(url) = env::var("DATABASE_URL").ok().filter(|url| url.starts_with("postgres"))
    {
        return Ok(chosen(Server::of_url(&url), "DATABASE_URL"));
    }
    if allowed("docker") && docker::has_image() {
        return Ok(chosen(docker::server()?, "Docker"));
    }
    if allowed("local")
        && let Some(programs) = local::Programs::find()
    {
        return Ok(chosen(local::server(&programs)?, "the programs of this machine"));
    }
    if allowed("docker") && docker::is_running() {
        return Ok(chosen(docker::server()?, "Docker, with an image fetched for it"));
    }
    Err(Error::Nowhere)
}

fn chosen(server: Server, way: &str) -> Server {
    eprintln!("PostgreSQL for the tests: {way}");
    server
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_keeps_everything_but_its_database() {
        let table = [
            ("postgres://u:p@h:5/d?sslmode=disable", "postgres://u:p@h:5/x?sslmode=disable"),
            ("postgres://h", "postgres://h/x"),
            ("postgresql://h/?host=/run/pg", "postgresql://h/x?host=/run/pg"),
        ];
        for (url, expected) in table {
            assert_eq!(Server::of_url(url).url("x"), expected);
        }
    }
}
