//! Users, and clients that call for them.

use duologue_contract::auth::auth_service_client::AuthServiceClient;
use duologue_contract::chat::chat_service_client::ChatServiceClient;
use duologue_contract::chat::{CreateDirectChatRequest, Message, SendMessageRequest};
use duologue_contract::notification::notification_service_client::NotificationServiceClient;
use duologue_contract::social::social_service_client::SocialServiceClient;
use duologue_contract::user::user_service_client::UserServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

pub(crate) type Signed = InterceptedService<Channel, Bearer>;

#[derive(Clone)]
#[expect(clippy::struct_field_names, reason = "`user_id` is the contract's word")]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) user_id: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) channel: Channel,
}

impl User {
    fn bearer(&self) -> Bearer {
        Bearer(format!("Bearer {}", self.access_token).parse().expect("metadata"))
    }

    pub(crate) fn auth(&self) -> AuthServiceClient<Signed> {
        AuthServiceClient::with_interceptor(self.channel.clone(), self.bearer())
    }

    pub(crate) fn user(&self) -> UserServiceClient<Signed> {
        UserServiceClient::with_interceptor(self.channel.clone(), self.bearer())
    }

    pub(crate) fn social(&self) -> SocialServiceClient<Signed> {
        SocialServiceClient::with_interceptor(self.channel.clone(), self.bearer())
    }

    pub(crate) fn chat(&self) -> ChatServiceClient<Signed> {
        ChatServiceClient::with_interceptor(self.channel.clone(), self.bearer())
    }

    pub(crate) fn notification(&self) -> NotificationServiceClient<Signed> {
        NotificationServiceClient::with_interceptor(self.channel.clone(), self.bearer())
    }

    pub(crate) async fn chat_with(&self, other: &Self) -> String {
        let request = CreateDirectChatRequest { participant_id: other.user_id.clone(), allow_existing: true };
        self.chat().create_direct_chat(request).await.expect("a chat").into_inner().chat_id
    }

    pub(crate) async fn send(&self, chat_id: &str, text: &str) -> Message {
        let request = SendMessageRequest {
            chat_id: chat_id.to_owned(),
            text: text.to_owned(),
            client_message_id: None,
        };
        self.chat().send_message(request).await.expect("sent").into_inner()
    }
}
