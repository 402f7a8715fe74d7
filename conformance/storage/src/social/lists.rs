//! Lists of requests and friends.

use std::cmp::Reverse;

use duologue_domain::social::{Answer, Direction, FriendshipKey, RequestKey};

use super::{answer, friends, pair_of, pending};
use crate::fixture::Storage;
use crate::pages::assert_pages;
use crate::race::contender;
use crate::world::{Acknowledged as _, at, new_id};

/// Times with ties, in no order.
const TIMES: [i64; 9] = [40, 10, 30, 30, 30, 1_000, 10, 20, 999];

pub(crate) async fn pending_requests_are_listed_newest_first_with_ties_broken_by_id(storage: &Storage) {
    let social = storage.social();
    for direction in [Direction::Incoming, Direction::Outgoing] {
        let person = new_id();
        let mut expected = Vec::new();
        for time in TIMES {
            let (from, to) =
                if direction == Direction::Outgoing { (person, new_id()) } else { (new_id(), person) };
            expected.push(pending(storage, from, to, time).await);
            // None of these belongs to the list: the other direction, settled ones, other people's.
            pending(storage, to, new_id(), time).await;
            pending(storage, new_id(), from, time).await;
            let (from, to) =
                if direction == Direction::Outgoing { (person, new_id()) } else { (new_id(), person) };
            let over = pending(storage, from, to, time).await;
            answer(storage, over, Answer::Cancel, time).await;
        }
        let mut crossing = social.list_requests(person, direction, None, 1_000).await.answered();
        expected.sort_by_key(|request| Reverse(RequestKey::from(request)));
        crossing.retain(|request| !expected.contains(request));
        expected.extend(crossing);
        expected.sort_by_key(|request| Reverse(RequestKey::from(request)));
        assert!(expected.iter().all(|request| {
            (if direction == Direction::Outgoing { request.from } else { request.to }) == person
        }));
        assert_pages(
            &expected,
            |request| RequestKey::from(request),
            async |before, limit| social.list_requests(person, direction, before, limit).await.answered(),
        )
        .await;
    }
}

pub(crate) async fn friends_are_listed_newest_first_with_ties_broken_by_id(storage: &Storage) {
    let person = new_id();
    let mut expected = Vec::new();
    for (index, time) in TIMES.into_iter().enumerate() {
        let friend_id = new_id();
        let (from, to) = if index % 2 == 0 { (person, friend_id) } else { (friend_id, person) };
        let accepted = friends(storage, from, to, time).await;
        expected.push(FriendshipKey { create_time: accepted.update_time, friend_id });
        friends(storage, friend_id, new_id(), time).await;
    }
    expected.sort_by_key(|key| Reverse(*key));
    assert_pages(
        &expected,
        |key| *key,
        async |before, limit| storage.social().list_friends(person, before, limit).await.answered(),
    )
    .await;
}

pub(crate) async fn lists_go_on_below_what_is_gone(storage: &Storage) {
    let (person, social) = (new_id(), storage.social());
    let mut accepted = Vec::new();
    let mut asked = Vec::new();
    for time in [1, 2, 3] {
        accepted.push(friends(storage, person, new_id(), time).await);
        asked.push(pending(storage, person, new_id(), time).await);
    }
    social.remove_friendship(pair_of(accepted[1])).await.answered();
    let before = FriendshipKey { create_time: at(2), friend_id: accepted[1].to };
    let rest = social.list_friends(person, Some(before), 5).await.answered();
    assert_eq!(rest, [FriendshipKey { create_time: at(1), friend_id: accepted[0].to }]);
    answer(storage, asked[1], Answer::Cancel, 9).await;
    let before = RequestKey::from(&asked[1]);
    let rest = social.list_requests(person, Direction::Outgoing, Some(before), 5).await.answered();
    assert_eq!(rest, [asked[0]]);
}

pub(crate) async fn what_is_there_throughout_a_walk_is_listed_once_whatever_comes_and_goes(
    storage: &Storage,
) {
    let person = new_id();
    let mut staying = Vec::new();
    for time in 0..20 {
        staying.push(friends(storage, person, new_id(), 100 + 10 * time).await.to);
    }
    let other = storage.clone();
    let writer = tokio::spawn(contender(async move {
        for round in 0..10 {
            for place in 0..20 {
                let accepted = friends(&other, person, new_id(), 105 + 10 * place + round % 3).await;
                other.social().remove_friendship(pair_of(accepted)).await.answered();
            }
        }
    }));
    loop {
        let last = writer.is_finished();
        let (mut walked, mut before) = (Vec::new(), None);
        loop {
            let page = storage.social().list_friends(person, before, 3).await.answered();
            before = page.last().copied();
            if page.is_empty() {
                break;
            }
            walked.extend(page);
        }
        assert!(walked.is_sorted_by(|one, next| one > next), "a walk is in order and repeats nothing");
        let seen: Vec<_> = walked.iter().map(|key| key.friend_id).filter(|id| staying.contains(id)).collect();
        assert_eq!(seen, staying.iter().rev().copied().collect::<Vec<_>>());
        if last {
            break;
        }
    }
    writer.await.expect("the writer panicked");
}
