//! The crate over real sockets, with real storage, tokens and hashes.

mod authorization;
mod codes;
mod drain;
mod limits;
mod raw;
mod streams;
mod wire;
mod world;
