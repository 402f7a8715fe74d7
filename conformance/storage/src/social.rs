//! Friend requests and friendships.

mod answers;
mod cancelled;
mod friends;
mod lists;
mod model;
mod races;

pub(crate) use answers::*;
pub(crate) use cancelled::*;
pub(crate) use friends::*;
pub(crate) use lists::*;
pub(crate) use model::*;
pub(crate) use races::*;

use duologue_domain::id::UserId;
use duologue_domain::social::{
    Answer, CommitAnswer, Direction, FriendRequest, FriendshipKey, InsertRequest, Pair, SettledRequest,
};

use crate::fixture::Storage;
use crate::world::{Acknowledged as _, at, new_id, request, settled, strangers};

pub(crate) async fn an_inserted_request_is_found_and_listed_by_both(storage: &Storage) {
    for way in [0, 1] {
        let [from, to] = both_ways(strangers())[way];
        let stored = pending(storage, from, to, 7).await;
        assert_eq!(storage.social().find_request(stored.request_id).await.answered(), Some(stored));
        assert_between(storage, stored, None).await;
    }
}

pub(crate) async fn an_unknown_request_is_not_found(storage: &Storage) {
    assert_eq!(storage.social().find_request(new_id()).await.answered(), None);
}

pub(crate) async fn a_second_pending_request_is_refused_whichever_way_and_nothing_is_stored(
    storage: &Storage,
) {
    let first = pending(storage, new_id(), new_id(), 1).await;
    for (from, to) in [(first.from, first.to), (first.to, first.from)] {
        let (second, event) = request(from, to, at(9));
        let inserted = storage.social().insert_request(second, event).await.answered();
        assert_eq!(inserted, InsertRequest::Pending(first));
        assert_eq!(storage.social().find_request(second.request_id).await.answered(), None);
        assert_between(storage, first, None).await;
    }
}

pub(crate) async fn a_request_between_friends_is_refused_whichever_way_and_nothing_is_stored(
    storage: &Storage,
) {
    let accepted = friends(storage, new_id(), new_id(), 5).await;
    for (from, to) in [(accepted.from, accepted.to), (accepted.to, accepted.from)] {
        let (second, event) = request(from, to, at(9));
        let inserted = storage.social().insert_request(second, event).await.answered();
        assert_eq!(inserted, InsertRequest::AlreadyFriends);
        assert_eq!(storage.social().find_request(second.request_id).await.answered(), None);
        assert_between(storage, accepted, Some(5)).await;
    }
}

pub(crate) async fn requests_of_one_person_to_several_stand_side_by_side(storage: &Storage) {
    let sender = new_id();
    let sent = [pending(storage, sender, new_id(), 1).await, pending(storage, sender, new_id(), 1).await];
    let received = pending(storage, new_id(), sender, 1).await;
    let social = storage.social();
    let outgoing = social.list_requests(sender, Direction::Outgoing, None, 9).await.answered();
    assert_eq!(outgoing.len(), 2);
    assert!(sent.iter().all(|request| outgoing.contains(request)));
    assert_eq!(social.list_requests(sender, Direction::Incoming, None, 9).await.answered(), [received]);
}

/// Each of two people to the other.
fn both_ways(pair: Pair) -> [[UserId; 2]; 2] {
    let [lower, higher] = pair.both();
    [[lower, higher], [higher, lower]]
}

/// The two people of a request.
fn pair_of(request: FriendRequest) -> Pair {
    crate::world::pair(request.from, request.to)
}

/// A stored, pending request.
async fn pending(storage: &Storage, from: UserId, to: UserId, time: i64) -> FriendRequest {
    let (request, event) = request(from, to, at(time));
    let inserted = storage.social().insert_request(request, event).await.answered();
    assert_eq!(inserted, InsertRequest::Inserted);
    request
}

/// Stores an answer to a pending request, and gives the request as it is then.
async fn answer(storage: &Storage, request: FriendRequest, answer: Answer, time: i64) -> FriendRequest {
    let settled = settled(request, answer, at(time));
    let committed = storage.social().commit_answer(settled.clone()).await.answered();
    assert_eq!(committed, CommitAnswer::Committed);
    settled.request
}

/// Makes two people friends, and gives the accepted request.
async fn friends(storage: &Storage, from: UserId, to: UserId, time: i64) -> FriendRequest {
    let request = pending(storage, from, to, time).await;
    answer(storage, request, Answer::Accept, time).await
}

/// Commits an answer that may come too late.
async fn commit(storage: &Storage, settled: SettledRequest) -> CommitAnswer {
    storage.social().commit_answer(settled).await.answered()
}

/// Looks, by every method, at what stands between two people who have nothing to do with others: this request, in
/// whichever state, and a friendship since a moment, or none.
async fn assert_between(storage: &Storage, request: FriendRequest, friends_since: Option<i64>) {
    let social = storage.social();
    let pending = (request.status == duologue_domain::social::Status::Pending).then_some(request);
    assert_eq!(social.find_request(request.request_id).await.answered(), Some(request));
    assert_eq!(social.are_friends(pair_of(request)).await.answered(), friends_since.is_some());
    for (user_id, friend_id) in [(request.from, request.to), (request.to, request.from)] {
        let friend = friends_since.map(|time| FriendshipKey { create_time: at(time), friend_id });
        assert_eq!(social.list_friends(user_id, None, 9).await.answered(), Vec::from_iter(friend));
        for direction in [Direction::Incoming, Direction::Outgoing] {
            let theirs = (user_id == request.from) == (direction == Direction::Outgoing);
            let listed = social.list_requests(user_id, direction, None, 9).await.answered();
            assert_eq!(listed, Vec::from_iter(pending.filter(|_| theirs)), "{direction:?}");
        }
    }
}
