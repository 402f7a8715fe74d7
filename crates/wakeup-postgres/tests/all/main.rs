//! The carrier against real servers: shared ones, and some to kill and to pause.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bus;
mod failure;
mod harness;
mod rates;
#[path = "../../../wakeup/tests/all/replica.rs"]
mod replica;
