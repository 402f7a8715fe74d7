//! Traces in and out, with a collector of our own.
//!
//! The name of this test makes its spans ones of ours, which alone are exported.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on panics")]

mod collector;
mod export;
mod off;
