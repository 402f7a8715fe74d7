//! What every error says of itself: its kind, a constant reason, the fields at fault.
//!
//! One function in each transport maps a [`Failure`] to the wire. Texts are constant sentences; whatever varies
//! goes into the metadata, so that no text can leak a value.

use std::error::Error;
use std::fmt;
use std::time::Duration;

mod fields;
mod reason;

pub use fields::{FieldError, InField, InvalidFields, Together, Violation};
pub use reason::Reason;

/// The kind of an error: the gRPC status code it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A field breaks its own rule.
    InvalidArgument,
    /// There is no valid credential.
    Unauthenticated,
    /// The caller acts for, or on, what is not theirs.
    PermissionDenied,
    /// What was named does not exist.
    NotFound,
    /// What was to be made exists.
    AlreadyExists,
    /// A limit is reached.
    ResourceExhausted,
    /// A position lies beyond the end.
    OutOfRange,
    /// Something that was acknowledged is gone.
    DataLoss,
    /// A dependency is down, or the server is leaving.
    Unavailable,
    /// A bug.
    Internal,
}

/// What an error tells a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The status code.
    pub kind: Kind,
    /// What clients switch on.
    pub reason: Reason,
    /// The fields that break their rules.
    pub violations: Vec<Violation>,
    /// Values that help the client to go on, by name.
    pub metadata: Vec<(&'static str, String)>,
    /// How long to wait before a retry can help.
    pub retry_after: Option<Duration>,
}

impl Description {
    /// A description with nothing but kind and reason.
    #[must_use]
    pub fn new(kind: Kind, reason: Reason) -> Self {
        Self { kind, reason, violations: Vec::new(), metadata: Vec::new(), retry_after: None }
    }

    /// The same, with a value that helps the client to go on.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.metadata.push((name, value.to_string()));
        self
    }

    /// The same, with a field at fault.
    #[must_use]
    pub fn in_field(mut self, field: &'static str, description: &'static str) -> Self {
        self.violations.push(Violation { field, description: description.to_owned(), reason: self.reason });
        self
    }

    /// The same, with a time to wait.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

/// An error that a client can be told.
///
/// Its `Display` is one constant sentence that the client may read; its `source` never leaves the server.
pub trait Failure: Error + Send + Sync + 'static {
    /// What the client is told besides the sentence.
    fn describe(&self) -> Description;
}

/// The storage, or the service that has it, did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The storage cannot be reached, or not in time; a retry may help.
    #[error("the storage is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Another service has what is needed, and cannot be reached, or not in time; a retry may help.
    #[error("a service that is needed is not available")]
    ServiceUnavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The storage answered what it never should, or was asked to: a bug, or damage. An id that is in use already is
    /// of this kind, for ids are made unique.
    #[error("the storage is broken")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

impl Failure for StorageError {
    fn describe(&self) -> Description {
        match self {
            Self::Unavailable(_) => Description::new(Kind::Unavailable, Reason::StorageUnavailable)
                .retry_after(Duration::from_secs(1)),
            Self::ServiceUnavailable(_) => Description::new(Kind::Unavailable, Reason::DependencyUnavailable)
                .retry_after(Duration::from_secs(1)),
            Self::Broken(_) => Description::new(Kind::Internal, Reason::Internal),
        }
    }
}

/// The caller named somebody else where only they themselves may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not yours")]
pub struct NotYours;

impl Failure for NotYours {
    fn describe(&self) -> Description {
        Description::new(Kind::PermissionDenied, Reason::NotYours)
    }
}
