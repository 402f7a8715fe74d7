//! Says of a deployment whether it keeps Duologue's contract.
//!
//! Exit codes: 0 everything holds, 1 something does not, 2 something has no verdict, 64 wrong usage, 69 the deployment
//! cannot be reached, 70 a bug of the suite.

mod command;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser as _;

use crate::command::{Arguments, Exit, perform};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            // `--help` and `--version` are no errors.
            return if error.use_stderr() { Exit::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{error}");
            return Exit::Software.into();
        }
    };
    // What panics has said so itself, and is a bug of the suite.
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(perform(arguments))));
    match ended.unwrap_or_else(|_| Err((Exit::Software, "this is a bug of the suite".to_owned()))) {
        Ok(exit) => exit.into(),
        Err((exit, message)) => {
            eprintln!("{message}");
            exit.into()
        }
    }
}
