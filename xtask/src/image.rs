//! The deployment of `compose.yaml`, in containers: images out of this machine's own programs, started, walked through
//! and stopped.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::{nats, postgres, run};

/// What everything here is called, so that it is beside whatever else the engine runs.
const PROJECT: &str = "duologue-xtask";

/// What `compose.yaml` asks for. The gateway answers where the tour looks for it.
const SETTINGS: [&str; 6] = [
    "DUOLOGUE_IMAGE=duologue-deployment",
    "POSTGRES_IMAGE=duologue-deployment-postgres",
    "NATS_IMAGE=duologue-deployment-nats",
    "POSTGRES_PASSWORD=of-a-trial",
    "DUOLOGUE_REST_PORT=8080",
    "DUOLOGUE_GRPC_PORT=50051",
];

/// How long the gateway may take to be ready.
const PATIENCE: Duration = Duration::from_mins(2);

/// Builds the images, starts the deployment, walks through the README's tour against it, and stops it.
pub(crate) fn deployment() -> Result<(), String> {
    let Some(compose) = compose().filter(|_| postgres::has_programs()) else {
        println!("── no container engine with Compose, or no PostgreSQL to make an image of: left out");
        return Ok(());
    };
    nats::provide()?;
    run::cargo(&["build", "--package", "duologue-server"])?;
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let binary = format!("{target}/debug/duologue");
    println!(
        "── containers: docker with `{}`; images of {binary} and this machine's libraries",
        compose.join(" ")
    );
    run::command("bash", &["deployment/local-images.sh", &binary])?;

    let start = on(compose, &["up", "--detach"]).and_then(|()| wait_for_gateway());
    let outcome = start.and_then(|()| run::command("bash", &["examples/tour.sh"]));
    // What they logged goes with them, and a failure to show it is not the failure to tell of.
    let told = if outcome.is_err() { on(compose, &["logs", "--tail=20"]) } else { Ok(()) };
    let stopped = on(compose, &["down", "--volumes"]);
    outcome.and(told).and(stopped)
}

/// The command of Compose, where it and an engine are there.
fn compose() -> Option<&'static [&'static str]> {
    let kinds: [&[&str]; 2] = [&["docker", "compose"], &["docker-compose"]];
    let has = |words: &&[&str]| run::succeeds(words[0], &[&words[1..], &["version"]].concat());
    kinds.into_iter().find(has).filter(|_| run::succeeds("docker", &["info"]))
}

fn on(compose: &[&str], arguments: &[&str]) -> Result<(), String> {
    run::command("env", &[&SETTINGS, compose, &["--project-name", PROJECT], arguments].concat())
}

/// Asks the engine, which asks the gateway: it is the last to start, and waits for all others.
fn wait_for_gateway() -> Result<(), String> {
    let label = |name, value| format!("--filter=label=com.docker.compose.{name}={value}");
    let (project, service) = (label("project", PROJECT), label("service", "gateway"));
    let arguments = ["ps", "--quiet", "--filter=health=healthy", &project, &service];
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        let output = Command::new("docker").args(arguments).output();
        if output.is_ok_and(|output| !output.stdout.is_empty()) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Err(format!("the gateway was not ready after {} s", PATIENCE.as_secs()))
}
