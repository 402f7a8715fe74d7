//! Services that answer what they were asked, and misbehave by name.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use duologue_contract::errors::Reason;
use duologue_contract::{auth, chat, notification, social, user};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use tokio::sync::{Notify, broadcast};
use tonic::{Code, Request, Response, Status};

/// All five services.
pub(crate) struct Stub {
    /// Calls and streams that are running now.
    pub(crate) running: std::sync::Arc<AtomicUsize>,
    /// Messages for the streams of chat `live`.
    pub(crate) live: broadcast::Sender<chat::Message>,
    /// Told when a stream has been opened.
    pub(crate) opened: Notify,
}

impl Default for Stub {
    fn default() -> Self {
        let (live, _) = broadcast::channel(16);
        Self { running: std::sync::Arc::default(), live, opened: Notify::new() }
    }
}

/// Counts while it lives.
struct Running(std::sync::Arc<AtomicUsize>);

impl Running {
    fn new(count: &std::sync::Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Stub {
    pub(crate) async fn until_nothing_runs(&self) {
        let mut left = 500;
        while self.running.load(Ordering::SeqCst) > 0 {
            left -= 1;
            assert!(left > 0, "something still runs");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

pub(crate) fn message(sequence: i64) -> chat::Message {
    chat::Message {
        message_id: format!("m{sequence}"),
        sequence,
        text: "line\nfeed".into(),
        ..Default::default()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it ends every method, and methods may fail")]
fn echo<T>(message: T) -> Result<Response<T>, Status> {
    Ok(Response::new(message))
}

/// An error that is named by an id: `error-CHAT_EXISTS`, `bare-14`.
fn misbehave(id: &str) -> Result<(), Status> {
    if let Some(reason) = id.strip_prefix("error-") {
        let error = Reason::from_name(reason).expect("a reason").error("As asked.").with("id", "x");
        return Err(error.retry_after(Duration::from_millis(1500)).violation("id", "as asked").status());
    }
    if let Some(number) = id.strip_prefix("bare-") {
        return Err(Status::new(Code::from(number.parse::<i32>().unwrap()), "secret text of a transport"));
    }
    assert_ne!(id, "panic", "as asked");
    Ok(())
}

macro_rules! service {
    ($trait:ty {
        $(type $stream:ident = $item:ty;)?
        $(fn $name:ident($this:ident, $request:ident: $in:ty) -> $out:ty $body:block)*
        refused: $($refused:ident($refused_in:ty) -> $refused_out:ty),* $(,)?
    }) => {
        #[async_trait]
        impl $trait for Stub {
            $(type $stream = BoxStream<'static, Result<$item, Status>>;)?
            $(async fn $name(&self, $request: Request<$in>) -> Result<Response<$out>, Status> {
                let $this = self;
                $body
            })*
            $(async fn $refused(&self, _: Request<$refused_in>) -> Result<Response<$refused_out>, Status> {
                Err(Status::unimplemented("not in the stub"))
            })*
        }
    };
}

service!(auth::auth_service_server::AuthService {
    fn login(_this, request: auth::LoginRequest) -> auth::LoginResponse {
        let request = request.into_inner();
        if request.password == "wrong" {
            return Err(Reason::CredentialsInvalid.status("E-mail address or password are not right."));
        }
        echo(auth::LoginResponse { user_id: request.email, access_token: request.password, expires_in_seconds: 900, ..Default::default() })
    }
    fn get_jwks(_this, _request: auth::GetJwksRequest) -> auth::JsonWebKeySet {
        echo(auth::JsonWebKeySet { keys: vec![auth::Jwk { kty: "OKP".into(), ..Default::default() }] })
    }
    fn list_sessions(_this, request: auth::ListSessionsRequest) -> auth::ListSessionsResponse {
        let request = request.into_inner();
        let cursor = request.cursor.map_or("absent".to_owned(), |cursor| format!("<{cursor}>"));
        echo(auth::ListSessionsResponse { next_cursor: Some(format!("{} {cursor}", request.limit)), ..Default::default() })
    }
    refused: register(auth::RegisterRequest) -> auth::RegisterResponse,
        refresh(auth::RefreshRequest) -> auth::RefreshResponse,
        logout(auth::LogoutRequest) -> auth::LogoutResponse,
        revoke_session(auth::RevokeSessionRequest) -> auth::RevokeSessionResponse,
        change_password(auth::ChangePasswordRequest) -> auth::ChangePasswordResponse,
});

service!(user::user_service_server::UserService {
    fn get_profile_by_id(_this, request: user::GetProfileByIdRequest) -> user::UserProfile {
        echo(user::UserProfile { user_id: request.into_inner().id, ..Default::default() })
    }
    fn update_profile(_this, request: user::UpdateProfileRequest) -> user::UserProfile {
        let user::UpdateProfileRequest { user_id, nickname, bio, avatar_url } = request.into_inner();
        echo(user::UserProfile { user_id, nickname: nickname.unwrap_or_default(), bio, avatar_url, ..Default::default() })
    }
    fn search_by_nickname(_this, request: user::SearchByNicknameRequest) -> user::SearchByNicknameResponse {
        let request = request.into_inner();
        let found = user::UserProfile { nickname: request.query, user_id: request.limit.to_string(), ..Default::default() };
        echo(user::SearchByNicknameResponse { results: vec![found], next_cursor: request.cursor })
    }
    fn batch_get_profiles(_this, request: user::BatchGetProfilesRequest) -> user::BatchGetProfilesResponse {
        let ids = request.into_inner().ids.into_iter();
        let profiles = ids.map(|user_id| user::UserProfile { user_id, ..Default::default() }).collect();
        echo(user::BatchGetProfilesResponse { profiles })
    }
    refused: create_profile(user::CreateProfileRequest) -> user::UserProfile,
        get_profile_by_nickname(user::GetProfileByNicknameRequest) -> user::UserProfile,
});

service!(social::social_service_server::SocialService {
    fn send_friend_request(_this, request: social::SendFriendRequestRequest) -> social::FriendRequest {
        echo(social::FriendRequest { to_user_id: request.into_inner().user_id, status: 1, ..Default::default() })
    }
    fn list_requests(_this, request: social::ListRequestsRequest) -> social::ListRequestsResponse {
        let direction = request.get_ref().direction().as_str_name().to_owned();
        echo(social::ListRequestsResponse { next_cursor: Some(direction), ..Default::default() })
    }
    fn remove_friend(_this, _request: social::RemoveFriendRequest) -> social::RemoveFriendResponse {
        echo(social::RemoveFriendResponse {})
    }
    refused: accept_friend_request(social::AcceptFriendRequestRequest) -> social::FriendRequest,
        decline_friend_request(social::DeclineFriendRequestRequest) -> social::FriendRequest,
        cancel_friend_request(social::CancelFriendRequestRequest) -> social::FriendRequest,
        list_friends(social::ListFriendsRequest) -> social::ListFriendsResponse,
});

service!(chat::chat_service_server::ChatService {
    type StreamMessagesStream = chat::Message;

    fn get_chat(this, request: chat::GetChatRequest) -> chat::Chat {
        misbehave(&request.get_ref().chat_id)?;
        let _running = Running::new(&this.running);
        if request.get_ref().chat_id == "slow" {
            this.opened.notify_one();
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        let peer = request.remote_addr().map(|peer| format!("peer: {}", peer.ip()));
        let headers = request.metadata().clone().into_headers();
        let seen = headers.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
        echo(chat::Chat { participant_ids: seen.chain(peer).collect(), ..Default::default() })
    }
    fn send_message(_this, request: chat::SendMessageRequest) -> chat::Message {
        let chat::SendMessageRequest { chat_id, text, client_message_id } = request.into_inner();
        misbehave(&chat_id)?;
        echo(chat::Message { chat_id, text, client_message_id, sequence: 9_007_199_254_740_993, ..Default::default() })
    }
    fn stream_messages(this, request: chat::StreamMessagesRequest) -> BoxStream<'static, Result<chat::Message, Status>> {
        let request = request.into_inner();
        misbehave(&request.chat_id)?;
        let running = Running::new(&this.running);
        this.opened.notify_one();
        let messages = match request.chat_id.as_str() {
            "three" => stream::iter((1..=3).map(|sequence| Ok(message(sequence)))).boxed(),
            "breaks" => stream::iter([Ok(message(1)), Err(Reason::Draining.status("The server drains."))]).boxed(),
            "asked" => {
                let text = format!("{:?} {:?} {:?}", request.since_unix_ms, request.after_sequence, request.after_message_id);
                stream::iter([Ok(chat::Message { text, ..message(1) })]).boxed()
            }
            _ => {
                let live = this.live.subscribe();
                stream::unfold(live, async |mut live| live.recv().await.ok().map(|message| (Ok(message), live))).boxed()
            }
        };
        let counted = messages.map(move |message| {
            let _ = &running;
            message
        });
        Ok(Response::new(counted.boxed()))
    }
    refused: create_direct_chat(chat::CreateDirectChatRequest) -> chat::CreateDirectChatResponse,
        list_user_chats(chat::ListUserChatsRequest) -> chat::ListUserChatsResponse,
        list_chat_members(chat::ListChatMembersRequest) -> chat::ListChatMembersResponse,
        list_messages(chat::ListMessagesRequest) -> chat::ListMessagesResponse,
});

service!(notification::notification_service_server::NotificationService {
    type StreamNotificationsStream = notification::Notification;

    fn stream_notifications(_this, request: notification::StreamNotificationsRequest)
        -> BoxStream<'static, Result<notification::Notification, Status>> {
        let after = request.into_inner().after_notification_id;
        let notification = notification::Notification {
            notification_id: "n1".into(), kind: 3, actor_user_id: format!("{after:?}"), ..Default::default()
        };
        Ok(Response::new(stream::iter([Ok(notification)]).boxed()))
    }
    refused: list_notifications(notification::ListNotificationsRequest) -> notification::ListNotificationsResponse,
        mark_notifications_read(notification::MarkNotificationsReadRequest) -> notification::MarkNotificationsReadResponse,
});
