//! Who may chat with whom: a deployment's choice.

use std::sync::Arc;

use async_trait::async_trait;

use crate::error::StorageError;
use crate::social::{FriendshipDirectory, Pair};

/// Decides whether two people may open a chat.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ChatPolicy: Send + Sync {
    /// Whether these two may open a chat. One that is open stays open.
    async fn may_open(&self, pair: Pair) -> Result<bool, StorageError>;
}

/// Everybody may chat with everybody: the default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Open;

#[async_trait]
impl ChatPolicy for Open {
    async fn may_open(&self, _: Pair) -> Result<bool, StorageError> {
        Ok(true)
    }
}

/// Only friends may open a chat.
#[derive(Clone)]
pub struct FriendsOnly {
    friendships: Arc<dyn FriendshipDirectory>,
}

impl FriendsOnly {
    /// Asks here who is friends.
    #[must_use]
    pub fn new(friendships: Arc<dyn FriendshipDirectory>) -> Self {
        Self { friendships }
    }
}

#[async_trait]
impl ChatPolicy for FriendsOnly {
    async fn may_open(&self, pair: Pair) -> Result<bool, StorageError> {
        self.friendships.friends(pair).await
    }
}

impl std::fmt::Debug for FriendsOnly {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FriendsOnly").finish_non_exhaustive()
    }
}
