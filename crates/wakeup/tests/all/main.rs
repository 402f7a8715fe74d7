//! The bus over a carrier in memory: what travels, what gathers, what a dead or lying carrier can and cannot do.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bus;
mod ether;
mod metrics;
mod replica;
mod streams;
