//! The client's end of a handshake.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::sign::SingleCertAndKey;
use rustls::{ALL_VERSIONS, ClientConfig, RootCertStore};

use crate::current::{Current, Reload};
use crate::error::InvalidTls;
use crate::files::{Contents, Files, IdentityFiles};
use crate::{HTTP2, provider};

/// What a client does TLS with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientFiles {
    /// Who the client is, for servers that ask.
    pub identity: Option<IdentityFiles>,
    /// A PEM file with the authorities that vouch for servers; the system's own without one.
    pub authorities: Option<PathBuf>,
}

/// A client's TLS. Clones are the same.
#[derive(Clone)]
pub struct ClientTls {
    current: Arc<Current<ClientConfig>>,
}

impl ClientTls {
    /// Reads the files.
    ///
    /// The system's authorities are read from where OpenSSL looks (`SSL_CERT_FILE` and `SSL_CERT_DIR` included), and
    /// read again when one of the files changes.
    pub fn open(files: ClientFiles) -> Result<Self, InvalidTls> {
        let ClientFiles { identity, authorities } = files;
        let current = Current::open(Files { identity, authorities }, configure)?;
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
        self.current.watch("client", every).await
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        self.current.get()
    }
}

impl std::fmt::Debug for ClientTls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ClientTls").finish_non_exhaustive()
    }
}

fn configure(contents: &Contents) -> Result<ClientConfig, InvalidTls> {
    let roots = match contents.authorities()? {
        Some(authorities) => authorities,
        None => system_roots()?,
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(ALL_VERSIONS)?
        .with_root_certificates(roots);
    let mut config = match contents.identity()? {
        Some(identity) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity))),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![HTTP2.to_vec()];
    Ok(config)
}

fn system_roots() -> Result<RootCertStore, InvalidTls> {
    let loaded = rustls_native_certs::load_native_certs();
    for error in loaded.errors {
        tracing::warn!(%error, "some of the system's root certificates cannot be read");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(loaded.certs);
    if roots.is_empty() { Err(InvalidTls::NoRoots) } else { Ok(roots) }
}
