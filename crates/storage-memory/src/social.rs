//! Friend requests and friendships.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::event::Event;
use duologue_domain::id::{RequestId, UserId};
use duologue_domain::social::{
    CommitAnswer, Direction, FriendRequest, FriendshipKey, InsertRequest, Pair, RemoveFriendship, RequestKey,
    SettledRequest, SocialStore, Status,
};
use duologue_domain::{StorageError, Timestamp};
use parking_lot::{RwLock, RwLockWriteGuard};

use crate::outbox::Outbox;
use crate::shards::Shards;
use crate::{MemoryStorage, broken};

/// Who asked whom, and who are friends.
///
/// Whatever changes something between two people locks both, and then the request: so no two lists, and no list and
/// request, ever disagree.
pub(crate) struct Social {
    requests: Shards<RequestId, FriendRequest>,
    people: Shards<UserId, Arc<RwLock<Person>>>,
    pub(crate) outbox: Arc<Outbox>,
}

/// What one person has to do with others.
#[derive(Default)]
struct Person {
    /// What stands between this person and another; only where this one has the lower id.
    relations: HashMap<UserId, Relation>,
    /// Pending requests to this person.
    incoming: BTreeMap<RequestKey, FriendRequest>,
    /// Pending requests by this person.
    outgoing: BTreeMap<RequestKey, FriendRequest>,
    friends: BTreeSet<FriendshipKey>,
}

/// What stands between two people: a request or a friendship, never both, never two.
#[derive(Clone, Copy)]
enum Relation {
    Pending(FriendRequest),
    Friends(Timestamp),
}

/// Two people under their locks.
struct Both<'a> {
    pair: Pair,
    lower: RwLockWriteGuard<'a, Person>,
    higher: RwLockWriteGuard<'a, Person>,
}

impl<'a> Both<'a> {
    /// Locks two people, the one with the lower id first.
    fn lock(pair: Pair, people: &'a [Arc<RwLock<Person>>; 2]) -> Self {
        let [lower, higher] = people.each_ref().map(|person| person.write());
        Self { pair, lower, higher }
    }

    fn relation(&self) -> Option<Relation> {
        self.lower.relations.get(&self.pair.higher()).copied()
    }

    fn person(&mut self, user_id: UserId) -> &mut Person {
        if user_id == self.pair.lower() { &mut self.lower } else { &mut self.higher }
    }

    /// Replaces what stands between the two, in every list of both.
    fn relate(&mut self, relation: Option<Relation>) {
        let higher = self.pair.higher();
        let before = match relation {
            Some(relation) => self.lower.relations.insert(higher, relation),
            None => self.lower.relations.remove(&higher),
        };
        match before {
            Some(Relation::Pending(request)) => {
                self.person(request.to).incoming.remove(&RequestKey::from(&request));
                self.person(request.from).outgoing.remove(&RequestKey::from(&request));
            }
            Some(Relation::Friends(create_time)) => {
                for (user_id, friend_id) in self.ways() {
                    self.person(user_id).friends.remove(&FriendshipKey { create_time, friend_id });
                }
            }
            None => {}
        }
        match relation {
            Some(Relation::Pending(request)) => {
                self.person(request.to).incoming.insert(RequestKey::from(&request), request);
                self.person(request.from).outgoing.insert(RequestKey::from(&request), request);
            }
            Some(Relation::Friends(create_time)) => {
                for (user_id, friend_id) in self.ways() {
                    self.person(user_id).friends.insert(FriendshipKey { create_time, friend_id });
                }
            }
            None => {}
        }
    }

    /// Each of the two, with the other.
    fn ways(&self) -> [(UserId, UserId); 2] {
        let [lower, higher] = self.pair.both();
        [(lower, higher), (higher, lower)]
    }
}

impl Social {
    pub(crate) fn new(outbox: Arc<Outbox>) -> Self {
        Self { requests: Shards::default(), people: Shards::default(), outbox }
    }

    fn people(&self, pair: Pair) -> [Arc<RwLock<Person>>; 2] {
        pair.both().map(|user_id| self.people.find_or_default(user_id))
    }

    fn insert_request(&self, request: FriendRequest, event: Event) -> Result<InsertRequest, StorageError> {
        let pair = Pair::of(request.from, request.to).map_err(|_| broken("a request to oneself"))?;
        let people = self.people(pair);
        let mut both = Both::lock(pair, &people);
        match both.relation() {
            Some(Relation::Pending(pending)) => return Ok(InsertRequest::Pending(pending)),
            Some(Relation::Friends(_)) => return Ok(InsertRequest::AlreadyFriends),
            None => {}
        }
        let mut requests = self.requests.part(&request.request_id).write();
        if requests.contains_key(&request.request_id) {
            return Err(broken("the request id is in use"));
        }
        requests.insert(request.request_id, request);
        both.relate(Some(Relation::Pending(request)));
        self.outbox.push(event);
        Ok(InsertRequest::Inserted)
    }

    fn commit_answer(&self, settled: SettledRequest) -> Result<CommitAnswer, StorageError> {
        let SettledRequest { request: answered, new_friendship, event } = settled;
        // Who asked whom never changes, and says whom to lock.
        let Some(stored) = self.requests.find(&answered.request_id) else { return Ok(CommitAnswer::Stale) };
        let pair = Pair::of(stored.from, stored.to).map_err(|_| broken("a request to oneself"))?;
        let people = self.people(pair);
        let mut both = Both::lock(pair, &people);
        let mut requests = self.requests.part(&answered.request_id).write();
        match requests.get_mut(&answered.request_id) {
            Some(request) if request.status == Status::Pending => {
                request.status = answered.status;
                request.update_time = answered.update_time;
            }
            _ => return Ok(CommitAnswer::Stale),
        }
        both.relate(new_friendship.map(|friendship| Relation::Friends(friendship.create_time)));
        if let Some(event) = event {
            self.outbox.push(event);
        }
        Ok(CommitAnswer::Committed)
    }

    fn remove_friendship(&self, pair: Pair) -> RemoveFriendship {
        // Any id can be named here: whoever is unknown stays so.
        let [Some(lower), Some(higher)] = pair.both().map(|user_id| self.people.find(&user_id)) else {
            return RemoveFriendship::NotFriends;
        };
        let people = [lower, higher];
        let mut both = Both::lock(pair, &people);
        match both.relation() {
            Some(Relation::Friends(_)) => {
                both.relate(None);
                RemoveFriendship::Removed
            }
            _ => RemoveFriendship::NotFriends,
        }
    }

    /// What `read` reads of a person; nothing of one who never had to do with anybody.
    fn read<T>(&self, user_id: UserId, read: impl FnOnce(&Person) -> T) -> Option<T> {
        self.people.find(&user_id).map(|person| read(&person.read()))
    }
}

#[async_trait]
impl SocialStore for MemoryStorage {
    async fn insert_request(
        &self,
        request: FriendRequest,
        event: Event,
    ) -> Result<InsertRequest, StorageError> {
        self.contexts.social.insert_request(request, event)
    }

    async fn find_request(&self, request_id: RequestId) -> Result<Option<FriendRequest>, StorageError> {
        Ok(self.contexts.social.requests.find(&request_id))
    }

    async fn commit_answer(&self, settled: SettledRequest) -> Result<CommitAnswer, StorageError> {
        self.contexts.social.commit_answer(settled)
    }

    async fn remove_friendship(&self, pair: Pair) -> Result<RemoveFriendship, StorageError> {
        Ok(self.contexts.social.remove_friendship(pair))
    }

    async fn are_friends(&self, pair: Pair) -> Result<bool, StorageError> {
        let relation =
            self.contexts.social.read(pair.lower(), |lower| lower.relations.get(&pair.higher()).copied());
        Ok(matches!(relation.flatten(), Some(Relation::Friends(_))))
    }

    async fn list_requests(
        &self,
        user_id: UserId,
        direction: Direction,
        before: Option<RequestKey>,
        limit: usize,
    ) -> Result<Vec<FriendRequest>, StorageError> {
        let below = before.map_or(Bound::Unbounded, Bound::Excluded);
        let requests = self.contexts.social.read(user_id, |person| {
            let requests = match direction {
                Direction::Incoming => &person.incoming,
                Direction::Outgoing => &person.outgoing,
            };
            requests.range((Bound::Unbounded, below)).rev().take(limit).map(|(_, request)| *request).collect()
        });
        Ok(requests.unwrap_or_default())
    }

    async fn list_friends(
        &self,
        user_id: UserId,
        before: Option<FriendshipKey>,
        limit: usize,
    ) -> Result<Vec<FriendshipKey>, StorageError> {
        let below = before.map_or(Bound::Unbounded, Bound::Excluded);
        let friends = self.contexts.social.read(user_id, |person| {
            person.friends.range((Bound::Unbounded, below)).rev().take(limit).copied().collect()
        });
        Ok(friends.unwrap_or_default())
    }
}
