//! How the use cases of friendship fail: one enum each, its variants the contract's error column.

use super::CannotAnswer;
use crate::error::{Description, Failure, Kind, Reason, StorageError};
use crate::id::RequestId;

/// Sending a friend request failed.
#[derive(Debug, thiserror::Error)]
pub enum SendFriendRequestError {
    /// To oneself.
    #[error("a friend request to oneself is not possible")]
    ToOneself,
    /// There is no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// The caller has asked already.
    #[error("a friend request is pending")]
    Pending(RequestId),
    /// The other has asked already: that request can be accepted.
    #[error("the other user has sent a friend request, which is pending")]
    ReversePending(RequestId),
    /// The two are friends.
    #[error("the two users are friends")]
    AlreadyFriends,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure for SendFriendRequestError {
    fn describe(&self) -> Description {
        match self {
            Self::ToOneself => Description::new(Kind::InvalidArgument, Reason::SelfRequest)
                .in_field("user_id", "must be somebody else"),
            Self::UnknownUser => Description::new(Kind::NotFound, Reason::UserNotFound),
            Self::Pending(request_id) => Description::new(Kind::AlreadyExists, Reason::FriendRequestPending)
                .with("request_id", request_id),
            Self::ReversePending(request_id) => {
                Description::new(Kind::AlreadyExists, Reason::ReverseRequestPending)
                    .with("request_id", request_id)
            }
            Self::AlreadyFriends => Description::new(Kind::AlreadyExists, Reason::AlreadyFriends),
            Self::Storage(error) => error.describe(),
        }
    }
}

/// Answering or cancelling a friend request failed.
#[derive(Debug, thiserror::Error)]
pub enum AnswerFriendRequestError {
    /// There is no such request.
    #[error("there is no such friend request")]
    NotFound,
    /// Only the recipient accepts and declines.
    #[error("only the recipient can answer a friend request")]
    NotRecipient,
    /// Only the sender cancels.
    #[error("only the sender can cancel a friend request")]
    NotSender,
    /// It was settled otherwise.
    #[error("the friend request is not pending")]
    NotPending,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<CannotAnswer> for AnswerFriendRequestError {
    fn from(error: CannotAnswer) -> Self {
        match error {
            CannotAnswer::NotRecipient => Self::NotRecipient,
            CannotAnswer::NotSender => Self::NotSender,
            CannotAnswer::NotPending => Self::NotPending,
        }
    }
}

impl Failure for AnswerFriendRequestError {
    fn describe(&self) -> Description {
        match self {
            Self::NotFound => Description::new(Kind::NotFound, Reason::FriendRequestNotFound),
            Self::NotRecipient => Description::new(Kind::PermissionDenied, Reason::NotRecipient),
            Self::NotSender => Description::new(Kind::PermissionDenied, Reason::NotSender),
            Self::NotPending => Description::new(Kind::NotFound, Reason::FriendRequestNotPending),
            Self::Storage(error) => error.describe(),
        }
    }
}

/// Ending a friendship failed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveFriendError {
    /// The two are no friends.
    #[error("the two users are not friends")]
    NotFriends,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure for RemoveFriendError {
    fn describe(&self) -> Description {
        match self {
            Self::NotFriends => Description::new(Kind::NotFound, Reason::NotFriends),
            Self::Storage(error) => error.describe(),
        }
    }
}
