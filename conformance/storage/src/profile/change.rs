//! Changing a profile.

use duologue_domain::user::{InsertProfile, Nickname, Profile, ProfileChange, UpdateProfile};

use super::{assert_is, avatar, bio, insert};
use crate::cancellation::at_every_await_point;
use crate::fixture::Storage;
use crate::race::{CONTENDERS, ROUNDS, at_once, contender, count};
use crate::world::{AWKWARD_TEXTS, Acknowledged as _, at, new_id, profile};

pub(crate) async fn a_change_keeps_what_is_absent_and_clears_what_is_empty(storage: &Storage) {
    let mut expected = Profile { bio: bio("before"), avatar_url: avatar(80), ..profile() };
    insert(storage, &expected).await;
    let nickname = Some(profile().nickname);
    let changes = [
        ProfileChange { bio: Some(bio(AWKWARD_TEXTS[3])), ..ProfileChange::default() },
        ProfileChange { nickname: nickname.clone(), ..ProfileChange::default() },
        ProfileChange { avatar_url: Some(None), ..ProfileChange::default() },
        ProfileChange { bio: Some(None), ..ProfileChange::default() },
        ProfileChange {
            nickname: Some(profile().nickname),
            bio: Some(bio("x")),
            avatar_url: Some(avatar(2048)),
        },
    ];
    for (time, change) in (10..).zip(changes) {
        expected = expected.changed(change.clone(), at(time));
        let outcome = storage.profiles().update_profile(expected.user_id, change, at(time)).await.answered();
        assert_eq!(outcome, UpdateProfile::Updated(expected.clone()));
        assert_is(storage, &expected).await;
    }
}

pub(crate) async fn a_change_that_alters_nothing_does_not_count_as_one(storage: &Storage) {
    let stored = Profile { bio: bio("same"), ..profile() };
    insert(storage, &stored).await;
    let same =
        ProfileChange { nickname: Some(stored.nickname.clone()), bio: Some(bio("same")), avatar_url: None };
    for change in [ProfileChange::default(), same] {
        let outcome = storage.profiles().update_profile(stored.user_id, change, at(50)).await.answered();
        assert_eq!(outcome, UpdateProfile::Updated(stored.clone()));
        assert_is(storage, &stored).await;
    }
}

pub(crate) async fn the_time_of_a_change_never_goes_back(storage: &Storage) {
    let stored = Profile { update_time: at(40), ..profile() };
    insert(storage, &stored).await;
    let change = ProfileChange { bio: Some(bio("new")), ..ProfileChange::default() };
    let outcome = storage.profiles().update_profile(stored.user_id, change, at(39)).await.answered();
    let expected = Profile { bio: bio("new"), ..stored };
    assert_eq!(outcome, UpdateProfile::Updated(expected.clone()));
    assert_is(storage, &expected).await;
}

pub(crate) async fn a_change_to_a_taken_nickname_changes_nothing_at_all(storage: &Storage) {
    let (stored, other) = (profile(), profile());
    insert(storage, &stored).await;
    insert(storage, &other).await;
    let change = ProfileChange {
        nickname: Some(other.nickname.clone()),
        bio: Some(bio("changed")),
        avatar_url: Some(avatar(60)),
    };
    let outcome = storage.profiles().update_profile(stored.user_id, change, at(9)).await.answered();
    assert_eq!(outcome, UpdateProfile::NicknameTaken);
    assert_is(storage, &stored).await;
    assert_is(storage, &other).await;
}

pub(crate) async fn a_user_without_a_profile_has_none_to_change(storage: &Storage) {
    let (nobody, nickname) = (new_id(), profile().nickname);
    let change = ProfileChange { nickname: Some(nickname.clone()), ..ProfileChange::default() };
    let outcome = storage.profiles().update_profile(nobody, change, at(9)).await.answered();
    assert_eq!(outcome, UpdateProfile::NotFound);
    assert_eq!(storage.profiles().find_profile(nobody).await.answered(), None);
    assert_eq!(storage.profiles().find_profile_by_nickname(&nickname).await.answered(), None);
}

pub(crate) async fn a_nickname_given_up_is_free_at_once(storage: &Storage) {
    let (stored, next) = (profile(), profile());
    insert(storage, &stored).await;
    insert(storage, &next).await;
    let old = stored.nickname.clone();
    rename(storage, &stored, profile().nickname).await;
    assert_eq!(storage.profiles().find_profile_by_nickname(&old).await.answered(), None);
    rename(storage, &next, old.clone()).await;
    rename(storage, &next, profile().nickname).await;
    insert(storage, &Profile { nickname: old, ..profile() }).await;
}

pub(crate) async fn of_claims_on_one_nickname_at_once_exactly_one_succeeds(storage: &Storage) {
    for _ in 0..ROUNDS {
        let coveted = profile().nickname;
        let mut rivals = Vec::new();
        let mut contenders = Vec::new();
        for index in 0..CONTENDERS {
            let (rival, profiles) = (profile(), storage.profiles());
            rivals.push(rival.clone());
            if index % 2 == 0 {
                let claim = Profile { nickname: coveted.clone(), ..rival };
                contenders.push(contender(async move {
                    profiles.insert_profile(claim).await.answered() == InsertProfile::Inserted
                }));
            } else {
                insert(storage, &rival).await;
                let change = ProfileChange { nickname: Some(coveted.clone()), ..ProfileChange::default() };
                contenders.push(contender(async move {
                    let outcome = profiles.update_profile(rival.user_id, change, at(9)).await.answered();
                    matches!(outcome, UpdateProfile::Updated(_))
                }));
            }
        }
        let won = at_once(contenders).await;
        assert_eq!(count(&won, |won| *won), 1, "{won:?}");
        let holder = storage.profiles().find_profile_by_nickname(&coveted).await.answered();
        let holder = holder.map(|profile| profile.user_id);
        for (index, (rival, won)) in rivals.into_iter().zip(won).enumerate() {
            let found = storage.profiles().find_profile(rival.user_id).await.answered();
            assert_eq!(holder == Some(rival.user_id), won);
            match (won, index % 2 == 0) {
                (true, _) => assert_eq!(found.map(|found| found.nickname), Some(coveted.clone())),
                (false, true) => assert_eq!(found, None, "a refused insert stores nothing"),
                (false, false) => assert_eq!(found, Some(rival), "a refused change changes nothing"),
            }
        }
    }
}

pub(crate) async fn changes_of_different_parts_at_once_are_all_kept(storage: &Storage) {
    for _ in 0..ROUNDS {
        let stored = profile();
        insert(storage, &stored).await;
        let (nickname, picture) = (profile().nickname, avatar(70));
        let changes = [
            ProfileChange { nickname: Some(nickname.clone()), ..ProfileChange::default() },
            ProfileChange { bio: Some(bio("kept")), ..ProfileChange::default() },
            ProfileChange { avatar_url: Some(picture.clone()), ..ProfileChange::default() },
        ];
        at_once(changes.into_iter().map(|change| {
            let (profiles, user_id) = (storage.profiles(), stored.user_id);
            contender(async move { profiles.update_profile(user_id, change, at(9)).await.answered() })
        }))
        .await;
        let (bio, avatar_url, update_time) = (bio("kept"), picture, at(9));
        assert_is(storage, &Profile { nickname, bio, avatar_url, update_time, ..stored }).await;
    }
}

pub(crate) async fn two_who_swap_nicknames_at_once_never_share_one(storage: &Storage) {
    // A third of the rounds: databases may take a second to see that two wait for each other.
    for _ in 0..ROUNDS / 3 {
        let two = [profile(), profile()];
        for profile in &two {
            insert(storage, profile).await;
        }
        let swaps = [(&two[0], &two[1]), (&two[1], &two[0])].map(|(who, whose)| {
            let change = ProfileChange { nickname: Some(whose.nickname.clone()), ..ProfileChange::default() };
            let (profiles, user_id) = (storage.profiles(), who.user_id);
            contender(async move { profiles.update_profile(user_id, change, at(9)).await.answered() })
        });
        let outcomes = at_once(swaps).await;
        // Each asks for what the other holds: whoever is first is refused, and so is the second.
        assert_eq!(outcomes, [UpdateProfile::NicknameTaken, UpdateProfile::NicknameTaken]);
        for profile in &two {
            assert_is(storage, profile).await;
        }
    }
}

pub(crate) async fn a_cancelled_change_of_a_profile_is_wholly_there_or_not_at_all(storage: &Storage) {
    at_every_await_point(async |cancellation| {
        let profiles = storage.profiles();
        let stored = profile();
        insert(storage, &stored).await;
        let change = ProfileChange {
            nickname: Some(profile().nickname),
            bio: Some(bio("changed")),
            avatar_url: Some(avatar(50)),
        };
        let cut = cancellation.cut(profiles.update_profile(stored.user_id, change.clone(), at(9))).await;
        let halfway = profiles.find_profile(stored.user_id).await.answered();
        let expected = stored.clone().changed(change.clone(), at(9));
        assert!(halfway.as_ref() == Some(&stored) || halfway.as_ref() == Some(&expected), "{halfway:?}");
        let outcome = profiles.update_profile(stored.user_id, change, at(9)).await.answered();
        assert_eq!(outcome, UpdateProfile::Updated(expected.clone()));
        assert_is(storage, &expected).await;
        let old = profiles.find_profile_by_nickname(&stored.nickname).await.answered();
        assert_eq!(old, None, "the old nickname is free");
        cut.is_some()
    })
    .await;
}

/// Gives a profile another nickname.
async fn rename(storage: &Storage, profile: &Profile, nickname: Nickname) {
    let change = ProfileChange { nickname: Some(nickname.clone()), ..ProfileChange::default() };
    let outcome = storage.profiles().update_profile(profile.user_id, change, at(9)).await.answered();
    let UpdateProfile::Updated(updated) = outcome else { panic!("{outcome:?}") };
    assert_eq!(updated.nickname, nickname);
}
