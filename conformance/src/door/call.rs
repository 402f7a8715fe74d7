//! Ties each request type to its RPC and its reply.

use duologue_contract::{Rpc, auth, chat, notification, social, user};
use prost::Message;
use prost_reflect::DynamicMessage;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Payload;

/// The fields of a message as JSON.
pub type Fields = serde_json::Map<String, serde_json::Value>;

/// A request of the contract: it knows its RPC and the type of its reply.
pub trait Call: Message + Serialize + Clone + Default + 'static {
    /// What a success answers; an item of the stream where the RPC streams.
    type Reply: Message
        + std::fmt::Debug
        + Serialize
        + DeserializeOwned
        + Clone
        + Default
        + PartialEq
        + 'static;
    /// The RPC that takes it.
    const RPC: Rpc;

    /// Both forms of it.
    fn payload(&self) -> Payload {
        let fields = match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(fields)) => fields,
            _ => Fields::new(),
        };
        Payload { rpc: Self::RPC, bytes: self.encode_to_vec(), fields }
    }
}

macro_rules! calls {
    ($($area:ident::$request:ident => $reply:ident = $rpc:ident;)*) => {
        $(impl Call for $area::$request {
            type Reply = $area::$reply;
            const RPC: Rpc = Rpc::$rpc;
        })*

        /// The RPCs that have a typed call.
        pub const TYPED: &[Rpc] = &[$(Rpc::$rpc),*];
    };
}

calls! {
    auth::RegisterRequest => RegisterResponse = AuthRegister;
    auth::LoginRequest => LoginResponse = AuthLogin;
    auth::RefreshRequest => RefreshResponse = AuthRefresh;
    auth::LogoutRequest => LogoutResponse = AuthLogout;
    auth::ListSessionsRequest => ListSessionsResponse = AuthListSessions;
    auth::RevokeSessionRequest => RevokeSessionResponse = AuthRevokeSession;
    auth::ChangePasswordRequest => ChangePasswordResponse = AuthChangePassword;
    auth::GetJwksRequest => JsonWebKeySet = AuthGetJwks;
    user::CreateProfileRequest => UserProfile = UserCreateProfile;
    user::UpdateProfileRequest => UserProfile = UserUpdateProfile;
    user::GetProfileByIdRequest => UserProfile = UserGetProfileById;
    user::GetProfileByNicknameRequest => UserProfile = UserGetProfileByNickname;
    user::SearchByNicknameRequest => SearchByNicknameResponse = UserSearchByNickname;
    user::BatchGetProfilesRequest => BatchGetProfilesResponse = UserBatchGetProfiles;
    social::SendFriendRequestRequest => FriendRequest = SocialSendFriendRequest;
    social::ListRequestsRequest => ListRequestsResponse = SocialListRequests;
    social::AcceptFriendRequestRequest => FriendRequest = SocialAcceptFriendRequest;
    social::DeclineFriendRequestRequest => FriendRequest = SocialDeclineFriendRequest;
    social::CancelFriendRequestRequest => FriendRequest = SocialCancelFriendRequest;
    social::RemoveFriendRequest => RemoveFriendResponse = SocialRemoveFriend;
    social::ListFriendsRequest => ListFriendsResponse = SocialListFriends;
    chat::CreateDirectChatRequest => CreateDirectChatResponse = ChatCreateDirectChat;
    chat::GetChatRequest => Chat = ChatGetChat;
    chat::ListUserChatsRequest => ListUserChatsResponse = ChatListUserChats;
    chat::ListChatMembersRequest => ListChatMembersResponse = ChatListChatMembers;
    chat::SendMessageRequest => Message = ChatSendMessage;
    chat::ListMessagesRequest => ListMessagesResponse = ChatListMessages;
    chat::StreamMessagesRequest => Message = ChatStreamMessages;
    notification::ListNotificationsRequest => ListNotificationsResponse = NotificationListNotifications;
    notification::StreamNotificationsRequest => Notification = NotificationStreamNotifications;
    notification::MarkNotificationsReadRequest => MarkNotificationsReadResponse = NotificationMarkNotificationsRead;
}

/// A call made from the descriptor alone: how generated families reach RPCs that nobody wrote a line for.
#[derive(Debug, Clone)]
pub struct DynamicCall {
    /// The RPC.
    pub rpc: Rpc,
    /// Its fields, by their JSON names; what is missing has its default.
    pub fields: Fields,
}

impl DynamicCall {
    /// A request without any field set.
    #[must_use]
    pub fn empty(rpc: Rpc) -> Self {
        Self { rpc, fields: Fields::new() }
    }

    /// With a field, by its JSON name.
    #[must_use]
    pub fn with(mut self, json_name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.fields.insert(json_name.to_owned(), value.into());
        self
    }

    /// Both forms of it; an error when the fields are not those of the request.
    pub fn payload(&self) -> Result<Payload, String> {
        let method = super::descriptor(self.rpc).ok_or("the RPC is not in the descriptor set")?;
        let fields = serde_json::Value::Object(self.fields.clone());
        let message =
            DynamicMessage::deserialize(method.input(), fields).map_err(|error| error.to_string())?;
        Ok(Payload { rpc: self.rpc, bytes: message.encode_to_vec(), fields: self.fields.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rpc_has_a_typed_call() {
        for rpc in Rpc::ALL {
            assert!(TYPED.contains(&rpc), "{rpc:?} has none");
        }
        assert_eq!(TYPED.len(), Rpc::ALL.len());
    }

    #[test]
    fn a_dynamic_call_encodes_as_the_typed_one() {
        let typed = auth::LoginRequest { email: "a@b.example".to_owned(), password: "12345678".to_owned() };
        let dynamic = DynamicCall { rpc: Rpc::AuthLogin, fields: typed.payload().fields };
        assert_eq!(dynamic.payload().expect("fits").bytes, typed.payload().bytes);
    }
}
