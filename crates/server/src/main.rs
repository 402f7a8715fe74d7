//! `duologue`: the whole messenger backend in one binary.

mod background;
mod commands;
mod compose;
mod config;
mod elsewhere;
mod observability;
mod roles;
mod serve;
mod settings;
mod stores;
mod tls;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{HealthTarget, KeysCommand, MigrateTarget};
use crate::settings::Settings;

/// What allocates memory. Every field of a message is a small allocation of its own; see docs/performance.md for what
/// this one saves.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The backend of a mini-messenger, behind gRPC and REST. Without a command it serves.
#[derive(Parser)]
#[command(name = "duologue", version, about)]
#[command(
    after_help = "Every setting of `serve` is also a variable DUOLOGUE_… and a line of the --config file: \
                        --rest-listen is DUOLOGUE_REST_LISTEN and rest_listen. Flags win over variables, variables \
                        over the file."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArguments,
}

#[derive(clap::Args)]
struct ServeArguments {
    /// A TOML file with settings
    #[arg(long, value_name = "FILE", env = "DUOLOGUE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Serves gRPC, gRPC-Web, REST and metrics until SIGTERM or Ctrl-C
    Serve(Box<ServeArguments>),
    /// Brings a PostgreSQL database to the schema of this release
    Migrate(MigrateTarget),
    /// Makes, shows and rotates the keys that sign access tokens
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Asks a running server whether it is ready; exit code 0 if it is
    Healthcheck(HealthTarget),
    /// Prints the OpenAPI document of the REST gateway
    Openapi,
}

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let outcome = match line.command {
        None => serve(&line.serve),
        Some(Command::Serve(arguments)) => serve(&arguments),
        Some(Command::Migrate(target)) => commands::migrate(&target),
        Some(Command::Keys { command }) => commands::keys(&command),
        Some(Command::Healthcheck(target)) => commands::healthcheck(&target),
        Some(Command::Openapi) => commands::openapi(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("duologue: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &ServeArguments) -> anyhow::Result<()> {
    let config = config::load(&arguments.settings, arguments.config.as_ref())?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve::serve(config))
}
