//! Operations whose caller leaves before they have answered.

use duologue_domain::social::{Answer, CommitAnswer, InsertRequest, RemoveFriendship};

use super::{assert_between, commit, friends, pair_of, pending};
use crate::cancellation::at_every_await_point;
use crate::fixture::Storage;
use crate::race::{CONTENDERS, at_once, contender};
use crate::world::{Acknowledged as _, at, new_id, request, settled, strangers};

pub(crate) async fn a_cancelled_request_is_wholly_there_or_not_at_all(storage: &Storage) {
    at_every_await_point(async |cancellation| {
        let social = storage.social();
        let [from, to] = strangers().both();
        let ((first, first_event), (again, again_event)) =
            (request(from, to, at(1)), request(to, from, at(2)));
        let cut = cancellation.cut(social.insert_request(first, first_event)).await;
        let outcome = social.insert_request(again, again_event).await.answered();
        let (stored, absent) = match outcome {
            InsertRequest::Inserted => (again, first),
            InsertRequest::Pending(pending) => {
                assert_eq!(pending, first);
                (first, again)
            }
            InsertRequest::AlreadyFriends => panic!("nobody accepted"),
        };
        assert_between(storage, stored, None).await;
        assert_eq!(social.find_request(absent.request_id).await.answered(), None);
        cut.is_some()
    })
    .await;
}

pub(crate) async fn a_cancelled_answer_is_wholly_there_or_not_at_all(storage: &Storage) {
    at_every_await_point(async |cancellation| {
        let asked = pending(storage, new_id(), new_id(), 1).await;
        let accept = settled(asked, Answer::Accept, at(20));
        let cut = cancellation.cut(storage.social().commit_answer(accept)).await;
        let decline = settled(asked, Answer::Decline, at(30));
        match commit(storage, decline.clone()).await {
            CommitAnswer::Committed => assert_between(storage, decline.request, None).await,
            CommitAnswer::Stale => {
                assert_between(storage, settled(asked, Answer::Accept, at(20)).request, Some(20)).await;
            }
        }
        cut.is_some()
    })
    .await;
}

pub(crate) async fn a_cancelled_removal_ends_a_friendship_for_both_or_for_nobody(storage: &Storage) {
    at_every_await_point(async |cancellation| {
        let social = storage.social();
        let accepted = friends(storage, new_id(), new_id(), 5).await;
        let cut = cancellation.cut(social.remove_friendship(pair_of(accepted))).await;
        let (next, event) = request(accepted.to, accepted.from, at(7));
        // A removal that came too late to be seen here may come yet: so it is done again before anybody looks.
        let again = social.remove_friendship(pair_of(accepted)).await.answered();
        assert!(matches!(again, RemoveFriendship::Removed | RemoveFriendship::NotFriends));
        assert_between(storage, accepted, None).await;
        assert_eq!(social.insert_request(next, event).await.answered(), InsertRequest::Inserted);
        assert_between(storage, next, None).await;
        cut.is_some()
    })
    .await;
}

pub(crate) async fn a_request_acknowledged_after_a_cancellation_is_kept(storage: &Storage) {
    let mut acknowledged = Vec::new();
    at_every_await_point(async |cancellation| {
        let (cancelled, event) = request(new_id(), new_id(), at(1));
        let cut = cancellation.cut(storage.social().insert_request(cancelled, event)).await;
        acknowledged.push(pending(storage, new_id(), new_id(), 2).await);
        cut.is_some()
    })
    .await;
    for request in acknowledged {
        // Whoever asks, on whichever connection.
        let found = at_once((0..CONTENDERS).map(|_| {
            let social = storage.social();
            contender(async move { social.find_request(request.request_id).await.answered() })
        }))
        .await;
        assert_eq!(found, [Some(request); CONTENDERS]);
    }
}
