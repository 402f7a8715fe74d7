//! The binary, as an operator meets it.

mod configuration;
mod keys;
mod running;
mod server;
