//! What is wrong with the files, in words that never hold their content.

use std::io;
use std::path::PathBuf;

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum InvalidTls {
    /// A file is not what it should be.
    #[error("{} {fault}", file.display())]
    File {
        /// The file at fault.
        file: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
    /// There is nothing to verify servers by.
    #[error("the system has no root certificates, and no file with authorities is named")]
    NoRoots,
    /// The TLS library refused its configuration.
    #[error("the TLS library refuses its configuration")]
    Library(#[from] rustls::Error),
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is missing, or may not be read.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    /// A section has no end, or holds what is not base64.
    #[error("is no well-formed PEM")]
    Malformed,
    /// There is no certificate in it.
    #[error("holds no certificate in PEM")]
    NoCertificate,
    /// There is no private key in it, or one that is encrypted.
    #[error("holds no unencrypted private key in PEM")]
    NoKey,
    /// What is said to be a certificate is none.
    #[error("holds a certificate that cannot be read")]
    Certificate,
    /// The key is of a kind that TLS has no use for.
    #[error("holds a private key that cannot be used: neither ECDSA, Ed25519 nor RSA of a usable size")]
    Key,
    /// The key belongs to another certificate.
    #[error("holds a private key that does not match the certificate in {}", .0.display())]
    Mismatch(PathBuf),
}
