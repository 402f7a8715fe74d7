//! `api.chat.v1.ChatService`: chats, their messages, and following them live.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_contract::Rpc;
use duologue_contract::chat::chat_service_server::ChatService;
use duologue_contract::chat::{
    Chat, CreateDirectChatRequest, CreateDirectChatResponse, GetChatRequest, ListChatMembersRequest,
    ListChatMembersResponse, ListMessagesRequest, ListMessagesResponse, ListUserChatsRequest,
    ListUserChatsResponse, Message, MessageOrder as WireOrder, SendMessageRequest, StreamMessagesRequest,
};
use duologue_domain::chat::error::CreateDirectChatError;
use duologue_domain::chat::{
    self, ClientMessageId, FeedStart, MessageFeed, MessageOrder, MessageText, Sequence, Service,
};
use duologue_domain::error::{InField as _, Together as _};
use duologue_domain::id::{ChatId, Id as _, MessageId, UserId};
use duologue_domain::page::PageRequest;
use duologue_domain::{InvalidFields, Timestamp};
use tonic::{Request, Response, Status};

use crate::entry::{Call, Entry};
use crate::parse;
use crate::status::Refusal;
use crate::stream::{Feed, Messages};

/// Binds `api.chat.v1.ChatService` to its use cases.
#[derive(Debug)]
pub struct ChatBinding {
    service: Arc<Service>,
    entry: Entry,
}

impl ChatBinding {
    /// A binding of these use cases, behind this entry.
    #[must_use]
    pub fn new(service: Service, entry: Entry) -> Self {
        Self { service: Arc::new(service), entry }
    }
}

#[async_trait]
impl ChatService for ChatBinding {
    type StreamMessagesStream = Messages<Message>;

    async fn create_direct_chat(
        &self,
        request: Request<CreateDirectChatRequest>,
    ) -> Result<Response<CreateDirectChatResponse>, Status> {
        let service = self.service.clone();
        let create_direct_chat = move |call: Call, message: CreateDirectChatRequest| async move {
            let participant_id = parse::id(&message.participant_id, "participant_id")?;
            let chat_id = match service.create_direct_chat(&call.caller()?, participant_id).await {
                Ok(chat) => chat.chat_id,
                Err(CreateDirectChatError::Exists(chat_id)) if message.allow_existing => chat_id,
                Err(error) => return Err(error.into()),
            };
            Ok(CreateDirectChatResponse { chat_id: chat_id.to_text() })
        };
        self.entry.unary(Rpc::ChatCreateDirectChat, request, create_direct_chat).await
    }

    async fn get_chat(&self, request: Request<GetChatRequest>) -> Result<Response<Chat>, Status> {
        let service = self.service.clone();
        let get_chat = move |call: Call, message: GetChatRequest| async move {
            let chat_id = parse::id(&message.chat_id, "chat_id")?;
            Ok(chat(service.get_chat(&call.caller()?, chat_id).await?))
        };
        self.entry.unary(Rpc::ChatGetChat, request, get_chat).await
    }

    async fn list_user_chats(
        &self,
        request: Request<ListUserChatsRequest>,
    ) -> Result<Response<ListUserChatsResponse>, Status> {
        let service = self.service.clone();
        let list_user_chats = move |call: Call, message: ListUserChatsRequest| async move {
            let caller = call.caller()?;
            let (user_id, page) = (
                parse::id_or_empty::<UserId>(&message.user_id, "user_id"),
                PageRequest::parse(message.limit, message.cursor),
            )
                .together()?;
            caller.acting_for(user_id)?;
            let page = service.list_user_chats(&caller, &page).await?;
            Ok(ListUserChatsResponse {
                chats: page.items.into_iter().map(chat).collect(),
                next_cursor: parse::next_cursor(page.next_cursor),
            })
        };
        self.entry.unary(Rpc::ChatListUserChats, request, list_user_chats).await
    }

    async fn list_chat_members(
        &self,
        request: Request<ListChatMembersRequest>,
    ) -> Result<Response<ListChatMembersResponse>, Status> {
        let service = self.service.clone();
        let list_chat_members = move |call: Call, message: ListChatMembersRequest| async move {
            let chat_id = parse::id(&message.chat_id, "chat_id")?;
            let user_ids = service.list_chat_members(&call.caller()?, chat_id).await?;
            Ok(ListChatMembersResponse { user_ids: user_ids.iter().copied().map(UserId::to_text).collect() })
        };
        self.entry.unary(Rpc::ChatListChatMembers, request, list_chat_members).await
    }

    async fn send_message(&self, request: Request<SendMessageRequest>) -> Result<Response<Message>, Status> {
        let service = self.service.clone();
        let send_message = move |call: Call, message: SendMessageRequest| async move {
            let client_message_id = message.client_message_id.as_deref().map(str::parse::<ClientMessageId>);
            let (chat_id, text, client_message_id) = (
                parse::id(&message.chat_id, "chat_id"),
                message.text.parse::<MessageText>().in_field("text"),
                client_message_id.transpose().in_field("client_message_id"),
            )
                .together()?;
            Ok(wire(service.send_message(&call.caller()?, chat_id, text, client_message_id).await?))
        };
        self.entry.unary(Rpc::ChatSendMessage, request, send_message).await
    }

    async fn list_messages(
        &self,
        request: Request<ListMessagesRequest>,
    ) -> Result<Response<ListMessagesResponse>, Status> {
        let service = self.service.clone();
        let list_messages = move |call: Call, message: ListMessagesRequest| async move {
            let caller = call.caller()?;
            let (chat_id, order, page) = (
                parse::id(&message.chat_id, "chat_id"),
                parse::choice::<WireOrder>(message.order, "order"),
                PageRequest::parse(message.limit, message.cursor),
            )
                .together()?;
            let order = match order {
                WireOrder::Unspecified | WireOrder::NewestFirst => MessageOrder::NewestFirst,
                WireOrder::OldestFirst => MessageOrder::OldestFirst,
            };
            let page = service.list_messages(&caller, chat_id, order, &page).await?;
            Ok(ListMessagesResponse {
                messages: wire_all(page.items),
                next_cursor: parse::next_cursor(page.next_cursor),
            })
        };
        self.entry.unary(Rpc::ChatListMessages, request, list_messages).await
    }

    async fn stream_messages(
        &self,
        request: Request<StreamMessagesRequest>,
    ) -> Result<Response<Self::StreamMessagesStream>, Status> {
        let service = self.service.clone();
        let stream_messages = move |call: Call, message: StreamMessagesRequest| async move {
            let (chat_id, start) =
                (parse::id::<ChatId>(&message.chat_id, "chat_id"), feed_start(&message)).together()?;
            Ok(service.stream_messages(&call.caller()?, chat_id, start).await?)
        };
        self.entry.streaming(Rpc::ChatStreamMessages, request, stream_messages).await
    }
}

impl Feed for MessageFeed {
    type Record = chat::Message;
    type Message = Message;

    async fn next(&mut self) -> Result<Vec<chat::Message>, Refusal> {
        Ok(Self::next(self).await?)
    }

    fn message(record: chat::Message) -> Message {
        wire(record)
    }
}

/// Where a stream is to begin: at a moment, after a message, or now.
fn feed_start(message: &StreamMessagesRequest) -> Result<FeedStart, InvalidFields> {
    const NOT_NEGATIVE: &str = "must not be negative";
    let (since, after, message_id) =
        (message.since_unix_ms, message.after_sequence, &message.after_message_id);
    let since_rule = match since {
        Some(_) if after.is_some() => parse::broken("since_unix_ms", "must not stand beside after_sequence"),
        Some(..0) => parse::broken("since_unix_ms", NOT_NEGATIVE),
        _ => Ok(()),
    };
    let after_rule = match after {
        Some(..0) => parse::broken("after_sequence", NOT_NEGATIVE),
        _ => Ok(()),
    };
    let message_id = match message_id.as_deref() {
        Some(_) if after.is_none_or(|sequence| sequence < 1) => {
            parse::broken("after_message_id", "must stand beside an after_sequence of at least 1")
        }
        text => parse::id_if_present::<MessageId>(text, "after_message_id"),
    };
    let ((), (), message_id) = (since_rule, after_rule, message_id).together()?;
    Ok(match (since, after) {
        (Some(since), _) => FeedStart::Since(Timestamp::from_unix_millis(since)),
        (None, Some(sequence)) => FeedStart::After { sequence: Sequence(sequence), message_id },
        (None, None) => FeedStart::Now,
    })
}

fn chat(chat: chat::Chat) -> Chat {
    Chat {
        chat_id: chat.direct.chat_id.to_text(),
        participant_ids: chat.direct.members.both().iter().copied().map(UserId::to_text).collect(),
        create_time: Some(parse::timestamp(chat.direct.create_time)),
        last_sequence: chat.last_sequence().0,
        last_message: chat.last_message.map(wire),
    }
}

/// A message in the contract's words.
fn wire(message: chat::Message) -> Message {
    let (chat_id, sender_id) = (message.chat_id.to_text(), message.sender_id.to_text());
    spelled(message, chat_id, sender_id)
}

/// Messages of one chat in the contract's words: what they have in common is spelled once.
fn wire_all(messages: Vec<chat::Message>) -> Vec<Message> {
    let Some(first) = messages.first() else { return Vec::new() };
    let chat_id = first.chat_id.to_text();
    let (mut sender, mut sender_id) = (first.sender_id, first.sender_id.to_text());
    let spell = |message: chat::Message| {
        if message.sender_id != sender {
            (sender, sender_id) = (message.sender_id, message.sender_id.to_text());
        }
        spelled(message, chat_id.clone(), sender_id.clone())
    };
    messages.into_iter().map(spell).collect()
}

fn spelled(message: chat::Message, chat_id: String, sender_id: String) -> Message {
    Message {
        message_id: message.message_id.to_text(),
        chat_id,
        sender_id,
        text: message.text.as_str().to_owned(),
        create_time: Some(parse::timestamp(message.create_time)),
        sequence: message.sequence.0,
        client_message_id: message.client_message_id.map(|id| id.as_str().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1b";

    fn start(
        since: Option<i64>,
        after: Option<i64>,
        message_id: Option<&str>,
    ) -> Result<FeedStart, Vec<&'static str>> {
        let message = StreamMessagesRequest {
            chat_id: ID.to_owned(),
            since_unix_ms: since,
            after_sequence: after,
            after_message_id: message_id.map(ToOwned::to_owned),
        };
        feed_start(&message)
            .map_err(|error| error.violations().iter().map(|violation| violation.field).collect())
    }

    #[test]
    fn every_combination_of_starts_has_its_meaning() {
        let since = |millis| FeedStart::Since(Timestamp::from_unix_millis(millis));
        let after = |sequence, message_id| FeedStart::After { sequence: Sequence(sequence), message_id };
        let table = [
            (start(None, None, None), Ok(FeedStart::Now)),
            (start(Some(0), None, None), Ok(since(0))),
            (start(Some(i64::MAX), None, None), Ok(FeedStart::Since(Timestamp::MAX))),
            (start(None, Some(0), None), Ok(after(0, None))),
            (start(None, Some(7), None), Ok(after(7, None))),
            (start(None, Some(1), Some(ID)), Ok(after(1, ID.parse().ok()))),
            (start(Some(-1), None, None), Err(vec!["since_unix_ms"])),
            (start(None, Some(-1), None), Err(vec!["after_sequence"])),
            (start(Some(1), Some(1), None), Err(vec!["since_unix_ms"])),
            (start(None, None, Some(ID)), Err(vec!["after_message_id"])),
            (start(None, Some(0), Some(ID)), Err(vec!["after_message_id"])),
            (start(Some(1), None, Some(ID)), Err(vec!["after_message_id"])),
            (start(None, Some(1), Some("")), Err(vec!["after_message_id"])),
            (
                start(Some(-1), Some(-1), Some("x")),
                Err(vec!["since_unix_ms", "after_sequence", "after_message_id"]),
            ),
        ];
        for (number, (outcome, expected)) in table.into_iter().enumerate() {
            assert_eq!(outcome, expected, "row {number}");
        }
    }
}
