//! Every group that stores anything, on PostgreSQL: `cargo bench -p duologue-benches --bench postgres`.

use duologue_benches::groups;
use duologue_benches::harness::{self, Storage};

fn main() {
    harness::run(&groups::ALL, Storage::Postgres);
}
