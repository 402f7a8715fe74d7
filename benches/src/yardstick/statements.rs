//! The adapter's own statements, so that a yardstick runs the very same ones: read out of its source.

const APPEND: &str = include_str!("../../../crates/storage-postgres/src/chat/append.rs");
const CHAT: &str = include_str!("../../../crates/storage-postgres/src/chat/mod.rs");

/// The text of a constant in a source.
fn constant(source: &'static str, name: &str) -> &'static str {
    let head = format!("const {name}: &str = \"");
    let (_, text) = source.split_once(&head).unwrap_or_else(|| panic!("the adapter has no statement {name}"));
    let (text, _) = text.split_once("\";").unwrap_or_else(|| panic!("{name} does not end"));
    text
}

/// Stores one message.
#[must_use]
pub fn append_one() -> &'static str {
    constant(APPEND, "APPEND_ONE")
}

/// Lists messages from the newest down.
#[must_use]
pub fn list_newest_first() -> &'static str {
    constant(CHAT, "LIST_NEWEST_FIRST")
}

/// Finds where a stream begins.
#[must_use]
pub fn first_sequence_since() -> &'static str {
    constant(CHAT, "FIRST_SEQUENCE_SINCE")
}
