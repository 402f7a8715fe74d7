//! The command: what can be said on its line, and who does it.

mod faults;
mod known;
mod load;
mod run;
mod select;
mod settings;
mod show;

use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::settings::{FaultsSettings, LoadSettings, RunSettings, SelectionSettings, layered};

/// Says of a deployment whether it keeps Duologue's contract.
#[derive(Debug, Parser)]
#[command(version, about)]
#[command(
    after_help = "Every option of run, quick, list, load and faults is also a variable DUOLOGUE_CONFORMANCE_… and a line of the \
                  --config file: --known-failing is DUOLOGUE_CONFORMANCE_KNOWN_FAILING and known_failing. Options win \
                  over variables, variables over the file."
)]
pub(crate) struct Arguments {
    /// A TOML file with options
    #[arg(long, global = true, value_name = "FILE", env = "DUOLOGUE_CONFORMANCE_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Runs scenarios against a deployment
    Run(RunSettings),
    /// Looks whether the deployment is there, then runs a handful of scenarios
    Quick(RunSettings),
    /// Lists the scenarios
    List {
        #[command(flatten)]
        selection: SelectionSettings,
    },
    /// Says what a scenario demands
    Explain {
        /// Id of the scenario, as `list` shows it
        id: String,
    },
    /// Shows RPC × code: which scenarios claim each, or which doors a run asserted it through
    Coverage {
        /// A report that `run --json` wrote
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
    /// Sends messages at a steady rate: none may be lost, repeated or out of order; then how long they took
    Load(LoadSettings),
    /// Says how sharp the suite is: spoils the answers of a deployment, and each spoiling has to be caught
    Faults(FaultsSettings),
    /// Compares two reports that `run --json` wrote
    Diff {
        /// The earlier report
        before: PathBuf,
        /// The later report
        after: PathBuf,
    },
}

/// How the command ends, in the numbers of sysexits(3) beyond 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything holds.
    Success,
    /// Something does not hold.
    Violated,
    /// Something has no verdict.
    Broken,
    /// The line does not make sense.
    Usage,
    /// The deployment cannot be reached.
    Unavailable,
    /// A bug of the suite, or of the machine that it runs on.
    Software,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Violated => 1,
            Exit::Broken => 2,
            Exit::Usage => 64,
            Exit::Unavailable => 69,
            Exit::Software => 70,
        })
    }
}

/// An end before its time, and what to say about it.
pub(crate) type Early = (Exit, String);

/// Does what the line says.
pub(crate) async fn perform(arguments: Arguments) -> Result<Exit, Early> {
    let file = arguments.config.as_deref();
    match arguments.verb {
        Verb::Run(settings) => run::run(layered(&settings, file)?).await,
        Verb::Quick(settings) => run::quick(layered(&settings, file)?).await,
        Verb::List { selection } => show::list(&layered(&selection, file)?),
        Verb::Explain { id } => show::explain(&id),
        Verb::Coverage { report } => show::coverage(report.as_deref()),
        Verb::Load(settings) => load::load(layered(&settings, file)?).await,
        Verb::Faults(settings) => faults::faults(layered(&settings, file)?).await,
        Verb::Diff { before, after } => show::diff(&before, &after),
    }
}

/// Writes to standard output. A reader who has left, as `head` does, is no error.
fn tell(text: &str) -> Result<(), Early> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err((Exit::Software, format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
