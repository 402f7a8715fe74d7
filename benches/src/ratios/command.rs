//! The command `ratios`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::process::Kind;
use super::report::{self, Origin};
use super::round::Plan;
use super::row::Row;
use super::rows::{ALL, Context};
use super::{machine, serve};

/// Measures contenders and yardsticks by turns, and says which ratios are what is demanded.
#[derive(Parser)]
#[command(name = "ratios", args_conflicts_with_subcommands = true)]
struct Arguments {
    /// Fewer and shorter rounds, less data: a first look.
    #[arg(long)]
    quick: bool,
    /// As short as can be, whatever the figures are: only to see that everything can be measured.
    #[arg(long, conflicts_with_all = ["quick", "publish"])]
    smoke: bool,
    /// Only the sets of lines whose name contains one of these; all by default.
    names: Vec<String>,
    /// Puts the table into docs/performance.md and the picture beside it.
    #[arg(long)]
    publish: bool,
    /// Prints the names of all sets of lines.
    #[arg(long)]
    list: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves what a ratio is measured of; for this program itself.
    #[command(hide = true)]
    Serve {
        kind: Kind,
        #[arg(long)]
        url: Option<String>,
        #[arg(long, default_value_t = 16)]
        senders: usize,
    },
}

/// Runs the command. Fails if something that was measured is not what is demanded.
///
/// # Panics
/// If something cannot be measured.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let Some(Command::Serve { kind, url, senders }) = arguments.command {
        runtime.block_on(serve::serve(kind, url.as_deref(), senders));
        return ExitCode::SUCCESS;
    }
    if arguments.list {
        for (name, _) in ALL {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    }
    if cfg!(debug_assertions) && !arguments.smoke {
        eprintln!("ratios: a debug build measures nothing that counts: add --release");
    }
    runtime.block_on(measure(&arguments))
}

async fn measure(arguments: &Arguments) -> ExitCode {
    let origin = Origin::now(arguments.quick);
    let plan = match arguments {
        Arguments { smoke: true, .. } => Plan::SMOKE,
        Arguments { quick: true, .. } => Plan::QUICK,
        _ => Plan::FULL,
    };
    let mut context = Context::new(plan, arguments.quick || arguments.smoke);
    let is_asked = |name: &str| {
        arguments.names.is_empty() || arguments.names.iter().any(|asked| name.contains(asked.as_str()))
    };
    let mut rows: Vec<Row> = Vec::new();
    for (name, measure) in ALL.iter().filter(|(name, _)| is_asked(name)) {
        eprintln!("ratios: {name}");
        for row in measure(&mut context).await {
            println!("{}", row.markdown());
            rows.push(row);
        }
    }
    if arguments.smoke {
        println!("{} lines can be measured", rows.len());
        return ExitCode::SUCCESS;
    }
    println!("\n{}", report::table(&rows));
    let directory = report::write(&rows, &context, &origin).expect("a place for the figures");
    println!("written to {directory}");
    if arguments.publish {
        let page: PathBuf = machine::root().join("docs/performance.md");
        report::publish(&page, &rows, &context, &origin).expect("the page");
    }
    let missed = rows.iter().filter(|row| row.is_reached() == Some(false)).count();
    println!("{missed} of {} lines miss what is demanded", rows.len());
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
