//! Every promise on the storage traits of [`duologue_domain`], as cases that any adapter is held to.
//!
//! An adapter proves itself by a fixture, which makes fresh storages, and one line:
//!
//! ```ignore
//! struct Fresh;
//!
//! #[async_trait::async_trait]
//! impl duologue_storage_conformance::Fixture for Fresh {
//!     async fn create(&self) -> Storage {
//!         let adapter = Arc::new(MyStorage::connect().await);
//!         Storage::of(&adapter).with_outboxes(vec![adapter])
//!     }
//! }
//!
//! duologue_storage_conformance::storage_conformance!(Fresh);
//! ```
//!
//! An adapter of some of the traits names the contexts that it is proved in: `storage_conformance!(Fresh: social)`.
//! For harnesses of one's own there are [`cases`], each with its [`verdict`](Case::verdict).
//!
//! A case is a claim in the words of the trait's documentation. None measures time; a race is run many times over
//! by contenders that leave a barrier together.
#![expect(clippy::panic, clippy::expect_used, reason = "a case fails by panicking, as tests do")]

#[macro_use]
mod catalogue;

mod cancellation;
mod case;
mod fixture;
mod pages;
mod race;
mod registry;
mod sequences;
mod world;

mod account;
mod chat;
mod chat_list;
mod notification;
mod outbox;
mod profile;
mod session;
mod social;

pub use case::{Case, Violation};
pub use fixture::{Fixture, MessageTime, Storage};
pub use registry::{cases, prove};
