//! How fast it is: benchmarks of every layer on every storage, and what they are held against.
//!
//! * [`groups`] are the criterion groups, named like the contexts: `cargo bench -p duologue-benches --bench embedded`
//!   (or `--bench postgres`). As tests they run once, on little data.
//! * [`ratios`] runs a contender and its yardstick by turns, and says whether the ratio is what is demanded.
//!
//! Both stand on the same worlds: a [`backend`] that is filled by [`seed`], a messenger over it ([`world`]) that can be
//! called at every layer ([`doors`]), and the [`yardstick`]s. Whatever is measured was asserted before.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot do what it measures has to fail at once"
)]

/// The allocator of the binary `duologue`, for contenders and yardsticks alike.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod answer;
pub mod backend;
pub mod doors;
pub mod groups;
pub mod harness;
pub mod history;
pub mod load;
pub mod ratios;
pub mod seed;
pub mod world;
pub mod yardstick;
