//! Passwords, and the port that hashes them.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::error::{Description, Failure, FieldError, Kind, Reason};
use crate::text::{self, Fault};

/// The most common passwords of known breaches, of eight characters or more, in lower case.
static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("common_passwords.txt").lines().filter(|line| !line.starts_with('#')).collect()
});

/// A password as its owner typed it: byte-exact, never cut, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

/// The text cannot be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// Too short or too long.
    #[error("must have 8 to 128 characters")]
    Length,
    /// It holds U+0000.
    #[error("must not contain U+0000")]
    Nul,
    /// It is one of those that everybody tries first.
    #[error("is one of the most common passwords")]
    TooCommon,
}

impl FieldError for InvalidPassword {
    fn reason(&self) -> Reason {
        match self {
            Self::Length | Self::Nul => Reason::InvalidField,
            Self::TooCommon => Reason::PasswordTooCommon,
        }
    }
}

impl Password {
    /// Reads the password of somebody who logs in: any text that could ever have been accepted, and shorter ones.
    ///
    /// The policy for new passwords does not apply: whoever has an old one must still be able to log in.
    pub fn parse_existing(text: &str) -> Result<Self, InvalidPassword> {
        Self::checked(text, 1)
    }

    fn checked(text: &str, shortest: usize) -> Result<Self, InvalidPassword> {
        text::check(text, &(shortest..=128)).map_err(|fault| match fault {
            Fault::Nul => InvalidPassword::Nul,
            Fault::Length => InvalidPassword::Length,
        })?;
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The bytes to hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Reads a new password: 8 to 128 characters, any, but none of the most common.
impl FromStr for Password {
    type Err = InvalidPassword;

    fn from_str(text: &str) -> Result<Self, InvalidPassword> {
        let password = Self::checked(text, 8)?;
        if COMMON.contains(text.to_lowercase().as_str()) {
            return Err(InvalidPassword::TooCommon);
        }
        Ok(password)
    }
}

/// Never shows the password.
impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

/// A hash with its algorithm, parameters and salt (PHC string format).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash out of its PHC string.
    #[must_use]
    pub fn from_phc(text: String) -> Self {
        Self(text)
    }

    /// The PHC string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Never shows the hash.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}

/// What checking a password found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// It is the password, and the hash is as one would make it today.
    Match,
    /// It is the password, and the hash was made with other parameters: make it anew.
    MatchOutdated,
    /// It is not the password.
    Mismatch,
}

/// Too many passwords are waiting to be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are waiting to be checked")]
pub struct HasherBusy;

impl Failure for HasherBusy {
    fn describe(&self) -> Description {
        Description::new(Kind::ResourceExhausted, Reason::HashingBusy).retry_after(Duration::from_secs(1))
    }
}

/// Hashes passwords, slowly on purpose and away from those who serve requests.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// A new hash, with this salt.
    async fn hash(&self, password: Password, salt: [u8; 16]) -> Result<PasswordHash, HasherBusy>;

    /// Checks a password. Without a hash it does the same work and finds a mismatch, so that an unknown account
    /// takes as long as a wrong password.
    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, HasherBusy>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters_and_common_ones_are_refused() {
        let table = [
            ("", Some(InvalidPassword::Length)),
            ("1234567", Some(InvalidPassword::Length)),
            (&"🔑".repeat(7), Some(InvalidPassword::Length)),
            (&"x".repeat(129), Some(InvalidPassword::Length)),
            ("with\u{0}nul-inside", Some(InvalidPassword::Nul)),
            ("password", Some(InvalidPassword::TooCommon)),
            ("PassWord", Some(InvalidPassword::TooCommon)),
            ("12345678", Some(InvalidPassword::TooCommon)),
            (&"🔑".repeat(8), None),
            (&"ж".repeat(128), None),
            (" leading and trailing ", None),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<Password>().err(), expected, "{text:?}");
        }
    }

    #[test]
    fn no_debug_text_shows_a_secret() {
        let password: Password = "correct horse".parse().unwrap();
        let hash = PasswordHash::from_phc("$argon2id$secret".to_owned());
        assert!(!format!("{password:?}{hash:?}").contains("horse"));
        assert!(!format!("{hash:?}").contains("secret"));
    }
}
