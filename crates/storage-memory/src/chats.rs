//! Chats and their messages.

mod room;
mod walk;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::chat::{
    ActivityKey, AppendMessage, Chat, ChatList, ChatStore, ChatWalk, DirectChat, InsertChat, Message,
    MessageRange, NewMessage, Sequence,
};
use duologue_domain::id::{ChatId, UserId};
use duologue_domain::social::Pair;
use duologue_domain::{StorageError, Timestamp};
use parking_lot::RwLock;

use crate::outbox::Outbox;
use crate::shards::Shards;
use crate::{MemoryStorage, broken};
use room::Room;

/// All chats.
///
/// A send locks the indexes of both members before it locks the chat. So who holds the lock of somebody's index sees
/// all of their chats stand still, and index and messages agree.
pub(crate) struct Chats {
    pairs: Shards<Pair, DirectChat>,
    rooms: Shards<ChatId, Arc<Room>>,
    indexes: Shards<UserId, Arc<RwLock<Index>>>,
    pub(crate) outbox: Arc<Outbox>,
}

/// The chats of one person, by activity.
#[derive(Default)]
struct Index {
    activity: BTreeSet<ActivityKey>,
    /// The latest moment that a walk through these chats began: what is said now is later.
    floor: Option<Timestamp>,
}

impl Chats {
    pub(crate) fn new(outbox: Arc<Outbox>) -> Self {
        Self { pairs: Shards::default(), rooms: Shards::default(), indexes: Shards::default(), outbox }
    }

    fn insert(&self, chat: DirectChat) -> Result<InsertChat, StorageError> {
        let mut pairs = self.pairs.part(&chat.members).write();
        if let Some(existing) = pairs.get(&chat.members) {
            return Ok(InsertChat::Exists(*existing));
        }
        let indexes = chat.members.both().map(|user_id| self.indexes.find_or_default(user_id));
        let mut locked = indexes.each_ref().map(|index| index.write());
        let mut rooms = self.rooms.part(&chat.chat_id).write();
        if rooms.contains_key(&chat.chat_id) {
            return Err(broken("the chat id is in use"));
        }
        let room = Room::new(chat, indexes.clone());
        for index in &mut locked {
            index.activity.insert(ActivityKey { time: chat.create_time, chat_id: chat.chat_id });
        }
        rooms.insert(chat.chat_id, Arc::new(room));
        pairs.insert(chat.members, chat);
        Ok(InsertChat::Inserted)
    }

    fn append(&self, new: NewMessage) -> AppendMessage {
        let Some(room) = self.rooms.find(&new.chat_id) else { return AppendMessage::NotAMember };
        let Some(recipient_id) = room.direct.members.other(new.sender_id) else {
            return AppendMessage::NotAMember;
        };
        let mut indexes = room.indexes.each_ref().map(|index| index.write());
        let mut history = room.history.write();
        if let Some(earlier) = history.find_earlier(&new) {
            return if earlier.text == new.text {
                AppendMessage::Replayed(earlier.clone())
            } else {
                AppendMessage::KeyReused
            };
        }
        let before = history.activity(&room.direct);
        let floor = indexes.iter().filter_map(|index| index.floor).max();
        let (message, event) = history.place(new, room.direct.create_time, floor, recipient_id);
        history.push(message.clone());
        for index in &mut indexes {
            index.activity.remove(&before);
            index.activity.insert(history.activity(&room.direct));
        }
        self.outbox.push(event);
        AppendMessage::Stored(message)
    }

    fn list_newest_sequences(&self, chat_ids: &[ChatId]) -> Vec<(ChatId, Sequence)> {
        let mut chat_ids = chat_ids.to_vec();
        chat_ids.sort_unstable();
        chat_ids.dedup();
        let rooms: Vec<_> = chat_ids.iter().filter_map(|chat_id| self.rooms.find(chat_id)).collect();
        // All locks before the first look: one moment for all of them.
        let rooms: Vec<_> = rooms.iter().map(|room| (room.direct.chat_id, room.history.read())).collect();
        rooms.iter().map(|(chat_id, history)| (*chat_id, history.newest())).collect()
    }
}

#[async_trait]
impl ChatStore for MemoryStorage {
    async fn insert_chat(&self, chat: DirectChat) -> Result<InsertChat, StorageError> {
        self.contexts.chats.insert(chat)
    }

    async fn find_direct_chat(&self, chat_id: ChatId) -> Result<Option<DirectChat>, StorageError> {
        Ok(self.contexts.chats.rooms.find(&chat_id).map(|room| room.direct))
    }

    async fn find_chat(&self, chat_id: ChatId) -> Result<Option<Chat>, StorageError> {
        Ok(self.contexts.chats.rooms.find(&chat_id).map(|room| room.chat()))
    }

    async fn append_message(&self, message: NewMessage) -> Result<AppendMessage, StorageError> {
        Ok(self.contexts.chats.append(message))
    }

    async fn list_messages(
        &self,
        chat_id: ChatId,
        range: MessageRange,
        limit: usize,
    ) -> Result<Vec<Message>, StorageError> {
        let room = self.contexts.chats.rooms.find(&chat_id);
        Ok(room.map_or_else(Vec::new, |room| room.history.read().list(range, limit)))
    }

    async fn find_first_sequence_since(
        &self,
        chat_id: ChatId,
        since: Timestamp,
    ) -> Result<Option<Sequence>, StorageError> {
        let room = self.contexts.chats.rooms.find(&chat_id);
        Ok(room.and_then(|room| room.history.read().first_since(since)))
    }

    async fn list_newest_sequences(
        &self,
        chat_ids: &[ChatId],
    ) -> Result<Vec<(ChatId, Sequence)>, StorageError> {
        Ok(self.contexts.chats.list_newest_sequences(chat_ids))
    }

    async fn list_chats(
        &self,
        user_id: UserId,
        walk: ChatWalk,
        limit: usize,
    ) -> Result<ChatList, StorageError> {
        Ok(self.contexts.chats.list(user_id, walk, limit))
    }
}
