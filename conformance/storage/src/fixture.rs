//! What is proved: a fresh storage, made anew for every case.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::auth::{AccountStore, SessionStore};
use duologue_domain::chat::ChatStore;
use duologue_domain::event::EventOutbox;
use duologue_domain::notification::NotificationStore;
use duologue_domain::social::SocialStore;
use duologue_domain::user::ProfileStore;

/// Makes the storages that an adapter is proved by.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// A fresh and empty storage, which nobody else uses.
    ///
    /// It is made inside the runtime that the case runs on, and dropped before that ends.
    async fn create(&self) -> Storage;
}

/// Which of the two clocks that the trait allows a message takes its time from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MessageTime {
    /// It is the `send_time` that the adapter is given: cases assert it exactly.
    #[default]
    Given,
    /// It is a clock that all writers of the storage share: cases assert what holds of any clock.
    Own,
}

/// One storage: the traits that the adapter implements. What it lacks is absent, and its context not proved.
#[derive(Clone, Default)]
pub struct Storage {
    accounts: Option<Arc<dyn AccountStore>>,
    sessions: Option<Arc<dyn SessionStore>>,
    profiles: Option<Arc<dyn ProfileStore>>,
    social: Option<Arc<dyn SocialStore>>,
    chats: Option<Arc<dyn ChatStore>>,
    notifications: Option<Arc<dyn NotificationStore>>,
    outboxes: Vec<Arc<dyn EventOutbox>>,
    message_time: MessageTime,
    guards: Vec<Arc<dyn Any + Send + Sync>>,
}

macro_rules! parts {
    ($($(#[$doc:meta])* $with:ident, $part:ident: $store:ident;)*) => {
        impl Storage {$(
            $(#[$doc])*
            #[must_use]
            pub fn $with(mut self, $part: Arc<dyn $store>) -> Self {
                self.$part = Some($part);
                self
            }

            /// The part that a decorator wraps and a case uses.
            ///
            /// # Panics
            /// Without it.
            #[must_use]
            #[track_caller]
            pub fn $part(&self) -> Arc<dyn $store> {
                self.$part.clone().expect(concat!("the fixture gives no ", stringify!($store)))
            }
        )*}
    };
}

parts! {
    /// The same, with accounts. They are proved together with sessions.
    with_accounts, accounts: AccountStore;
    /// The same, with sessions.
    with_sessions, sessions: SessionStore;
    /// The same, with profiles.
    with_profiles, profiles: ProfileStore;
    /// The same, with friend requests and friendships.
    with_social, social: SocialStore;
    /// The same, with chats.
    with_chats, chats: ChatStore;
    /// The same, with notifications.
    with_notifications, notifications: NotificationStore;
}

impl Storage {
    /// A storage without any part.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A storage whose parts are all one adapter. The outboxes come beside it.
    #[must_use]
    pub fn of<T>(adapter: &Arc<T>) -> Self
    where
        T: AccountStore + SessionStore + ProfileStore + SocialStore + ChatStore + NotificationStore + 'static,
    {
        Self::new()
            .with_accounts(adapter.clone())
            .with_sessions(adapter.clone())
            .with_profiles(adapter.clone())
            .with_social(adapter.clone())
            .with_chats(adapter.clone())
            .with_notifications(adapter.clone())
    }

    /// The same, with the outboxes that its parts write to: every one, and no event in two of them.
    #[must_use]
    pub fn with_outboxes(mut self, outboxes: Vec<Arc<dyn EventOutbox>>) -> Self {
        self.outboxes = outboxes;
        self
    }

    /// The same, with another source of the time of messages.
    #[must_use]
    pub fn with_message_time(mut self, message_time: MessageTime) -> Self {
        self.message_time = message_time;
        self
    }

    /// The same, with something that is dropped after the case, such as the database that was made for it.
    #[must_use]
    pub fn with_guard(mut self, guard: impl Any + Send + Sync) -> Self {
        self.guards.push(Arc::new(guard));
        self
    }

    /// The outboxes.
    ///
    /// # Panics
    /// Without any.
    #[must_use]
    pub fn outboxes(&self) -> Vec<Arc<dyn EventOutbox>> {
        assert!(!self.outboxes.is_empty(), "the fixture gives no EventOutbox");
        self.outboxes.clone()
    }

    /// Where the time of a message comes from.
    #[must_use]
    pub fn message_time(&self) -> MessageTime {
        self.message_time
    }

    pub(crate) fn has_accounts(&self) -> bool {
        self.accounts.is_some()
    }

    pub(crate) fn has_social(&self) -> bool {
        self.social.is_some()
    }

    pub(crate) fn has_chats(&self) -> bool {
        self.chats.is_some()
    }
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Storage").field("message_time", &self.message_time).finish_non_exhaustive()
    }
}
