//! What chats need of a storage. Each method is one atomic operation.

use async_trait::async_trait;

use super::{ActivityKey, Chat, DirectChat, Message, NewMessage, Sequence};
use crate::error::StorageError;
use crate::id::{ChatId, UserId};
use crate::time::Timestamp;

/// Outcome of [`ChatStore::insert_chat`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsertChat {
    /// The chat is stored.
    Inserted,
    /// The two have this chat; nothing is stored.
    Exists(DirectChat),
}

/// Outcome of [`ChatStore::append_message`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppendMessage {
    /// The message is stored, with its event.
    Stored(Message),
    /// The sender stored this message before under the same client message id, with the same text.
    Replayed(Message),
    /// The sender used the client message id for another text; nothing is stored.
    KeyReused,
    /// There is no such chat, or the sender is no member; nothing is stored.
    NotAMember,
}

/// Which messages of a chat to list, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageRange {
    /// From the newest down, below a sequence if there is one.
    NewestFirst {
        /// The first sequence that does not belong to the range.
        before: Option<Sequence>,
    },
    /// Upwards, above a sequence.
    OldestFirst {
        /// The last sequence that does not belong to the range.
        after: Sequence,
    },
}

/// Where in a list of chats to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatWalk {
    /// At its head.
    Begin {
        /// The present moment.
        now: Timestamp,
    },
    /// After a chat that was returned before.
    Continue {
        /// What [`ChatList::as_of`] said when the walk began.
        as_of: Timestamp,
        /// Where the last chat returned stood then.
        before: ActivityKey,
    },
}

/// A chat, and where it stood when the walk began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedChat {
    /// The chat as it is now.
    pub chat: Chat,
    /// Where it stood when the walk began.
    pub key: ActivityKey,
}

/// A part of a list of chats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatList {
    /// The moment that the walk began: no earlier than any activity seen then, and than `now`.
    pub as_of: Timestamp,
    /// The chats, from the greatest key down.
    pub chats: Vec<ListedChat>,
}

/// Chats and their messages.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ChatStore: Send + Sync {
    /// Stores a chat. Two people have one chat for ever, whoever makes it and however many at once.
    async fn insert_chat(&self, chat: DirectChat) -> Result<InsertChat, StorageError>;

    /// Finds what never changes of a chat.
    async fn find_direct_chat(&self, chat_id: ChatId) -> Result<Option<DirectChat>, StorageError>;

    /// Finds a chat as it is now.
    async fn find_chat(&self, chat_id: ChatId) -> Result<Option<Chat>, StorageError>;

    /// Stores a message, its event for the other member, and the chat's new activity: all of them or nothing.
    ///
    /// The sequence is the one after the chat's newest. `create_time` is `send_time`, or the present moment of a
    /// clock that all writers of the storage share; but no earlier than that of the message before it (of the
    /// chat, for the first one), and later than every [`ChatList::as_of`] that was answered to a member before.
    /// A message that is not stored takes no sequence. Whoever reads after the answer finds the message.
    async fn append_message(&self, message: NewMessage) -> Result<AppendMessage, StorageError>;

    /// Lists up to `limit` messages of a chat; none of an unknown one.
    async fn list_messages(
        &self,
        chat_id: ChatId,
        range: MessageRange,
        limit: usize,
    ) -> Result<Vec<Message>, StorageError>;

    /// Finds the sequence of the chat's first message with `create_time` at `since` or later.
    async fn find_first_sequence_since(
        &self,
        chat_id: ChatId,
        since: Timestamp,
    ) -> Result<Option<Sequence>, StorageError>;

    /// The newest sequence of each of these chats, zero where nothing was said; unknown ones are left out, and
    /// each is told once, of whatever moment during the call.
    async fn list_newest_sequences(
        &self,
        chat_ids: &[ChatId],
    ) -> Result<Vec<(ChatId, Sequence)>, StorageError>;

    /// Lists up to `limit` chats of a person in the order of [`ActivityKey`] from the greatest down, every key as
    /// it was when the walk began: messages that came later count as not sent.
    ///
    /// So every chat that exists throughout a walk is returned exactly once, however many are written to meanwhile.
    async fn list_chats(
        &self,
        user_id: UserId,
        walk: ChatWalk,
        limit: usize,
    ) -> Result<ChatList, StorageError>;
}
