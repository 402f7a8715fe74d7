//! The use cases of chats.

use std::sync::Arc;

use super::chat_record::WalkKey;
use super::error::{CreateDirectChatError, FeedError, GetChatError, ReadChatError, SendMessageError};
use super::{
    AppendMessage, Chat, ChatPolicy, ChatStore, ChatWalk, ClientMessageId, DirectChat, FeedStart, InsertChat,
    Message, MessageFeed, MessageRange, MessageText, NewMessage, Sequence,
};
use crate::auth::Caller;
use crate::environment::Environment;
use crate::error::StorageError;
use crate::id::{ChatId, Id, UserId};
use crate::page::{CursorSealer, ListError, Page, PageRequest, Scope};
use crate::social::Pair;
use crate::user::UserDirectory;
use crate::wakeup::{Topic, WakeUp};

/// In which order to list messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MessageOrder {
    /// The newest first; a cursor leads to older ones.
    #[default]
    NewestFirst,
    /// The oldest first; a cursor leads to newer ones.
    OldestFirst,
}

/// The use cases of chats.
#[derive(Clone)]
pub struct Service {
    store: Arc<dyn ChatStore>,
    users: Arc<dyn UserDirectory>,
    policy: Arc<dyn ChatPolicy>,
    wake_up: Arc<dyn WakeUp>,
    cursors: CursorSealer,
    environment: Environment,
}

impl Service {
    /// A service over a storage; `wake_up` hears of every message.
    #[must_use]
    pub fn new(
        store: Arc<dyn ChatStore>,
        users: Arc<dyn UserDirectory>,
        policy: Arc<dyn ChatPolicy>,
        wake_up: Arc<dyn WakeUp>,
        cursors: CursorSealer,
        environment: Environment,
    ) -> Self {
        Self { store, users, policy, wake_up, cursors, environment }
    }

    /// Opens the one chat of the caller and somebody.
    pub async fn create_direct_chat(
        &self,
        caller: &Caller,
        participant_id: UserId,
    ) -> Result<DirectChat, CreateDirectChatError> {
        let members =
            Pair::of(caller.user_id, participant_id).map_err(|_| CreateDirectChatError::WithOneself)?;
        if !self.users.user_exists(participant_id).await? {
            return Err(CreateDirectChatError::UnknownParticipant);
        }
        if !self.policy.may_open(members).await? {
            return Err(CreateDirectChatError::PolicyRefused);
        }
        let chat =
            DirectChat { chat_id: self.environment.new_id(), members, create_time: self.environment.now() };
        match self.store.insert_chat(chat).await? {
            InsertChat::Inserted => Ok(chat),
            InsertChat::Exists(chat) => Err(CreateDirectChatError::Exists(chat.chat_id)),
        }
    }

    /// A chat of the caller's. This look-up alone tells an unknown chat from somebody else's.
    pub async fn get_chat(&self, caller: &Caller, chat_id: ChatId) -> Result<Chat, GetChatError> {
        let chat = self.store.find_chat(chat_id).await?.ok_or(GetChatError::NotFound)?;
        if chat.direct.members.other(caller.user_id).is_none() {
            return Err(GetChatError::NotAMember);
        }
        Ok(chat)
    }

    /// Lists the caller's chats, the one with the newest message first.
    ///
    /// A walk through the pages returns each chat once, in the order that they had when the walk began.
    pub async fn list_user_chats(
        &self,
        caller: &Caller,
        request: &PageRequest,
    ) -> Result<Page<Chat>, ListError> {
        let scope = Scope { list: "ListUserChats", caller: caller.user_id, filter: &[] };
        let walk = match self.cursors.position(scope, request)? {
            None => ChatWalk::Begin { now: self.environment.now() },
            Some(WalkKey { as_of, before }) => ChatWalk::Continue { as_of, before },
        };
        let list = self.store.list_chats(caller.user_id, walk, request.size.and_one()).await?;
        let page = self.cursors.page(scope, request.size, list.chats, |listed| WalkKey {
            as_of: list.as_of,
            before: listed.key,
        });
        Ok(page.map(|listed| listed.chat))
    }

    /// The members of a chat of the caller's.
    pub async fn list_chat_members(
        &self,
        caller: &Caller,
        chat_id: ChatId,
    ) -> Result<[UserId; 2], ReadChatError> {
        Ok(self.chat_of(caller, chat_id).await?.ok_or(ReadChatError::NotAMember)?.members.both())
    }

    /// Sends a message. It is stored when this answers.
    pub async fn send_message(
        &self,
        caller: &Caller,
        chat_id: ChatId,
        text: MessageText,
        client_message_id: Option<ClientMessageId>,
    ) -> Result<Message, SendMessageError> {
        let message = NewMessage {
            message_id: self.environment.new_id(),
            event_id: self.environment.new_id(),
            chat_id,
            sender_id: caller.user_id,
            text,
            client_message_id,
            send_time: self.environment.now(),
        };
        match self.store.append_message(message).await? {
            AppendMessage::Stored(message) => {
                self.wake_up.publish(Topic::Chat(chat_id), message.sequence.0);
                self.wake_up.publish(Topic::Events, 1);
                Ok(message)
            }
            AppendMessage::Replayed(message) => Ok(message),
            AppendMessage::KeyReused => Err(SendMessageError::ClientMessageIdReused),
            AppendMessage::NotAMember => Err(SendMessageError::NotAMember),
        }
    }

    /// Lists the messages of a chat of the caller's.
    pub async fn list_messages(
        &self,
        caller: &Caller,
        chat_id: ChatId,
        order: MessageOrder,
        request: &PageRequest,
    ) -> Result<Page<Message>, ReadChatError> {
        self.chat_of(caller, chat_id).await?.ok_or(ReadChatError::NotAMember)?;
        let mut filter = [0; 17];
        filter[..16].copy_from_slice(chat_id.uuid().as_bytes());
        filter[16] = u8::from(order == MessageOrder::OldestFirst);
        let scope = Scope { list: "ListMessages", caller: caller.user_id, filter: &filter };
        let position: Option<Sequence> = self.cursors.position(scope, request)?;
        let range = match order {
            MessageOrder::NewestFirst => MessageRange::NewestFirst { before: position },
            MessageOrder::OldestFirst => MessageRange::OldestFirst { after: position.unwrap_or_default() },
        };
        let messages = self.store.list_messages(chat_id, range, request.size.and_one()).await?;
        Ok(self.cursors.page(scope, request.size, messages, |message| message.sequence))
    }

    /// Opens the live feed of a chat of the caller's. What is sent after this answers is delivered.
    pub async fn stream_messages(
        &self,
        caller: &Caller,
        chat_id: ChatId,
        start: FeedStart,
    ) -> Result<MessageFeed, FeedError> {
        self.chat_of(caller, chat_id).await?.ok_or(FeedError::NotAMember)?;
        MessageFeed::open(self.store.clone(), &*self.wake_up, chat_id, start).await
    }

    /// The chat, if there is one and the caller is a member.
    async fn chat_of(&self, caller: &Caller, chat_id: ChatId) -> Result<Option<DirectChat>, StorageError> {
        let chat = self.store.find_direct_chat(chat_id).await?;
        Ok(chat.filter(|chat| chat.members.other(caller.user_id).is_some()))
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Service").finish_non_exhaustive()
    }
}
