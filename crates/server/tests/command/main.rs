//! The binary, as an operator meets it.

mod configuration;
mod crash;
mod durable;
mod history;
mod keys;
mod running;
mod server;
