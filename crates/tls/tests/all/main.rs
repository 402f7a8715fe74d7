//! Handshakes over real sockets, through the listener that both doors stand on.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on panics")]

mod connect;
mod files;
mod handshake;
mod mutual;
mod patience;
mod reload;
mod support;
