//! The command: what can be said on its line, and who does it.

mod known;
mod run;
mod select;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Says of a deployment whether it keeps Duologue's contract.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Runs scenarios against a deployment
    Run(RunArguments),
    /// Looks whether the deployment is there, then runs a handful of scenarios
    Quick(RunArguments),
    /// Lists the scenarios
    List {
        #[command(flatten)]
        selection: SelectionArguments,
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
    /// Compares two reports that `run --json` wrote
    Diff {
        /// The earlier report
        before: PathBuf,
        /// The later report
        after: PathBuf,
    },
}

/// Which scenarios.
#[derive(Debug, Clone, Args)]
struct SelectionArguments {
    /// Only scenarios that match: an id, a family, or a pattern with *; with @grpc or @rest for one door
    #[arg(long, value_name = "PATTERN", env = "DUOLOGUE_CONFORMANCE_ONLY", value_delimiter = ',')]
    only: Vec<String>,
    /// No scenarios that match
    #[arg(long, value_name = "PATTERN", env = "DUOLOGUE_CONFORMANCE_SKIP", value_delimiter = ',')]
    skip: Vec<String>,
    /// Only what the contract demands, nothing of level SHOULD
    #[arg(long)]
    must: bool,
}

/// Where, which, how, and what to write.
#[derive(Debug, Clone, Args)]
struct RunArguments {
    /// Address of the gRPC door; several are replicas [default without --rest: <http://127.0.0.1:50051>]
    #[arg(long, value_name = "ADDRESS", env = "DUOLOGUE_CONFORMANCE_GRPC", value_delimiter = ',')]
    grpc: Vec<String>,
    /// Address of the REST door; several are replicas [default without --grpc: <http://127.0.0.1:8080>]
    #[arg(long, value_name = "ADDRESS", env = "DUOLOGUE_CONFORMANCE_REST", value_delimiter = ',')]
    rest: Vec<String>,
    #[command(flatten)]
    selection: SelectionArguments,
    /// TOML file of scenarios that are known to fail: they run, and have to fail
    #[arg(long, value_name = "FILE", env = "DUOLOGUE_CONFORMANCE_KNOWN_FAILING")]
    known_failing: Option<PathBuf>,
    /// What decides every random choice; printed with every failure [default: a new one]
    #[arg(long, env = "DUOLOGUE_CONFORMANCE_SEED")]
    seed: Option<u64>,
    /// Something that not every deployment has: access-ttl=SECONDS, restart-cmd=COMMAND, load=PAIRSxMESSAGES, slow
    #[arg(long, value_name = "NAME[=VALUE]", env = "DUOLOGUE_CONFORMANCE_CAPABILITY", value_delimiter = ',')]
    capability: Vec<String>,
    /// Scenarios that run at once
    #[arg(long, value_name = "COUNT", default_value_t = 6, env = "DUOLOGUE_CONFORMANCE_AT_ONCE")]
    at_once: usize,
    /// Writes the report as JSON, the source of all others
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes the report as `JUnit` XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Writes the report as one HTML page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Says that you operate the deployment; demanded when it is not on this machine
    #[arg(long)]
    i_operate_this_target: bool,
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
    match arguments.verb {
        Verb::Run(arguments) => run::run(arguments).await,
        Verb::Quick(arguments) => run::quick(arguments).await,
        Verb::List { selection } => show::list(&selection),
        Verb::Explain { id } => show::explain(&id),
        Verb::Coverage { report } => show::coverage(report.as_deref()),
        Verb::Diff { before, after } => show::diff(&before, &after),
    }
}
