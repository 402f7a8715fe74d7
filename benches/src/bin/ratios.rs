//! Ratios of contenders and yardsticks: `cargo run -p duologue-benches --release --bin ratios -- --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    duologue_benches::ratios::main()
}
