//! The memory adapter keeps every promise.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_storage_conformance::{Fixture, Storage, storage_conformance};
use duologue_storage_memory::MemoryStorage;

/// Fresh memory.
pub(crate) struct Memory;

#[async_trait]
impl Fixture for Memory {
    async fn create(&self) -> Storage {
        let adapter = MemoryStorage::new();
        let outboxes = adapter.outboxes();
        Storage::of(&Arc::new(adapter)).with_outboxes(outboxes)
    }
}

storage_conformance!(Memory);
