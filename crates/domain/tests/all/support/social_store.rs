//! Friend requests and friendships, as plainly as their trait words them.

use std::collections::HashMap;

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::event::Event;
use duologue_domain::id::{RequestId, UserId};
use duologue_domain::social::{
    CommitAnswer, Direction, FriendRequest, FriendshipKey, InsertRequest, Pair, RemoveFriendship, RequestKey,
    SettledRequest, SocialStore, Status,
};
use duologue_domain::time::Timestamp;

use super::table::Table;

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) requests: HashMap<RequestId, FriendRequest>,
    pub(crate) friendships: HashMap<Pair, Timestamp>,
    pub(crate) events: Vec<Event>,
    /// How many answers came too late.
    pub(crate) stale: usize,
}

impl State {
    pub(crate) fn pending_between(&self, pair: Pair) -> Vec<FriendRequest> {
        let pending = self.requests.values().filter(|request| request.status == Status::Pending);
        pending.filter(|request| Pair::of(request.from, request.to) == Ok(pair)).copied().collect()
    }
}

#[derive(Debug, Default)]
pub(crate) struct PlainSocialStore(pub(crate) Table<State>);

#[async_trait]
impl SocialStore for PlainSocialStore {
    async fn insert_request(
        &self,
        request: FriendRequest,
        event: Event,
    ) -> Result<InsertRequest, StorageError> {
        let pair = Pair::of(request.from, request.to).unwrap();
        self.0
            .atomically(|state| {
                if let Some(pending) = state.pending_between(pair).first() {
                    return InsertRequest::Pending(*pending);
                }
                if state.friendships.contains_key(&pair) {
                    return InsertRequest::AlreadyFriends;
                }
                state.requests.insert(request.request_id, request);
                state.events.push(event);
                InsertRequest::Inserted
            })
            .await
    }

    async fn find_request(&self, request_id: RequestId) -> Result<Option<FriendRequest>, StorageError> {
        self.0.atomically(|state| state.requests.get(&request_id).copied()).await
    }

    async fn commit_answer(&self, settled: SettledRequest) -> Result<CommitAnswer, StorageError> {
        self.0
            .atomically(|state| {
                let stored = state.requests.get_mut(&settled.request.request_id).unwrap();
                if stored.status != Status::Pending {
                    state.stale += 1;
                    assert!(
                        state.stale < 1_000,
                        "an answer to a settled request is committed again and again"
                    );
                    return CommitAnswer::Stale;
                }
                *stored = settled.request;
                if let Some(friendship) = settled.new_friendship {
                    state.friendships.insert(friendship.pair, friendship.create_time);
                }
                state.events.extend(settled.event);
                CommitAnswer::Committed
            })
            .await
    }

    async fn remove_friendship(&self, pair: Pair) -> Result<RemoveFriendship, StorageError> {
        self.0
            .atomically(|state| match state.friendships.remove(&pair) {
                Some(_) => RemoveFriendship::Removed,
                None => RemoveFriendship::NotFriends,
            })
            .await
    }

    async fn are_friends(&self, pair: Pair) -> Result<bool, StorageError> {
        self.0.atomically(|state| state.friendships.contains_key(&pair)).await
    }

    async fn list_requests(
        &self,
        user_id: UserId,
        direction: Direction,
        before: Option<RequestKey>,
        limit: usize,
    ) -> Result<Vec<FriendRequest>, StorageError> {
        self.0
            .atomically(|state| {
                let party = |request: &FriendRequest| match direction {
                    Direction::Incoming => request.to,
                    Direction::Outgoing => request.from,
                };
                let pending = state.requests.values().filter(|request| request.status == Status::Pending);
                let mut listed: Vec<_> =
                    pending.filter(|request| party(request) == user_id).copied().collect();
                listed.sort_by_key(|request| std::cmp::Reverse(RequestKey::from(request)));
                listed.retain(|request| before.is_none_or(|before| RequestKey::from(request) < before));
                listed.truncate(limit);
                listed
            })
            .await
    }

    async fn list_friends(
        &self,
        user_id: UserId,
        before: Option<FriendshipKey>,
        limit: usize,
    ) -> Result<Vec<FriendshipKey>, StorageError> {
        self.0
            .atomically(|state| {
                let mut listed: Vec<_> = state
                    .friendships
                    .iter()
                    .filter_map(|(pair, create_time)| {
                        let friend_id = pair.other(user_id)?;
                        Some(FriendshipKey { create_time: *create_time, friend_id })
                    })
                    .collect();
                listed.sort_by_key(|friend| std::cmp::Reverse(*friend));
                listed.retain(|friend| before.is_none_or(|before| *friend < before));
                listed.truncate(limit);
                listed
            })
            .await
    }
}
