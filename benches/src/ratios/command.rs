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
    /// Measures everything as briefly as can be, whatever the figures are: only to see that it can be measured.
    Smoke,
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
    match arguments.command {
        Some(Command::Serve { kind, url, senders }) => {
            runtime.block_on(serve::serve(kind, url.as_deref(), senders));
            return ExitCode::SUCCESS;
        }
        Some(Command::Smoke) => {
            let rows = runtime.block_on(measure(&mut Context::new(Plan::SMOKE, true), &[]));
            println!("{} lines can be measured", rows.len());
            return ExitCode::SUCCESS;
        }
        None => {}
    }
    if arguments.list {
        for (name, _) in ALL {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    }
    if cfg!(debug_assertions) {
        eprintln!("ratios: a debug build measures nothing that counts: add --release");
    }
    runtime.block_on(judge(&arguments))
}

/// Measures the sets of lines whose names contain one of these, or all.
async fn measure(context: &mut Context, names: &[String]) -> Vec<Row> {
    let is_asked = |name: &str| names.is_empty() || names.iter().any(|asked| name.contains(asked.as_str()));
    let mut rows = Vec::new();
    for (name, measure) in ALL.iter().filter(|(name, _)| is_asked(name)) {
        eprintln!("ratios: {name}");
        for row in measure(context).await {
            println!("{}", row.markdown());
            rows.push(row);
        }
    }
    rows
}

/// Measures what is asked for, and tells which lines are what is demanded.
async fn judge(arguments: &Arguments) -> ExitCode {
    let origin = Origin::now(arguments.quick);
    let plan = if arguments.quick { Plan::QUICK } else { Plan::FULL };
    let mut context = Context::new(plan, arguments.quick);
    let rows = measure(&mut context, &arguments.names).await;
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
