//! The secrets of a deployment that are no signing keys.

use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use duologue_domain::environment::Random as _;
use zeroize::Zeroizing;

use super::{KeyError, files};
use crate::SystemRandom;

const REFRESH_TOKENS: &str = "refresh-tokens.secret";
const CURSORS: &str = "cursors.secret";
const SERVICES: &str = "services.secret";

type Secret = Zeroizing<[u8; 32]>;

/// The secrets of a process that serves Auth: the same on every replica, wiped when dropped.
#[derive(Clone)]
pub struct Secrets {
    refresh_tokens: Secret,
    shared: SharedSecrets,
}

/// The secrets that every process of a deployment holds, whatever it serves; wiped when dropped.
#[derive(Clone)]
pub struct SharedSecrets {
    cursors: Secret,
    services: Secret,
}

impl Secrets {
    /// New ones that live and die with the process, for development and tests.
    #[must_use]
    pub fn ephemeral() -> Self {
        Self { refresh_tokens: random(), shared: SharedSecrets { cursors: random(), services: random() } }
    }

    /// The key of `duologue_domain::auth::RefreshTokens`.
    #[must_use]
    pub fn refresh_tokens(&self) -> &[u8; 32] {
        &self.refresh_tokens
    }

    /// Those that processes without Auth hold as well.
    #[must_use]
    pub fn shared(&self) -> &SharedSecrets {
        &self.shared
    }

    /// Makes those that are not there yet.
    pub(super) fn create_missing(directory: &Path) -> Result<(), KeyError> {
        for name in [REFRESH_TOKENS, CURSORS, SERVICES] {
            if let Err(KeyError::Missing { .. }) = files::read(&directory.join(name)) {
                let text = Zeroizing::new(STANDARD.encode(*random()) + "\n");
                files::write(directory, name, text.as_bytes())?;
            }
        }
        Ok(())
    }

    pub(super) fn read(directory: &Path) -> Result<Self, KeyError> {
        Ok(Self { refresh_tokens: read(directory, REFRESH_TOKENS)?, shared: SharedSecrets::read(directory)? })
    }
}

impl SharedSecrets {
    /// Reads them from a directory that only its owner may look into: `cursors.secret` and `services.secret`, 32 bytes
    /// in base64 each, as `openssl rand -base64 32` makes them. Nothing else has to be there.
    pub fn open(directory: &Path) -> Result<Self, KeyError> {
        files::check_directory(directory)?;
        Self::read(directory)
    }

    fn read(directory: &Path) -> Result<Self, KeyError> {
        Ok(Self { cursors: read(directory, CURSORS)?, services: read(directory, SERVICES)? })
    }

    /// The key of `duologue_domain::page::CursorSealer`.
    #[must_use]
    pub fn cursors(&self) -> &[u8; 32] {
        &self.cursors
    }

    /// The key of [`ServiceTokens`](crate::token::ServiceTokens).
    #[must_use]
    pub fn services(&self) -> &[u8; 32] {
        &self.services
    }
}

fn read(directory: &Path, name: &str) -> Result<Secret, KeyError> {
    let path = directory.join(name);
    let text = files::read(&path)?;
    let mut secret = Zeroizing::new([0; 32]);
    match STANDARD.decode_slice(text.trim_ascii(), secret.as_mut_slice()) {
        Ok(32) => Ok(secret),
        _ => Err(KeyError::Damaged { path, what: "does not hold 32 bytes in base64" }),
    }
}

/// Never shows a secret.
impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secrets").finish_non_exhaustive()
    }
}

/// Never shows a secret.
impl fmt::Debug for SharedSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SharedSecrets").finish_non_exhaustive()
    }
}

fn random() -> Secret {
    let mut secret = Zeroizing::new([0; 32]);
    SystemRandom.fill(secret.as_mut_slice());
    secret
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn secrets_are_made_once_and_differ() {
        let directory = tempfile::tempdir().unwrap();
        Secrets::create_missing(directory.path()).unwrap();
        let first = Secrets::read(directory.path()).unwrap();
        Secrets::create_missing(directory.path()).unwrap();
        let second = Secrets::read(directory.path()).unwrap();
        assert_eq!(first.refresh_tokens(), second.refresh_tokens());
        assert_eq!(first.shared().cursors(), second.shared().cursors());
        assert_eq!(first.shared().services(), second.shared().services());
        assert_ne!(first.refresh_tokens(), first.shared().cursors());
        assert_ne!(first.shared().services(), first.shared().cursors());
    }

    #[test]
    fn a_damaged_secret_is_refused_and_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let short = STANDARD.encode([1; 31]);
        let long = STANDARD.encode([1; 33]);
        for text in ["", "\n", "no base64 at all", short.as_str(), long.as_str()] {
            files::write(directory.path(), CURSORS, text.as_bytes()).unwrap();
            Secrets::create_missing(directory.path()).unwrap();
            assert!(matches!(Secrets::read(directory.path()), Err(KeyError::Damaged { .. })), "{text:?}");
            assert_eq!(fs::read_to_string(directory.path().join(CURSORS)).unwrap(), text);
        }
    }
}
