//! Who may call what: one row for each RPC.

use duologue_contract::Rpc;

/// Who may call an RPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody. A credential is not even looked at, so a bad one does no harm.
    Public,
    /// Whoever holds a living token, even of a session that has ended: a repeated logout succeeds.
    Leaving,
    /// Whoever holds a living token of a session that stands.
    SignedIn(Right),
}

/// What a signed-in caller must be besides. The entry proves the caller, the domain proves the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Nothing more: what is asked for is everybody's to see, or the caller's by its nature.
    Anybody,
    /// The user that the request is for.
    Oneself,
    /// A member of the chat.
    Member,
    /// Sender or recipient of the friend request, whichever the answer calls for.
    Party,
}

/// Who may call `rpc`. There is no wildcard: an RPC without a row does not build.
#[must_use]
#[expect(clippy::match_same_arms, reason = "it reads as a table, service by service")]
pub const fn access(rpc: Rpc) -> Access {
    match rpc {
        Rpc::AuthRegister | Rpc::AuthLogin | Rpc::AuthRefresh | Rpc::AuthGetJwks => Access::Public,
        Rpc::AuthLogout => Access::Leaving,
        Rpc::AuthListSessions | Rpc::AuthRevokeSession | Rpc::AuthChangePassword => {
            Access::SignedIn(Right::Oneself)
        }

        Rpc::UserCreateProfile | Rpc::UserUpdateProfile => Access::SignedIn(Right::Oneself),
        Rpc::UserGetProfileById
        | Rpc::UserGetProfileByNickname
        | Rpc::UserSearchByNickname
        | Rpc::UserBatchGetProfiles => Access::SignedIn(Right::Anybody),

        Rpc::SocialSendFriendRequest | Rpc::SocialRemoveFriend => Access::SignedIn(Right::Anybody),
        Rpc::SocialListRequests | Rpc::SocialListFriends => Access::SignedIn(Right::Oneself),
        Rpc::SocialAcceptFriendRequest | Rpc::SocialDeclineFriendRequest | Rpc::SocialCancelFriendRequest => {
            Access::SignedIn(Right::Party)
        }

        Rpc::ChatCreateDirectChat => Access::SignedIn(Right::Anybody),
        Rpc::ChatListUserChats => Access::SignedIn(Right::Oneself),
        Rpc::ChatGetChat
        | Rpc::ChatListChatMembers
        | Rpc::ChatSendMessage
        | Rpc::ChatListMessages
        | Rpc::ChatStreamMessages => Access::SignedIn(Right::Member),

        Rpc::NotificationListNotifications
        | Rpc::NotificationStreamNotifications
        | Rpc::NotificationMarkNotificationsRead => Access::SignedIn(Right::Oneself),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_rpcs_are_those_that_the_contract_calls_public() {
        for rpc in Rpc::ALL {
            assert_eq!(access(rpc) == Access::Public, rpc.is_public(), "{}", rpc.path());
        }
    }
}
