//! Profiles.

use duologue_domain::user::{
    Bio, InsertProfile, Nickname, Profile, ProfileChange, ProfileStore, SearchPrefix, UpdateProfile,
};
use futures::executor::block_on;

use crate::fixtures::{ROUNDS, at, new_id, profile, race};

fn renamed(nickname: &str) -> ProfileChange {
    ProfileChange { nickname: Some(nickname.parse().unwrap()), ..ProfileChange::default() }
}

async fn of_many_claims_on_a_nickname_exactly_one_succeeds(store: &dyn ProfileStore) {
    for round in 0..ROUNDS {
        let nickname = format!("wanted_{round}");
        let old = [format!("old_{round}_a"), format!("old_{round}_b")].map(|old| profile(&old));
        for profile in &old {
            store.insert_profile(profile.clone()).await.unwrap();
        }
        // Two who have a profile rename it, two others make one.
        let outcomes = race(|contender| {
            if let Some(old) = old.get(contender) {
                let outcome = block_on(store.update_profile(old.user_id, renamed(&nickname), at(2))).unwrap();
                (matches!(outcome, UpdateProfile::Updated(_)), old.user_id)
            } else {
                let new = profile(&nickname);
                let outcome = block_on(store.insert_profile(new.clone())).unwrap();
                (outcome == InsertProfile::Inserted, new.user_id)
            }
        });
        let winners: Vec<_> = outcomes.iter().filter(|(won, _)| *won).collect();
        assert_eq!(winners.len(), 1);
        let owner = store.find_profile_by_nickname(&nickname.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(owner.user_id, winners[0].1);
        for profile in old.iter().filter(|profile| profile.user_id != owner.user_id) {
            assert_eq!(store.find_profile(profile.user_id).await.unwrap().as_ref(), Some(profile));
        }
    }
}

async fn a_profile_is_never_without_exactly_one_of_its_nicknames(store: &dyn ProfileStore) {
    let user_id = profile("ada_0").user_id;
    store.insert_profile(Profile { user_id, ..profile("ada_0") }).await.unwrap();
    let prefix = SearchPrefix::parse("ada_").unwrap();
    race(|contender| {
        for round in 0..ROUNDS {
            if contender == 0 {
                block_on(store.update_profile(user_id, renamed(&format!("ada_{}", round % 7)), at(2)))
                    .unwrap();
                continue;
            }
            assert_eq!(block_on(store.list_profiles_by_prefix(&prefix, None, 9)).unwrap().len(), 1);
            let name: Nickname = "ada_3".parse().unwrap();
            let found = block_on(store.find_profile_by_nickname(&name)).unwrap();
            assert!(found.is_none_or(|profile| profile.nickname == name));
        }
    });
}

async fn one_profile_a_user_even_if_the_nickname_is_taken_as_well(store: &dyn ProfileStore) {
    let ada = profile("ada");
    assert_eq!(store.insert_profile(ada.clone()).await.unwrap(), InsertProfile::Inserted);
    let second = Profile { nickname: "eve".parse().unwrap(), ..ada.clone() };
    assert_eq!(store.insert_profile(ada.clone()).await.unwrap(), InsertProfile::ProfileExists);
    assert_eq!(store.insert_profile(second).await.unwrap(), InsertProfile::ProfileExists);
    assert_eq!(store.insert_profile(profile("ada")).await.unwrap(), InsertProfile::NicknameTaken);
    assert_eq!(store.find_profile_by_nickname(&"eve".parse().unwrap()).await.unwrap(), None);
    assert_eq!(store.find_profile(ada.user_id).await.unwrap(), Some(ada));
}

async fn a_taken_nickname_changes_nothing_at_all(store: &dyn ProfileStore) {
    let (ada, eve) = (profile("ada"), profile("eve"));
    store.insert_profile(ada.clone()).await.unwrap();
    store.insert_profile(eve).await.unwrap();
    let change = ProfileChange { bio: Some(Bio::parse("new").unwrap()), ..renamed("eve") };
    let outcome = store.update_profile(ada.user_id, change.clone(), at(9)).await.unwrap();
    assert_eq!(outcome, UpdateProfile::NicknameTaken);
    assert_eq!(store.find_profile(ada.user_id).await.unwrap(), Some(ada));
    assert_eq!(store.update_profile(new_id(), change, at(9)).await.unwrap(), UpdateProfile::NotFound);
}

async fn a_nickname_given_up_is_free_at_once_and_ones_own_is_never_taken(store: &dyn ProfileStore) {
    let ada = profile("ada");
    store.insert_profile(ada.clone()).await.unwrap();
    let same = store.update_profile(ada.user_id, renamed("ada"), at(9)).await.unwrap();
    assert_eq!(same, UpdateProfile::Updated(ada.clone()));
    let eve = ada.clone().changed(renamed("eve"), at(9));
    let outcome = store.update_profile(ada.user_id, renamed("eve"), at(9)).await.unwrap();
    assert_eq!(outcome, UpdateProfile::Updated(eve.clone()));
    assert_eq!(store.insert_profile(profile("ada")).await.unwrap(), InsertProfile::Inserted);
    assert_eq!(store.find_profile_by_nickname(&"eve".parse().unwrap()).await.unwrap(), Some(eve));
}

async fn a_prefix_is_literal_and_lists_bytewise_each_once(store: &dyn ProfileStore) {
    let nicknames = ["a_c", "a_cd", "aac", "ab_", "ab0", "abc", "abcd", "abd", "b_a"];
    for nickname in nicknames.iter().rev() {
        store.insert_profile(profile(nickname)).await.unwrap();
    }
    let table: [(&str, &[&str]); 7] = [
        ("a", &["a_c", "a_cd", "aac", "ab0", "ab_", "abc", "abcd", "abd"]),
        ("ABC", &["abc", "abcd"]),
        ("a_", &["a_c", "a_cd"]),
        ("a%", &[]),
        ("a_c", &["a_c", "a_cd"]),
        ("abcde", &[]),
        ("ж", &[]),
    ];
    for (prefix, expected) in table {
        let prefix = SearchPrefix::parse(prefix).unwrap();
        for limit in 1..=expected.len() + 1 {
            let (mut listed, mut after) = (Vec::new(), None);
            loop {
                let page = store.list_profiles_by_prefix(&prefix, after.clone(), limit).await.unwrap();
                assert!(page.len() <= limit);
                let Some(last) = page.last() else { break };
                after = Some(last.nickname.clone());
                listed.extend(page.into_iter().map(|profile| profile.nickname.to_string()));
            }
            assert_eq!(listed, expected, "{prefix:?}, {limit} at once");
        }
    }
    let (prefix, before) = (SearchPrefix::parse("b").unwrap(), "abc".parse().unwrap());
    assert_eq!(store.list_profiles_by_prefix(&prefix, Some(before), 9).await.unwrap().len(), 1);
}

async fn profiles_are_found_each_once_and_unknown_ones_left_out(store: &dyn ProfileStore) {
    let (ada, eve) = (profile("ada"), profile("eve"));
    store.insert_profile(ada.clone()).await.unwrap();
    store.insert_profile(eve.clone()).await.unwrap();
    let user_ids = [eve.user_id, new_id(), ada.user_id, eve.user_id];
    let mut found = store.find_profiles(&user_ids).await.unwrap();
    found.sort_unstable_by_key(|profile| profile.nickname.clone());
    assert_eq!(found, [ada, eve]);
    assert_eq!(store.find_profiles(&[]).await.unwrap(), []);
}

crate::laws! {
    of_many_claims_on_a_nickname_exactly_one_succeeds,
    a_profile_is_never_without_exactly_one_of_its_nicknames,
    one_profile_a_user_even_if_the_nickname_is_taken_as_well,
    a_taken_nickname_changes_nothing_at_all,
    a_nickname_given_up_is_free_at_once_and_ones_own_is_never_taken,
    a_prefix_is_literal_and_lists_bytewise_each_once,
    profiles_are_found_each_once_and_unknown_ones_left_out,
}
