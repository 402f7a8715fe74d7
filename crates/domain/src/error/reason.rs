//! The closed set of reasons, spelled as in the contract.

use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why a call failed: the constant that clients switch on (`google.rpc.ErrorInfo.reason`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// Every reason there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The spelling of the contract.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

reasons! {
    /// A field breaks its format, length or range.
    InvalidField = "INVALID_FIELD",
    /// The cursor was not made for this list, or is damaged.
    CursorInvalid = "CURSOR_INVALID",
    /// The e-mail address is registered.
    EmailTaken = "EMAIL_TAKEN",
    /// The password is one of those that everybody tries first.
    PasswordTooCommon = "PASSWORD_TOO_COMMON",
    /// E-mail and password do not belong together.
    CredentialsInvalid = "CREDENTIALS_INVALID",
    /// The token is missing, malformed, forged or spent.
    TokenInvalid = "TOKEN_INVALID",
    /// The token was good and has expired.
    TokenExpired = "TOKEN_EXPIRED",
    /// The session of the token has ended.
    SessionRevoked = "SESSION_REVOKED",
    /// The caller acts for, or on, what is not theirs.
    NotYours = "NOT_YOURS",
    /// There is no such session of the caller.
    SessionNotFound = "SESSION_NOT_FOUND",
    /// The caller has a profile.
    ProfileExists = "PROFILE_EXISTS",
    /// Another profile has the nickname.
    NicknameTaken = "NICKNAME_TAKEN",
    /// There is no such profile.
    ProfileNotFound = "PROFILE_NOT_FOUND",
    /// There is no such user.
    UserNotFound = "USER_NOT_FOUND",
    /// A friend request to oneself.
    SelfRequest = "SELF_REQUEST",
    /// The caller has asked already.
    FriendRequestPending = "FRIEND_REQUEST_PENDING",
    /// The other has asked already: accept that request.
    ReverseRequestPending = "REVERSE_REQUEST_PENDING",
    /// The two are friends.
    AlreadyFriends = "ALREADY_FRIENDS",
    /// The two are no friends.
    NotFriends = "NOT_FRIENDS",
    /// There is no such friend request.
    FriendRequestNotFound = "FRIEND_REQUEST_NOT_FOUND",
    /// The friend request is settled.
    FriendRequestNotPending = "FRIEND_REQUEST_NOT_PENDING",
    /// Only the recipient may answer the friend request.
    NotRecipient = "NOT_RECIPIENT",
    /// Only the sender may cancel the friend request.
    NotSender = "NOT_SENDER",
    /// The two have a chat.
    ChatExists = "CHAT_EXISTS",
    /// There is no such chat.
    ChatNotFound = "CHAT_NOT_FOUND",
    /// The caller is no member of such a chat.
    NotAMember = "NOT_A_MEMBER",
    /// There is nobody of that id to chat with.
    ParticipantUnknown = "PARTICIPANT_UNKNOWN",
    /// A chat with oneself.
    ParticipantIsSelf = "PARTICIPANT_IS_SELF",
    /// The deployment does not let these two chat.
    ChatPolicyRefused = "CHAT_POLICY_REFUSED",
    /// The client's message id was used for another text.
    ClientMessageIdReused = "CLIENT_MESSAGE_ID_REUSED",
    /// The position lies beyond the newest message.
    SequenceOutOfRange = "SEQUENCE_OUT_OF_RANGE",
    /// The chat holds another message where the client saw one.
    HistoryLost = "HISTORY_LOST",
    /// There is no such notification of the caller.
    NotificationNotFound = "NOTIFICATION_NOT_FOUND",
    /// Too many calls in too short a time.
    RateLimited = "RATE_LIMITED",
    /// The user has too many streams open.
    TooManyStreams = "TOO_MANY_STREAMS",
    /// Too many passwords are waiting to be hashed.
    HashingBusy = "HASHING_BUSY",
    /// The request is larger than the server takes.
    MessageTooLarge = "MESSAGE_TOO_LARGE",
    /// The request cannot be decoded.
    MalformedMessage = "MALFORMED_MESSAGE",
    /// There is no such RPC.
    MethodUnknown = "METHOD_UNKNOWN",
    /// The deadline passed.
    DeadlineExceeded = "DEADLINE_EXCEEDED",
    /// The client left.
    Cancelled = "CANCELLED",
    /// The storage cannot be reached.
    StorageUnavailable = "STORAGE_UNAVAILABLE",
    /// Another service cannot be reached.
    DependencyUnavailable = "DEPENDENCY_UNAVAILABLE",
    /// The server is leaving; another one will answer.
    Draining = "DRAINING",
    /// A bug.
    Internal = "INTERNAL",
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
