//! Chats and their messages, as plainly as their trait words them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::chat::{
    ActivityKey, AppendMessage, Chat, ChatList, ChatStore, ChatWalk, DirectChat, InsertChat, ListedChat,
    Message, MessageRange, NewMessage, Sequence,
};
use duologue_domain::event::Event;
use duologue_domain::id::{ChatId, UserId};
use duologue_domain::time::Timestamp;

use super::table::Table;

#[derive(Debug)]
pub(crate) struct Stored {
    direct: DirectChat,
    pub(crate) messages: Vec<Message>,
}

impl Stored {
    fn chat(&self) -> Chat {
        Chat { direct: self.direct, last_message: self.messages.last().cloned() }
    }

    /// Where the chat stood at a moment: messages that came later count as not sent.
    fn activity_at(&self, moment: Timestamp) -> ActivityKey {
        let last_message = self.messages.iter().rev().find(|message| message.create_time <= moment).cloned();
        Chat { direct: self.direct, last_message }.activity()
    }
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) chats: BTreeMap<ChatId, Stored>,
    /// The latest moment at which a walk through a user's chats began.
    walks: HashMap<UserId, Timestamp>,
    pub(crate) events: Vec<Event>,
}

impl State {
    pub(crate) fn insert(&mut self, chat: DirectChat) -> InsertChat {
        if let Some(stored) = self.chats.values().find(|stored| stored.direct.members == chat.members) {
            return InsertChat::Exists(stored.direct);
        }
        self.chats.insert(chat.chat_id, Stored { direct: chat, messages: Vec::new() });
        InsertChat::Inserted
    }

    pub(crate) fn append(&mut self, message: NewMessage) -> AppendMessage {
        let Some(stored) = self.chats.get_mut(&message.chat_id) else { return AppendMessage::NotAMember };
        let members = stored.direct.members;
        let Some(recipient_id) = members.other(message.sender_id) else { return AppendMessage::NotAMember };
        let same_key = |earlier: &&Message| {
            earlier.sender_id == message.sender_id && earlier.client_message_id == message.client_message_id
        };
        let earlier = stored.messages.iter().find(same_key).filter(|_| message.client_message_id.is_some());
        if let Some(earlier) = earlier {
            let replayed = earlier.text == message.text;
            return if replayed {
                AppendMessage::Replayed(earlier.clone())
            } else {
                AppendMessage::KeyReused
            };
        }
        let last = stored.messages.last();
        let walks = members.both().map(|member| self.walks.get(&member));
        let after_walks = walks.into_iter().flatten().map(|walk| walk.plus(Duration::from_micros(1)));
        let earliest = after_walks.chain(last.map(|last| last.create_time)).max();
        let create_time = message.send_time.max(earliest.unwrap_or(message.send_time));
        let sequence = last.map_or(Sequence::ZERO, |last| last.sequence).next();
        let (message, event) = message.stored(sequence, create_time, recipient_id);
        stored.messages.push(message.clone());
        self.events.push(event);
        AppendMessage::Stored(message)
    }

    fn list_messages(&self, chat_id: ChatId, range: MessageRange, limit: usize) -> Vec<Message> {
        let messages = self.chats.get(&chat_id).map_or(&[][..], |stored| &stored.messages);
        match range {
            MessageRange::NewestFirst { before } => {
                let older = messages.iter().rev();
                let older = older.filter(|message| before.is_none_or(|before| message.sequence < before));
                older.take(limit).cloned().collect()
            }
            MessageRange::OldestFirst { after } => {
                messages.iter().filter(|message| message.sequence > after).take(limit).cloned().collect()
            }
        }
    }

    fn list_chats(&mut self, user_id: UserId, walk: ChatWalk, limit: usize) -> ChatList {
        let chats: Vec<_> =
            self.chats.values().filter(|stored| stored.direct.members.other(user_id).is_some()).collect();
        let (as_of, before) = match walk {
            ChatWalk::Begin { now } => {
                let newest = chats.iter().map(|stored| stored.chat().activity().time).max();
                let as_of = now.max(newest.unwrap_or(now));
                let walk = self.walks.entry(user_id).or_insert(as_of);
                *walk = as_of.max(*walk);
                (as_of, None)
            }
            ChatWalk::Continue { as_of, before } => (as_of, Some(before)),
        };
        let listed = |stored: &&Stored| ListedChat { chat: stored.chat(), key: stored.activity_at(as_of) };
        let mut listed: Vec<_> = chats.iter().map(listed).collect();
        listed.sort_by_key(|listed| std::cmp::Reverse(listed.key));
        listed.retain(|listed| before.is_none_or(|before| listed.key < before));
        listed.truncate(limit);
        ChatList { as_of, chats: listed }
    }
}

#[derive(Debug, Default)]
pub(crate) struct PlainChatStore(pub(crate) Table<State>);

#[async_trait]
impl ChatStore for PlainChatStore {
    async fn insert_chat(&self, chat: DirectChat) -> Result<InsertChat, StorageError> {
        self.0.atomically(|state| state.insert(chat)).await
    }

    async fn find_direct_chat(&self, chat_id: ChatId) -> Result<Option<DirectChat>, StorageError> {
        self.0.atomically(|state| state.chats.get(&chat_id).map(|stored| stored.direct)).await
    }

    async fn find_chat(&self, chat_id: ChatId) -> Result<Option<Chat>, StorageError> {
        self.0.atomically(|state| state.chats.get(&chat_id).map(Stored::chat)).await
    }

    async fn append_message(&self, message: NewMessage) -> Result<AppendMessage, StorageError> {
        self.0.atomically(|state| state.append(message)).await
    }

    async fn list_messages(
        &self,
        chat_id: ChatId,
        range: MessageRange,
        limit: usize,
    ) -> Result<Vec<Message>, StorageError> {
        self.0.atomically(|state| state.list_messages(chat_id, range, limit)).await
    }

    async fn find_first_sequence_since(
        &self,
        chat_id: ChatId,
        since: Timestamp,
    ) -> Result<Option<Sequence>, StorageError> {
        self.0
            .atomically(|state| {
                let mut messages = state.chats.get(&chat_id)?.messages.iter();
                messages.find(|message| message.create_time >= since).map(|message| message.sequence)
            })
            .await
    }

    async fn list_newest_sequences(
        &self,
        chat_ids: &[ChatId],
    ) -> Result<Vec<(ChatId, Sequence)>, StorageError> {
        let newest = |state: &mut State| {
            let found = chat_ids.iter().filter_map(|chat_id| state.chats.get(chat_id));
            found.map(|stored| (stored.direct.chat_id, stored.chat().last_sequence())).collect()
        };
        self.0.atomically(newest).await
    }

    async fn list_chats(
        &self,
        user_id: UserId,
        walk: ChatWalk,
        limit: usize,
    ) -> Result<ChatList, StorageError> {
        self.0.atomically(|state| state.list_chats(user_id, walk, limit)).await
    }
}
