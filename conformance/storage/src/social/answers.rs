//! Answering requests.

use duologue_domain::social::{Answer, CommitAnswer, InsertRequest};

use super::{answer, assert_between, commit, pair_of, pending};
use crate::fixture::Storage;
use crate::world::{Acknowledged as _, at, new_id, request, settled};

/// All that can be done with a pending request.
pub(super) const ANSWERS: [Answer; 3] = [Answer::Accept, Answer::Decline, Answer::Cancel];

pub(crate) async fn an_accepted_request_makes_friends_of_both(storage: &Storage) {
    for _ in 0..4 {
        // Enough that the sender has the lower id now and then, and the higher.
        let request = pending(storage, new_id(), new_id(), 1).await;
        let accepted = answer(storage, request, Answer::Accept, 20).await;
        assert_between(storage, accepted, Some(20)).await;
    }
}

pub(crate) async fn a_declined_or_cancelled_request_makes_no_friends(storage: &Storage) {
    for kind in [Answer::Decline, Answer::Cancel] {
        let request = pending(storage, new_id(), new_id(), 1).await;
        let settled = answer(storage, request, kind, 20).await;
        assert_between(storage, settled, None).await;
    }
}

pub(crate) async fn an_answer_to_a_settled_request_is_stale_and_changes_nothing(storage: &Storage) {
    for first in ANSWERS {
        for second in ANSWERS {
            let request = pending(storage, new_id(), new_id(), 1).await;
            let stored = answer(storage, request, first, 20).await;
            let committed = commit(storage, settled(request, second, at(30))).await;
            assert_eq!(committed, CommitAnswer::Stale, "{second:?} after {first:?}");
            assert_between(storage, stored, (first == Answer::Accept).then_some(20)).await;
        }
    }
}

pub(crate) async fn an_answer_to_an_unknown_request_is_stale_and_changes_nothing(storage: &Storage) {
    for kind in ANSWERS {
        let (unknown, _) = request(new_id(), new_id(), at(1));
        assert_eq!(commit(storage, settled(unknown, kind, at(2))).await, CommitAnswer::Stale);
        assert_eq!(storage.social().find_request(unknown.request_id).await.answered(), None);
        assert!(!storage.social().are_friends(pair_of(unknown)).await.answered());
        let friends = storage.social().list_friends(unknown.to, None, 5).await.answered();
        assert_eq!(friends, []);
    }
}

pub(crate) async fn after_a_refusal_a_new_request_is_possible_whichever_way(storage: &Storage) {
    for kind in [Answer::Decline, Answer::Cancel] {
        let first = pending(storage, new_id(), new_id(), 1).await;
        let first = answer(storage, first, kind, 2).await;
        let second = pending(storage, first.to, first.from, 3).await;
        assert_between(storage, second, None).await;
        assert_eq!(storage.social().find_request(first.request_id).await.answered(), Some(first));
        let second = answer(storage, second, Answer::Decline, 4).await;
        let third = pending(storage, first.from, first.to, 5).await;
        let third = answer(storage, third, Answer::Accept, 6).await;
        assert_between(storage, third, Some(6)).await;
        assert_eq!(storage.social().find_request(second.request_id).await.answered(), Some(second));
    }
}

pub(crate) async fn an_answer_to_an_old_request_leaves_the_new_one_alone(storage: &Storage) {
    for late in ANSWERS {
        let old = pending(storage, new_id(), new_id(), 1).await;
        answer(storage, old, Answer::Decline, 2).await;
        let new = pending(storage, old.from, old.to, 3).await;
        assert_eq!(commit(storage, settled(old, late, at(4))).await, CommitAnswer::Stale);
        assert_between(storage, new, None).await;
        let (third, event) = request(old.from, old.to, at(5));
        let inserted = storage.social().insert_request(third, event).await.answered();
        assert_eq!(inserted, InsertRequest::Pending(new));
    }
}
