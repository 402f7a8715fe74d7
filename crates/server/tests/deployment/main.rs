//! A whole deployment of one process for each role, on a real PostgreSQL and a real NATS, and what is done to it.
//!
//! The short form is what CI runs; `DUOLOGUE_LONG=1` is the long one: more streams, more restarts, more minutes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where what it needs is missing"
)]

#[path = "../command/server.rs"]
#[expect(dead_code, reason = "the tests of the command use the rest of it")]
mod server;

mod chaos;
mod check;
mod conformance;
mod down;
mod drain;
mod encrypted;
mod follow;
mod internal;
mod load;
mod network;
mod people;
mod processes;
mod proxy;
mod rolling;
mod whole;

/// Whether the long form is asked for.
fn is_long() -> bool {
    std::env::var_os("DUOLOGUE_LONG").is_some_and(|value| value != "0")
}

/// A number that another run has not; `DUOLOGUE_SEED` repeats one.
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    let given = std::env::var("DUOLOGUE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| RandomState::new().hash_one(0));
    println!("DUOLOGUE_SEED={seed}");
    seed
}
