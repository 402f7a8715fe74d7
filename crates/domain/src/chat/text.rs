//! What messages say, and what clients call them.

use std::str::FromStr;
use std::sync::Arc;

use crate::error::FieldError;
use crate::text::{self, Fault};

/// What a message says: 1 to 4000 characters, at least one of them not white space, kept byte for byte.
///
/// Cloning shares the text: a page of messages copies none.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MessageText(Arc<str>);

/// The text cannot be a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessageText {
    /// Empty, or too long.
    #[error("must have 1 to 4000 characters")]
    Length,
    /// Nothing but white space.
    #[error("must not be blank")]
    Blank,
    /// It holds U+0000.
    #[error("must not contain U+0000")]
    Nul,
}

impl FieldError for InvalidMessageText {}

impl MessageText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MessageText {
    type Err = InvalidMessageText;

    fn from_str(text: &str) -> Result<Self, InvalidMessageText> {
        text::check(text, &(1..=4000)).map_err(|fault| match fault {
            Fault::Nul => InvalidMessageText::Nul,
            Fault::Length => InvalidMessageText::Length,
        })?;
        if text.chars().all(char::is_whitespace) {
            return Err(InvalidMessageText::Blank);
        }
        Ok(Self(text.into()))
    }
}

/// Never shows the text: what people write to each other belongs in no log.
impl std::fmt::Debug for MessageText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MessageText(…)")
    }
}

/// A sender's own name for a message: 1 to 64 characters, unique per sender and chat, so that a send can be retried.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientMessageId(Arc<str>);

/// The text cannot name a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 64 characters, none of them U+0000")]
pub struct InvalidClientMessageId;

impl FieldError for InvalidClientMessageId {}

impl ClientMessageId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientMessageId {
    type Err = InvalidClientMessageId;

    fn from_str(text: &str) -> Result<Self, InvalidClientMessageId> {
        text::check(text, &(1..=64)).map_err(|_: Fault| InvalidClientMessageId)?;
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_of_a_message() {
        let table = [
            ("a".to_owned(), Ok(())),
            (" a ".to_owned(), Ok(())),
            ("🦀".repeat(4000), Ok(())),
            (String::new(), Err(InvalidMessageText::Length)),
            ("é".repeat(4001), Err(InvalidMessageText::Length)),
            (" \t\r\n\u{a0}\u{2003}".to_owned(), Err(InvalidMessageText::Blank)),
            ("a\u{0}".to_owned(), Err(InvalidMessageText::Nul)),
        ];
        for (text, expected) in table {
            assert_eq!(
                text.parse::<MessageText>().map(drop),
                expected,
                "{} characters",
                text.chars().count()
            );
        }
    }

    #[test]
    fn a_client_message_id_is_any_short_text() {
        for text in ["1", " ", "🦀", &"ж".repeat(64)] {
            assert!(text.parse::<ClientMessageId>().is_ok(), "{text:?}");
        }
        for text in ["", "\u{0}", &"x".repeat(65)] {
            assert_eq!(text.parse::<ClientMessageId>(), Err(InvalidClientMessageId), "{text:?}");
        }
    }
}
