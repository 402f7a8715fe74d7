//! Feeds as one would write them on a bad day: each takes one shortcut, and each must be caught.

use std::collections::HashMap;
use std::sync::Arc;

use duologue_domain::chat::{ChatStore, Message, MessageRange, Sequence};
use duologue_domain::id::{ChatId, MessageId};
use duologue_domain::wakeup::{Subscription, Topic, WakeUp};
use parking_lot::Mutex;

use super::bus::Bus;
use super::history::Start;
use super::start;
use crate::support::chat_store::PlainChatStore;

/// What is simulated: the feed as it is, or one of the seven ways to get it wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    Sound,
    /// The feed of the shortcuts, without any: it shows that nothing but the shortcut is what is caught.
    NoShortcut,
    /// Nobody asks the storage when no wake-up comes.
    NoPoll,
    /// Reads what there is, subscribes, and goes on with what is new from then on.
    ReplayBeforeSubscribe,
    /// Believes the position that a wake-up tells.
    TrustsPayloads,
    /// Fills gaps after a wake-up of the bus, and delivers only the newest message after a poll.
    ChecksOnePath,
    /// Remembers a number that is drawn before the message is committed.
    GlobalSequence,
    /// Keeps only the newest messages for whoever does not fetch them in time.
    DropsForSlowReaders,
    /// Resumes after the millisecond of the last message.
    ResumesByTime,
}

impl Variant {
    pub(super) const SHORTCUTS: [Self; 7] = [
        Self::NoPoll,
        Self::ReplayBeforeSubscribe,
        Self::TrustsPayloads,
        Self::ChecksOnePath,
        Self::GlobalSequence,
        Self::DropsForSlowReaders,
        Self::ResumesByTime,
    ];

    /// Whether the reader is not the real feed.
    pub(super) fn has_own_feed(self) -> bool {
        !matches!(self, Self::Sound | Self::NoPoll | Self::ResumesByTime)
    }
}

/// The numbers that writers draw before they commit, over all chats.
pub(super) type Globals = Arc<Mutex<HashMap<MessageId, i64>>>;

/// How many messages wait for a slow reader.
const BUFFER: usize = 2;

pub(super) struct ShortcutFeed {
    variant: Variant,
    store: Arc<PlainChatStore>,
    bus: Arc<Bus>,
    globals: Globals,
    subscription: Option<Subscription>,
    chat_id: ChatId,
    last: Sequence,
    last_global: i64,
    times_heard: usize,
    live: bool,
}

impl ShortcutFeed {
    pub(super) async fn open(
        variant: Variant,
        (store, bus, globals): (Arc<PlainChatStore>, Arc<Bus>, Globals),
        chat_id: ChatId,
        start: Start,
    ) -> Self {
        let subscribes_first = variant != Variant::ReplayBeforeSubscribe;
        let subscription = subscribes_first.then(|| bus.subscribe(Topic::Chat(chat_id)));
        let last = start::last_before(&*store, chat_id, start).await;
        let before = MessageRange::OldestFirst { after: last.previous() };
        let known = store.list_messages(chat_id, before, 1).await.unwrap();
        let known = known.first().filter(|message| message.sequence == last);
        let last_global = known.map_or(0, |message| globals.lock()[&message.message_id]);
        let (times_heard, live) = (0, false);
        Self { variant, store, bus, globals, subscription, chat_id, last, last_global, times_heard, live }
    }

    async fn read(&self, limit: usize) -> Vec<Message> {
        let after = if self.variant == Variant::GlobalSequence { Sequence::ZERO } else { self.last };
        let range = MessageRange::OldestFirst { after };
        let mut messages = self.store.list_messages(self.chat_id, range, limit).await.unwrap();
        if self.variant == Variant::GlobalSequence {
            messages.retain(|message| self.global(message) > self.last_global);
        }
        messages
    }

    fn global(&self, message: &Message) -> i64 {
        self.globals.lock()[&message.message_id]
    }

    pub(super) async fn next(&mut self) -> Vec<Message> {
        let topic = Topic::Chat(self.chat_id);
        loop {
            if let Some(subscription) = &mut self.subscription {
                subscription.mark_seen();
            }
            let heard = self.bus.heard(topic);
            let limit = match self.variant {
                Variant::TrustsPayloads if self.live && heard.position > self.last.0 => {
                    usize::try_from(heard.position - self.last.0).unwrap()
                }
                _ => usize::MAX,
            };
            let mut messages = self.read(limit).await;
            match self.variant {
                Variant::DropsForSlowReaders if self.live => {
                    messages.drain(..messages.len().saturating_sub(BUFFER));
                }
                Variant::ChecksOnePath if self.live && heard.times == self.times_heard => {
                    messages.drain(..messages.len().saturating_sub(1));
                }
                _ => {}
            }
            self.times_heard = heard.times;
            if let Some(newest) = messages.last() {
                self.last = newest.sequence;
                if self.variant == Variant::TrustsPayloads && self.live {
                    self.last = self.last.max(Sequence(heard.position));
                }
                let globals = messages.iter().map(|message| self.global(message));
                self.last_global = globals.max().unwrap_or(0).max(self.last_global);
                return messages;
            }
            self.live = true;
            if self.subscription.is_none() {
                self.subscription = Some(self.bus.subscribe(topic));
                self.last = start::last_before(&*self.store, self.chat_id, Start::Now).await;
                continue;
            }
            if let Some(subscription) = &mut self.subscription {
                subscription.changed().await;
            }
        }
    }
}
