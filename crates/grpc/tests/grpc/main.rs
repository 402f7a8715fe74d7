//! The crate over real sockets, with real storage, tokens and hashes.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on panics")]

mod authorization;
mod codes;
mod drain;
mod limits;
mod outcome;
mod raw;
mod streams;
mod users;
mod wire;
mod world;
