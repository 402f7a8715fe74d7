//! Several people who act at once.

use duologue_domain::social::{Answer, CommitAnswer, InsertRequest, RemoveFriendship, Status};

use super::answers::ANSWERS;
use super::{assert_between, both_ways, commit, friends, pair_of, pending};
use crate::fixture::Storage;
use crate::race::{CONTENDERS, ROUNDS, at_once, contender, count};
use crate::world::{Acknowledged as _, at, new_id, request, settled, strangers};

/// What one of several contenders came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Inserted(InsertRequest),
    Answered(CommitAnswer),
    Removed(RemoveFriendship),
}

pub(crate) async fn of_requests_between_two_people_at_once_exactly_one_is_stored(storage: &Storage) {
    for _ in 0..ROUNDS {
        let ways = both_ways(strangers());
        let rivals: Vec<_> =
            (0..CONTENDERS).map(|index| ways[index % 2]).map(|[from, to]| request(from, to, at(1))).collect();
        let outcomes = at_once(rivals.iter().cloned().map(|(request, event)| {
            let social = storage.social();
            contender(async move { social.insert_request(request, event).await.answered() })
        }))
        .await;
        assert_eq!(count(&outcomes, |outcome| *outcome == InsertRequest::Inserted), 1, "{outcomes:?}");
        let winner = outcomes.iter().position(|outcome| *outcome == InsertRequest::Inserted);
        let (winner, _) = rivals[winner.unwrap_or_default()];
        for ((request, _), outcome) in rivals.into_iter().zip(outcomes) {
            if request.request_id != winner.request_id {
                assert_eq!(outcome, InsertRequest::Pending(winner));
                assert_eq!(storage.social().find_request(request.request_id).await.answered(), None);
            }
        }
        assert_between(storage, winner, None).await;
    }
}

pub(crate) async fn of_answers_to_one_request_at_once_exactly_one_is_stored(storage: &Storage) {
    for _ in 0..ROUNDS {
        let asked = pending(storage, new_id(), new_id(), 1).await;
        let answers: Vec<_> = (0..)
            .take(CONTENDERS)
            .zip(ANSWERS.into_iter().cycle())
            .map(|(time, answer)| settled(asked, answer, at(10 + time)))
            .collect();
        let outcomes = at_once(answers.iter().cloned().map(|answer| {
            let storage = storage.clone();
            contender(async move { commit(&storage, answer).await })
        }))
        .await;
        assert_eq!(count(&outcomes, |outcome| *outcome == CommitAnswer::Committed), 1, "{outcomes:?}");
        let winner =
            outcomes.iter().position(|outcome| *outcome == CommitAnswer::Committed).unwrap_or_default();
        let friends_since = answers[winner].new_friendship.and((0..).nth(winner)).map(|time: i64| 10 + time);
        assert_between(storage, answers[winner].request, friends_since).await;
    }
}

pub(crate) async fn an_acceptance_and_a_removal_at_once_are_done_one_after_the_other(storage: &Storage) {
    for _ in 0..ROUNDS {
        let asked = pending(storage, new_id(), new_id(), 1).await;
        let accept = settled(asked, Answer::Accept, at(20));
        let mut contenders = Vec::new();
        for index in 0..CONTENDERS {
            let (storage, accept) = (storage.clone(), accept.clone());
            contenders.push(if index % 2 == 0 {
                contender(async move { Outcome::Answered(commit(&storage, accept).await) })
            } else {
                let pair = pair_of(asked);
                contender(async move {
                    Outcome::Removed(storage.social().remove_friendship(pair).await.answered())
                })
            });
        }
        let outcomes = at_once(contenders).await;
        let committed = count(&outcomes, |outcome| *outcome == Outcome::Answered(CommitAnswer::Committed));
        let removed = count(&outcomes, |outcome| *outcome == Outcome::Removed(RemoveFriendship::Removed));
        assert_eq!(committed, 1, "{outcomes:?}");
        assert!(removed <= 1, "{outcomes:?}");
        assert_between(storage, accept.request, (removed == 0).then_some(20)).await;
    }
}

pub(crate) async fn of_removals_of_one_friendship_at_once_exactly_one_succeeds(storage: &Storage) {
    for _ in 0..ROUNDS {
        let accepted = friends(storage, new_id(), new_id(), 1).await;
        let outcomes = at_once((0..CONTENDERS).map(|_| {
            let (social, pair) = (storage.social(), pair_of(accepted));
            contender(async move { social.remove_friendship(pair).await.answered() })
        }))
        .await;
        assert_eq!(count(&outcomes, |outcome| *outcome == RemoveFriendship::Removed), 1, "{outcomes:?}");
        assert_between(storage, accepted, None).await;
    }
}

pub(crate) async fn a_request_and_an_answer_at_once_leave_one_request_or_one_friendship(storage: &Storage) {
    for round in 0..ROUNDS {
        let asked = pending(storage, new_id(), new_id(), 1).await;
        let answer = settled(asked, ANSWERS[round % 3], at(20));
        let mut contenders = vec![{
            let (storage, answer) = (storage.clone(), answer.clone());
            contender(async move { Outcome::Answered(commit(&storage, answer).await) })
        }];
        let mut rivals = Vec::new();
        for [from, to] in both_ways(pair_of(asked)).into_iter().cycle().take(CONTENDERS - 1) {
            let ((request, event), social) = (request(from, to, at(30)), storage.social());
            rivals.push(request);
            contenders.push(contender(async move {
                Outcome::Inserted(social.insert_request(request, event).await.answered())
            }));
        }
        let outcomes = at_once(contenders).await;
        assert_eq!(outcomes[0], Outcome::Answered(CommitAnswer::Committed));
        let inserted = |outcome: &Outcome| *outcome == Outcome::Inserted(InsertRequest::Inserted);
        let winner = outcomes[1..].iter().position(inserted);
        if answer.request.status == Status::Accepted {
            assert_eq!(winner, None, "friends have no request: {outcomes:?}");
            assert_between(storage, answer.request, Some(20)).await;
        } else {
            assert!(count(&outcomes, inserted) <= 1, "{outcomes:?}");
            assert_between(storage, winner.map_or(answer.request, |winner| rivals[winner]), None).await;
        }
    }
}
