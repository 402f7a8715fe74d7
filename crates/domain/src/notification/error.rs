//! How the use cases of notifications fail.

use crate::error::{Description, Failure, Kind, Reason, StorageError};

/// The caller named a notification that is not theirs.
#[derive(Debug, thiserror::Error)]
pub enum NamedNotificationError {
    /// There is none of that id, or it is somebody else's: which of both is not told.
    #[error("the caller has no such notification")]
    NotYours,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure for NamedNotificationError {
    fn describe(&self) -> Description {
        match self {
            Self::NotYours => Description::new(Kind::PermissionDenied, Reason::NotificationNotFound),
            Self::Storage(error) => error.describe(),
        }
    }
}
