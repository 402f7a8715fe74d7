//! A storage adapter of one's own, proved by the storage conformance suite.
//!
//! It keeps friend requests and friendships under one lock, in a hash map, in fewer lines than a page. What makes it
//! an adapter is the last line of `tests/conformance.rs`: every promise of [`SocialStore`] is put to the test.
//!
//! Events are not kept: whoever wants notifications implements
//! [`EventOutbox`](duologue_domain::event::EventOutbox) as well, and proves the context `outbox`, too.

use std::cmp::Reverse;
use std::collections::HashMap;

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::event::Event;
use duologue_domain::id::{RequestId, UserId};
use duologue_domain::social::{
    CommitAnswer, Direction, FriendRequest, Friendship, FriendshipKey, InsertRequest, Pair, RemoveFriendship,
    RequestKey, SettledRequest, SocialStore, Status,
};
use parking_lot::Mutex;

/// Friend requests and friendships in a hash map.
#[derive(Debug, Default)]
pub struct HashMapStorage {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    requests: HashMap<RequestId, FriendRequest>,
    friendships: HashMap<Pair, Friendship>,
}

impl State {
    fn pending(&self) -> impl Iterator<Item = &FriendRequest> {
        self.requests.values().filter(|request| request.status == Status::Pending)
    }
}

#[async_trait]
impl SocialStore for HashMapStorage {
    async fn insert_request(
        &self,
        request: FriendRequest,
        _event: Event,
    ) -> Result<InsertRequest, StorageError> {
        let pair = Pair::of(request.from, request.to).map_err(|same| StorageError::Broken(same.into()))?;
        let mut state = self.state.lock();
        if state.friendships.contains_key(&pair) {
            return Ok(InsertRequest::AlreadyFriends);
        }
        if let Some(pending) = state.pending().find(|other| Pair::of(other.from, other.to) == Ok(pair)) {
            return Ok(InsertRequest::Pending(*pending));
        }
        state.requests.insert(request.request_id, request);
        Ok(InsertRequest::Inserted)
    }

    async fn find_request(&self, request_id: RequestId) -> Result<Option<FriendRequest>, StorageError> {
        Ok(self.state.lock().requests.get(&request_id).copied())
    }

    async fn commit_answer(&self, settled: SettledRequest) -> Result<CommitAnswer, StorageError> {
        let mut state = self.state.lock();
        match state.requests.get_mut(&settled.request.request_id) {
            Some(request) if request.status == Status::Pending => *request = settled.request,
            _ => return Ok(CommitAnswer::Stale),
        }
        state.friendships.extend(settled.new_friendship.map(|friendship| (friendship.pair, friendship)));
        Ok(CommitAnswer::Committed)
    }

    async fn remove_friendship(&self, pair: Pair) -> Result<RemoveFriendship, StorageError> {
        let removed = self.state.lock().friendships.remove(&pair);
        Ok(removed.map_or(RemoveFriendship::NotFriends, |_| RemoveFriendship::Removed))
    }

    async fn are_friends(&self, pair: Pair) -> Result<bool, StorageError> {
        Ok(self.state.lock().friendships.contains_key(&pair))
    }

    async fn list_requests(
        &self,
        user_id: UserId,
        direction: Direction,
        before: Option<RequestKey>,
        limit: usize,
    ) -> Result<Vec<FriendRequest>, StorageError> {
        let state = self.state.lock();
        let theirs = |request: &&FriendRequest| match direction {
            Direction::Incoming => request.to == user_id,
            Direction::Outgoing => request.from == user_id,
        };
        let below =
            |request: &&FriendRequest| before.is_none_or(|before| RequestKey::from(*request) < before);
        let mut listed: Vec<_> = state.pending().filter(theirs).filter(below).copied().collect();
        listed.sort_by_key(|request| Reverse(RequestKey::from(request)));
        listed.truncate(limit);
        Ok(listed)
    }

    async fn list_friends(
        &self,
        user_id: UserId,
        before: Option<FriendshipKey>,
        limit: usize,
    ) -> Result<Vec<FriendshipKey>, StorageError> {
        let state = self.state.lock();
        let key = |friendship: &Friendship| {
            let friend_id = friendship.pair.other(user_id)?;
            Some(FriendshipKey { create_time: friendship.create_time, friend_id })
        };
        let mut listed: Vec<_> = state.friendships.values().filter_map(key).collect();
        listed.retain(|key| before.is_none_or(|before| *key < before));
        listed.sort_by_key(|key| Reverse(*key));
        listed.truncate(limit);
        Ok(listed)
    }
}
