//! Friend requests in a `HashMap`: each method is one atomic operation, under one lock.

use std::collections::HashMap;

use async_trait::async_trait;
use duologue_domain::error::StorageError;
use duologue_domain::event::Event;
use duologue_domain::id::{RequestId, UserId};
use duologue_domain::social::{
    CommitAnswer, Direction, FriendRequest, FriendshipKey, InsertRequest, Pair, RemoveFriendship, RequestKey,
    SettledRequest, SocialStore, Status,
};
use duologue_domain::time::Timestamp;
use parking_lot::Mutex;

#[derive(Default)]
struct Tables {
    requests: HashMap<RequestId, FriendRequest>,
    friendships: HashMap<Pair, Timestamp>,
}

/// A store for an evening: small, right, and gone at exit.
#[derive(Default)]
pub(crate) struct HashMapStore(Mutex<Tables>);

#[async_trait]
impl SocialStore for HashMapStore {
    async fn insert_request(&self, request: FriendRequest, _: Event) -> Result<InsertRequest, StorageError> {
        let mut tables = self.0.lock();
        let people = |request: &FriendRequest| Pair::of(request.from, request.to).ok();
        if people(&request).is_some_and(|pair| tables.friendships.contains_key(&pair)) {
            return Ok(InsertRequest::AlreadyFriends);
        }
        let pending =
            |other: &&FriendRequest| other.status == Status::Pending && people(other) == people(&request);
        if let Some(pending) = tables.requests.values().find(pending) {
            return Ok(InsertRequest::Pending(*pending));
        }
        tables.requests.insert(request.request_id, request);
        Ok(InsertRequest::Inserted)
    }

    async fn find_request(&self, request_id: RequestId) -> Result<Option<FriendRequest>, StorageError> {
        Ok(self.0.lock().requests.get(&request_id).copied())
    }

    async fn commit_answer(&self, settled: SettledRequest) -> Result<CommitAnswer, StorageError> {
        let mut tables = self.0.lock();
        match tables.requests.get_mut(&settled.request.request_id) {
            Some(request) if request.status == Status::Pending => *request = settled.request,
            _ => return Ok(CommitAnswer::Stale),
        }
        if let Some(friendship) = settled.new_friendship {
            tables.friendships.insert(friendship.pair, friendship.create_time);
        }
        Ok(CommitAnswer::Committed)
    }

    async fn remove_friendship(&self, pair: Pair) -> Result<RemoveFriendship, StorageError> {
        let removed = self.0.lock().friendships.remove(&pair);
        Ok(removed.map_or(RemoveFriendship::NotFriends, |_| RemoveFriendship::Removed))
    }

    async fn are_friends(&self, pair: Pair) -> Result<bool, StorageError> {
        Ok(self.0.lock().friendships.contains_key(&pair))
    }

    async fn list_requests(
        &self,
        user_id: UserId,
        direction: Direction,
        before: Option<RequestKey>,
        limit: usize,
    ) -> Result<Vec<FriendRequest>, StorageError> {
        let mine = |request: &&FriendRequest| match direction {
            Direction::Incoming => request.to == user_id,
            Direction::Outgoing => request.from == user_id,
        };
        let mut requests: Vec<FriendRequest> = self
            .0
            .lock()
            .requests
            .values()
            .filter(mine)
            .filter(|request| request.status == Status::Pending)
            .filter(|request| before.is_none_or(|before| RequestKey::from(*request) < before))
            .copied()
            .collect();
        requests.sort_by_key(|request| std::cmp::Reverse(RequestKey::from(request)));
        requests.truncate(limit);
        Ok(requests)
    }

    async fn list_friends(
        &self,
        user_id: UserId,
        before: Option<FriendshipKey>,
        limit: usize,
    ) -> Result<Vec<FriendshipKey>, StorageError> {
        let tables = self.0.lock();
        let key = |(pair, create_time): (&Pair, &Timestamp)| {
            pair.other(user_id).map(|friend_id| FriendshipKey { create_time: *create_time, friend_id })
        };
        let mut friends: Vec<FriendshipKey> = tables
            .friendships
            .iter()
            .filter_map(key)
            .filter(|key| before.is_none_or(|before| *key < before))
            .collect();
        friends.sort_unstable_by_key(|key| std::cmp::Reverse(*key));
        friends.truncate(limit);
        Ok(friends)
    }
}
