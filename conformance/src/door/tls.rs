//! TLS on the way to a door: whom the suite believes, and how it connects.

use std::path::Path;
use std::sync::Arc;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Connects by TLS where an address begins with `https://`, and plainly where it does not.
pub(super) type Connector = HttpsConnector<HttpConnector>;

/// The authorities whose certificates are believed.
#[derive(Debug, Clone)]
pub struct Trust {
    config: Arc<ClientConfig>,
}

impl Trust {
    /// Those that this machine believes.
    pub fn of_this_machine() -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 {
            return Err("this machine believes no certificate authority; name a file of yours".to_owned());
        }
        Self::of(roots)
    }

    /// Those in a file of PEM certificates, and no other.
    pub fn of_file(path: &Path) -> Result<Self, String> {
        let error = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(|failed| error(&failed))? {
            let certificate = certificate.map_err(|failed| error(&failed))?;
            roots.add(certificate).map_err(|failed| error(&failed))?;
        }
        if roots.is_empty() {
            return Err(error(&"there is no certificate in it"));
        }
        Self::of(roots)
    }

    fn of(roots: RootCertStore) -> Result<Self, String> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config) })
    }
}

/// The protocol that is spoken within TLS.
#[derive(Debug, Clone, Copy)]
pub(super) enum Within {
    Http1,
    Http2,
}

/// Connects to doors; without trust none that speaks TLS is believed.
pub(super) fn connector(trust: Option<&Trust>, within: Within) -> Result<Connector, String> {
    let trust = trust.map_or_else(|| Trust::of(RootCertStore::empty()), |trust| Ok(trust.clone()))?;
    let builder =
        HttpsConnectorBuilder::new().with_tls_config(ClientConfig::clone(&trust.config)).https_or_http();
    Ok(match within {
        Within::Http1 => builder.enable_http1().build(),
        Within::Http2 => builder.enable_http2().build(),
    })
}
