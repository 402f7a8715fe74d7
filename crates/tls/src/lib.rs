//! TLS for every listener and client: mutual where asked for, certificates re-read without restart.
//!
//! [`ServerTls`] is what a listener shakes hands with, [`ClientTls`] what a client does; [`Connector`] connects a tonic
//! channel through the latter. Both are made of PEM files and [`watched`](ServerTls::keep_current): new files are for
//! new handshakes, open connections keep what they have, and broken files change nothing.
//!
//! The cryptography is aws-lc-rs throughout. TLS 1.2 and 1.3 are spoken.

mod certificate;
mod client;
mod connect;
mod current;
mod error;
mod files;
mod peer;
mod security;
mod server;
mod stream;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

pub use client::{ClientFiles, ClientTls};
pub use connect::{ConnectError, ConnectSettings, Connector};
pub use current::Reload;
pub use error::{Fault, InvalidTls};
pub use files::IdentityFiles;
pub use peer::PeerIdentity;
pub use security::Security;
pub use server::{ClientCertificates, ServerFiles, ServerTls};
pub use stream::Stream;

/// What HTTP/2 is called in a handshake.
const HTTP2: &[u8] = b"h2";

/// What HTTP/1.1 is called in a handshake.
const HTTP1: &[u8] = b"http/1.1";

/// Named at every use: another crate in the same binary may have given rustls a second one.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
