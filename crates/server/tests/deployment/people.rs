//! People, and how they call.

use std::time::Duration;

use duologue_contract::auth::RegisterRequest;
use duologue_contract::auth::auth_service_client::AuthServiceClient;
use duologue_contract::chat::CreateDirectChatRequest;
use duologue_contract::chat::chat_service_client::ChatServiceClient;
use duologue_contract::user::CreateProfileRequest;
use duologue_contract::user::user_service_client::UserServiceClient;
use tonic::Request;
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;

/// How long a unary call may take, by the client's own word.
const DEADLINE: Duration = Duration::from_secs(5);

/// How often a silent server is asked for a sign of life, and how long that may take.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// A connection to host and port, which comes about when it is needed and notices silence.
pub(crate) fn connect(address: &str) -> Channel {
    Endpoint::from_shared(format!("http://{address}"))
        .unwrap()
        .connect_timeout(KEEP_ALIVE)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .connect_lazy()
}

/// Somebody with an account and a profile.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) user_id: String,
    pub(crate) token: String,
}

impl Person {
    /// Somebody new.
    pub(crate) async fn register(gateway: &Channel) -> Self {
        let name = Uuid::new_v4().simple().to_string();
        let request = RegisterRequest {
            email: format!("{name}@example.org"),
            password: "a long enough one".to_owned(),
        };
        let answer = AuthServiceClient::new(gateway.clone()).register(request).await.unwrap().into_inner();
        let person = Self { user_id: answer.user_id, token: answer.access_token };
        let profile = CreateProfileRequest { nickname: name[..16].to_owned(), ..Default::default() };
        UserServiceClient::new(gateway.clone()).create_profile(person.calls(profile)).await.unwrap();
        person
    }

    /// Two people with a chat, and its id.
    pub(crate) async fn pair(gateway: &Channel) -> ([Self; 2], String) {
        let (ada, ben) = tokio::join!(Self::register(gateway), Self::register(gateway));
        let request = CreateDirectChatRequest { participant_id: ben.user_id.clone(), ..Default::default() };
        let mut chats = ChatServiceClient::new(gateway.clone());
        let chat = chats.create_direct_chat(ada.calls(request)).await.unwrap();
        ([ada, ben], chat.into_inner().chat_id)
    }

    /// A unary call.
    pub(crate) fn calls<T>(&self, message: T) -> Request<T> {
        let mut request = self.follows(message);
        request.set_timeout(DEADLINE);
        request
    }

    /// A stream, which has no end.
    pub(crate) fn follows<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let credential = format!("Bearer {}", self.token).parse().unwrap();
        request.metadata_mut().insert("authorization", credential);
        request
    }
}
