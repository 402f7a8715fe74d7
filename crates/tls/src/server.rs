//! The listener's end of a handshake.

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use duologue_listener::Acceptor;
use http::Extensions;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::SingleCertAndKey;
use rustls::{ALL_VERSIONS, Error, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::current::{Current, Reload};
use crate::error::InvalidTls;
use crate::files::{Contents, Files, IdentityFiles};
use crate::{HTTP1, HTTP2, peer, provider};

/// What a listener does TLS with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFiles {
    /// Who the listener is.
    pub identity: IdentityFiles,
    /// Whether clients have to say who they are.
    pub clients: ClientCertificates,
}

/// Whether clients show certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientCertificates {
    /// They are not asked for.
    Ignored,
    /// A client may show one; it must be vouched for by the authorities in this PEM file.
    Optional(PathBuf),
    /// A client must show one that is vouched for by the authorities in this PEM file.
    Required(PathBuf),
}

/// A listener's TLS. Clones are the same.
#[derive(Clone)]
pub struct ServerTls {
    current: Arc<Current<ServerConfig>>,
}

impl ServerTls {
    /// Reads the files.
    pub fn open(files: ServerFiles) -> Result<Self, InvalidTls> {
        let ServerFiles { identity, clients } = files;
        let authorities = match &clients {
            ClientCertificates::Ignored => None,
            ClientCertificates::Optional(file) | ClientCertificates::Required(file) => Some(file.clone()),
        };
        let files = Files { identity: Some(identity), authorities };
        let required = matches!(clients, ClientCertificates::Required(_));
        let current = Current::open(files, move |contents| configure(contents, required))?;
        Ok(Self { current: Arc::new(current) })
    }

    /// Looks at the files now. What is broken changes nothing.
    pub fn reload(&self) -> Result<Reload, InvalidTls> {
        self.current.reload()
    }

    /// Looks at the files `every` so often, for as long as it is polled.
    ///
    /// New handshakes use new files; a session made under the old ones is not resumed. What is broken is logged, and
    /// changes nothing.
    pub async fn keep_current(self, every: Duration) -> Infallible {
        self.current.watch("listener", every).await
    }
}

impl Acceptor for ServerTls {
    type Stream = TlsStream<TcpStream>;

    async fn accept(&self, socket: TcpStream) -> io::Result<Self::Stream> {
        TlsAcceptor::from(self.current.get()).accept(socket).await
    }

    /// The peer's [`PeerIdentity`](crate::PeerIdentity), if it showed a certificate.
    fn proven(stream: &Self::Stream) -> Extensions {
        peer::proven(stream.get_ref().1)
    }
}

fn configure(contents: &Contents, required: bool) -> Result<ServerConfig, InvalidTls> {
    let identity = contents.identity()?.ok_or(Error::NoCertificatesPresented)?;
    let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(ALL_VERSIONS)?;
    let builder = match contents.authorities()? {
        None => builder.with_no_client_auth(),
        Some(authorities) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider());
            let verifier = if required { verifier } else { verifier.allow_unauthenticated() };
            let verifier = verifier.build().map_err(|error| Error::General(error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
    config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
    Ok(config)
}

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ServerTls").finish_non_exhaustive()
    }
}
