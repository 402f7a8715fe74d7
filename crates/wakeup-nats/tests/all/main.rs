//! The carrier against real servers, to kill and to pause.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bus;
mod credentials;
mod failure;
mod harness;
#[path = "../../../wakeup/tests/all/replica.rs"]
mod replica;
