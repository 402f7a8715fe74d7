//! Friend requests and friendships.

use duologue_domain::event::{Event, Subject};
use duologue_domain::id::UserId;
use duologue_domain::social::{
    Answer, Answered, CommitAnswer, Direction, FriendRequest, FriendshipKey, InsertRequest, Pair,
    RemoveFriendship, RequestKey, SettledRequest, SocialStore, Status,
};
use duologue_storage_postgres::PostgresStorage;

use crate::harness::{CONTENDERS, ROUNDS, count, fixture, id, micros, pair, race};

fn request(from: UserId, to: UserId, time: i64) -> FriendRequest {
    let time = micros(time);
    FriendRequest {
        request_id: id(),
        from,
        to,
        status: Status::Pending,
        create_time: time,
        update_time: time,
    }
}

fn told(request: &FriendRequest) -> Event {
    Event {
        event_id: id(),
        recipient_id: request.to,
        actor_id: request.from,
        subject: Subject::FriendRequestReceived(request.request_id),
        occur_time: request.create_time,
    }
}

async fn send(storage: &PostgresStorage, request: FriendRequest) -> InsertRequest {
    storage.insert_request(request, told(&request)).await.unwrap()
}

fn settled(request: FriendRequest, answer: Answer, time: i64) -> SettledRequest {
    let by = if answer == Answer::Cancel { request.from } else { request.to };
    let Ok(Answered::Changed { request, new_friendship }) = request.answer(by, answer, micros(time)) else {
        panic!("{request:?} cannot be answered")
    };
    let event = new_friendship.map(|_| Event {
        event_id: id(),
        recipient_id: request.from,
        actor_id: request.to,
        subject: Subject::FriendRequestAccepted(request.request_id),
        occur_time: request.update_time,
    });
    SettledRequest { request, new_friendship, event }
}

async fn waiting(storage: &PostgresStorage) -> usize {
    storage.outboxes()[0].claim_events(1_000, micros(0), micros(0)).await.unwrap().len()
}

async fn befriend(storage: &PostgresStorage, pair: Pair, time: i64) {
    let request = request(pair.lower(), pair.higher(), time);
    assert_eq!(send(storage, request).await, InsertRequest::Inserted);
    let answer = settled(request, Answer::Accept, time);
    assert_eq!(storage.commit_answer(answer).await.unwrap(), CommitAnswer::Committed);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_requests_between_two_people_sent_at_once_one_is_stored() {
    let fixture = fixture().await;
    for round in 0..ROUNDS {
        let pair = pair();
        let requests: Vec<_> = (0..CONTENDERS)
            .map(|number| match number % 2 {
                0 => request(pair.lower(), pair.higher(), 5),
                _ => request(pair.higher(), pair.lower(), 5),
            })
            .collect();
        let results = race(CONTENDERS, |number| {
            let (storage, request) = (fixture.storage.clone(), requests[number]);
            async move { send(&storage, request).await }
        })
        .await;
        assert_eq!(count(&results, |result| *result == InsertRequest::Inserted), 1, "round {round}");
        let winner = results.iter().position(|result| *result == InsertRequest::Inserted).unwrap();
        let lost = InsertRequest::Pending(requests[winner]);
        assert_eq!(count(&results, |result| *result == lost), CONTENDERS - 1, "round {round}: {results:?}");
        assert_eq!(waiting(&fixture.storage).await, round + 1, "each stored request has one event");
    }
}

#[tokio::test]
async fn every_answer_settles_a_request_for_good_and_leaves_room_for_another() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    for answer in [Answer::Accept, Answer::Decline, Answer::Cancel] {
        let pair = pair();
        let first = request(pair.higher(), pair.lower(), 5);
        assert_eq!(send(storage, first).await, InsertRequest::Inserted);
        let settled_first = settled(first, answer, 9);
        assert_eq!(storage.commit_answer(settled_first.clone()).await.unwrap(), CommitAnswer::Committed);
        assert_eq!(storage.find_request(first.request_id).await.unwrap(), Some(settled_first.request));
        let again = SettledRequest { event: None, ..settled_first };
        assert_eq!(storage.commit_answer(again).await.unwrap(), CommitAnswer::Stale);
        let friends = answer == Answer::Accept;
        assert_eq!(storage.are_friends(pair).await.unwrap(), friends);
        for user_id in pair.both() {
            for direction in [Direction::Incoming, Direction::Outgoing] {
                assert_eq!(storage.list_requests(user_id, direction, None, 9).await.unwrap(), []);
            }
            let key = FriendshipKey { create_time: micros(9), friend_id: pair.other(user_id).unwrap() };
            let expected = if friends { vec![key] } else { vec![] };
            assert_eq!(storage.list_friends(user_id, None, 9).await.unwrap(), expected);
        }
        let next = request(pair.lower(), pair.higher(), 20);
        if friends {
            assert_eq!(send(storage, next).await, InsertRequest::AlreadyFriends);
            assert_eq!(storage.remove_friendship(pair).await.unwrap(), RemoveFriendship::Removed);
            assert!(!storage.are_friends(pair).await.unwrap());
        }
        assert_eq!(storage.remove_friendship(pair).await.unwrap(), RemoveFriendship::NotFriends);
        assert_eq!(send(storage, next).await, InsertRequest::Inserted);
        assert_eq!(storage.remove_friendship(pair).await.unwrap(), RemoveFriendship::NotFriends);
    }
    // Three requests and their three successors, and one acceptance.
    assert_eq!(waiting(storage).await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_answers_given_at_once_one_is_stored_and_all_lists_agree_with_it() {
    let fixture = fixture().await;
    for round in 0..ROUNDS {
        let pair = pair();
        let first = request(pair.lower(), pair.higher(), 5);
        send(&fixture.storage, first).await;
        let answers = [Answer::Accept, Answer::Decline, Answer::Cancel, Answer::Accept];
        let results = race(answers.len(), |number| {
            let (storage, answer) = (fixture.storage.clone(), settled(first, answers[number], 9));
            async move { storage.commit_answer(answer).await.unwrap() }
        })
        .await;
        assert_eq!(count(&results, |result| *result == CommitAnswer::Committed), 1, "round {round}");
        let winner = results.iter().position(|result| *result == CommitAnswer::Committed).unwrap();
        let stored = fixture.storage.find_request(first.request_id).await.unwrap().unwrap();
        assert_eq!(stored.status, Status::from(answers[winner]), "round {round}");
        let friends = answers[winner] == Answer::Accept;
        assert_eq!(fixture.storage.are_friends(pair).await.unwrap(), friends, "round {round}");
        for user_id in pair.both() {
            let listed = fixture.storage.list_friends(user_id, None, 9).await.unwrap().len();
            assert_eq!(listed, usize::from(friends), "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_race_leaves_a_pending_request_beside_a_friendship_or_a_second_one() {
    let fixture = fixture().await;
    for round in 0..ROUNDS {
        let pair = pair();
        let first = request(pair.lower(), pair.higher(), 5);
        send(&fixture.storage, first).await;
        race(6, |number| {
            let storage = fixture.storage.clone();
            let next = request(pair.both()[number % 2], pair.both()[1 - number % 2], 7);
            async move {
                match number {
                    0 => drop(storage.commit_answer(settled(first, Answer::Accept, 9)).await.unwrap()),
                    1 => drop(storage.commit_answer(settled(first, Answer::Decline, 9)).await.unwrap()),
                    2 => drop(storage.remove_friendship(pair).await.unwrap()),
                    _ => drop(send(&storage, next).await),
                }
            }
        })
        .await;
        let mut bonds = usize::from(fixture.storage.are_friends(pair).await.unwrap());
        for user_id in pair.both() {
            bonds +=
                fixture.storage.list_requests(user_id, Direction::Incoming, None, 9).await.unwrap().len();
        }
        assert!(bonds <= 1, "round {round}: {bonds}");
        let sides =
            [pair.lower(), pair.higher()].map(|user_id| fixture.storage.list_friends(user_id, None, 9));
        let [lower, higher] = sides;
        assert_eq!(lower.await.unwrap().len(), higher.await.unwrap().len(), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_friendship_is_removed_once() {
    let fixture = fixture().await;
    for round in 0..ROUNDS {
        let pair = pair();
        befriend(&fixture.storage, pair, 5).await;
        let results = race(CONTENDERS, |_| {
            let storage = fixture.storage.clone();
            async move { storage.remove_friendship(pair).await.unwrap() }
        })
        .await;
        assert_eq!(count(&results, |result| *result == RemoveFriendship::Removed), 1, "round {round}");
    }
}

#[tokio::test]
async fn requests_and_friends_are_listed_newest_first_in_pages_of_any_size() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    let me: UserId = id();
    let (mut incoming, mut outgoing, mut friends) = (Vec::new(), Vec::new(), Vec::new());
    for time in [3, 3, 3, 8, 9, 9] {
        let (from_other, to_other, friend) = (request(id(), me, time), request(me, id(), time), id());
        send(storage, from_other).await;
        send(storage, to_other).await;
        befriend(storage, Pair::of(me, friend).unwrap(), time).await;
        incoming.push(from_other);
        outgoing.push(to_other);
        friends.push(FriendshipKey { create_time: micros(time), friend_id: friend });
    }
    incoming.sort_by_key(|request| std::cmp::Reverse(RequestKey::from(request)));
    outgoing.sort_by_key(|request| std::cmp::Reverse(RequestKey::from(request)));
    friends.sort_by_key(|key| std::cmp::Reverse(*key));
    for size in 1..=7 {
        for (direction, expected) in [(Direction::Incoming, &incoming), (Direction::Outgoing, &outgoing)] {
            let (mut listed, mut before) = (Vec::new(), None);
            loop {
                let page = storage.list_requests(me, direction, before, size).await.unwrap();
                let Some(last) = page.last() else { break };
                before = Some(RequestKey::from(last));
                listed.extend(page);
            }
            assert_eq!(&listed, expected, "{direction:?} in pages of {size}");
        }
        let (mut listed, mut before) = (Vec::new(), None);
        loop {
            let page = storage.list_friends(me, before, size).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(*last);
            listed.extend(page);
        }
        assert_eq!(listed, friends, "in pages of {size}");
    }
}
