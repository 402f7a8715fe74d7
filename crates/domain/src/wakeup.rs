//! Wake-ups: hints that there is something new to read, and never the thing itself.
//!
//! Storage is the only source of what streams deliver. A wake-up may be lost, repeated, delayed or reordered; a
//! poller that asks the storage every few seconds makes a dead bus cost seconds, never messages.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::id::{ChatId, SessionId, UserId};

/// Locks that topics are spread over, so that subscribing to one seldom waits for another.
const SHARDS: usize = 64;

/// What can have news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Messages of a chat; the position is the newest sequence.
    Chat(ChatId),
    /// Notifications of a user; the position is the newest one's.
    Notifications(UserId),
    /// The end of a session; the position is 1 once it has ended.
    Session(SessionId),
    /// Events that wait for delivery; each wake-up counts.
    Events,
}

/// Carries wake-ups to those who wait, in this process and in others.
pub trait WakeUp: Send + Sync {
    /// Tells that `topic` has news up to `position`. Never waits and never fails: it is only a hint.
    fn publish(&self, topic: Topic, position: i64);

    /// Hears of news from now on.
    fn subscribe(&self, topic: Topic) -> Subscription;
}

#[derive(Debug, Clone, Copy, Default)]
struct Signal {
    /// The highest position published.
    published: i64,
    /// The position that the last poll of the storage found.
    polled: Option<i64>,
}

type Shard = Mutex<HashMap<Topic, watch::Sender<Signal>>>;

/// Wake-ups within one process; what a bus between processes delivers to, too.
#[derive(Debug, Clone)]
pub struct LocalWakeUp {
    shards: Arc<[Shard]>,
    hasher: RandomState,
}

impl LocalWakeUp {
    /// Nobody waits yet.
    #[must_use]
    pub fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect(), hasher: RandomState::new() }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the remainder is below SHARDS")]
    fn shard(&self, topic: Topic) -> &Shard {
        &self.shards[(self.hasher.hash_one(topic) % SHARDS as u64) as usize]
    }

    /// Tells what a poll of the storage found: wakes if that is new, whatever was published before.
    ///
    /// A wake-up can come before its message can be read (from a lagging replica, say): only the poll then wakes
    /// the stream again.
    pub fn polled(&self, topic: Topic, newest: i64) {
        if let Some(sender) = self.shard(topic).lock().get(&topic) {
            sender.send_if_modified(|signal| {
                signal.published = signal.published.max(newest);
                signal.polled.replace(newest) != Some(newest)
            });
        }
    }

    /// The topics that somebody waits for at present.
    #[must_use]
    pub fn topics(&self) -> Vec<Topic> {
        self.shards.iter().flat_map(|shard| shard.lock().keys().copied().collect::<Vec<_>>()).collect()
    }

    fn unsubscribed(&self, topic: Topic) {
        let mut shard = self.shard(topic).lock();
        if shard.get(&topic).is_some_and(|sender| sender.receiver_count() == 0) {
            shard.remove(&topic);
        }
    }
}

impl Default for LocalWakeUp {
    fn default() -> Self {
        Self::new()
    }
}

impl WakeUp for LocalWakeUp {
    fn publish(&self, topic: Topic, position: i64) {
        if let Some(sender) = self.shard(topic).lock().get(&topic) {
            sender.send_if_modified(|signal| {
                let news = position > signal.published || topic == Topic::Events;
                signal.published = signal.published.max(position);
                news
            });
        }
    }

    fn subscribe(&self, topic: Topic) -> Subscription {
        let receiver = self
            .shard(topic)
            .lock()
            .entry(topic)
            .or_insert_with(|| watch::Sender::new(Signal::default()))
            .subscribe();
        Subscription { receiver: Some(receiver), topic, hub: self.clone() }
    }
}

/// Waits for news of one topic.
#[derive(Debug)]
pub struct Subscription {
    /// Present until dropped.
    receiver: Option<watch::Receiver<Signal>>,
    topic: Topic,
    hub: LocalWakeUp,
}

impl Subscription {
    /// Forgets the news up to now. Call it **before** reading, so that what comes while reading still wakes.
    pub fn mark_seen(&mut self) {
        if let Some(receiver) = &mut self.receiver {
            receiver.mark_unchanged();
        }
    }

    /// Waits for news that came after the last [`Subscription::mark_seen`]. Dropping the future loses none.
    pub async fn changed(&mut self) {
        let changed = match &mut self.receiver {
            Some(receiver) => receiver.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            // The hub holds the sender for as long as a receiver exists: this cannot come, and must not spin.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.receiver = None;
        self.hub.unsubscribed(self.topic);
    }
}
