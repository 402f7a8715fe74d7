//! The adapter against a PostgreSQL of its own: the laws of the storage traits, races, cancellation, crashes.

mod auth;
mod cancellation;
mod chat;
mod harness;
mod merged;
mod notification;
mod open;
mod outbox;
mod restart;
mod social;
mod user;
mod walks;
