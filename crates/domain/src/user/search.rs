//! What people search for.

use crate::error::FieldError;

/// The beginning of the nicknames to find: lower case, 1 to 20 characters, every one of them literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPrefix(String);

/// The text cannot be searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 20 characters, not all of them blank, and no U+0000")]
pub struct InvalidSearchPrefix;

impl FieldError for InvalidSearchPrefix {}

impl SearchPrefix {
    /// Reads a query: lower-cased, otherwise as it is.
    pub fn parse(query: &str) -> Result<Self, InvalidSearchPrefix> {
        let too_long = query.chars().take(21).count() > 20;
        if too_long || query.contains('\0') || query.trim().is_empty() {
            return Err(InvalidSearchPrefix);
        }
        Ok(Self(query.to_lowercase()))
    }

    /// The prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_lower_cased_and_nothing_else() {
        assert_eq!(
            SearchPrefix::parse("A_b%").map(|prefix| prefix.as_str().to_owned()),
            Ok("a_b%".to_owned())
        );
        assert_eq!(SearchPrefix::parse(" ab").map(|prefix| prefix.as_str().to_owned()), Ok(" ab".to_owned()));
        assert!(SearchPrefix::parse(&"ж".repeat(20)).is_ok());
        for text in ["", "   ", "\t\u{a0}", "a\u{0}", &"a".repeat(21), &"a".repeat(10_000)] {
            assert_eq!(SearchPrefix::parse(text), Err(InvalidSearchPrefix), "{text:?}");
        }
    }
}
