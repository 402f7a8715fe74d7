//! An HTTP listener with every limit set, and a drain that ends in time whatever its peers do.
//!
//! Both doors stand on it, gRPC and REST. tonic's and axum's own listeners set no limit on concurrent streams, header
//! blocks or connections, and their graceful shutdown never returns while a peer misbehaves.

mod accept;
mod connection;
mod counted;
mod drain;

use std::net::SocketAddr;
use std::time::Duration;

pub use accept::{Acceptor, Plaintext, serve};
pub use connection::Answer;
pub use drain::Drain;

/// What a listener takes from its peers.
#[derive(Debug, Clone)]
pub struct ListenerConfig {
    /// What the metrics call this listener.
    pub door: &'static str,
    /// The largest header block, in bytes.
    pub header_bytes: u32,
    /// Calls at once on one HTTP/2 connection.
    pub streams_per_connection: u32,
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address.
    pub connections_per_address: usize,
    /// How long a peer may take to say the first words (TLS handshake, HTTP/2 preface, HTTP/1 headers).
    pub handshake: Duration,
    /// How often a silent HTTP/2 peer is asked whether it is still there.
    pub keep_alive_interval: Duration,
    /// How long it may take to answer that.
    pub keep_alive_timeout: Duration,
}

impl ListenerConfig {
    /// The numbers of the specification for production.
    #[must_use]
    pub fn production(door: &'static str) -> Self {
        Self {
            door,
            header_bytes: 16 * 1024,
            streams_per_connection: 1_024,
            connections: 10_000,
            connections_per_address: 100,
            handshake: Duration::from_secs(10),
            keep_alive_interval: Duration::from_secs(20),
            keep_alive_timeout: Duration::from_secs(20),
        }
    }

    /// As in production, with as many connections from one address as there may be.
    #[must_use]
    pub fn development(door: &'static str) -> Self {
        Self { connections_per_address: 10_000, ..Self::production(door) }
    }
}

/// The two ends of a connection, in the extensions of each of its requests.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// Our address, as the peer reached it.
    pub local: Option<SocketAddr>,
    /// The peer's address.
    pub peer: SocketAddr,
}
