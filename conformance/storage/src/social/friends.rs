//! Friendships.

use duologue_domain::social::{Answer, CommitAnswer, RemoveFriendship};

use super::{answer, assert_between, commit, friends, pair_of, pending};
use crate::fixture::Storage;
use crate::world::{Acknowledged as _, at, new_id, pair, settled, strangers};

pub(crate) async fn a_removed_friendship_ends_for_both(storage: &Storage) {
    for _ in 0..4 {
        let accepted = friends(storage, new_id(), new_id(), 5).await;
        let removed = storage.social().remove_friendship(pair_of(accepted)).await.answered();
        assert_eq!(removed, RemoveFriendship::Removed);
        assert_between(storage, accepted, None).await;
    }
}

pub(crate) async fn only_this_friendship_is_removed(storage: &Storage) {
    let (one, other) = (new_id(), new_id());
    let kept = [friends(storage, one, new_id(), 1).await, friends(storage, new_id(), other, 2).await];
    let removed = friends(storage, one, other, 3).await;
    storage.social().remove_friendship(pair_of(removed)).await.answered();
    for kept in kept {
        assert!(storage.social().are_friends(pair_of(kept)).await.answered());
        let (theirs, friend) = if kept.from == one { (one, kept.to) } else { (other, kept.from) };
        let listed = storage.social().list_friends(theirs, None, 5).await.answered();
        assert_eq!(listed.iter().map(|key| key.friend_id).collect::<Vec<_>>(), [friend]);
    }
}

pub(crate) async fn who_are_no_friends_cannot_end_a_friendship(storage: &Storage) {
    let social = storage.social();
    assert_eq!(social.remove_friendship(strangers()).await.answered(), RemoveFriendship::NotFriends);
    let accepted = friends(storage, new_id(), new_id(), 5).await;
    social.remove_friendship(pair_of(accepted)).await.answered();
    let again = social.remove_friendship(pair_of(accepted)).await.answered();
    assert_eq!(again, RemoveFriendship::NotFriends);
    let asked = pending(storage, new_id(), new_id(), 5).await;
    assert_eq!(social.remove_friendship(pair_of(asked)).await.answered(), RemoveFriendship::NotFriends);
    assert_between(storage, asked, None).await;
}

pub(crate) async fn after_a_friendship_a_new_request_is_possible_whichever_way(storage: &Storage) {
    let mut last = friends(storage, new_id(), new_id(), 1).await;
    for time in 2..6 {
        storage.social().remove_friendship(pair_of(last)).await.answered();
        last = pending(storage, last.to, last.from, time).await;
        assert_between(storage, last, None).await;
        last = answer(storage, last, Answer::Accept, time).await;
        assert_between(storage, last, Some(time)).await;
    }
}

pub(crate) async fn an_old_answer_revives_no_friendship(storage: &Storage) {
    let asked = pending(storage, new_id(), new_id(), 1).await;
    let accepted = answer(storage, asked, Answer::Accept, 2).await;
    storage.social().remove_friendship(pair_of(accepted)).await.answered();
    let again = commit(storage, settled(asked, Answer::Accept, at(3))).await;
    assert_eq!(again, CommitAnswer::Stale);
    assert_between(storage, accepted, None).await;
}

pub(crate) async fn strangers_and_those_who_merely_asked_are_no_friends(storage: &Storage) {
    assert!(!storage.social().are_friends(strangers()).await.answered());
    let asked = pending(storage, new_id(), new_id(), 1).await;
    assert!(!storage.social().are_friends(pair_of(asked)).await.answered());
    let one = friends(storage, new_id(), new_id(), 1).await;
    let two = friends(storage, one.to, new_id(), 1).await;
    assert!(!storage.social().are_friends(pair(one.from, two.to)).await.answered(), "friends of a friend");
}
