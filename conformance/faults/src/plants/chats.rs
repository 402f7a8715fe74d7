//! Stores of chats that break one promise each.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use duologue_domain::chat::{
    AppendMessage, Chat, ChatList, ChatStore, ChatWalk, DirectChat, InsertChat, Message, MessageRange,
    NewMessage, Sequence,
};
use duologue_domain::id::{ChatId, MessageId, UserId};
use duologue_domain::social::Pair;
use duologue_domain::time::Clock;
use duologue_domain::{Environment, StorageError, Timestamp};
use duologue_platform::{SystemClock, SystemRandom};
use parking_lot::Mutex;

use super::{Plant, gap};
use crate::composition::Composition;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    CreateRace,
    RandomOrder,
    BoundaryRepeated,
    Offset,
    AlwaysMore,
    NowAndThenLost,
    AnsweredBeforeCommit,
    SinceExclusive,
    CreationOrder,
    SequenceBurnt,
    TimeGoesBack,
    TextTrimmed,
}

pub(super) fn plants() -> Vec<Plant> {
    let plant = |id, defect| Plant::new(id, move |composition| decorate(composition, defect));
    vec![
        plant("chat-create-toctou", Defect::CreateRace),
        plant("message-order-by-random-id", Defect::RandomOrder),
        plant("send-lost-sometimes", Defect::NowAndThenLost),
        Plant::new("send-acks-before-commit", |composition| {
            decorate(composition.restartable(), Defect::AnsweredBeforeCommit)
        }),
        Plant::new("stream-since-exclusive-ms", |composition| {
            decorate(coarse(composition), Defect::SinceExclusive)
        }),
        plant("activity-not-bumped", Defect::CreationOrder),
        plant("sequence-burnt", Defect::SequenceBurnt),
        plant("time-goes-back", Defect::TimeGoesBack),
    ]
}

pub(super) fn decorate(mut composition: Composition, defect: Defect) -> Composition {
    let inner = composition.ports.chats.clone();
    let (notes, appended) = Default::default();
    let lives = Arc::clone(&composition.ports.lives);
    composition.ports.chats = Arc::new(Decorated { inner, defect, notes, appended, lives });
    composition
}

/// With a clock that ticks seldom, so that ties are no matter of how fast the machine is.
pub(super) fn coarse(mut composition: Composition) -> Composition {
    composition.ports.environment = Environment::new(Arc::new(CoarseClock), Arc::new(SystemRandom));
    composition
}

/// A clock that ticks every eight milliseconds.
struct CoarseClock;

impl Clock for CoarseClock {
    fn now(&self) -> Timestamp {
        let micros = SystemClock.now().unix_micros();
        Timestamp::from_unix_micros(micros - micros % 8_000)
    }
}

#[derive(Default)]
struct Notes {
    /// The chat of two, as a look-up finds it.
    known: HashMap<Pair, DirectChat>,
    /// Chats that two have besides their chat.
    twins: HashMap<ChatId, DirectChat>,
    burnt: HashMap<ChatId, i64>,
    numbers: HashMap<MessageId, Sequence>,
    times: HashMap<MessageId, Timestamp>,
    counts: HashMap<ChatId, usize>,
    /// How many messages come before the end of a page.
    offsets: HashMap<(ChatId, Sequence), usize>,
}

struct Decorated {
    inner: Arc<dyn ChatStore>,
    defect: Defect,
    notes: Mutex<Notes>,
    appended: AtomicUsize,
    lives: Arc<AtomicU64>,
}

impl Decorated {
    /// The message with the place and time that this store believes in.
    fn told(&self, mut message: Message) -> Message {
        let notes = self.notes.lock();
        if let Some(number) = notes.numbers.get(&message.message_id) {
            message.sequence = *number;
        }
        if let Some(time) = notes.times.get(&message.message_id) {
            message.create_time = *time;
        }
        message
    }

    /// How many messages were sent to a chat, with this one.
    fn count(&self, chat_id: ChatId) -> usize {
        let mut notes = self.notes.lock();
        let count = notes.counts.entry(chat_id).or_default();
        *count += 1;
        *count
    }

    async fn pretended(&self, new: NewMessage) -> Result<AppendMessage, StorageError> {
        let newest = self.inner.list_newest_sequences(&[new.chat_id]).await?;
        let newest = newest.first().map_or(Sequence::ZERO, |(_, newest)| *newest);
        let (time, sender_id) = (new.send_time, new.sender_id);
        Ok(AppendMessage::Stored(new.stored(newest.next(), time, sender_id).0))
    }

    /// Counts a call that stored nothing, or gives a stored message the number that is left.
    fn burn(&self, outcome: AppendMessage, chat_id: ChatId) -> AppendMessage {
        let mut notes = self.notes.lock();
        match outcome {
            AppendMessage::Stored(mut message) => {
                message.sequence.0 += notes.burnt.get(&chat_id).copied().unwrap_or(0);
                notes.numbers.insert(message.message_id, message.sequence);
                AppendMessage::Stored(message)
            }
            other => {
                *notes.burnt.entry(chat_id).or_default() += 1;
                other
            }
        }
    }

    async fn by_offset(
        &self,
        chat_id: ChatId,
        before: Option<Sequence>,
        limit: usize,
    ) -> Result<Vec<Message>, StorageError> {
        let all = MessageRange::NewestFirst { before: None };
        let all = self.inner.list_messages(chat_id, all, 100_000).await?;
        let mut notes = self.notes.lock();
        let skipped = before.and_then(|end| notes.offsets.get(&(chat_id, end)).copied()).unwrap_or(0);
        let page: Vec<_> = all.into_iter().skip(skipped).take(limit).collect();
        for (at, message) in page.iter().enumerate() {
            notes.offsets.insert((chat_id, message.sequence), skipped + at + 1);
        }
        Ok(page)
    }
}

#[async_trait]
impl ChatStore for Decorated {
    async fn insert_chat(&self, chat: DirectChat) -> Result<InsertChat, StorageError> {
        if self.defect != Defect::CreateRace {
            return self.inner.insert_chat(chat).await;
        }
        let known = self.notes.lock().known.get(&chat.members).copied();
        if let Some(known) = known {
            return Ok(InsertChat::Exists(known));
        }
        gap().await;
        let outcome = self.inner.insert_chat(chat).await?;
        let mut notes = self.notes.lock();
        notes.known.entry(chat.members).or_insert(chat);
        if outcome != InsertChat::Inserted {
            notes.twins.insert(chat.chat_id, chat);
        }
        Ok(InsertChat::Inserted)
    }

    async fn find_direct_chat(&self, chat_id: ChatId) -> Result<Option<DirectChat>, StorageError> {
        let twin = self.notes.lock().twins.get(&chat_id).copied();
        Ok(twin.or(self.inner.find_direct_chat(chat_id).await?))
    }

    async fn find_chat(&self, chat_id: ChatId) -> Result<Option<Chat>, StorageError> {
        let twin = self.notes.lock().twins.get(&chat_id).copied();
        if let Some(direct) = twin {
            return Ok(Some(Chat { direct, last_message: None }));
        }
        let mut found = self.inner.find_chat(chat_id).await?;
        if let Some(chat) = &mut found {
            chat.last_message = chat.last_message.take().map(|message| self.told(message));
        }
        Ok(found)
    }

    async fn append_message(&self, mut new: NewMessage) -> Result<AppendMessage, StorageError> {
        let chat_id = new.chat_id;
        match self.defect {
            Defect::TextTrimmed => {
                if let Ok(text) = new.text.as_str().trim().parse() {
                    new.text = text;
                }
            }
            Defect::NowAndThenLost if self.count(chat_id).is_multiple_of(97) => {
                return self.pretended(new).await;
            }
            Defect::AnsweredBeforeCommit => {
                let (inner, late) = (Arc::clone(&self.inner), new.clone());
                let (lives, life) = (Arc::clone(&self.lives), self.lives.load(Ordering::Relaxed));
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    // Who was killed meanwhile commits nothing.
                    if lives.load(Ordering::Relaxed) == life {
                        let _ = inner.append_message(late).await;
                    }
                });
                return self.pretended(new).await;
            }
            Defect::TimeGoesBack => {
                let sent = new.send_time;
                // The clock was read before the lock: every other writer waited for it.
                let read = if self.appended.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
                    sent
                } else {
                    sent.minus(Duration::from_millis(5))
                };
                self.notes.lock().times.insert(new.message_id, read);
            }
            _ => {}
        }
        let outcome = self.inner.append_message(new).await?;
        Ok(match (self.defect, outcome) {
            (Defect::SequenceBurnt, outcome) => self.burn(outcome, chat_id),
            (_, AppendMessage::Stored(message)) => AppendMessage::Stored(self.told(message)),
            (_, other) => other,
        })
    }

    async fn list_messages(
        &self,
        chat_id: ChatId,
        range: MessageRange,
        limit: usize,
    ) -> Result<Vec<Message>, StorageError> {
        let range = match (self.defect, range) {
            (Defect::Offset, MessageRange::NewestFirst { before }) => {
                return self.by_offset(chat_id, before, limit).await;
            }
            (Defect::BoundaryRepeated, MessageRange::NewestFirst { before: Some(before) }) => {
                MessageRange::NewestFirst { before: Some(before.next()) }
            }
            (_, range) => range,
        };
        let mut listed = self.inner.list_messages(chat_id, range, limit).await?;
        match self.defect {
            Defect::RandomOrder => listed.sort_by_key(|message| message.message_id.to_string().split_off(30)),
            Defect::AlwaysMore if listed.len() + 1 == limit => listed.extend(listed.last().cloned()),
            _ => {}
        }
        Ok(listed.into_iter().map(|message| self.told(message)).collect())
    }

    async fn find_first_sequence_since(
        &self,
        chat_id: ChatId,
        since: Timestamp,
    ) -> Result<Option<Sequence>, StorageError> {
        let since = match self.defect {
            // `created_at > since`, in whole milliseconds.
            Defect::SinceExclusive => since.plus(Duration::from_millis(1)),
            _ => since,
        };
        self.inner.find_first_sequence_since(chat_id, since).await
    }

    async fn list_newest_sequences(
        &self,
        chat_ids: &[ChatId],
    ) -> Result<Vec<(ChatId, Sequence)>, StorageError> {
        self.inner.list_newest_sequences(chat_ids).await
    }

    async fn list_chats(
        &self,
        user_id: UserId,
        walk: ChatWalk,
        limit: usize,
    ) -> Result<ChatList, StorageError> {
        let mut listed = self.inner.list_chats(user_id, walk, limit).await?;
        if self.defect == Defect::CreationOrder {
            listed
                .chats
                .sort_by_key(|listed| Reverse((listed.chat.direct.create_time, listed.chat.direct.chat_id)));
        }
        for listed in &mut listed.chats {
            listed.chat.last_message = listed.chat.last_message.take().map(|message| self.told(message));
        }
        Ok(listed)
    }
}
