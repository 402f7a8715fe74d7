//! What friend requests and friendships need of a storage. Each method is one atomic operation.

use std::sync::Arc;

use async_trait::async_trait;

use super::{FriendRequest, Pair, RequestKey};
use crate::error::StorageError;
use crate::event::Event;
use crate::id::{Id, RequestId, UserId};
use crate::page::{self, CursorKey};
use crate::time::Timestamp;

/// Two people who are friends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Friendship {
    /// Who they are.
    pub pair: Pair,
    /// Since when.
    pub create_time: Timestamp,
}

/// Orders the friendships of one person: by time, ties by the friend's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FriendshipKey {
    /// Since when they are friends.
    pub create_time: Timestamp,
    /// The friend.
    pub friend_id: UserId,
}

impl CursorKey for FriendshipKey {
    fn to_bytes(&self) -> Vec<u8> {
        page::timed_key_to_bytes(self.create_time, self.friend_id.uuid())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (create_time, uuid) = page::timed_key_from_bytes(bytes)?;
        Some(Self { create_time, friend_id: UserId::from_uuid(uuid) })
    }
}

/// Which requests of a person to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Those that others sent them.
    Incoming,
    /// Those that they sent.
    Outgoing,
}

/// Outcome of [`SocialStore::insert_request`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsertRequest {
    /// The request and its event are stored.
    Inserted,
    /// The two have this pending request, one way or the other; nothing is stored.
    Pending(FriendRequest),
    /// The two are friends; nothing is stored.
    AlreadyFriends,
}

/// A request that was answered, with all that follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledRequest {
    /// The request in its new state.
    pub request: FriendRequest,
    /// The friendship that begins.
    pub new_friendship: Option<Friendship>,
    /// Who is to be told.
    pub event: Option<Event>,
}

/// Outcome of [`SocialStore::commit_answer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitAnswer {
    /// All of it is stored.
    Committed,
    /// The request is no longer pending; nothing is changed. Read again and decide again.
    Stale,
}

/// Outcome of [`SocialStore::remove_friendship`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoveFriendship {
    /// They were friends, and are no more.
    Removed,
    /// They were no friends; nothing is changed.
    NotFriends,
}

/// Friend requests and friendships.
///
/// Between two people there is at most one pending request or one friendship, at every moment.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SocialStore: Send + Sync {
    /// Stores a pending request and its event, unless the two have a pending request or a friendship.
    ///
    /// Of any number of requests between two people inserted at once, in either direction, exactly one is stored.
    async fn insert_request(
        &self,
        request: FriendRequest,
        event: Event,
    ) -> Result<InsertRequest, StorageError>;

    /// Finds a request, settled or not.
    async fn find_request(&self, request_id: RequestId) -> Result<Option<FriendRequest>, StorageError>;

    /// Stores the answer to a request that is still pending, its friendship and its event: all of them or nothing.
    ///
    /// Of any number of answers to one request at once, exactly one is stored.
    async fn commit_answer(&self, settled: SettledRequest) -> Result<CommitAnswer, StorageError>;

    /// Ends a friendship, for both.
    async fn remove_friendship(&self, pair: Pair) -> Result<RemoveFriendship, StorageError>;

    /// Whether two people are friends.
    async fn are_friends(&self, pair: Pair) -> Result<bool, StorageError>;

    /// Lists up to `limit` pending requests of a person in the order of [`RequestKey`] from the greatest down,
    /// below `before`.
    async fn list_requests(
        &self,
        user_id: UserId,
        direction: Direction,
        before: Option<RequestKey>,
        limit: usize,
    ) -> Result<Vec<FriendRequest>, StorageError>;

    /// Lists up to `limit` friends of a person in the order of [`FriendshipKey`] from the greatest down, below
    /// `before`.
    async fn list_friends(
        &self,
        user_id: UserId,
        before: Option<FriendshipKey>,
        limit: usize,
    ) -> Result<Vec<FriendshipKey>, StorageError>;
}

/// Tells other contexts who is friends with whom: a social store, or the service that has one.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait FriendshipDirectory: Send + Sync {
    /// Whether these two are friends.
    async fn friends(&self, pair: Pair) -> Result<bool, StorageError>;
}

#[async_trait]
impl<S: SocialStore + ?Sized> FriendshipDirectory for Arc<S> {
    async fn friends(&self, pair: Pair) -> Result<bool, StorageError> {
        self.are_friends(pair).await
    }
}
