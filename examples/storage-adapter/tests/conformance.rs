//! The adapter keeps every promise of the trait that it implements.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_example_storage_adapter::HashMapStorage;
use duologue_storage_conformance::{Fixture, Storage};

/// Makes a fresh and empty storage for every case.
struct Fresh;

#[async_trait]
impl Fixture for Fresh {
    async fn create(&self) -> Storage {
        Storage::new().with_social(Arc::new(HashMapStorage::default()))
    }
}

duologue_storage_conformance::storage_conformance!(Fresh: social);
