//! What friendship is, written down a second time: a list of requests and a list of friendships.

use duologue_domain::id::UserId;
use duologue_domain::social::{
    Answer, CommitAnswer, Direction, FriendRequest, Friendship, FriendshipKey, InsertRequest, Pair,
    RemoveFriendship, RequestKey, Status,
};
use proptest::prelude::{Just, Strategy, prop_oneof};

use super::pair_of;
use crate::fixture::Storage;
use crate::sequences::{agree, assert_sequences};
use crate::world::{Acknowledged as _, at, new_id, pair, request, settled};

/// How many people a sequence is about.
const PEOPLE: usize = 4;

/// What somebody does; requests are named by the order in which they were stored.
#[derive(Debug, Clone, Copy)]
enum Act {
    Send { from: usize, to: usize },
    Answer { request: usize, answer: Answer },
    Remove { one: usize, other: usize },
}

#[derive(Debug, Default)]
struct Model {
    requests: Vec<FriendRequest>,
    friendships: Vec<Friendship>,
}

pub(crate) async fn any_sequence_of_calls_agrees_with_the_model_of_friendship(storage: &Storage) {
    let person = || 0..PEOPLE;
    let answer =
        || prop_oneof![3 => Just(Answer::Accept), 1 => Just(Answer::Decline), 1 => Just(Answer::Cancel)];
    let act = prop_oneof![
        3 => (person(), person()).prop_map(|(from, to)| Act::Send { from, to }),
        3 => (0..8_usize, answer()).prop_map(|(request, answer)| Act::Answer { request, answer }),
        1 => (person(), person()).prop_map(|(one, other)| Act::Remove { one, other }),
    ];
    // Few different times: many are equal, and some go back.
    assert_sequences((act, 0..6_i64), &async |acts: &[_]| run(storage, acts).await);
}

async fn run(storage: &Storage, acts: &[(Act, i64)]) -> Result<(), String> {
    let people: Vec<UserId> = (0..PEOPLE).map(|_| new_id()).collect();
    let mut model = Model::default();
    for (index, (act, time)) in acts.iter().enumerate() {
        let what = format!("{act:?}, call {index}");
        match *act {
            Act::Send { from, to } | Act::Remove { one: from, other: to } if from == to => {}
            Act::Send { from, to } => {
                let (request, event) = request(people[from], people[to], at(*time));
                let outcome = storage.social().insert_request(request, event).await.answered();
                agree(&what, outcome, model.insert(request))?;
            }
            Act::Answer { request, answer } => {
                let Some(request) = model.requests.get(request).copied() else { continue };
                let pending = FriendRequest { status: Status::Pending, ..request };
                let pending = FriendRequest { update_time: pending.create_time, ..pending };
                let settled = settled(pending, answer, at(*time));
                let outcome = storage.social().commit_answer(settled.clone()).await.answered();
                agree(&what, outcome, model.settle(settled.request, settled.new_friendship))?;
            }
            Act::Remove { one, other } => {
                let pair = pair(people[one], people[other]);
                let outcome = storage.social().remove_friendship(pair).await.answered();
                agree(&what, outcome, model.remove(pair))?;
            }
        }
        compare(storage, &model, &people, index % PEOPLE).await?;
    }
    for person in 0..PEOPLE {
        compare(storage, &model, &people, person).await?;
    }
    Ok(())
}

/// All that the storage says of one person.
async fn compare(storage: &Storage, model: &Model, people: &[UserId], person: usize) -> Result<(), String> {
    let (social, user_id) = (storage.social(), people[person]);
    for direction in [Direction::Incoming, Direction::Outgoing] {
        let listed = social.list_requests(user_id, direction, None, 100).await.answered();
        agree(
            &format!("{direction:?} requests of {person}"),
            listed,
            model.list_requests(user_id, direction),
        )?;
    }
    let listed = social.list_friends(user_id, None, 100).await.answered();
    agree(&format!("friends of {person}"), listed, model.list_friends(user_id))?;
    for other in people.iter().filter(|other| **other != user_id) {
        let pair = pair(user_id, *other);
        let friends = model.friendships.iter().any(|friendship| friendship.pair == pair);
        agree("whether two are friends", social.are_friends(pair).await.answered(), friends)?;
    }
    for request in model.requests.iter().filter(|request| request.from == user_id) {
        let found = social.find_request(request.request_id).await.answered();
        agree("a request", found, Some(*request))?;
    }
    Ok(())
}

impl Model {
    fn insert(&mut self, request: FriendRequest) -> InsertRequest {
        let pair = pair_of(request);
        if self.friendships.iter().any(|friendship| friendship.pair == pair) {
            return InsertRequest::AlreadyFriends;
        }
        let pending = |other: &&FriendRequest| other.status == Status::Pending && pair_of(**other) == pair;
        if let Some(pending) = self.requests.iter().find(pending) {
            return InsertRequest::Pending(*pending);
        }
        self.requests.push(request);
        InsertRequest::Inserted
    }

    fn settle(&mut self, settled: FriendRequest, new_friendship: Option<Friendship>) -> CommitAnswer {
        let same = |request: &&mut FriendRequest| request.request_id == settled.request_id;
        match self.requests.iter_mut().find(same) {
            Some(request) if request.status == Status::Pending => {
                *request = settled;
                self.friendships.extend(new_friendship);
                CommitAnswer::Committed
            }
            _ => CommitAnswer::Stale,
        }
    }

    fn remove(&mut self, pair: Pair) -> RemoveFriendship {
        let before = self.friendships.len();
        self.friendships.retain(|friendship| friendship.pair != pair);
        if self.friendships.len() < before { RemoveFriendship::Removed } else { RemoveFriendship::NotFriends }
    }

    fn list_requests(&self, user_id: UserId, direction: Direction) -> Vec<FriendRequest> {
        let mut listed = self.requests.clone();
        listed.retain(|request| {
            let theirs = if direction == Direction::Incoming { request.to } else { request.from };
            request.status == Status::Pending && theirs == user_id
        });
        listed.sort_by_key(|request| std::cmp::Reverse(RequestKey::from(request)));
        listed
    }

    fn list_friends(&self, user_id: UserId) -> Vec<FriendshipKey> {
        let key = |friendship: &Friendship| {
            let friend_id = friendship.pair.other(user_id)?;
            Some(FriendshipKey { create_time: friendship.create_time, friend_id })
        };
        let mut listed: Vec<_> = self.friendships.iter().filter_map(key).collect();
        listed.sort_by_key(|key| std::cmp::Reverse(*key));
        listed
    }
}
