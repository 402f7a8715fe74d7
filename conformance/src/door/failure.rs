//! A refusal, in one shape for both doors.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use duologue_contract::errors::Reason;
use serde::Serialize;
use tonic::Code;

/// A call that was refused, or never arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The status code.
    pub code: Code,
    /// Text for people.
    pub message: String,
    /// `ErrorInfo.reason`.
    pub reason: Option<String>,
    /// `ErrorInfo.domain`.
    pub domain: Option<String>,
    /// `ErrorInfo.metadata`.
    pub metadata: BTreeMap<String, String>,
    /// `BadRequest.field_violations`.
    pub violations: Vec<FieldViolation>,
    /// `RetryInfo.retry_delay`.
    pub retry_after: Option<Duration>,
    /// Status of the HTTP response, through REST.
    pub http_status: Option<u16>,
    /// No server said this: the connection failed, or nothing came in time.
    pub is_transport: bool,
    /// All text of the error as it came, for hygiene checks.
    pub raw: String,
}

/// A field and the rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldViolation {
    /// Name of the field.
    pub field: String,
    /// The rule.
    pub description: String,
}

impl Failure {
    /// A call that no server answered.
    #[must_use]
    pub fn transport(code: Code, message: impl Into<String>) -> Self {
        Self { is_transport: true, ..Self::new(code, message) }
    }

    /// A refusal without details.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            code,
            raw: message.clone(),
            message,
            reason: None,
            domain: None,
            metadata: BTreeMap::new(),
            violations: Vec::new(),
            retry_after: None,
            http_status: None,
            is_transport: false,
        }
    }

    /// Whether this is the reason it carries.
    #[must_use]
    pub fn has_reason(&self, reason: Reason) -> bool {
        self.reason.as_deref() == Some(reason.name())
    }

    /// Whether a field violation names the field, in either spelling.
    #[must_use]
    pub fn names_field(&self, field: &str) -> bool {
        let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
        self.violations.iter().any(|violation| plain(&violation.field) == plain(field))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", code_name(self.code))?;
        if let Some(reason) = &self.reason {
            write!(formatter, " ({reason})")?;
        }
        if self.is_transport {
            write!(formatter, " [no server said this: {}]", self.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// Name of a status code as the contract writes it: `NOT_FOUND`.
#[must_use]
pub const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// The HTTP status that stands for a code.
#[must_use]
pub const fn canonical_http_status(code: Code) -> u16 {
    match code {
        Code::Ok => 200,
        Code::Cancelled => 499,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::DeadlineExceeded => 504,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::PermissionDenied => 403,
        Code::ResourceExhausted => 429,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::Unauthenticated => 401,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
    }
}
