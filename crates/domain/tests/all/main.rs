//! What the domain promises, told by its tests: tables for rules, properties for paging and streams.
//!
//! Everything runs over stores that are written as plainly as their traits are worded, a clock that stands still
//! unless it is moved, and randomness from a seed, so that whatever fails once fails again.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod auth;
mod feed;
mod notification;
mod page;
mod social;
mod support;
mod wakeup;
