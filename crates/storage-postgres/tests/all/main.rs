//! The adapter against a PostgreSQL of its own: the laws of the storage traits, races, cancellation, crashes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where what it needs is missing")]
#![expect(clippy::cast_possible_wrap, reason = "small numbers")]

mod auth;
mod cancellation;
mod chat;
mod harness;
mod laws;
mod long;
mod merged;
mod notification;
mod open;
mod outbox;
mod rates;
mod restart;
mod social;
mod user;
mod walks;
