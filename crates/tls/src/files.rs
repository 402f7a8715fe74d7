//! The PEM files of one end, read anew each time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{self, Digest, SHA256};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, RootCertStore};
use zeroize::Zeroizing;

use crate::error::{Fault, InvalidTls};
use crate::{certificate, provider};

/// Where the PEM files are by which one end proves who it is. They may be one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityFiles {
    /// The certificate, followed by those that vouch for it.
    pub certificate_chain: PathBuf,
    /// Its private key: PKCS#8, PKCS#1 or SEC1, unencrypted.
    pub private_key: PathBuf,
}

/// The files of one end.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub(crate) identity: Option<IdentityFiles>,
    /// The certificates of those that vouch for peers.
    pub(crate) authorities: Option<PathBuf>,
}

/// What the files hold at one moment.
pub(crate) struct Contents {
    identity: Option<(Pem, Pem)>,
    authorities: Option<Pem>,
}

/// The bytes of one file.
struct Pem {
    file: PathBuf,
    bytes: Zeroizing<Vec<u8>>,
}

impl Files {
    pub(crate) fn read(&self) -> Result<Contents, InvalidTls> {
        let identity = match &self.identity {
            Some(files) => Some((Pem::read(&files.certificate_chain)?, Pem::read(&files.private_key)?)),
            None => None,
        };
        let authorities = self.authorities.as_deref().map(Pem::read).transpose()?;
        Ok(Contents { identity, authorities })
    }
}

impl Contents {
    /// Tells contents from each other.
    pub(crate) fn digest(&self) -> Digest {
        let identity = self.identity.iter().flat_map(|(chain, key)| [chain, key]);
        let mut all = digest::Context::new(&SHA256);
        for pem in identity.chain(&self.authorities) {
            all.update(digest::digest(&SHA256, &pem.bytes).as_ref());
        }
        all.finish()
    }

    /// The certificate with its key; `None` where no files are named for it. A certificate that is not valid today is
    /// only warned of: peers refuse it, and it is theirs to refuse.
    pub(crate) fn identity(&self) -> Result<Option<Arc<CertifiedKey>>, InvalidTls> {
        let Some((chain_pem, key_pem)) = &self.identity else { return Ok(None) };
        let chain = chain_pem.certificates()?;
        let key = PrivateKeyDer::from_pem_slice(&key_pem.bytes).map_err(|error| match error {
            pem::Error::NoItemsFound => key_pem.invalid(Fault::NoKey),
            _ => key_pem.invalid(Fault::Malformed),
        })?;
        if let Some(leaf) = chain.first() {
            certificate::warn_of_validity(leaf, &chain_pem.file)
                .map_err(|_| chain_pem.invalid(Fault::Certificate))?;
        }
        let certified = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
            Error::InconsistentKeys(_) => key_pem.invalid(Fault::Mismatch(chain_pem.file.clone())),
            Error::InvalidCertificate(_) => chain_pem.invalid(Fault::Certificate),
            _ => key_pem.invalid(Fault::Key),
        })?;
        Ok(Some(Arc::new(certified)))
    }

    /// Those that vouch for peers; `None` where no file is named for them.
    pub(crate) fn authorities(&self) -> Result<Option<RootCertStore>, InvalidTls> {
        let Some(pem) = &self.authorities else { return Ok(None) };
        let mut roots = RootCertStore::empty();
        for certificate in pem.certificates()? {
            roots.add(certificate).map_err(|_| pem.invalid(Fault::Certificate))?;
        }
        Ok(Some(roots))
    }
}

impl Pem {
    fn read(file: &Path) -> Result<Self, InvalidTls> {
        match std::fs::read(file) {
            Ok(bytes) => Ok(Self { file: file.to_owned(), bytes: Zeroizing::new(bytes) }),
            Err(error) => Err(InvalidTls::File { file: file.to_owned(), fault: Fault::Unreadable(error) }),
        }
    }

    /// All certificates of the file, at least one.
    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, InvalidTls> {
        let certificates = CertificateDer::pem_slice_iter(&self.bytes)
            .collect::<Result<Vec<_>, _>>()
            // The reader's own error repeats the line that it stumbled over.
            .map_err(|_| self.invalid(Fault::Malformed))?;
        if certificates.is_empty() {
            return Err(self.invalid(Fault::NoCertificate));
        }
        Ok(certificates)
    }

    fn invalid(&self, fault: Fault) -> InvalidTls {
        InvalidTls::File { file: self.file.clone(), fault }
    }
}
