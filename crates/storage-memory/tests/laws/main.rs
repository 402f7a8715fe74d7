//! The laws of the storage traits, kept by the storage in memory.
//!
//! A law is an async function over a trait object, so that it can be held against any storage. Where a law is about
//! what happens at once, threads start from a barrier, many times over.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod accounts;
mod chats;
mod fixtures;
mod notifications;
mod outbox;
mod profiles;
mod sessions;
mod social;
mod walks;

/// Makes each of these laws a test of the storage in memory.
macro_rules! laws {
    ($($law:ident),* $(,)?) => {
        mod in_memory {
            $(
                #[test]
                fn $law() {
                    futures::executor::block_on(super::$law(&duologue_storage_memory::MemoryStorage::new()));
                }
            )*
        }
    };
}
use laws;
