//! Friend requests and friendships.

use std::sync::atomic::{AtomicBool, Ordering};

use duologue_domain::event::{Event, EventOutbox, Subject};
use duologue_domain::id::UserId;
use duologue_domain::social::{
    Answer, Answered, CommitAnswer, Direction, FriendRequest, FriendshipKey, InsertRequest, RemoveFriendship,
    RequestKey, SettledRequest, SocialStore, Status,
};
use duologue_storage_memory::MemoryStorage;
use futures::executor::block_on;

use crate::fixtures::{ROUNDS, at, count, event, new_id, pair, race, request};

/// What an answer leads to, as the domain decides it.
fn settled(request: FriendRequest, answer: Answer, now: i64) -> SettledRequest {
    let by = if answer == Answer::Cancel { request.from } else { request.to };
    let Ok(Answered::Changed { request, new_friendship }) = request.answer(by, answer, at(now)) else {
        panic!("the request is pending and the answer is entitled");
    };
    let subject = Subject::FriendRequestAccepted(request.request_id);
    let event = new_friendship.map(|_| Event { subject, ..event(request.from) });
    SettledRequest { request, new_friendship, event }
}

async fn befriend(store: &dyn SocialStore, one: UserId, other: UserId, now: i64) {
    let request = request(one, other, now);
    store.insert_request(request, event(other)).await.unwrap();
    store.commit_answer(settled(request, Answer::Accept, now)).await.unwrap();
}

/// What the lists of two people say: requests each way, and friendships.
async fn lists(store: &dyn SocialStore, one: UserId, other: UserId) -> [usize; 6] {
    let mut lengths = [0; 6];
    for (place, user_id) in [one, other].into_iter().enumerate() {
        let incoming = store.list_requests(user_id, Direction::Incoming, None, 9).await.unwrap();
        let outgoing = store.list_requests(user_id, Direction::Outgoing, None, 9).await.unwrap();
        let friends = store.list_friends(user_id, None, 9).await.unwrap();
        lengths[3 * place..3 * place + 3].copy_from_slice(&[incoming.len(), outgoing.len(), friends.len()]);
    }
    lengths
}

async fn of_crossing_requests_exactly_one_is_stored(store: &MemoryStorage) {
    for _ in 0..ROUNDS {
        let (one, other): (UserId, UserId) = (new_id(), new_id());
        let requests =
            [(one, other), (other, one), (one, other), (other, one)].map(|(from, to)| request(from, to, 1));
        let outcomes = race(|contender| {
            let request = requests[contender];
            block_on(store.insert_request(request, event(request.to))).unwrap()
        });
        assert_eq!(count(&outcomes, &InsertRequest::Inserted), 1);
        let winner = outcomes.iter().position(|outcome| *outcome == InsertRequest::Inserted).unwrap();
        assert_eq!(count(&outcomes, &InsertRequest::Pending(requests[winner])), outcomes.len() - 1);
        let expected = if requests[winner].from == one { [0, 1, 0, 1, 0, 0] } else { [1, 0, 0, 0, 1, 0] };
        assert_eq!(lists(store, one, other).await, expected);
        for (place, request) in requests.iter().enumerate() {
            let found = store.find_request(request.request_id).await.unwrap();
            assert_eq!(found, (place == winner).then_some(*request));
        }
    }
    assert_eq!(store.claim_events(9_999, at(1), at(2)).await.unwrap().len(), ROUNDS);
}

async fn of_many_answers_at_once_exactly_one_is_stored_with_all_that_follows(store: &MemoryStorage) {
    const ANSWERS: [Answer; 4] = [Answer::Accept, Answer::Decline, Answer::Cancel, Answer::Accept];
    let mut accepted = 0;
    for _ in 0..ROUNDS {
        let (one, other): (UserId, UserId) = (new_id(), new_id());
        let request = request(one, other, 1);
        store.insert_request(request, event(other)).await.unwrap();
        let outcomes =
            race(|contender| block_on(store.commit_answer(settled(request, ANSWERS[contender], 5))).unwrap());
        assert_eq!(count(&outcomes, &CommitAnswer::Committed), 1);
        let winner = outcomes.iter().position(|outcome| *outcome == CommitAnswer::Committed).unwrap();
        let expected = settled(request, ANSWERS[winner], 5);
        assert_eq!(store.find_request(request.request_id).await.unwrap(), Some(expected.request));
        let friends = expected.new_friendship.is_some();
        accepted += usize::from(friends);
        assert_eq!(store.are_friends(pair(one, other)).await.unwrap(), friends);
        assert_eq!(lists(store, one, other).await, [0, 0, usize::from(friends), 0, 0, usize::from(friends)]);
    }
    assert_eq!(store.claim_events(9_999, at(1), at(2)).await.unwrap().len(), ROUNDS + accepted);
}

async fn whoever_sees_a_friendship_anywhere_sees_it_everywhere(store: &MemoryStorage) {
    for _ in 0..ROUNDS {
        let (one, other): (UserId, UserId) = (new_id(), new_id());
        let request = request(one, other, 1);
        store.insert_request(request, event(other)).await.unwrap();
        let answered = AtomicBool::new(false);
        race(|contender| {
            block_on(async {
                let seen = async || match contender {
                    1 => !store.list_friends(one, None, 9).await.unwrap().is_empty(),
                    2 => !store.list_friends(other, None, 9).await.unwrap().is_empty(),
                    _ => {
                        store.find_request(request.request_id).await.unwrap().unwrap().status
                            == Status::Accepted
                    }
                };
                if contender == 0 {
                    store.commit_answer(settled(request, Answer::Accept, 5)).await.unwrap();
                    answered.store(true, Ordering::SeqCst);
                }
                loop {
                    let late = answered.load(Ordering::SeqCst);
                    if seen().await {
                        break;
                    }
                    assert!(!late, "what was answered is seen by nobody");
                }
                assert_eq!(lists(store, one, other).await, [0, 0, 1, 0, 0, 1]);
                assert!(store.are_friends(pair(one, other)).await.unwrap());
                let found = store.find_request(request.request_id).await.unwrap().unwrap();
                assert_eq!(found.status, Status::Accepted);
            });
        });
    }
}

async fn a_friendship_ends_once_for_both(store: &dyn SocialStore) {
    for _ in 0..ROUNDS {
        let (one, other): (UserId, UserId) = (new_id(), new_id());
        befriend(store, one, other, 1).await;
        let outcomes = race(|_| block_on(store.remove_friendship(pair(one, other))).unwrap());
        assert_eq!(count(&outcomes, &RemoveFriendship::Removed), 1);
        assert!(!store.are_friends(pair(one, other)).await.unwrap());
        assert_eq!(lists(store, one, other).await, [0; 6]);
    }
}

async fn between_two_people_there_is_one_request_or_one_friendship(store: &dyn SocialStore) {
    let (one, other): (UserId, UserId) = (new_id(), new_id());
    let first = request(one, other, 1);
    for (answer, friends) in [(Answer::Decline, false), (Answer::Cancel, false), (Answer::Accept, true)] {
        let asked = FriendRequest { request_id: new_id(), ..first };
        assert_eq!(store.insert_request(asked, event(other)).await.unwrap(), InsertRequest::Inserted);
        let reverse = store.insert_request(request(other, one, 2), event(one)).await.unwrap();
        assert_eq!(reverse, InsertRequest::Pending(asked));
        let removed = store.remove_friendship(pair(one, other)).await.unwrap();
        assert_eq!(removed, RemoveFriendship::NotFriends);
        assert!(!store.are_friends(pair(one, other)).await.unwrap());
        store.commit_answer(settled(asked, answer, 3)).await.unwrap();
        assert_eq!(store.are_friends(pair(one, other)).await.unwrap(), friends);
    }
    let again = store.insert_request(request(other, one, 4), event(one)).await.unwrap();
    assert_eq!(again, InsertRequest::AlreadyFriends);
    assert_eq!(lists(store, one, other).await, [0, 0, 1, 0, 0, 1]);
}

async fn a_repeated_answer_revives_nothing(store: &MemoryStorage) {
    let (one, other): (UserId, UserId) = (new_id(), new_id());
    let request = request(one, other, 1);
    store.insert_request(request, event(other)).await.unwrap();
    let accepted = settled(request, Answer::Accept, 5);
    assert_eq!(store.commit_answer(accepted.clone()).await.unwrap(), CommitAnswer::Committed);
    store.remove_friendship(pair(one, other)).await.unwrap();
    let late = settled(request, Answer::Decline, 9);
    for answer in [accepted.clone(), late] {
        assert_eq!(store.commit_answer(answer).await.unwrap(), CommitAnswer::Stale);
    }
    assert_eq!(store.find_request(request.request_id).await.unwrap(), Some(accepted.request));
    assert!(!store.are_friends(pair(one, other)).await.unwrap());
    assert_eq!(store.claim_events(9, at(1), at(2)).await.unwrap().len(), 2);
    let unknown = FriendRequest { request_id: new_id(), ..request };
    let outcome = store.commit_answer(settled(unknown, Answer::Accept, 5)).await.unwrap();
    assert_eq!(outcome, CommitAnswer::Stale);
    assert!(!store.are_friends(pair(one, other)).await.unwrap());
}

async fn requests_are_listed_newest_first_each_once(store: &dyn SocialStore) {
    let me: UserId = new_id();
    let mut expected = [Vec::new(), Vec::new()];
    for time in [3, 1, 2, 2, 2] {
        for (place, request) in [request(new_id(), me, time), request(me, new_id(), time)].iter().enumerate()
        {
            store.insert_request(*request, event(request.to)).await.unwrap();
            expected[place].push(*request);
        }
    }
    for (place, direction) in [Direction::Incoming, Direction::Outgoing].into_iter().enumerate() {
        let expected = &mut expected[place];
        expected.sort_unstable_by_key(|request| std::cmp::Reverse(RequestKey::from(request)));
        for limit in 1..=expected.len() + 1 {
            let (mut listed, mut before) = (Vec::new(), None);
            loop {
                let page = store.list_requests(me, direction, before, limit).await.unwrap();
                assert!(page.len() <= limit);
                let Some(last) = page.last() else { break };
                before = Some(RequestKey::from(last));
                listed.extend(page);
            }
            assert_eq!(&listed, expected, "{direction:?}, {limit} at once");
        }
    }
}

async fn friends_are_listed_newest_first_each_once(store: &dyn SocialStore) {
    let me: UserId = new_id();
    let mut expected = Vec::new();
    for time in [3, 1, 2, 2, 2] {
        let friend_id = new_id();
        befriend(store, me, friend_id, time).await;
        expected.push(FriendshipKey { create_time: at(time), friend_id });
    }
    expected.sort_unstable_by(|one, other| other.cmp(one));
    for limit in 1..=expected.len() + 1 {
        let (mut listed, mut before) = (Vec::new(), None);
        loop {
            let page = store.list_friends(me, before, limit).await.unwrap();
            assert!(page.len() <= limit);
            before = page.last().copied().or(before);
            if page.is_empty() {
                break;
            }
            listed.extend(page);
        }
        assert_eq!(listed, expected, "{limit} at once");
    }
}

async fn everybody_befriending_everybody_ends_and_agrees(store: &dyn SocialStore) {
    let people: [UserId; 4] = std::array::from_fn(|_| new_id());
    race(|contender| {
        for round in 0..ROUNDS {
            let (one, other) = (people[contender], people[(contender + 1 + round % 3) % 4]);
            let request = request(one, other, 1);
            block_on(async {
                match store.insert_request(request, event(other)).await.unwrap() {
                    InsertRequest::Inserted => {}
                    InsertRequest::Pending(pending) => {
                        store.commit_answer(settled(pending, Answer::Accept, 2)).await.unwrap();
                    }
                    InsertRequest::AlreadyFriends => {
                        store.remove_friendship(pair(one, other)).await.unwrap();
                    }
                }
            });
        }
    });
    for one in people {
        for other in people.into_iter().filter(|other| *other != one) {
            let friends = store.list_friends(one, None, 9).await.unwrap();
            let listed = friends.iter().any(|friend| friend.friend_id == other);
            assert_eq!(listed, store.are_friends(pair(one, other)).await.unwrap());
            let incoming = store.list_requests(one, Direction::Incoming, None, 9).await.unwrap();
            let outgoing = store.list_requests(other, Direction::Outgoing, None, 9).await.unwrap();
            let from_other: Vec<_> = incoming.iter().filter(|request| request.from == other).collect();
            let to_one: Vec<_> = outgoing.iter().filter(|request| request.to == one).collect();
            assert_eq!(from_other, to_one);
            assert!(from_other.len() + usize::from(listed) <= 1);
        }
    }
}

async fn a_friendship_begins_when_it_was_decided(store: &dyn SocialStore) {
    let (one, other): (UserId, UserId) = (new_id(), new_id());
    befriend(store, one, other, 7).await;
    for (user_id, friend_id) in [(one, other), (other, one)] {
        let friends = store.list_friends(user_id, None, 9).await.unwrap();
        assert_eq!(friends, [FriendshipKey { create_time: at(7), friend_id }]);
    }
}

crate::laws! {
    of_crossing_requests_exactly_one_is_stored,
    of_many_answers_at_once_exactly_one_is_stored_with_all_that_follows,
    whoever_sees_a_friendship_anywhere_sees_it_everywhere,
    a_friendship_ends_once_for_both,
    between_two_people_there_is_one_request_or_one_friendship,
    a_repeated_answer_revives_nothing,
    requests_are_listed_newest_first_each_once,
    friends_are_listed_newest_first_each_once,
    everybody_befriending_everybody_ends_and_agrees,
    a_friendship_begins_when_it_was_decided,
}
