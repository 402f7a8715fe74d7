//! Broken friendships.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::event::Event;
use duologue_domain::id::{RequestId, UserId};
use duologue_domain::social::{
    CommitAnswer, Direction, FriendRequest, FriendshipKey, InsertRequest, Pair, RemoveFriendship, RequestKey,
    SettledRequest, SocialStore,
};
use duologue_domain::{StorageError, Timestamp};
use duologue_storage_conformance::Storage;
use parking_lot::Mutex;
use tokio::task::yield_now;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    OneSided,
    BoundaryRepeated,
    TiesLost,
    OwnRequestNamed,
    StaleCommitted,
    RemovedAlways,
    RefusedStored,
    DirectionIgnored,
    Milliseconds,
    LookedUpFirst,
    HalfCommitted,
}

struct BrokenSocial {
    inner: Arc<dyn SocialStore>,
    fault: Fault,
    refused: Mutex<HashMap<RequestId, FriendRequest>>,
    seen: Mutex<HashSet<Pair>>,
    unfinished: Mutex<HashSet<Pair>>,
}

fn decorate(storage: Storage, fault: Fault) -> Storage {
    let (refused, seen, unfinished) = Default::default();
    let broken = BrokenSocial { inner: storage.social(), fault, refused, seen, unfinished };
    storage.with_social(Arc::new(broken))
}

super::caught! { decorate;
    a_one_sided_friendship: Fault::OneSided =>
        "social::an_accepted_request_makes_friends_of_both",
        "social::any_sequence_of_calls_agrees_with_the_model_of_friendship";
    a_page_that_repeats_its_boundary: Fault::BoundaryRepeated =>
        "social::pending_requests_are_listed_newest_first_with_ties_broken_by_id";
    a_page_that_loses_ties: Fault::TiesLost =>
        "social::friends_are_listed_newest_first_with_ties_broken_by_id";
    a_refusal_that_names_the_wrong_request: Fault::OwnRequestNamed =>
        "social::a_second_pending_request_is_refused_whichever_way_and_nothing_is_stored";
    a_stale_answer_that_is_called_committed: Fault::StaleCommitted =>
        "social::an_answer_to_a_settled_request_is_stale_and_changes_nothing",
        "social::of_answers_to_one_request_at_once_exactly_one_is_stored";
    a_removal_of_nothing: Fault::RemovedAlways =>
        "social::who_are_no_friends_cannot_end_a_friendship",
        "social::of_removals_of_one_friendship_at_once_exactly_one_succeeds";
    a_refused_request_that_is_stored: Fault::RefusedStored =>
        "social::a_request_between_friends_is_refused_whichever_way_and_nothing_is_stored";
    a_list_of_both_directions: Fault::DirectionIgnored =>
        "social::an_inserted_request_is_found_and_listed_by_both";
    times_in_milliseconds: Fault::Milliseconds =>
        "social::an_inserted_request_is_found_and_listed_by_both";
    a_look_up_before_the_insert: Fault::LookedUpFirst =>
        "social::of_requests_between_two_people_at_once_exactly_one_is_stored";
    an_answer_in_two_steps: Fault::HalfCommitted =>
        "social::a_cancelled_answer_is_wholly_there_or_not_at_all";
}

impl BrokenSocial {
    fn rounded(&self, request: FriendRequest) -> FriendRequest {
        if self.fault == Fault::Milliseconds {
            let create_time = Timestamp::from_unix_millis(request.create_time.unix_millis());
            return FriendRequest { create_time, ..request };
        }
        request
    }
}

#[async_trait]
impl SocialStore for BrokenSocial {
    async fn insert_request(
        &self,
        request: FriendRequest,
        event: Event,
    ) -> Result<InsertRequest, StorageError> {
        let pair = Pair::of(request.from, request.to).unwrap();
        if self.fault == Fault::LookedUpFirst && !self.seen.lock().contains(&pair) {
            yield_now().await;
            self.seen.lock().insert(pair);
            self.inner.insert_request(request, event).await?;
            return Ok(InsertRequest::Inserted);
        }
        let outcome = self.inner.insert_request(request, event).await?;
        if self.fault == Fault::RefusedStored && outcome != InsertRequest::Inserted {
            self.refused.lock().insert(request.request_id, request);
        }
        Ok(match outcome {
            InsertRequest::Pending(_) if self.fault == Fault::OwnRequestNamed => {
                InsertRequest::Pending(request)
            }
            other => other,
        })
    }

    async fn find_request(&self, request_id: RequestId) -> Result<Option<FriendRequest>, StorageError> {
        if let Some(refused) = self.refused.lock().get(&request_id) {
            return Ok(Some(*refused));
        }
        Ok(self.inner.find_request(request_id).await?.map(|request| self.rounded(request)))
    }

    async fn commit_answer(&self, settled: SettledRequest) -> Result<CommitAnswer, StorageError> {
        let pair = Pair::of(settled.request.from, settled.request.to).unwrap();
        if self.fault == Fault::HalfCommitted && settled.new_friendship.is_some() {
            self.unfinished.lock().insert(pair);
            let outcome = self.inner.commit_answer(settled).await;
            yield_now().await;
            self.unfinished.lock().remove(&pair);
            return outcome;
        }
        let outcome = self.inner.commit_answer(settled).await?;
        Ok(if self.fault == Fault::StaleCommitted { CommitAnswer::Committed } else { outcome })
    }

    async fn remove_friendship(&self, pair: Pair) -> Result<RemoveFriendship, StorageError> {
        let outcome = self.inner.remove_friendship(pair).await?;
        Ok(if self.fault == Fault::RemovedAlways { RemoveFriendship::Removed } else { outcome })
    }

    async fn are_friends(&self, pair: Pair) -> Result<bool, StorageError> {
        Ok(!self.unfinished.lock().contains(&pair) && self.inner.are_friends(pair).await?)
    }

    async fn list_requests(
        &self,
        user_id: UserId,
        direction: Direction,
        before: Option<RequestKey>,
        limit: usize,
    ) -> Result<Vec<FriendRequest>, StorageError> {
        let mut listed = match (self.fault, before) {
            (Fault::BoundaryRepeated, Some(before)) => {
                let mut all = self.inner.list_requests(user_id, direction, None, 1_000).await?;
                all.retain(|request| RequestKey::from(request) <= before);
                all.truncate(limit);
                all
            }
            _ => self.inner.list_requests(user_id, direction, before, limit).await?,
        };
        if self.fault == Fault::DirectionIgnored && direction == Direction::Outgoing {
            listed.extend(self.inner.list_requests(user_id, Direction::Incoming, before, limit).await?);
        }
        Ok(listed.into_iter().map(|request| self.rounded(request)).collect())
    }

    async fn list_friends(
        &self,
        user_id: UserId,
        before: Option<FriendshipKey>,
        limit: usize,
    ) -> Result<Vec<FriendshipKey>, StorageError> {
        let mut listed = self.inner.list_friends(user_id, before, limit).await?;
        match (self.fault, before) {
            (Fault::OneSided, _) => listed.retain(|key| user_id < key.friend_id),
            (Fault::TiesLost, Some(before)) => listed.retain(|key| key.create_time < before.create_time),
            _ => {}
        }
        Ok(listed)
    }
}
