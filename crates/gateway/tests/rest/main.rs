//! The gateway over real sockets, before services that answer what they were asked.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod headers;
mod refusals;
mod requests;
mod streams;
mod stubs;
mod support;
