//! Codes, reasons, and statuses that carry them.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code as StatusCode, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "generated; documented by the comments in proto/"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/api.errors.v1.rs"));
}

pub use generated::{Code, Reason};

/// The domain of every reason.
pub const DOMAIN: &str = "duologue";

impl Reason {
    /// Every reason that is ever sent.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=255).filter_map(|number| Self::try_from(number).ok())
    }

    /// Its name on the wire: `ALREADY_FRIENDS`.
    #[must_use]
    pub fn name(self) -> &'static str {
        let name = self.as_str_name();
        name.strip_prefix("REASON_").unwrap_or(name)
    }

    /// Finds a reason by its name on the wire.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::from_str_name(&format!("REASON_{name}"))
    }

    /// The status code that errors with this reason have.
    #[must_use]
    pub fn code(self) -> StatusCode {
        crate::rpc::reason_code(self.name())
    }

    /// Starts an error for this reason. The message is for people: a constant sentence, without values.
    #[must_use]
    pub fn error(self, message: &'static str) -> ErrorBuilder {
        ErrorBuilder { reason: self, message, metadata: HashMap::new(), details: ErrorDetails::new() }
    }

    /// An error for this reason, without more to say.
    #[must_use]
    pub fn status(self, message: &'static str) -> Status {
        self.error(message).status()
    }
}

/// A [`Status`] in the making, with a reason and what belongs to it.
#[derive(Debug, Clone)]
pub struct ErrorBuilder {
    reason: Reason,
    message: &'static str,
    metadata: HashMap<String, String>,
    details: ErrorDetails,
}

impl ErrorBuilder {
    /// Adds a value to the metadata of the reason.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// Names a field that breaks its rule, and the rule.
    #[must_use]
    pub fn violation(mut self, field: &str, rule: &str) -> Self {
        self.details.add_bad_request_violation(field, rule);
        self
    }

    /// Says how long to wait before the call is worth repeating.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.details.set_retry_info(Some(delay));
        self
    }

    /// The finished status.
    #[must_use]
    pub fn status(mut self) -> Status {
        self.details.set_error_info(self.reason.name(), DOMAIN, self.metadata);
        Status::with_error_details(self.reason.code(), self.message, self.details)
    }
}

/// The reason that a status carries, if it is one of ours.
#[must_use]
pub fn reason_of(status: &Status) -> Option<Reason> {
    let info = status.get_details_error_info()?;
    (info.domain == DOMAIN).then(|| Reason::from_name(&info.reason)).flatten()
}
