//! How the use cases of chats fail: one enum each, its variants the contract's error column.

use crate::error::{Description, Failure, Kind, Reason, StorageError};
use crate::id::ChatId;
use crate::page::InvalidCursor;

/// Opening a chat failed.
#[derive(Debug, thiserror::Error)]
pub enum CreateDirectChatError {
    /// With oneself.
    #[error("a chat with oneself is not possible")]
    WithOneself,
    /// There is nobody of that id.
    #[error("there is no such participant")]
    UnknownParticipant,
    /// The two have this chat.
    #[error("the two users have a chat")]
    Exists(ChatId),
    /// The deployment does not let these two chat.
    #[error("these two users may not open a chat")]
    PolicyRefused,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure for CreateDirectChatError {
    fn describe(&self) -> Description {
        match self {
            Self::WithOneself => Description::new(Kind::InvalidArgument, Reason::ParticipantIsSelf)
                .in_field("participant_id", "must be somebody else"),
            Self::UnknownParticipant => Description::new(Kind::InvalidArgument, Reason::ParticipantUnknown)
                .in_field("participant_id", "must be a user who has a profile"),
            Self::Exists(chat_id) => {
                Description::new(Kind::AlreadyExists, Reason::ChatExists).with("chat_id", chat_id)
            }
            Self::PolicyRefused => Description::new(Kind::PermissionDenied, Reason::ChatPolicyRefused),
            Self::Storage(error) => error.describe(),
        }
    }
}

/// Looking a chat up failed.
#[derive(Debug, thiserror::Error)]
pub enum GetChatError {
    /// There is no such chat.
    #[error("there is no such chat")]
    NotFound,
    /// The caller is no member.
    #[error("the caller is not a member of such a chat")]
    NotAMember,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure for GetChatError {
    fn describe(&self) -> Description {
        match self {
            Self::NotFound => Description::new(Kind::NotFound, Reason::ChatNotFound),
            Self::NotAMember => Description::new(Kind::PermissionDenied, Reason::NotAMember),
            Self::Storage(error) => error.describe(),
        }
    }
}

/// The caller cannot read the chat.
#[derive(Debug, thiserror::Error)]
pub enum ReadChatError {
    /// There is no such chat, or the caller is no member: which of both is not told.
    #[error("the caller is not a member of such a chat")]
    NotAMember,
    /// The cursor does not belong to this list.
    #[error("the cursor does not belong to this list")]
    Cursor(#[from] InvalidCursor),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure for ReadChatError {
    fn describe(&self) -> Description {
        match self {
            Self::NotAMember => Description::new(Kind::PermissionDenied, Reason::NotAMember),
            Self::Cursor(error) => error.describe(),
            Self::Storage(error) => error.describe(),
        }
    }
}

/// Sending a message failed.
#[derive(Debug, thiserror::Error)]
pub enum SendMessageError {
    /// There is no such chat, or the caller is no member: which of both is not told.
    #[error("the caller is not a member of such a chat")]
    NotAMember,
    /// The client message id was used for another text.
    #[error("the client_message_id was used for another text")]
    ClientMessageIdReused,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure for SendMessageError {
    fn describe(&self) -> Description {
        match self {
            Self::NotAMember => Description::new(Kind::PermissionDenied, Reason::NotAMember),
            Self::ClientMessageIdReused => {
                Description::new(Kind::InvalidArgument, Reason::ClientMessageIdReused)
                    .in_field("client_message_id", "was used for another text")
            }
            Self::Storage(error) => error.describe(),
        }
    }
}

/// A feed of messages cannot begin, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// There is no such chat, or the caller is no member: which of both is not told.
    #[error("the caller is not a member of such a chat")]
    NotAMember,
    /// The position lies beyond the newest message.
    #[error("after_sequence lies beyond the newest message")]
    OutOfRange,
    /// The chat holds another message where the client saw one: what was acknowledged is gone.
    #[error("the chat holds another message at that place: messages were lost")]
    HistoryLost,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure for FeedError {
    fn describe(&self) -> Description {
        match self {
            Self::NotAMember => Description::new(Kind::PermissionDenied, Reason::NotAMember),
            Self::OutOfRange => Description::new(Kind::OutOfRange, Reason::SequenceOutOfRange),
            Self::HistoryLost => Description::new(Kind::DataLoss, Reason::HistoryLost),
            Self::Storage(error) => error.describe(),
        }
    }
}
