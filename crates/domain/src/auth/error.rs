//! How the use cases of authentication fail: one enum each, its variants the contract's error column.

use super::{HasherBusy, InvalidAccessToken, IssueError};
use crate::error::{Description, Failure, Kind, NotYours, Reason, StorageError};

/// A bearer token makes no caller.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// There is none, or it is not genuine.
    #[error("the credential is missing, not valid, or no longer valid")]
    TokenInvalid,
    /// It was genuine and has expired.
    #[error("the credential is missing, not valid, or no longer valid")]
    TokenExpired,
    /// Its session has ended.
    #[error("the credential is missing, not valid, or no longer valid")]
    SessionRevoked,
    /// The keys to verify it with cannot be had at present.
    #[error("access tokens cannot be verified at present")]
    KeysUnavailable,
}

impl From<InvalidAccessToken> for AuthenticateError {
    fn from(error: InvalidAccessToken) -> Self {
        match error {
            InvalidAccessToken::Expired => Self::TokenExpired,
            InvalidAccessToken::Invalid => Self::TokenInvalid,
            InvalidAccessToken::KeysUnavailable => Self::KeysUnavailable,
        }
    }
}

impl Failure for AuthenticateError {
    fn describe(&self) -> Description {
        match self {
            Self::TokenInvalid => Description::new(Kind::Unauthenticated, Reason::TokenInvalid),
            Self::TokenExpired => Description::new(Kind::Unauthenticated, Reason::TokenExpired),
            Self::SessionRevoked => Description::new(Kind::Unauthenticated, Reason::SessionRevoked),
            Self::KeysUnavailable => Description::new(Kind::Unavailable, Reason::DependencyUnavailable)
                .retry_after(std::time::Duration::from_secs(1)),
        }
    }
}

impl Failure for IssueError {
    fn describe(&self) -> Description {
        Description::new(Kind::Internal, Reason::Internal)
    }
}

/// Declares an error enum whose last variants are the faults that any use case of this module can have.
macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident {
        $($(#[$variant_doc:meta])* $variant:ident = ($kind:ident, $reason:ident, $text:literal),)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Debug, thiserror::Error)]
        pub enum $name {
            $($(#[$variant_doc])* #[error($text)] $variant,)*
            /// Too many passwords are waiting to be hashed.
            #[error(transparent)]
            Busy(#[from] HasherBusy),
            /// No token can be signed.
            #[error(transparent)]
            Issue(#[from] IssueError),
            /// The storage failed.
            #[error(transparent)]
            Storage(#[from] StorageError),
        }

        impl Failure for $name {
            fn describe(&self) -> Description {
                match self {
                    $(Self::$variant => Description::new(Kind::$kind, Reason::$reason),)*
                    Self::Busy(error) => error.describe(),
                    Self::Issue(error) => error.describe(),
                    Self::Storage(error) => error.describe(),
                }
            }
        }
    )*};
}

errors! {
    /// Registration failed.
    RegisterError {
        /// The address is registered.
        EmailTaken = (AlreadyExists, EmailTaken, "the e-mail address is registered"),
    }
    /// Login failed.
    LoginError {
        /// E-mail and password do not belong together; which of them is wrong is not told.
        Refused = (Unauthenticated, CredentialsInvalid, "e-mail and password do not belong together"),
    }
    /// Refreshing failed.
    RefreshError {
        /// The token is not genuine, spent, or of a session that is over.
        Refused = (Unauthenticated, TokenInvalid, "the credential is missing, not valid, or no longer valid"),
    }
    /// Changing the password failed.
    ChangePasswordError {
        /// The current password is wrong.
        Refused = (Unauthenticated, CredentialsInvalid, "the current password is wrong"),
    }
}

/// Logging out failed.
#[derive(Debug, thiserror::Error)]
pub enum LogoutError {
    /// The refresh token is not genuine.
    #[error("the credential is missing, not valid, or no longer valid")]
    Refused,
    /// The refresh token is somebody else's.
    #[error(transparent)]
    NotYours(#[from] NotYours),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure for LogoutError {
    fn describe(&self) -> Description {
        match self {
            Self::Refused => Description::new(Kind::Unauthenticated, Reason::TokenInvalid),
            Self::NotYours(error) => error.describe(),
            Self::Storage(error) => error.describe(),
        }
    }
}

/// Ending one session failed.
#[derive(Debug, thiserror::Error)]
pub enum RevokeSessionError {
    /// The caller has no such live session.
    #[error("there is no such session")]
    NotFound,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure for RevokeSessionError {
    fn describe(&self) -> Description {
        match self {
            Self::NotFound => Description::new(Kind::NotFound, Reason::SessionNotFound),
            Self::Storage(error) => error.describe(),
        }
    }
}
