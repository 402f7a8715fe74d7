//! A bare tonic server: no authentication, no validation, no limits, no metrics.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use duologue_contract::Timestamp;
use duologue_contract::chat::chat_service_server::{ChatService, ChatServiceServer};
use duologue_contract::chat::{
    Chat, CreateDirectChatRequest, CreateDirectChatResponse, GetChatRequest, ListChatMembersRequest,
    ListChatMembersResponse, ListMessagesRequest, ListMessagesResponse, ListUserChatsRequest,
    ListUserChatsResponse, Message, SendMessageRequest, StreamMessagesRequest,
};
use duologue_domain::chat::{AppendMessage, ChatStore};
use duologue_domain::id::{ChatId, UserId};
use duologue_domain::time::Clock as _;
use duologue_platform::SystemClock;
use futures::stream::Pending;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::load::Lane;
use crate::seed;
use crate::world::loopback;

/// Puts each message into the storage as it comes, and answers each page with the same messages.
pub struct TonicAlone {
    store: Arc<dyn ChatStore>,
    /// Who sends to which chat: there is no token to tell.
    senders: HashMap<ChatId, UserId>,
    page: ListMessagesResponse,
}

impl TonicAlone {
    /// A service that appends to `store` for these senders, and answers `page`.
    #[must_use]
    pub fn new(store: Arc<dyn ChatStore>, lanes: &[Lane], page: ListMessagesResponse) -> Self {
        let senders = lanes.iter().flat_map(|lane| lane.chats.iter().map(|chat_id| (*chat_id, lane.sender)));
        Self { store, senders: senders.collect(), page }
    }

    /// Serves it on loopback for as long as the runtime lives.
    ///
    /// # Panics
    /// If there is no port.
    pub async fn listen(self) -> SocketAddr {
        let listener = loopback().await;
        let address = listener.local_addr().expect("an address");
        // The server's own `tcp_nodelay` means connections that it accepts itself: without this, each answer waits 40 ms.
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let server = tonic::transport::Server::builder().add_service(ChatServiceServer::new(self));
        tokio::spawn(async move {
            server.serve_with_incoming(incoming).await.expect("a server");
        });
        address
    }
}

fn refused(_: impl Sized) -> Status {
    Status::internal("not what is measured")
}

#[tonic::async_trait]
impl ChatService for TonicAlone {
    type StreamMessagesStream = Pending<Result<Message, Status>>;

    async fn send_message(&self, request: Request<SendMessageRequest>) -> Result<Response<Message>, Status> {
        let request = request.into_inner();
        let chat_id: ChatId = request.chat_id.parse().map_err(refused)?;
        let sender_id = *self.senders.get(&chat_id).ok_or_else(|| refused(()))?;
        let mut message =
            seed::message(chat_id, sender_id, request.client_message_id.as_deref(), SystemClock.now());
        message.text = request.text.parse().map_err(refused)?;
        let stored = self.store.append_message(message).await.map_err(refused)?;
        let AppendMessage::Stored(message) = stored else { return Err(refused(stored)) };
        Ok(Response::new(Message {
            message_id: message.message_id.to_string(),
            chat_id: request.chat_id,
            sender_id: message.sender_id.to_string(),
            text: request.text,
            create_time: Some(Timestamp::from_unix_micros(message.create_time.unix_micros())),
            sequence: message.sequence.0,
            client_message_id: request.client_message_id,
        }))
    }

    async fn list_messages(
        &self,
        _: Request<ListMessagesRequest>,
    ) -> Result<Response<ListMessagesResponse>, Status> {
        Ok(Response::new(self.page.clone()))
    }

    async fn create_direct_chat(
        &self,
        _: Request<CreateDirectChatRequest>,
    ) -> Result<Response<CreateDirectChatResponse>, Status> {
        Err(refused(()))
    }

    async fn get_chat(&self, _: Request<GetChatRequest>) -> Result<Response<Chat>, Status> {
        Err(refused(()))
    }

    async fn list_user_chats(
        &self,
        _: Request<ListUserChatsRequest>,
    ) -> Result<Response<ListUserChatsResponse>, Status> {
        Err(refused(()))
    }

    async fn list_chat_members(
        &self,
        _: Request<ListChatMembersRequest>,
    ) -> Result<Response<ListChatMembersResponse>, Status> {
        Err(refused(()))
    }

    async fn stream_messages(
        &self,
        _: Request<StreamMessagesRequest>,
    ) -> Result<Response<Self::StreamMessagesStream>, Status> {
        Err(refused(()))
    }
}
