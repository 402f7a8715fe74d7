//! What can be wrong with keys and where they lie. For operators; clients never see any of it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The keys cannot be read, made or written.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file or the directory is not there.
    #[error("{} is missing", path.display())]
    Missing {
        /// What is missing.
        path: PathBuf,
    },
    /// Others than the owner may read or write it.
    #[error("{} is open to others than its owner (mode {mode:o}); make it 600, the directory 700", path.display())]
    TooOpen {
        /// What is too open.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It does not hold what it should.
    #[error("{} {what}", path.display())]
    Damaged {
        /// What is damaged.
        path: PathBuf,
        /// In which way.
        what: &'static str,
    },
    /// The system refused.
    #[error("{} cannot be used", path.display())]
    Io {
        /// What cannot be used.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The cryptographic library made no key.
    #[error("no signing key can be made")]
    Generate,
}

/// The next key cannot begin to sign.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The next key has not been published long enough for every verifier to know it.
    #[error("the next key must stay published for {} more seconds before it signs", wait.as_secs().max(1))]
    TooSoon {
        /// How much longer.
        wait: Duration,
    },
    /// The keys cannot be read, made or written.
    #[error(transparent)]
    Keys(#[from] KeyError),
}
