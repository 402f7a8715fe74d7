//! The matrix: for each RPC a call that its owner may make, and what a third user gets for the same call.

use duologue_contract::auth::ListSessionsRequest;
use duologue_contract::errors::Reason;
use duologue_contract::notification::ListNotificationsRequest;
use duologue_contract::social::FriendRequest;
use duologue_contract::{Rpc, Service};
use serde_json::{Value, json};
use tonic::Code;

use crate::door::{DynamicCall, Fields};
use crate::world::{Outcome, Person, World};

/// What a third user gets for the owner's call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Third {
    /// Everybody may call it.
    Public,
    /// The call is about the caller, or about what every user may see.
    Own,
    /// This refusal.
    Refused(Code, Option<Reason>),
}

/// Who owns what a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Ann,
    Bob,
    Nell,
}

/// A row of the matrix.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) owner: Owner,
    pub(super) fields: Value,
    pub(super) third: Third,
}

impl Row {
    /// The call of the row.
    pub(super) fn call(&self, rpc: Rpc) -> DynamicCall {
        let fields = self.fields.as_object().cloned().unwrap_or_else(Fields::new);
        DynamicCall { rpc, fields }
    }
}

/// People and what they have, for calls that are valid.
#[derive(Debug, Default)]
pub(super) struct Stage {
    /// Has a second session, asked Bob, is Carol's friend, chats with Bob.
    pub(super) ann: Person,
    pub(super) bob: Person,
    pub(super) carol: Person,
    /// Has nothing to do with any of them.
    pub(super) mallory: Person,
    /// Has no profile.
    pub(super) nell: Person,
    pub(super) second_refresh_token: String,
    pub(super) second_session_id: String,
    pub(super) pending: FriendRequest,
    pub(super) chat_id: String,
    pub(super) notification_id: String,
    nickname: String,
}

impl Stage {
    /// Sets the stage, as far as the deployment has the services for it.
    pub(super) async fn set(world: &World) -> Outcome<Self> {
        let mut stage = if world.has(Service::User) {
            let [ann, bob, carol, mallory] = world.people().await?;
            Self { ann, bob, carol, mallory, ..Self::default() }
        } else {
            let [ann, mallory] = [world.newcomer().await?, world.newcomer().await?];
            Self { bob: mallory.clone(), carol: mallory.clone(), ann, mallory, ..Self::default() }
        };
        stage.nell = world.newcomer().await?;
        stage.nickname = world.session().fresh_nickname();
        let second = world.login(&stage.ann).await?;
        stage.second_refresh_token = second.refresh_token;
        let sessions =
            world.arrange(second.access_token.as_str(), &ListSessionsRequest::default()).await?.sessions;
        let current = sessions.into_iter().find(|session| session.current);
        stage.second_session_id = current.map(|session| session.session_id).unwrap_or_default();
        let has_people = world.has(Service::User);
        if has_people && world.has(Service::Social) {
            stage.pending = world.ask(&stage.ann, &stage.bob).await?;
            world.befriend(&stage.ann, &stage.carol).await?;
        }
        if has_people && world.has(Service::Chat) {
            stage.chat_id = world.chat(&stage.ann, &stage.bob).await?;
            world.send(&stage.ann, &stage.chat_id, "between the two of us").await?;
        }
        if has_people && world.has(Service::Social) && world.has(Service::Notification) {
            stage.notification_id = first_notification(world, &stage.bob).await?;
        }
        Ok(stage)
    }

    pub(super) fn person(&self, owner: Owner) -> &Person {
        match owner {
            Owner::Ann => &self.ann,
            Owner::Bob => &self.bob,
            Owner::Nell => &self.nell,
        }
    }

    /// The row of an RPC; `None` for one that is newer than the matrix.
    pub(super) fn row(&self, world: &World, rpc: Rpc) -> Option<Row> {
        use Owner::{Ann, Bob, Nell};
        use Third::{Own, Public, Refused};
        let denied = Refused(Code::PermissionDenied, None);
        let stranger = Refused(Code::PermissionDenied, Some(Reason::NotAMember));
        let (ann, bob, chat) = (&self.ann.user_id, &self.bob.user_id, &self.chat_id);
        let request = json!({ "requestId": self.pending.request_id });
        let registration = world.fresh_registration();
        let (owner, fields, third) = match rpc {
            Rpc::AuthRegister => {
                (Nell, json!({ "email": registration.email, "password": registration.password }), Public)
            }
            Rpc::AuthLogin => {
                (Ann, json!({ "email": self.ann.email, "password": self.ann.password }), Public)
            }
            Rpc::AuthRefresh => (Nell, json!({ "refreshToken": self.nell.refresh_token }), Public),
            Rpc::AuthGetJwks => (Ann, json!({}), Public),
            // Whoever holds a refresh token may end its session.
            Rpc::AuthLogout => (Ann, json!({ "refreshToken": self.second_refresh_token }), Own),
            Rpc::AuthListSessions => (Ann, json!({}), Own),
            Rpc::AuthRevokeSession => (
                Ann,
                json!({ "sessionId": self.second_session_id }),
                Refused(Code::NotFound, Some(Reason::SessionNotFound)),
            ),
            Rpc::AuthChangePassword => (
                Ann,
                json!({ "currentPassword": self.ann.password, "newPassword": registration.password }),
                Refused(Code::Unauthenticated, Some(Reason::CredentialsInvalid)),
            ),
            Rpc::UserCreateProfile => {
                (Nell, json!({ "userId": self.nell.user_id, "nickname": self.nickname }), denied)
            }
            Rpc::UserUpdateProfile => (Ann, json!({ "userId": ann, "bio": "by somebody else" }), denied),
            Rpc::UserGetProfileById => (Ann, json!({ "id": ann }), Own),
            Rpc::UserGetProfileByNickname => (Ann, json!({ "nickname": self.ann.nickname }), Own),
            Rpc::UserSearchByNickname => (Ann, json!({ "query": self.ann.nickname }), Own),
            Rpc::UserBatchGetProfiles => (Ann, json!({ "ids": [ann] }), Own),
            Rpc::SocialSendFriendRequest => (Bob, json!({ "userId": self.carol.user_id }), Own),
            Rpc::SocialListRequests => (Bob, json!({ "userId": bob }), denied),
            Rpc::SocialAcceptFriendRequest | Rpc::SocialDeclineFriendRequest => {
                (Bob, request, Refused(Code::PermissionDenied, Some(Reason::NotRecipient)))
            }
            Rpc::SocialCancelFriendRequest => {
                (Ann, request, Refused(Code::PermissionDenied, Some(Reason::NotSender)))
            }
            Rpc::SocialRemoveFriend => (
                Ann,
                json!({ "userId": self.carol.user_id }),
                Refused(Code::NotFound, Some(Reason::NotFriends)),
            ),
            Rpc::SocialListFriends | Rpc::ChatListUserChats => (Ann, json!({ "userId": ann }), denied),
            Rpc::ChatCreateDirectChat => (Ann, json!({ "participantId": self.carol.user_id }), Own),
            Rpc::ChatGetChat | Rpc::ChatListChatMembers | Rpc::ChatListMessages | Rpc::ChatStreamMessages => {
                (Ann, json!({ "chatId": chat }), stranger)
            }
            Rpc::ChatSendMessage => (Ann, json!({ "chatId": chat, "text": "by somebody else" }), stranger),
            Rpc::NotificationListNotifications => (Bob, json!({}), Own),
            Rpc::NotificationStreamNotifications => (
                Bob,
                json!({ "afterNotificationId": self.notification_id }),
                Refused(Code::PermissionDenied, Some(Reason::NotificationNotFound)),
            ),
            Rpc::NotificationMarkNotificationsRead => (
                Bob,
                json!({ "upToNotificationId": self.notification_id }),
                Refused(Code::PermissionDenied, Some(Reason::NotificationNotFound)),
            ),
            #[expect(unreachable_patterns, reason = "reached as soon as the contract grows")]
            _ => return None,
        };
        Some(Row { owner, fields, third })
    }

    /// Everything that the calls of the matrix could have changed, as its owners read it.
    pub(super) async fn snapshot(&self, world: &World) -> Outcome<Vec<(Rpc, Value)>> {
        let reads = [
            (Rpc::UserGetProfileById, &self.ann, json!({ "id": self.ann.user_id })),
            (Rpc::SocialListRequests, &self.bob, json!({})),
            (Rpc::SocialListRequests, &self.mallory, json!({ "direction": "REQUEST_DIRECTION_OUTGOING" })),
            (Rpc::SocialListFriends, &self.ann, json!({})),
            (Rpc::SocialListFriends, &self.carol, json!({})),
            (Rpc::ChatListUserChats, &self.ann, json!({})),
            (Rpc::ChatListMessages, &self.ann, json!({ "chatId": self.chat_id })),
            (Rpc::NotificationListNotifications, &self.bob, json!({ "unreadOnly": true })),
        ];
        let mut snapshot = Vec::new();
        for (rpc, reader, fields) in reads {
            if world.has(rpc.service()) && world.has(Service::User) {
                let fields = fields.as_object().cloned().unwrap_or_default();
                let read = world.call_json(reader, &DynamicCall { rpc, fields }).await?;
                snapshot
                    .push((rpc, read.map_err(|failure| world.stopped(rpc, "the owner reads it", &failure))?));
            }
        }
        let sessions = world.arrange(&self.ann, &ListSessionsRequest::default()).await?.sessions.len();
        snapshot.push((Rpc::AuthListSessions, json!(sessions)));
        Ok(snapshot)
    }
}

/// The id of the first notification of somebody; events may take a moment.
async fn first_notification(world: &World, person: &Person) -> Outcome<String> {
    for _ in 0..100 {
        let listed = world.arrange(person, &ListNotificationsRequest::default()).await?.notifications;
        // Two things happened to Bob: wait for both, or the snapshot changes by itself.
        let expected = if world.has(Service::Chat) { 2 } else { 1 };
        if listed.len() >= expected {
            return Ok(listed
                .into_iter()
                .next()
                .map(|notification| notification.notification_id)
                .unwrap_or_default());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    world.violation("a notification of a friend request or a message is still missing after 5 s");
    Err(crate::world::Stop::Violated)
}
