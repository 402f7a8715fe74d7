//! A server in a container.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::provider::{Error, Server};
use crate::shared::{self, Instance};

/// How long a container may take until it takes connections.
const START: Duration = Duration::from_mins(1);

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
        let image = image();
        let settings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=400"];
        let mut arguments = vec!["run", "--detach", "--rm", "--publish", "127.0.0.1::5432"];
        arguments.extend([
            "--env",
            "POSTGRES_HOST_AUTH_METHOD=trust",
            "--shm-size",
            "256m",
            &image,
            "postgres",
        ]);
        arguments.extend(settings.iter().flat_map(|setting| ["-c", *setting]));
        let container = docker(&arguments)?;
        let started = ready(&container);
        if started.is_err() {
            docker(&["rm", "--force", "--volumes", &container]).ok();
        }
        Ok(Instance { port: started?, stop: format!("docker rm --force --volumes '{container}'") })
    })
}

/// The port of a container whose server takes connections; it restarts once while it is set up.
fn ready(container: &str) -> Result<u16, Error> {
    let begin = Instant::now();
    loop {
        // Over TCP: while it is set up, the image's server listens on its socket only.
        match docker(&["exec", container, "pg_isready", "-q", "-h", "127.0.0.1", "-U", "postgres"]) {
            Ok(_) => break,
            Err(error) if begin.elapsed() > START => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
    let published = docker(&["port", container, "5432/tcp"])?;
    let port = published.lines().next().and_then(|line| line.rsplit(':').next()?.parse().ok());
    port.ok_or_else(|| Error::Start("docker: the container publishes no port".to_owned()))
}
