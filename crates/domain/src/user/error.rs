//! How the use cases of profiles fail: one enum each, its variants the contract's error column.

use crate::error::{Description, Failure, Kind, Reason, StorageError};

/// Making a profile failed.
#[derive(Debug, thiserror::Error)]
pub enum CreateProfileError {
    /// The caller has a profile.
    #[error("the user has a profile")]
    ProfileExists,
    /// Another profile has the nickname.
    #[error("the nickname is taken")]
    NicknameTaken,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure for CreateProfileError {
    fn describe(&self) -> Description {
        match self {
            Self::ProfileExists => Description::new(Kind::AlreadyExists, Reason::ProfileExists),
            Self::NicknameTaken => Description::new(Kind::AlreadyExists, Reason::NicknameTaken),
            Self::Storage(error) => error.describe(),
        }
    }
}

/// Changing a profile failed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateProfileError {
    /// Another profile has the nickname.
    #[error("the nickname is taken")]
    NicknameTaken,
    /// The caller has no profile.
    #[error("there is no such profile")]
    NotFound,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure for UpdateProfileError {
    fn describe(&self) -> Description {
        match self {
            Self::NicknameTaken => Description::new(Kind::AlreadyExists, Reason::NicknameTaken),
            Self::NotFound => Description::new(Kind::NotFound, Reason::ProfileNotFound),
            Self::Storage(error) => error.describe(),
        }
    }
}

/// Looking a profile up failed.
#[derive(Debug, thiserror::Error)]
pub enum GetProfileError {
    /// There is no such profile.
    #[error("there is no such profile")]
    NotFound,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure for GetProfileError {
    fn describe(&self) -> Description {
        match self {
            Self::NotFound => Description::new(Kind::NotFound, Reason::ProfileNotFound),
            Self::Storage(error) => error.describe(),
        }
    }
}
