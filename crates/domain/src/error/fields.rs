//! Fields that break their own rules, each named, all at once.

use std::fmt;

use super::{Description, Failure, Kind, Reason};

/// A field that breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field's name in the contract.
    pub field: &'static str,
    /// The rule, as a constant sentence that never repeats the value.
    pub description: String,
    /// What clients switch on.
    pub reason: Reason,
}

/// The error of a value's parser: its `Display` states the rule.
pub trait FieldError: fmt::Display {
    /// What clients switch on.
    fn reason(&self) -> Reason {
        Reason::InvalidField
    }
}

/// One or more fields of a request break their own rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a field of the request breaks its rule")]
pub struct InvalidFields(Vec<Violation>);

impl InvalidFields {
    /// One field with one fault.
    #[must_use]
    pub fn one(field: &'static str, error: &impl FieldError) -> Self {
        Self(vec![Violation { field, description: error.to_string(), reason: error.reason() }])
    }

    /// The fields at fault, in the order of the request.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.0
    }
}

impl Failure for InvalidFields {
    fn describe(&self) -> Description {
        let special =
            self.0.iter().map(|violation| violation.reason).find(|reason| *reason != Reason::InvalidField);
        Description {
            violations: self.0.clone(),
            ..Description::new(Kind::InvalidArgument, special.unwrap_or(Reason::InvalidField))
        }
    }
}

/// Names the field that a parser's result belongs to.
pub trait InField<T> {
    /// The value, or the violation of this field.
    fn in_field(self, field: &'static str) -> Result<T, InvalidFields>;
}

impl<T, E: FieldError> InField<T> for Result<T, E> {
    fn in_field(self, field: &'static str) -> Result<T, InvalidFields> {
        self.map_err(|error| InvalidFields::one(field, &error))
    }
}

/// Takes several parsed fields together: all values, or all violations.
///
/// ```
/// use duologue_domain::error::{InField, Together};
/// use duologue_domain::id::{ChatId, UserId};
///
/// let both = ("x".parse::<UserId>().in_field("user_id"), "y".parse::<ChatId>().in_field("chat_id")).together();
/// assert_eq!(both.unwrap_err().violations().len(), 2);
/// ```
pub trait Together {
    /// The values of all fields.
    type Values;

    /// All values, or every violation.
    fn together(self) -> Result<Self::Values, InvalidFields>;
}

macro_rules! together {
    ($($value:ident: $kind:ident),+) => {
        impl<$($kind),+> Together for ($(Result<$kind, InvalidFields>,)+) {
            type Values = ($($kind,)+);

            fn together(self) -> Result<Self::Values, InvalidFields> {
                let ($($value,)+) = self;
                match ($($value,)+) {
                    ($(Ok($value),)+) => Ok(($($value,)+)),
                    ($($value,)+) => {
                        let mut violations = Vec::new();
                        $(if let Err(InvalidFields(more)) = $value { violations.extend(more); })+
                        Err(InvalidFields(violations))
                    }
                }
            }
        }
    };
}

together!(a: A, b: B);
together!(a: A, b: B, c: C);
together!(a: A, b: B, c: C, d: D);
