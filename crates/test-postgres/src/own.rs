//! A server of one test's own, to be killed and started again.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};

use crate::local::{Programs, free_port};
use crate::provider::{Error, Server};

/// How long a server may take until it takes connections, recovery included.
const START: Duration = Duration::from_mins(1);

/// A setting of PostgreSQL, by name and value.
pub type Setting = (&'static str, &'static str);

/// A server of one test's own, with `fsync` on unless it is set otherwise. Removed when dropped.
///
/// Made of PostgreSQL's own programs only: neither `DATABASE_URL` nor a container can be killed.
#[derive(Debug)]
pub struct OwnServer {
    programs: Programs,
    home: PathBuf,
    data: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl OwnServer {
    /// Makes a cluster with these settings and starts it.
    pub async fn new(settings: &[Setting]) -> Result<Self, Error> {
        let programs = Programs::find().ok_or(Error::Nowhere)?;
        let home = PathBuf::from(format!("/tmp/duologue-own-postgres-{}", uuid::Uuid::new_v4().simple()));
        // Else every file is synced one by one after each crash.
        let quick = [("recovery_init_sync_method", "syncfs")];
        let quick = if cfg!(target_os = "linux") { &quick[..] } else { &[] };
        let data = programs.init(&home, &[quick, settings].concat())?;
        let mut server = Self { programs, home, data, port: free_port()?, process: None };
        server.start().await?;
        Ok(server)
    }

    /// Where a database of this name is, or would be. `postgres` is always there.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        Server::at_port(self.port).url(database)
    }

    /// Starts the server again, on the same data and the same port, and waits until it takes connections.
    pub async fn start(&mut self) -> Result<(), Error> {
        let begin = Instant::now();
        while begin.elapsed() < START {
            if self.process.is_none() {
                let mut command = self.programs.command("postgres", &self.home);
                command.arg("-D").arg(&self.data).arg("-p").arg(self.port.to_string());
                self.process = Some(command.spawn()?);
            }
            if self.answers().await {
                return Ok(());
            }
            // It gives up while processes of the server that was killed are still about: try again.
            if let Some(process) = &mut self.process
                && process.try_wait()?.is_some()
            {
                self.process = None;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(Error::Start("it takes no connections".to_owned()))
    }

    async fn answers(&self) -> bool {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        // A refused connection costs nothing; the driver would wait before it tries again.
        if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            return false;
        }
        match PgConnection::connect(&self.url("postgres")).await {
            Ok(connection) => connection.close().await.is_ok(),
            Err(_) => false,
        }
    }

    /// Makes all that was committed so far durable, whatever the settings say.
    pub async fn checkpoint(&self) -> Result<(), Error> {
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        sqlx::raw_sql("CHECKPOINT").execute(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// Kills the server as a crash would: it gets no chance to write anything down.
    pub fn kill_9(&mut self) -> Result<(), Error> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.kill_9().ok();
        // Its last processes may still be leaving.
        for _ in 0..50 {
            if fs::remove_dir_all(&self.home).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
