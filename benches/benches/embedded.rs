//! Every group, in memory: `cargo bench -p duologue-benches --bench embedded`.

use duologue_benches::groups;
use duologue_benches::harness::{self, Storage};

fn main() {
    harness::run(&groups::ALL, Storage::Memory);
}
