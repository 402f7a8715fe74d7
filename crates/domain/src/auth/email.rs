//! E-mail addresses.

use std::fmt;
use std::str::FromStr;

use email_address::{EmailAddress, Options};

use crate::error::FieldError;
use crate::text::{self, Fault};

/// An e-mail address as its owner wrote it: at most 254 characters (RFC 5321), no display name, no address literal.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

/// What makes two addresses one: the address without regard to case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailKey(String);

/// The text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address of at most 254 characters")]
pub struct InvalidEmail;

impl FieldError for InvalidEmail {}

impl Email {
    const OPTIONS: Options =
        Options { minimum_sub_domains: 0, allow_domain_literal: false, allow_display_text: false };

    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes two addresses one.
    #[must_use]
    pub fn key(&self) -> EmailKey {
        EmailKey(self.0.to_lowercase())
    }
}

impl EmailKey {
    /// The folded address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        text::check(text, &(3..=254)).map_err(|_: Fault| InvalidEmail)?;
        let quoted = text.starts_with('"');
        let control = text.chars().any(|character| character.is_control() || character.is_whitespace());
        if quoted || control || EmailAddress::parse_with_options(text, Self::OPTIONS).is_err() {
            return Err(InvalidEmail);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Never shows the address: it belongs in no log.
impl fmt::Debug for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Email(…)")
    }
}

/// Never shows the address: it belongs in no log.
impl fmt::Debug for EmailKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EmailKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_whatever_its_case() {
        let keys =
            ["Ada@Example.ORG", "ada@example.org"].map(|text| text.parse::<Email>().map(|email| email.key()));
        assert_eq!(keys[0], keys[1]);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.org", "a".repeat(250));
        let texts = [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "a b@c.org",
            " a@b.org",
            "a@b.org ",
            "a@b.org\n",
            "a\u{0}@b.org",
            "a\u{7f}@b.org",
            "a@b..org",
            "a@b.org.",
            "Ada <a@b.org>",
            "a@[127.0.0.1]",
            "\"a b\"@c.org",
            &long,
        ];
        for text in texts {
            assert_eq!(text.parse::<Email>(), Err(InvalidEmail), "{text:?}");
        }
    }

    #[test]
    fn what_is_an_address_is_kept_as_written() {
        for text in ["a@x", "Ada.Lovelace+notes@Example.org", "ада@пример.рф", "o'hara@example.co.uk"]
        {
            assert_eq!(
                text.parse::<Email>().map(|email| email.as_str().to_owned()),
                Ok(text.to_owned()),
                "{text:?}"
            );
        }
    }
}
