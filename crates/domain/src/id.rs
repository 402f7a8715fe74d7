//! Typed identifiers: opaque to clients, UUIDs inside.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::error::{FieldError, Reason};

/// A typed identifier over a UUID.
pub trait Id: Copy {
    /// The identifier with this UUID.
    fn from_uuid(uuid: Uuid) -> Self;

    /// The UUID inside.
    fn uuid(self) -> Uuid;

    /// What `to_string` answers, without a formatter in between: a page of messages has a hundred and fifty of them.
    fn to_text(self) -> String {
        let mut buffer = Uuid::encode_buffer();
        self.uuid().hyphenated().encode_lower(&mut buffer).to_owned()
    }
}

/// The text is no identifier: 36 characters, lower case, hyphenated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a lower-case, hyphenated UUID")]
pub struct InvalidId;

impl FieldError for InvalidId {
    fn reason(&self) -> Reason {
        Reason::InvalidField
    }
}

/// Reads the one canonical spelling, so that two texts never name one thing.
fn parse_canonical(text: &str) -> Result<Uuid, InvalidId> {
    if text.len() != 36 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(InvalidId);
    }
    Uuid::try_parse(text).map_err(|_| InvalidId)
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl Id for $name {
            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_canonical(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(formatter)
            }
        }
    )*};
}

typed_ids! {
    /// Names a user, from registration on.
    UserId;
    /// Names a session: one login and all that was refreshed from it.
    SessionId;
    /// Names a friend request.
    RequestId;
    /// Names a direct chat.
    ChatId;
    /// Names a message.
    MessageId;
    /// Names a domain event.
    EventId;
    /// Names a notification.
    NotificationId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_an_id() {
        let canonical = "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1b";
        assert_eq!(canonical.parse::<UserId>().map(|id| id.to_string()), Ok(canonical.to_owned()));
        assert_eq!(canonical.parse().map(UserId::to_text), Ok(canonical.to_owned()));
        for text in [
            "",
            "0190A0B1-C2D3-7E4F-8A5B-6C7D8E9F0A1B",
            "0190a0b1c2d37e4f8a5b6c7d8e9f0a1b",
            "{0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1b}",
            "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1b\n",
            " 190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1b",
            "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1g",
        ] {
            assert_eq!(text.parse::<UserId>(), Err(InvalidId), "{text:?}");
        }
        assert_eq!("a".repeat(10_000).parse::<UserId>(), Err(InvalidId));
    }
}
