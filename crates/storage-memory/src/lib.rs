//! The storage traits of [`duologue_domain`], in memory: the embedded default, and the reference for what the traits
//! mean.
//!
//! **It forgets everything at exit.** Otherwise it keeps every promise of the traits, and no weaker one.
//!
//! ```
//! use std::sync::Arc;
//!
//! use duologue_domain::chat::ChatStore;
//! use duologue_storage_memory::MemoryStorage;
//!
//! let storage = MemoryStorage::new();
//! let chats: Arc<dyn ChatStore> = Arc::new(storage.clone());
//! let outboxes = storage.outboxes();
//! # drop((chats, outboxes));
//! ```
//!
//! # Atomicity
//! A method takes every lock it needs, changes everything, and only then lets go of the first: nobody sees half of
//! a change, whichever methods they look with. No method awaits anything, so its future does all of its work the
//! first time it is polled, or, dropped before, none.
//!
//! # Lock order
//! A thread that holds a lock takes only locks further down; within one line, in the order given there.
//!
//! 1. accounts, then sessions; profiles
//! 2. the map from a pair to its chat
//! 3. what belongs to one user: their index of chats, their friends and requests, their inbox; of two users, the
//!    lower id first
//! 4. the map from an id to its chat or friend request
//! 5. the messages of one chat; of several chats, the lowest id first
//! 6. the outbox, shard by shard
//!
//! The maps from a user to what belongs to them are locked for one look-up, in which no other lock is taken.
//! No lock is common to all sends: they meet only in the chat, in its members' indexes, and in a shard of a map.
//!
//! # Growth
//! Sessions are forgotten a day after they ended or expired. An event waits in its outbox until somebody acknowledges
//! it: where nobody dispatches the [outboxes](MemoryStorage::outboxes), they grow for ever. All else is kept for as
//! long as the process lives, as a database would keep it.

mod accounts;
mod chats;
mod log;
mod notifications;
mod outbox;
mod profiles;
mod sessions;
mod shards;
mod social;

use std::fmt;
use std::sync::Arc;

use duologue_domain::StorageError;
use duologue_domain::event::EventOutbox;

use accounts::Accounts;
use chats::Chats;
use notifications::Notifications;
use outbox::{Outbox, Tickets};
use profiles::Profiles;
use sessions::Sessions;
use social::Social;

/// All storage traits, in memory. Clones share what is stored.
#[derive(Clone)]
pub struct MemoryStorage {
    contexts: Arc<Contexts>,
}

struct Contexts {
    accounts: Accounts,
    sessions: Sessions,
    profiles: Profiles,
    social: Social,
    chats: Chats,
    notifications: Notifications,
}

impl Contexts {
    /// The outbox of each context that writes events.
    fn outboxes(&self) -> [&Outbox; 2] {
        [&self.social.outbox, &self.chats.outbox]
    }
}

impl MemoryStorage {
    /// An empty storage.
    #[must_use]
    pub fn new() -> Self {
        let tickets = Tickets::default();
        Self {
            contexts: Arc::new(Contexts {
                accounts: Accounts::default(),
                sessions: Sessions::default(),
                profiles: Profiles::default(),
                social: Social::new(Arc::new(Outbox::new(tickets.clone()))),
                chats: Chats::new(Arc::new(Outbox::new(tickets))),
                notifications: Notifications::default(),
            }),
        }
    }

    /// The outbox of each context that writes events: friendship, then chats.
    ///
    /// The storage as an [`EventOutbox`] is both of them in one. Whoever runs without notifications must still
    /// acknowledge the events, or they pile up.
    #[must_use]
    pub fn outboxes(&self) -> Vec<Arc<dyn EventOutbox>> {
        vec![self.contexts.social.outbox.clone(), self.contexts.chats.outbox.clone()]
    }
}

/// Never shows what is stored: it belongs in no log.
impl fmt::Debug for MemoryStorage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MemoryStorage").finish_non_exhaustive()
    }
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self::new()
    }
}

/// The caller asked for what the domain never asks for, such as an id that is in use already.
fn broken(what: &'static str) -> StorageError {
    StorageError::Broken(what.into())
}
