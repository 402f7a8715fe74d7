//! The two secrets of a deployment that are no signing keys.

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

/// The secrets that refresh tokens and cursors are derived with: the same on every replica, wiped when dropped.
#[derive(Clone)]
pub struct Secrets {
    refresh_tokens: Zeroizing<[u8; 32]>,
    cursors: Zeroizing<[u8; 32]>,
}

impl Secrets {
    /// New ones that live and die with the process, for development and tests.
    #[must_use]
    pub fn ephemeral() -> Self {
        Self { refresh_tokens: random(), cursors: random() }
    }

    /// The key of `duologue_domain::auth::RefreshTokens`.
    #[must_use]
    pub fn refresh_tokens(&self) -> &[u8; 32] {
        &self.refresh_tokens
    }

    /// The key of `duologue_domain::page::CursorSealer`.
    #[must_use]
    pub fn cursors(&self) -> &[u8; 32] {
        &self.cursors
    }

    /// Makes those that are not there yet.
    pub(super) fn create_missing(directory: &Path) -> Result<(), KeyError> {
        for name in [REFRESH_TOKENS, CURSORS] {
            if let Err(KeyError::Missing { .. }) = files::read(&directory.join(name)) {
                let text = Zeroizing::new(STANDARD.encode(*random()) + "\n");
                files::write(directory, name, text.as_bytes())?;
            }
        }
        Ok(())
    }

    /// Reads both: files of 32 bytes in base64, as `openssl rand -base64 32` makes them.
    pub(super) fn read(directory: &Path) -> Result<Self, KeyError> {
        let read = |name: &str| {
            let path = directory.join(name);
            let text = files::read(&path)?;
            let mut secret = Zeroizing::new([0; 32]);
            match STANDARD.decode_slice(text.trim_ascii(), secret.as_mut_slice()) {
                Ok(32) => Ok(secret),
                _ => Err(KeyError::Damaged { path, what: "does not hold 32 bytes in base64" }),
            }
        };
        Ok(Self { refresh_tokens: read(REFRESH_TOKENS)?, cursors: read(CURSORS)? })
    }
}

/// Never shows a secret.
impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secrets").finish_non_exhaustive()
    }
}

fn random() -> Zeroizing<[u8; 32]> {
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
        assert_eq!(first.cursors(), second.cursors());
        assert_ne!(first.refresh_tokens(), first.cursors());
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
