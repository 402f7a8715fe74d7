//! The binary, as an operator meets it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where what it needs is missing"
)]

mod configuration;
mod crash;
mod durable;
mod history;
mod keys;
mod running;
mod server;
