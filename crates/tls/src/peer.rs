//! Who is at the other end.

use std::sync::Arc;

use http::Extensions;
use rustls::CommonState;

use crate::certificate;

/// The names that a peer's certificate proved, verified by our authorities: in the extensions of each of its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerIdentity {
    names: Arc<[String]>,
}

impl PeerIdentity {
    /// Every name in the certificate: DNS names, then URIs (a SPIFFE id is one).
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the peer is the bearer of this name, compared byte by byte.
    #[must_use]
    pub fn has_name(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    /// The peer of a connection whose handshake is over; `None` if it showed no certificate.
    fn of(connection: &CommonState) -> Option<Self> {
        let leaf = connection.peer_certificates()?.first()?;
        Some(Self { names: certificate::names(leaf).ok()?.into() })
    }
}

/// What a handshake proved of the peer.
pub(crate) fn proven(connection: &CommonState) -> Extensions {
    let mut extensions = Extensions::new();
    if let Some(peer) = PeerIdentity::of(connection) {
        extensions.insert(peer);
    }
    extensions
}
