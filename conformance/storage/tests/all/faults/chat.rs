//! Broken chats.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use duologue_domain::chat::{
    AppendMessage, Chat, ChatList, ChatStore, ChatWalk, ClientMessageId, DirectChat, InsertChat, Message,
    MessageRange, NewMessage, Sequence,
};
use duologue_domain::id::{ChatId, MessageId, UserId};
use duologue_domain::social::Pair;
use duologue_domain::{StorageError, Timestamp};
use duologue_storage_conformance::Storage;
use parking_lot::Mutex;
use tokio::task::yield_now;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    ReplayBurnsSequence,
    ReplayStoredAgain,
    TimeGoesBack,
    EveryNinetySeventhLost,
    BoundaryRepeated,
    NameSharedByMembers,
    NamesFolded,
    TextTrimmed,
    Milliseconds,
    SinceExclusive,
    FarMomentsRefused,
    UnknownChatsTold,
    ChatLookedUpFirst,
    NameLookedUpFirst,
    StaleChat,
    LostAfterCancellation,
}

#[derive(Default)]
struct Notes {
    burned: HashMap<ChatId, i64>,
    sent: HashMap<MessageId, Timestamp>,
    names: HashMap<(ChatId, ClientMessageId), UserId>,
    named: HashMap<(ChatId, ClientMessageId), Message>,
    pairs: HashMap<Pair, DirectChat>,
    chats: HashMap<ChatId, Chat>,
}

struct BrokenChats {
    inner: Arc<dyn ChatStore>,
    fault: Fault,
    notes: Mutex<Notes>,
    appended: AtomicUsize,
    in_transaction: AtomicBool,
}

fn decorate(storage: Storage, fault: Fault) -> Storage {
    let (notes, appended, in_transaction) = Default::default();
    let broken = BrokenChats { inner: storage.chats(), fault, notes, appended, in_transaction };
    storage.with_chats(Arc::new(broken))
}

super::caught! { decorate;
    a_repeated_message_that_burns_a_sequence: Fault::ReplayBurnsSequence =>
        "chat::a_repeated_message_is_answered_with_the_first_and_takes_no_sequence";
    a_repeated_message_that_is_stored_again: Fault::ReplayStoredAgain =>
        "chat::a_repeated_message_is_answered_with_the_first_and_takes_no_sequence",
        "chat::of_repeated_messages_at_once_exactly_one_is_stored",
        "chat::any_sequence_of_calls_agrees_with_the_model_of_chats";
    time_that_goes_back: Fault::TimeGoesBack =>
        "chat::a_message_is_no_earlier_than_the_one_before_it_though_the_clock_goes_back",
        "chat::a_message_is_later_than_every_list_of_chats_that_a_member_had_before";
    a_message_lost_now_and_then: Fault::EveryNinetySeventhLost =>
        "chat::messages_of_both_members_at_once_have_no_hole_and_no_message_is_lost";
    a_page_that_repeats_its_boundary: Fault::BoundaryRepeated =>
        "chat::messages_are_listed_newest_first_below_a_sequence";
    a_name_shared_by_both_members: Fault::NameSharedByMembers =>
        "chat::a_name_is_the_senders_own_in_this_chat";
    names_without_regard_to_case: Fault::NamesFolded => "chat::names_are_told_apart_by_their_bytes";
    text_that_is_trimmed: Fault::TextTrimmed => "chat::a_message_is_kept_byte_for_byte";
    times_in_milliseconds: Fault::Milliseconds =>
        "chat::a_stored_message_takes_the_sequence_after_the_newest_and_is_found_at_once";
    a_since_that_is_exclusive: Fault::SinceExclusive =>
        "chat::the_first_message_since_a_moment_is_found_at_every_edge";
    a_far_moment_that_is_refused: Fault::FarMomentsRefused =>
        "chat::the_first_message_since_a_moment_is_found_at_every_edge";
    unknown_chats_that_are_told: Fault::UnknownChatsTold =>
        "chat::the_newest_sequences_of_known_chats_are_told_and_unknown_ones_left_out";
    a_look_up_before_a_chat_is_stored: Fault::ChatLookedUpFirst =>
        "chat::of_chats_of_two_people_inserted_at_once_exactly_one_is_stored";
    a_look_up_before_a_message_is_stored: Fault::NameLookedUpFirst =>
        "chat::of_repeated_messages_at_once_exactly_one_is_stored",
        "chat::of_texts_under_one_name_at_once_exactly_one_is_stored";
    a_chat_that_is_cached: Fault::StaleChat =>
        "chat::a_stored_message_takes_the_sequence_after_the_newest_and_is_found_at_once";
    a_transaction_left_open_by_a_cancellation: Fault::LostAfterCancellation =>
        "chat::a_message_acknowledged_after_a_cancellation_is_kept";
}

impl BrokenChats {
    /// The message, at the time that this adapter believes in.
    fn told(&self, mut message: Message) -> Message {
        if self.fault == Fault::TimeGoesBack
            && let Some(sent) = self.notes.lock().sent.get(&message.message_id)
        {
            message.create_time = *sent;
        }
        message
    }

    /// A message that is answered and not stored.
    async fn pretend(&self, new: NewMessage) -> Result<AppendMessage, StorageError> {
        let newest = self.inner.list_newest_sequences(&[new.chat_id]).await?;
        let (time, sender_id) = (new.send_time, new.sender_id);
        Ok(AppendMessage::Stored(new.stored(newest[0].1.next(), time, sender_id).0))
    }

    async fn append_in_two_steps(&self, new: NewMessage) -> Result<AppendMessage, StorageError> {
        let Some(name) = new.client_message_id.clone() else { return self.inner.append_message(new).await };
        let key = (new.chat_id, name);
        let earlier = self.notes.lock().named.get(&key).cloned();
        if let Some(earlier) = earlier {
            let same = earlier.text == new.text;
            return Ok(if same { AppendMessage::Replayed(earlier) } else { AppendMessage::KeyReused });
        }
        yield_now().await;
        let outcome = self.inner.append_message(NewMessage { client_message_id: None, ..new }).await?;
        if let AppendMessage::Stored(message) = &outcome {
            self.notes.lock().named.insert(key, message.clone());
        }
        Ok(outcome)
    }
}

/// Notes that a future was dropped before it completed.
struct OpenTransaction<'a>(&'a AtomicBool);

impl Drop for OpenTransaction<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[async_trait]
impl ChatStore for BrokenChats {
    async fn insert_chat(&self, chat: DirectChat) -> Result<InsertChat, StorageError> {
        if self.fault != Fault::ChatLookedUpFirst {
            return self.inner.insert_chat(chat).await;
        }
        let existing = self.notes.lock().pairs.get(&chat.members).copied();
        if let Some(existing) = existing {
            return Ok(InsertChat::Exists(existing));
        }
        yield_now().await;
        self.notes.lock().pairs.insert(chat.members, chat);
        self.inner.insert_chat(chat).await?;
        Ok(InsertChat::Inserted)
    }

    async fn find_direct_chat(&self, chat_id: ChatId) -> Result<Option<DirectChat>, StorageError> {
        self.inner.find_direct_chat(chat_id).await
    }

    async fn find_chat(&self, chat_id: ChatId) -> Result<Option<Chat>, StorageError> {
        if self.fault == Fault::StaleChat
            && let Some(chat) = self.notes.lock().chats.get(&chat_id)
        {
            return Ok(Some(chat.clone()));
        }
        let mut found = self.inner.find_chat(chat_id).await?;
        if let Some(chat) = &mut found {
            chat.last_message = chat.last_message.take().map(|message| self.told(message));
            self.notes.lock().chats.insert(chat_id, chat.clone());
        }
        Ok(found)
    }

    async fn append_message(&self, mut new: NewMessage) -> Result<AppendMessage, StorageError> {
        let lowered = |name: ClientMessageId| name.as_str().to_lowercase().parse().unwrap();
        match self.fault {
            Fault::NamesFolded => new.client_message_id = new.client_message_id.map(lowered),
            Fault::TextTrimmed => new.text = new.text.as_str().trim().parse().unwrap(),
            Fault::Milliseconds => new.send_time = Timestamp::from_unix_millis(new.send_time.unix_millis()),
            Fault::TimeGoesBack => drop(self.notes.lock().sent.insert(new.message_id, new.send_time)),
            Fault::NameLookedUpFirst => return self.append_in_two_steps(new).await,
            Fault::EveryNinetySeventhLost if self.appended.fetch_add(1, Ordering::Relaxed) % 97 == 96 => {
                return self.pretend(new).await;
            }
            Fault::LostAfterCancellation => {
                if self.in_transaction.swap(false, Ordering::AcqRel) {
                    return self.pretend(new).await;
                }
                let open = OpenTransaction(&self.in_transaction);
                yield_now().await;
                std::mem::forget(open);
            }
            Fault::NameSharedByMembers => {
                if let Some(name) = new.client_message_id.clone() {
                    let key = (new.chat_id, name);
                    let owner = *self.notes.lock().names.entry(key).or_insert(new.sender_id);
                    if owner != new.sender_id {
                        return Ok(AppendMessage::KeyReused);
                    }
                }
            }
            _ => {}
        }
        let chat_id = new.chat_id;
        let again = NewMessage { client_message_id: None, ..new.clone() };
        let outcome = self.inner.append_message(new).await?;
        match outcome {
            AppendMessage::Replayed(message) => {
                *self.notes.lock().burned.entry(chat_id).or_default() += 1;
                if self.fault == Fault::ReplayStoredAgain {
                    self.inner.append_message(again).await?;
                }
                Ok(AppendMessage::Replayed(message))
            }
            AppendMessage::Stored(mut message) => {
                if self.fault == Fault::ReplayBurnsSequence {
                    message.sequence.0 += self.notes.lock().burned.get(&chat_id).copied().unwrap_or(0);
                }
                Ok(AppendMessage::Stored(self.told(message)))
            }
            other => Ok(other),
        }
    }

    async fn list_messages(
        &self,
        chat_id: ChatId,
        range: MessageRange,
        limit: usize,
    ) -> Result<Vec<Message>, StorageError> {
        let range = match range {
            MessageRange::NewestFirst { before: Some(before) } if self.fault == Fault::BoundaryRepeated => {
                MessageRange::NewestFirst { before: Some(before.next()) }
            }
            other => other,
        };
        let listed = self.inner.list_messages(chat_id, range, limit).await?;
        Ok(listed.into_iter().map(|message| self.told(message)).collect())
    }

    async fn find_first_sequence_since(
        &self,
        chat_id: ChatId,
        since: Timestamp,
    ) -> Result<Option<Sequence>, StorageError> {
        let since = match self.fault {
            Fault::SinceExclusive => Timestamp::from_unix_micros(since.unix_micros().saturating_add(1)),
            Fault::FarMomentsRefused if since == Timestamp::MAX => {
                return Err(StorageError::Broken("timestamp out of range".into()));
            }
            _ => since,
        };
        self.inner.find_first_sequence_since(chat_id, since).await
    }

    async fn list_newest_sequences(
        &self,
        chat_ids: &[ChatId],
    ) -> Result<Vec<(ChatId, Sequence)>, StorageError> {
        let mut told = self.inner.list_newest_sequences(chat_ids).await?;
        if self.fault == Fault::UnknownChatsTold {
            let unknown = chat_ids.iter().filter(|chat_id| told.iter().all(|(known, _)| known != *chat_id));
            let unknown: Vec<_> = unknown.map(|chat_id| (*chat_id, Sequence::ZERO)).collect();
            told.extend(unknown);
        }
        Ok(told)
    }

    async fn list_chats(
        &self,
        user_id: UserId,
        walk: ChatWalk,
        limit: usize,
    ) -> Result<ChatList, StorageError> {
        self.inner.list_chats(user_id, walk, limit).await
    }
}
