//! A server in a container.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use testcontainers_modules::testcontainers::core::IntoContainerPort as _;
use testcontainers_modules::testcontainers::runners::SyncRunner as _;
use testcontainers_modules::testcontainers::{GenericImage, ImageExt as _, TestcontainersError};
use tokio::runtime::Handle;

use crate::provider::{Error, Server};
use crate::shared::{self, Instance};

/// How long a container may take until it takes connections.
const START: Duration = Duration::from_mins(1);

/// Settings of a server whose data nobody will miss.
const CARELESS: [&str; 4] =
    ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=400"];

fn image() -> String {
    env::var("DUOLOGUE_TEST_POSTGRES_IMAGE").unwrap_or_else(|_| "postgres:15-alpine".to_owned())
}

fn docker(arguments: &[&str]) -> Result<String, Error> {
    let output = Command::new("docker").args(arguments).stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(Error::Start(format!("docker: {}", String::from_utf8_lossy(&output.stderr).trim())))
}

/// Whether there may be an engine at all: a look at the file system, no call.
fn is_likely() -> bool {
    env::var_os("DOCKER_HOST").is_some() || Path::new("/var/run/docker.sock").exists()
}

/// Whether an engine answers.
pub(crate) fn is_running() -> bool {
    is_likely() && docker(&["version", "--format", "{{.Server.Version}}"]).is_ok()
}

/// Whether the engine has the image already.
pub(crate) fn has_image() -> bool {
    is_likely() && docker(&["image", "inspect", "--format", "{{.Id}}", &image()]).is_ok()
}

/// The container that all test processes of this user share.
pub(crate) fn server() -> Result<Server, Error> {
    shared::join("docker", |_| {
        let container = start(&image())?;
        let stop = format!("docker rm --force --volumes '{}'", container.id);
        match Handle::current().block_on(ready(&Server::at_port(container.port))) {
            Ok(()) => Ok(Instance { port: container.port, stop }),
            Err(error) => {
                docker(&["rm", "--force", "--volumes", &container.id]).ok();
                Err(error)
            }
        }
    })
}

/// Waits until the server takes connections. While an image sets its server up, that listens on a socket only.
async fn ready(server: &Server) -> Result<(), Error> {
    let begin = Instant::now();
    loop {
        match PgConnection::connect(&server.url("postgres")).await {
            Ok(connection) => return Ok(connection.close().await?),
            Err(error) if begin.elapsed() > START => return Err(error.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

struct Started {
    id: String,
    port: u16,
}

fn start(image: &str) -> Result<Started, Error> {
    let failed = |error: TestcontainersError| Error::Start(error.to_string());
    // The part after the last colon is the tag, unless it belongs to the registry's port.
    let (name, tag) =
        image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).unwrap_or((image, "latest"));
    let settings = CARELESS.iter().flat_map(|setting| ["-c", *setting]);
    let container = GenericImage::new(name, tag)
        .with_exposed_port(5432.tcp())
        .with_env_var("POSTGRES_HOST_AUTH_METHOD", "trust")
        .with_shm_size(256 << 20)
        .with_cmd(std::iter::once("postgres").chain(settings))
        .start()
        .map_err(failed)?;
    let port = container.get_host_port_ipv4(5432.tcp()).map_err(failed)?;
    let id = container.id().to_owned();
    // It outlives this process: the reaper removes it after the last one.
    std::mem::forget(container);
    Ok(Started { id, port })
}
