//! Asks the storage for news of everything that streams wait for, so that a lost wake-up costs seconds.

use std::sync::Arc;

use crate::chat::ChatStore;
use crate::error::StorageError;
use crate::notification::NotificationStore;
use crate::wakeup::{LocalWakeUp, Topic};

/// How many topics one query asks for.
const BATCH: usize = 1_000;

/// Asks for news of all subscribed topics, one query for each thousand of them.
#[derive(Clone)]
pub struct Poller {
    hub: LocalWakeUp,
    chats: Option<Arc<dyn ChatStore>>,
    notifications: Option<Arc<dyn NotificationStore>>,
}

impl Poller {
    /// A poller that wakes the subscribers of `hub`, and asks nobody yet.
    #[must_use]
    pub fn new(hub: LocalWakeUp) -> Self {
        Self { hub, chats: None, notifications: None }
    }

    /// The same, which asks this storage for messages.
    #[must_use]
    pub fn with_chats(mut self, chats: Arc<dyn ChatStore>) -> Self {
        self.chats = Some(chats);
        self
    }

    /// The same, which asks this storage for notifications.
    #[must_use]
    pub fn with_notifications(mut self, notifications: Arc<dyn NotificationStore>) -> Self {
        self.notifications = Some(notifications);
        self
    }

    /// Asks once. To be called every two seconds or so.
    pub async fn poll(&self) -> Result<(), StorageError> {
        let (mut chat_ids, mut user_ids) = (Vec::new(), Vec::new());
        for topic in self.hub.topics() {
            match topic {
                Topic::Chat(chat_id) => chat_ids.push(chat_id),
                Topic::Notifications(user_id) => user_ids.push(user_id),
                Topic::Session(_) | Topic::Events => {}
            }
        }
        if let Some(chats) = &self.chats {
            for batch in chat_ids.chunks(BATCH) {
                for (chat_id, sequence) in chats.list_newest_sequences(batch).await? {
                    self.hub.polled(Topic::Chat(chat_id), sequence.0);
                }
            }
        }
        if let Some(notifications) = &self.notifications {
            for batch in user_ids.chunks(BATCH) {
                for (user_id, position) in notifications.list_newest_positions(batch).await? {
                    self.hub.polled(Topic::Notifications(user_id), position.0);
                }
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Poller {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Poller").finish_non_exhaustive()
    }
}
