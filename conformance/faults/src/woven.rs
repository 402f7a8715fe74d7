//! The contract's services with a fault around each of their RPCs.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_conformance::door::Door;
use duologue_contract::Rpc;
use duologue_contract::auth::auth_service_server::AuthService;
use duologue_contract::auth::{
    ChangePasswordRequest, ChangePasswordResponse, GetJwksRequest, JsonWebKeySet, ListSessionsRequest,
    ListSessionsResponse, LoginRequest, LoginResponse, LogoutRequest, LogoutResponse, RefreshRequest,
    RefreshResponse, RegisterRequest, RegisterResponse, RevokeSessionRequest, RevokeSessionResponse,
};
use duologue_contract::chat::chat_service_server::ChatService;
use duologue_contract::chat::{
    Chat, CreateDirectChatRequest, CreateDirectChatResponse, GetChatRequest, ListChatMembersRequest,
    ListChatMembersResponse, ListMessagesRequest, ListMessagesResponse, ListUserChatsRequest,
    ListUserChatsResponse, Message, SendMessageRequest, StreamMessagesRequest,
};
use duologue_contract::errors::Reason;
use duologue_contract::notification::notification_service_server::NotificationService;
use duologue_contract::notification::{
    ListNotificationsRequest, ListNotificationsResponse, MarkNotificationsReadRequest,
    MarkNotificationsReadResponse, Notification, StreamNotificationsRequest,
};
use duologue_contract::social::social_service_server::SocialService;
use duologue_contract::social::{
    AcceptFriendRequestRequest, CancelFriendRequestRequest, DeclineFriendRequestRequest, FriendRequest,
    ListFriendsRequest, ListFriendsResponse, ListRequestsRequest, ListRequestsResponse, RemoveFriendRequest,
    RemoveFriendResponse, SendFriendRequestRequest,
};
use duologue_contract::user::user_service_server::UserService;
use duologue_contract::user::{
    BatchGetProfilesRequest, BatchGetProfilesResponse, CreateProfileRequest, GetProfileByIdRequest,
    GetProfileByNicknameRequest, SearchByNicknameRequest, SearchByNicknameResponse, UpdateProfileRequest,
    UserProfile,
};
use duologue_grpc::Services;
use tonic::{Request, Response, Status};

use crate::call::{Answer, Answered, Call, Messages, Next};
use crate::composition::Around;

/// Every service of the contract, with a fault around it, behind one door.
#[derive(Clone)]
pub(crate) struct Woven {
    pub(crate) services: Arc<Services>,
    pub(crate) around: Around,
    pub(crate) door: Door,
}

impl Woven {
    async fn serve<In, Out>(&self, rpc: Rpc, request: Request<In>) -> Result<Response<Out>, Status>
    where
        In: Clone + Send + Sync + 'static,
        Out: 'static,
    {
        let next = Next(Arc::clone(&self.services));
        (self.around)(Call::new(rpc, self.door, request), next).await?.into_response()
    }
}

macro_rules! weave {
    ($($field:ident: $Service:ident {
        $($method:ident($In:ty) -> $Out:ty = $rpc:ident,)*
        ; $($stream:ident($From:ty) -> $Item:ty = $streaming:ident as $Messages:ident,)*
    })*) => {
        $(#[async_trait]
        impl $Service for Woven {
            $(async fn $method(&self, request: Request<$In>) -> Result<Response<$Out>, Status> {
                self.serve(Rpc::$rpc, request).await
            })*
            $(type $Messages = Messages<$Item>;

            async fn $stream(&self, request: Request<$From>) -> Result<Response<Self::$Messages>, Status> {
                self.serve(Rpc::$streaming, request).await
            })*
        })*

        /// Calls the service behind the fault.
        pub(crate) async fn reach(services: &Services, call: Call) -> Answered {
            let absent = || Reason::Internal.status("A service was not composed.");
            match call.rpc {
                $($(Rpc::$rpc => {
                    let service = services.$field.as_ref().ok_or_else(absent)?;
                    Ok(Answer::from_response(service.$method(call.into_request()?).await?))
                })*
                $(Rpc::$streaming => {
                    let service = services.$field.as_ref().ok_or_else(absent)?;
                    Ok(Answer::from_response(service.$stream(call.into_request()?).await?))
                })*)*
            }
        }
    };
}

weave! {
    auth: AuthService {
        register(RegisterRequest) -> RegisterResponse = AuthRegister,
        login(LoginRequest) -> LoginResponse = AuthLogin,
        refresh(RefreshRequest) -> RefreshResponse = AuthRefresh,
        logout(LogoutRequest) -> LogoutResponse = AuthLogout,
        list_sessions(ListSessionsRequest) -> ListSessionsResponse = AuthListSessions,
        revoke_session(RevokeSessionRequest) -> RevokeSessionResponse = AuthRevokeSession,
        change_password(ChangePasswordRequest) -> ChangePasswordResponse = AuthChangePassword,
        get_jwks(GetJwksRequest) -> JsonWebKeySet = AuthGetJwks,
        ;
    }
    user: UserService {
        create_profile(CreateProfileRequest) -> UserProfile = UserCreateProfile,
        update_profile(UpdateProfileRequest) -> UserProfile = UserUpdateProfile,
        get_profile_by_id(GetProfileByIdRequest) -> UserProfile = UserGetProfileById,
        get_profile_by_nickname(GetProfileByNicknameRequest) -> UserProfile = UserGetProfileByNickname,
        search_by_nickname(SearchByNicknameRequest) -> SearchByNicknameResponse = UserSearchByNickname,
        batch_get_profiles(BatchGetProfilesRequest) -> BatchGetProfilesResponse = UserBatchGetProfiles,
        ;
    }
    social: SocialService {
        send_friend_request(SendFriendRequestRequest) -> FriendRequest = SocialSendFriendRequest,
        list_requests(ListRequestsRequest) -> ListRequestsResponse = SocialListRequests,
        accept_friend_request(AcceptFriendRequestRequest) -> FriendRequest = SocialAcceptFriendRequest,
        decline_friend_request(DeclineFriendRequestRequest) -> FriendRequest = SocialDeclineFriendRequest,
        cancel_friend_request(CancelFriendRequestRequest) -> FriendRequest = SocialCancelFriendRequest,
        remove_friend(RemoveFriendRequest) -> RemoveFriendResponse = SocialRemoveFriend,
        list_friends(ListFriendsRequest) -> ListFriendsResponse = SocialListFriends,
        ;
    }
    chat: ChatService {
        create_direct_chat(CreateDirectChatRequest) -> CreateDirectChatResponse = ChatCreateDirectChat,
        get_chat(GetChatRequest) -> Chat = ChatGetChat,
        list_user_chats(ListUserChatsRequest) -> ListUserChatsResponse = ChatListUserChats,
        list_chat_members(ListChatMembersRequest) -> ListChatMembersResponse = ChatListChatMembers,
        send_message(SendMessageRequest) -> Message = ChatSendMessage,
        list_messages(ListMessagesRequest) -> ListMessagesResponse = ChatListMessages,
        ; stream_messages(StreamMessagesRequest) -> Message
            = ChatStreamMessages as StreamMessagesStream,
    }
    notification: NotificationService {
        list_notifications(ListNotificationsRequest) -> ListNotificationsResponse
            = NotificationListNotifications,
        mark_notifications_read(MarkNotificationsReadRequest) -> MarkNotificationsReadResponse
            = NotificationMarkNotificationsRead,
        ; stream_notifications(StreamNotificationsRequest) -> Notification
            = NotificationStreamNotifications as StreamNotificationsStream,
    }
}
