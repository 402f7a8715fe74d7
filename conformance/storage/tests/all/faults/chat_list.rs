//! Broken lists of chats.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::chat::{
    AppendMessage, Chat, ChatList, ChatStore, ChatWalk, DirectChat, InsertChat, Message, MessageRange,
    NewMessage, Sequence,
};
use duologue_domain::id::{ChatId, UserId};
use duologue_domain::{StorageError, Timestamp};
use duologue_storage_conformance::Storage;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    BoundaryRepeated,
    WalksFollowWhatIsSaid,
    BegunInThePast,
    MovedChatsLeftOut,
    CreationIgnored,
    OnlyTheLowerMember,
}

struct BrokenLists {
    inner: Arc<dyn ChatStore>,
    fault: Fault,
}

fn decorate(storage: Storage, fault: Fault) -> Storage {
    let inner = storage.chats();
    storage.with_chats(Arc::new(BrokenLists { inner, fault }))
}

super::caught! { decorate;
    a_part_that_repeats_its_boundary: Fault::BoundaryRepeated =>
        "chat_list::chats_are_listed_by_activity_with_ties_broken_by_id",
        "chat_list::messages_that_come_later_count_as_not_sent";
    a_walk_that_follows_what_is_said: Fault::WalksFollowWhatIsSaid =>
        "chat_list::messages_that_come_later_count_as_not_sent",
        "chat_list::several_walks_stand_side_by_side",
        "chat_list::a_walk_returns_every_chat_once_while_others_write_at_once";
    a_walk_that_begins_in_the_past: Fault::BegunInThePast =>
        "chat_list::a_walk_begins_no_earlier_than_any_activity_and_than_now";
    chats_left_out_for_what_was_said_since: Fault::MovedChatsLeftOut =>
        "chat_list::messages_that_come_later_count_as_not_sent",
        "chat_list::a_walk_returns_every_chat_once_while_others_write_at_once";
    chats_left_out_while_nothing_was_said: Fault::CreationIgnored =>
        "chat_list::chats_are_listed_by_activity_with_ties_broken_by_id",
        "chat::any_sequence_of_calls_agrees_with_the_model_of_chats";
    a_list_of_the_lower_member_only: Fault::OnlyTheLowerMember =>
        "chat_list::both_members_list_a_chat_and_nobody_else_does";
}

#[async_trait]
impl ChatStore for BrokenLists {
    async fn list_chats(
        &self,
        user_id: UserId,
        walk: ChatWalk,
        limit: usize,
    ) -> Result<ChatList, StorageError> {
        let ChatWalk::Continue { as_of, before } = walk else {
            let mut list = self.inner.list_chats(user_id, walk, limit).await?;
            match (self.fault, walk) {
                (Fault::BegunInThePast, ChatWalk::Begin { now }) => list.as_of = now,
                (Fault::CreationIgnored, _) => list.chats.retain(|listed| listed.chat.last_message.is_some()),
                (Fault::OnlyTheLowerMember, _) => {
                    list.chats.retain(|listed| listed.chat.direct.members.lower() == user_id);
                }
                _ => {}
            }
            return Ok(list);
        };
        match self.fault {
            Fault::BoundaryRepeated => {
                let time = Timestamp::from_unix_micros(before.time.unix_micros() + 1);
                let before = duologue_domain::chat::ActivityKey { time, ..before };
                self.inner.list_chats(user_id, ChatWalk::Continue { as_of, before }, limit).await
            }
            Fault::WalksFollowWhatIsSaid => {
                let mut list = self.inner.list_chats(user_id, ChatWalk::Begin { now: as_of }, 1_000).await?;
                list.chats.retain(|listed| listed.key < before);
                list.chats.truncate(limit);
                Ok(ChatList { as_of, ..list })
            }
            Fault::MovedChatsLeftOut => {
                let mut list = self.inner.list_chats(user_id, walk, limit).await?;
                list.chats.retain(|listed| listed.chat.activity() == listed.key);
                Ok(list)
            }
            _ => self.inner.list_chats(user_id, walk, limit).await,
        }
    }

    async fn insert_chat(&self, chat: DirectChat) -> Result<InsertChat, StorageError> {
        self.inner.insert_chat(chat).await
    }

    async fn find_direct_chat(&self, chat_id: ChatId) -> Result<Option<DirectChat>, StorageError> {
        self.inner.find_direct_chat(chat_id).await
    }

    async fn find_chat(&self, chat_id: ChatId) -> Result<Option<Chat>, StorageError> {
        self.inner.find_chat(chat_id).await
    }

    async fn append_message(&self, message: NewMessage) -> Result<AppendMessage, StorageError> {
        self.inner.append_message(message).await
    }

    async fn list_messages(
        &self,
        chat_id: ChatId,
        range: MessageRange,
        limit: usize,
    ) -> Result<Vec<Message>, StorageError> {
        self.inner.list_messages(chat_id, range, limit).await
    }

    async fn find_first_sequence_since(
        &self,
        chat_id: ChatId,
        since: Timestamp,
    ) -> Result<Option<Sequence>, StorageError> {
        self.inner.find_first_sequence_since(chat_id, since).await
    }

    async fn list_newest_sequences(
        &self,
        chat_ids: &[ChatId],
    ) -> Result<Vec<(ChatId, Sequence)>, StorageError> {
        self.inner.list_newest_sequences(chat_ids).await
    }
}
