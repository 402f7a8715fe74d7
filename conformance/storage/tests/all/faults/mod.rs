//! Decorators that break one promise each, and the cases that must notice.

mod account;
mod chat;
mod chat_list;
mod notification;
mod outbox;
mod profile;
mod session;
mod social;

use async_trait::async_trait;
use duologue_storage_conformance::{Fixture, Storage, cases};

use crate::memory::Memory;

/// The memory adapter, inside a decorator.
struct Broken<F>(F);

#[async_trait]
impl<F: Fn(Storage) -> Storage + Send + Sync> Fixture for Broken<F> {
    async fn create(&self) -> Storage {
        (self.0)(Memory.create().await)
    }
}

/// Looks whether each of these cases fails on the decorated storage.
fn assert_caught(decorate: impl Fn(Storage) -> Storage + Send + Sync, names: &[&str]) {
    let fixture = Broken(decorate);
    for name in names {
        let case = cases().into_iter().find(|case| format!("{case:?}") == *name);
        let case = case.unwrap_or_else(|| panic!("there is no case {name}"));
        assert!(case.verdict(&fixture).is_err(), "{name} passes");
    }
}

/// A test for each fault: the cases that it must break.
macro_rules! caught {
    ($decorate:expr; $($name:ident: $fault:expr => $($case:literal),+;)+) => {$(
        #[test]
        fn $name() {
            super::assert_caught(|storage| $decorate(storage, $fault), &[$($case),+]);
        }
    )+};
}
use caught;
