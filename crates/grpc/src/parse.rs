//! What the bindings of all services share: reading fields, and writing what is in every message.

use std::str::FromStr;

use duologue_contract::Timestamp;
use duologue_domain::InvalidFields;
use duologue_domain::error::{FieldError, InField as _};
use duologue_domain::id::InvalidId;
use duologue_domain::page::Cursor;

/// A field breaks a rule that belongs to the request and to none of its values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BrokenRule(pub(crate) &'static str);

impl std::fmt::Display for BrokenRule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.0)
    }
}

impl FieldError for BrokenRule {}

/// Refuses a field by a rule of the request.
pub(crate) fn broken<T>(field: &'static str, rule: &'static str) -> Result<T, InvalidFields> {
    Err(InvalidFields::one(field, &BrokenRule(rule)))
}

/// An id that must be there.
pub(crate) fn id<T: FromStr<Err = InvalidId>>(text: &str, field: &'static str) -> Result<T, InvalidFields> {
    text.parse().in_field(field)
}

/// An id that may be left empty.
pub(crate) fn id_or_empty<T>(text: &str, field: &'static str) -> Result<Option<T>, InvalidFields>
where
    T: FromStr<Err = InvalidId>,
{
    if text.is_empty() { Ok(None) } else { id(text, field).map(Some) }
}

/// An id that may be absent.
pub(crate) fn id_if_present<T>(text: Option<&str>, field: &'static str) -> Result<Option<T>, InvalidFields>
where
    T: FromStr<Err = InvalidId>,
{
    text.map(|text| id(text, field)).transpose()
}

/// A value of an enum of the contract; a number that it does not have is refused.
pub(crate) fn choice<T: TryFrom<i32>>(number: i32, field: &'static str) -> Result<T, InvalidFields> {
    T::try_from(number).or_else(|_| broken(field, "must be a value that the contract names"))
}

/// A moment in the contract's type.
pub(crate) fn timestamp(moment: duologue_domain::Timestamp) -> Timestamp {
    Timestamp::from_unix_micros(moment.unix_micros())
}

/// What leads to the next page, as text.
pub(crate) fn next_cursor(cursor: Option<Cursor>) -> Option<String> {
    cursor.map(Cursor::into_string)
}
