//! Friendship in tables as somebody in a hurry would write them, with one mistake or none.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::event::Event;
use duologue_domain::id::{RequestId, UserId};
use duologue_domain::notification::{InsertNotification, NotificationStore};
use duologue_domain::social::{
    CommitAnswer, Direction, FriendRequest, FriendshipKey, InsertRequest, Pair, RemoveFriendship, RequestKey,
    SettledRequest, SocialStore, Status,
};
use duologue_domain::wakeup::{LocalWakeUp, Topic, WakeUp as _};
use parking_lot::Mutex;

use super::gap;
use crate::composition::Composition;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistake {
    /// The tables themselves are sound.
    None,
    CrossingRequestsRace,
    CrossingRequestsStand,
    StatusIgnored,
    StatusReadFirst,
    FriendshipOneSided,
    RemovalOneSided,
    DeclinedBlocks,
    AcceptedBlocks,
    OutgoingListed,
    DirectionSwapped,
    DeclineNotStored,
    NobodyRemoved,
    AcceptedAgain,
    BoundaryRepeated,
    Offset,
    AlwaysMore,
}

pub(super) fn plant(mut composition: Composition, mistake: Mistake) -> Composition {
    composition.ports.social = Arc::new(Tables {
        mistake,
        rows: Mutex::default(),
        notifications: composition.ports.notifications.clone(),
        hub: composition.ports.hub.clone(),
    });
    composition
}

#[derive(Default)]
struct Rows {
    requests: Vec<FriendRequest>,
    /// A row for each side of a friendship: whose, and with whom since when.
    friends: Vec<(UserId, FriendshipKey)>,
    /// Where a page ended that began with so many friends before it.
    offsets: Vec<(UserId, FriendshipKey, usize)>,
}

struct Tables {
    mistake: Mistake,
    rows: Mutex<Rows>,
    notifications: Arc<dyn NotificationStore>,
    hub: LocalWakeUp,
}

fn are_of(request: &FriendRequest, pair: Pair) -> bool {
    Pair::of(request.from, request.to) == Ok(pair)
}

impl Rows {
    fn are_friends(&self, pair: Pair) -> bool {
        self.friends.iter().any(|(user_id, key)| Pair::of(*user_id, key.friend_id) == Ok(pair))
    }

    fn befriend(&mut self, user_id: UserId, key: FriendshipKey, even_if_friends: bool) {
        let known =
            self.friends.iter().any(|(owner, other)| *owner == user_id && other.friend_id == key.friend_id);
        if even_if_friends || !known {
            self.friends.push((user_id, key));
        }
    }

    fn obstacle(&self, request: &FriendRequest, mistake: Mistake) -> Option<InsertRequest> {
        let pair = Pair::of(request.from, request.to).ok()?;
        let stands = |other: &&FriendRequest| {
            let one_way = matches!(mistake, Mistake::CrossingRequestsStand);
            let status = other.status == Status::Pending
                || (other.status == Status::Declined && mistake == Mistake::DeclinedBlocks);
            status && are_of(other, pair) && (!one_way || other.from == request.from)
        };
        if let Some(pending) = self.requests.iter().find(stands) {
            return Some(InsertRequest::Pending(*pending));
        }
        let blocks = |other: &FriendRequest| other.status == Status::Accepted && are_of(other, pair);
        let blocked = mistake == Mistake::AcceptedBlocks && self.requests.iter().any(blocks);
        (blocked || self.are_friends(pair)).then_some(InsertRequest::AlreadyFriends)
    }
}

impl Tables {
    async fn tell(&self, event: Event) -> Result<(), StorageError> {
        let recipient_id = event.recipient_id;
        if let InsertNotification::Inserted(position) = self.notifications.insert_notification(event).await? {
            self.hub.publish(Topic::Notifications(recipient_id), position.0);
        }
        Ok(())
    }
}

#[async_trait]
impl SocialStore for Tables {
    async fn insert_request(
        &self,
        request: FriendRequest,
        event: Event,
    ) -> Result<InsertRequest, StorageError> {
        if let Some(obstacle) = self.rows.lock().obstacle(&request, self.mistake) {
            return Ok(obstacle);
        }
        if self.mistake == Mistake::CrossingRequestsRace {
            gap().await;
        }
        {
            let mut rows = self.rows.lock();
            // The unique index: of both directions, or of one.
            let found = rows.obstacle(&request, self.mistake).filter(|obstacle| match obstacle {
                InsertRequest::Pending(pending) if self.mistake == Mistake::CrossingRequestsRace => {
                    pending.from == request.from
                }
                _ => true,
            });
            if let Some(obstacle) = found {
                return Ok(obstacle);
            }
            rows.requests.push(request);
        }
        self.tell(event).await?;
        Ok(InsertRequest::Inserted)
    }

    async fn find_request(&self, request_id: RequestId) -> Result<Option<FriendRequest>, StorageError> {
        let rows = self.rows.lock();
        let mut found = rows.requests.iter().find(|request| request.request_id == request_id).copied();
        if let Some(request) = &mut found {
            let is_again = self.mistake == Mistake::AcceptedAgain
                && request.status == Status::Accepted
                && Pair::of(request.from, request.to).is_ok_and(|pair| rows.are_friends(pair));
            if is_again || self.mistake == Mistake::StatusIgnored {
                request.status = Status::Pending;
            }
        }
        Ok(found)
    }

    async fn commit_answer(&self, settled: SettledRequest) -> Result<CommitAnswer, StorageError> {
        let SettledRequest { request, new_friendship, event } = settled;
        let is_pending = |rows: &Rows| {
            let stored = rows.requests.iter().find(|stored| stored.request_id == request.request_id);
            stored.is_some_and(|stored| stored.status == Status::Pending)
        };
        if self.mistake == Mistake::AcceptedAgain && !is_pending(&self.rows.lock()) {
            // The rows are written once more, whoever was removed meanwhile.
            gap().await;
            if let Some(friendship) = new_friendship {
                let [lower, friend_id] = friendship.pair.both();
                let key = FriendshipKey { create_time: friendship.create_time, friend_id };
                self.rows.lock().befriend(lower, key, false);
            }
            return Ok(CommitAnswer::Committed);
        }
        if self.mistake == Mistake::StatusReadFirst {
            if !is_pending(&self.rows.lock()) {
                return Ok(CommitAnswer::Stale);
            }
            gap().await;
        }
        let ignores = matches!(self.mistake, Mistake::StatusIgnored | Mistake::StatusReadFirst);
        let is_lost = self.mistake == Mistake::DeclineNotStored && request.status == Status::Declined;
        {
            let mut rows = self.rows.lock();
            if !ignores && !is_pending(&rows) {
                return Ok(CommitAnswer::Stale);
            }
            if !is_lost
                && let Some(stored) =
                    rows.requests.iter_mut().find(|stored| stored.request_id == request.request_id)
            {
                *stored = request;
            }
        }
        if let Some(friendship) = new_friendship {
            let create_time = friendship.create_time;
            let [lower, higher] = friendship.pair.both();
            let again = self.mistake == Mistake::CrossingRequestsStand;
            self.rows.lock().befriend(lower, FriendshipKey { create_time, friend_id: higher }, again);
            if self.mistake != Mistake::FriendshipOneSided {
                self.rows.lock().befriend(higher, FriendshipKey { create_time, friend_id: lower }, again);
            }
        }
        if let Some(event) = event {
            self.tell(event).await?;
        }
        Ok(CommitAnswer::Committed)
    }

    async fn remove_friendship(&self, pair: Pair) -> Result<RemoveFriendship, StorageError> {
        let mut rows = self.rows.lock();
        let is_gone = |(user_id, key): &(UserId, FriendshipKey)| {
            let one_sided = self.mistake == Mistake::RemovalOneSided;
            Pair::of(*user_id, key.friend_id) == Ok(pair) && (!one_sided || *user_id == pair.lower())
        };
        let before = rows.friends.len();
        rows.friends.retain(|row| !is_gone(row));
        let removed = rows.friends.len() < before || self.mistake == Mistake::NobodyRemoved;
        Ok(if removed { RemoveFriendship::Removed } else { RemoveFriendship::NotFriends })
    }

    async fn are_friends(&self, pair: Pair) -> Result<bool, StorageError> {
        Ok(self.rows.lock().are_friends(pair))
    }

    async fn list_requests(
        &self,
        user_id: UserId,
        direction: Direction,
        before: Option<RequestKey>,
        limit: usize,
    ) -> Result<Vec<FriendRequest>, StorageError> {
        let is_listed = |request: &&FriendRequest| {
            let is_theirs = match direction {
                Direction::Incoming => {
                    request.to == user_id
                        || (self.mistake == Mistake::OutgoingListed && request.from == user_id)
                }
                Direction::Outgoing => request.from == user_id,
            };
            request.status == Status::Pending
                && is_theirs
                && before.is_none_or(|before| RequestKey::from(*request) < before)
        };
        let mut listed: Vec<_> = self.rows.lock().requests.iter().filter(is_listed).copied().collect();
        listed.sort_by_key(|request| std::cmp::Reverse(RequestKey::from(request)));
        if self.mistake == Mistake::DirectionSwapped {
            for request in &mut listed {
                std::mem::swap(&mut request.from, &mut request.to);
            }
        }
        Ok(self.page(listed, limit))
    }

    async fn list_friends(
        &self,
        user_id: UserId,
        before: Option<FriendshipKey>,
        limit: usize,
    ) -> Result<Vec<FriendshipKey>, StorageError> {
        let mut rows = self.rows.lock();
        let own = rows.friends.iter().filter(|(owner, _)| *owner == user_id).map(|(_, key)| *key);
        let mut listed: Vec<_> = own.collect();
        listed.sort_by(|one, other| other.cmp(one));
        if self.mistake == Mistake::Offset {
            let ended =
                rows.offsets.iter().rev().find(|(owner, key, _)| *owner == user_id && Some(*key) == before);
            let skipped = ended.map_or(0, |(_, _, offset)| *offset);
            let page: Vec<_> = listed.into_iter().skip(skipped).take(limit).collect();
            let ends = page.iter().enumerate().map(|(at, key)| (user_id, *key, skipped + at + 1));
            rows.offsets.extend(ends);
            return Ok(page);
        }
        let repeats = self.mistake == Mistake::BoundaryRepeated;
        listed.retain(|key| before.is_none_or(|before| *key < before || (repeats && *key == before)));
        Ok(self.page(listed, limit))
    }
}

impl Tables {
    fn page<T: Clone>(&self, mut listed: Vec<T>, limit: usize) -> Vec<T> {
        listed.truncate(limit);
        if self.mistake == Mistake::AlwaysMore && listed.len() + 1 == limit {
            listed.extend(listed.last().cloned());
        }
        listed
    }
}
