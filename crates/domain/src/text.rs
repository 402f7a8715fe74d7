//! What all text has in common: it is kept byte for byte, and never holds U+0000.

use std::ops::RangeInclusive;

/// How a text breaks a rule on its characters or length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It holds U+0000, which PostgreSQL cannot store.
    Nul,
    /// It has too few or too many Unicode scalar values.
    Length,
}

/// Holds a text to a length in Unicode scalar values, and to having no U+0000.
pub(crate) fn check(text: &str, length: &RangeInclusive<usize>) -> Result<(), Fault> {
    if text.contains('\0') {
        return Err(Fault::Nul);
    }
    // A text of n bytes has at most n scalar values: counting stops where it cannot matter any more.
    let count = text.chars().take(length.end().saturating_add(1)).count();
    if length.contains(&count) { Ok(()) } else { Err(Fault::Length) }
}
