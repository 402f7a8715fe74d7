//! A map in parts, each behind a lock of its own, so that threads seldom wait for each other.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};

use parking_lot::RwLock;

/// Enough that two of some dozens of threads rarely want the same part.
const PARTS: usize = 64;

/// A map in parts, each behind a lock of its own.
pub(crate) struct Shards<K, V> {
    hasher: RandomState,
    parts: Box<[RwLock<HashMap<K, V>>]>,
}

impl<K: Eq + Hash, V> Shards<K, V> {
    /// The part that holds the key, if any does.
    pub(crate) fn part(&self, key: &K) -> &RwLock<HashMap<K, V>> {
        let hash = usize::try_from(self.hasher.hash_one(key) % PARTS as u64).unwrap_or(0);
        &self.parts[hash]
    }
}

impl<K: Eq + Hash, V: Clone> Shards<K, V> {
    /// A copy of the value of a key.
    pub(crate) fn find(&self, key: &K) -> Option<V> {
        self.part(key).read().get(key).cloned()
    }

    /// A copy of the value of a key, which is made if there is none.
    pub(crate) fn find_or_default(&self, key: K) -> V
    where
        V: Default,
    {
        if let Some(value) = self.find(&key) {
            return value;
        }
        self.part(&key).write().entry(key).or_default().clone()
    }
}

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        Self { hasher: RandomState::new(), parts: (0..PARTS).map(|_| RwLock::default()).collect() }
    }
}
