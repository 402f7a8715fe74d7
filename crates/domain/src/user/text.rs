//! What a profile says besides the name.

use fluent_uri::Uri;

use crate::error::FieldError;
use crate::text::{self, Fault};

/// What a user tells of themselves: 1 to 500 characters, kept byte for byte. An empty one is no bio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bio(String);

/// The text is no bio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBio {
    /// Too long.
    #[error("must have at most 500 characters")]
    Length,
    /// It holds U+0000.
    #[error("must not contain U+0000")]
    Nul,
}

impl FieldError for InvalidBio {}

impl Bio {
    /// Reads a field that is present: an empty text means that there is to be none.
    pub fn parse(text: &str) -> Result<Option<Self>, InvalidBio> {
        text::check(text, &(0..=500)).map_err(|fault| match fault {
            Fault::Nul => InvalidBio::Nul,
            Fault::Length => InvalidBio::Length,
        })?;
        Ok((!text.is_empty()).then(|| Self(text.to_owned())))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where avatars may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AvatarSchemes {
    /// `https` only.
    #[default]
    Https,
    /// `https` and `http`, where the operator allows it.
    HttpsAndHttp,
}

/// Where a user's picture is: an absolute URL of at most 2048 characters, kept byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvatarUrl(String);

/// The text is no URL of an avatar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAvatarUrl {
    /// Too long.
    #[error("must have at most 2048 characters")]
    Length,
    /// Not absolute, malformed, or of a scheme that is not allowed.
    #[error("must be an absolute https URL")]
    Syntax,
}

impl FieldError for InvalidAvatarUrl {}

impl AvatarUrl {
    /// Reads a field that is present: an empty text means that there is to be none.
    pub fn parse(text: &str, schemes: AvatarSchemes) -> Result<Option<Self>, InvalidAvatarUrl> {
        if text.is_empty() {
            return Ok(None);
        }
        text::check(text, &(1..=2048)).map_err(|fault| match fault {
            Fault::Nul => InvalidAvatarUrl::Syntax,
            Fault::Length => InvalidAvatarUrl::Length,
        })?;
        let url = Uri::parse(text).map_err(|_| InvalidAvatarUrl::Syntax)?;
        let scheme = url.scheme().as_str();
        let allowed = scheme.eq_ignore_ascii_case("https")
            || (schemes == AvatarSchemes::HttpsAndHttp && scheme.eq_ignore_ascii_case("http"));
        let has_host = url.authority().is_some_and(|authority| !authority.host().is_empty());
        if allowed && has_host { Ok(Some(Self(text.to_owned()))) } else { Err(InvalidAvatarUrl::Syntax) }
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A URL that an adapter stored before: it was parsed then, under the schemes allowed then.
    #[must_use]
    pub fn from_storage(text: String) -> Option<Self> {
        (!text.is_empty()).then_some(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_avatar_is_absolute_https() {
        let good = ["https://example.org/a.png", "HTTPS://example.org", "https://[::1]:8443/a?b#c"];
        for text in good {
            assert_eq!(
                AvatarUrl::parse(text, AvatarSchemes::Https).map(|url| url.is_some()),
                Ok(true),
                "{text:?}"
            );
        }
        let bad = [
            "http://example.org/a.png",
            "javascript:alert(1)",
            "data:image/png;base64,AA==",
            "/a.png",
            "example.org",
            "//example.org/a.png",
            "https:",
            "https://",
            "https:///a",
            "https://exa mple.org",
            " https://example.org",
            "https://example.org/\n",
            "https://example.org/\u{0}",
            "ftp://example.org",
        ];
        for text in bad {
            assert_eq!(
                AvatarUrl::parse(text, AvatarSchemes::Https),
                Err(InvalidAvatarUrl::Syntax),
                "{text:?}"
            );
        }
        assert!(AvatarUrl::parse("http://example.org", AvatarSchemes::HttpsAndHttp).is_ok());
    }

    #[test]
    fn lengths_count_characters() {
        let url = |length: usize| format!("https://example.org/{}", "a".repeat(length - 20));
        assert!(AvatarUrl::parse(&url(2048), AvatarSchemes::Https).is_ok());
        assert_eq!(AvatarUrl::parse(&url(2049), AvatarSchemes::Https), Err(InvalidAvatarUrl::Length));
        assert!(Bio::parse(&"🦀".repeat(500)).is_ok());
        assert_eq!(Bio::parse(&"a".repeat(501)), Err(InvalidBio::Length));
        assert_eq!(Bio::parse("a\u{0}"), Err(InvalidBio::Nul));
        assert_eq!(Bio::parse(""), Ok(None));
    }
}
