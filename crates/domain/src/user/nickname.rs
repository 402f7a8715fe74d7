//! Nicknames.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::error::FieldError;

/// A unique name to find a user by: 3 to 20 of `a`–`z`, `0`–`9` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nickname(String);

/// The text is no nickname.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNickname {
    /// Too short or too long.
    #[error("must have 3 to 20 characters")]
    Length,
    /// A character that nicknames do not have.
    #[error("must consist of a-z, 0-9 and _ only")]
    Character,
}

impl FieldError for InvalidNickname {}

impl Nickname {
    /// How many characters a nickname has.
    pub const LENGTH: RangeInclusive<usize> = 3..=20;

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Nickname {
    type Err = InvalidNickname;

    fn from_str(text: &str) -> Result<Self, InvalidNickname> {
        let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        if !text.bytes().all(allowed) {
            return Err(InvalidNickname::Character);
        }
        if !Self::LENGTH.contains(&text.len()) {
            return Err(InvalidNickname::Length);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Nickname {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_of_the_format() {
        let table = [
            ("abc", Ok(())),
            ("abcdefghij0123456789", Ok(())),
            ("___", Ok(())),
            ("007", Ok(())),
            ("", Err(InvalidNickname::Length)),
            ("ab", Err(InvalidNickname::Length)),
            ("abcdefghij01234567890", Err(InvalidNickname::Length)),
            ("Abc", Err(InvalidNickname::Character)),
            ("a-c", Err(InvalidNickname::Character)),
            ("a c", Err(InvalidNickname::Character)),
            ("abc\n", Err(InvalidNickname::Character)),
            ("аbс", Err(InvalidNickname::Character)),
            ("abc\u{0}", Err(InvalidNickname::Character)),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<Nickname>().map(drop), expected, "{text:?}");
        }
    }
}
