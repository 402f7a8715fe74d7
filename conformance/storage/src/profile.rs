//! Profiles.

mod change;
mod search;

pub(crate) use change::*;
pub(crate) use search::*;

use duologue_domain::id::UserId;
use duologue_domain::user::{AvatarSchemes, AvatarUrl, Bio, InsertProfile, Profile};

use crate::cancellation::at_every_await_point;
use crate::fixture::Storage;
use crate::race::{CONTENDERS, ROUNDS, at_once, contender, count};
use crate::world::{AWKWARD_TEXTS, Acknowledged as _, at, named_profile, new_id, number, profile};

pub(crate) async fn an_inserted_profile_is_found_as_it_was_stored(storage: &Storage) {
    for text in AWKWARD_TEXTS {
        let stored = Profile { bio: bio(text), update_time: at(4), ..profile() };
        insert(storage, &stored).await;
        assert_is(storage, &stored).await;
    }
    let longest = Profile { bio: bio(&"🦀".repeat(500)), avatar_url: avatar(2048), ..profile() };
    insert(storage, &longest).await;
    assert_is(storage, &longest).await;
}

pub(crate) async fn an_unknown_profile_is_not_found(storage: &Storage) {
    let stored = named_profile("exactly_this");
    insert(storage, &stored).await;
    assert_eq!(storage.profiles().find_profile(new_id()).await.answered(), None);
    for nickname in ["exactly_thi", "exactly_this_", "exactly0this", "exactlyxthis"] {
        let found =
            storage.profiles().find_profile_by_nickname(&crate::world::parsed(nickname)).await.answered();
        assert_eq!(found, None, "{nickname}");
    }
}

pub(crate) async fn profiles_of_several_users_are_found_and_unknown_ones_left_out(storage: &Storage) {
    let stored: Vec<_> = (0..100).map(|_| profile()).collect();
    for profile in &stored {
        insert(storage, profile).await;
    }
    let find = async |user_ids: Vec<UserId>| {
        let mut found = storage.profiles().find_profiles(&user_ids).await.answered();
        found.sort_by_key(|profile| profile.user_id);
        found
    };
    let mut expected = stored.clone();
    expected.sort_by_key(|profile| profile.user_id);
    let known: Vec<_> = stored.iter().map(|profile| profile.user_id).collect();
    assert_eq!(find(known.clone()).await, expected);
    let mixed = known.iter().copied().flat_map(|user_id| [new_id(), user_id]).collect();
    assert_eq!(find(mixed).await, expected);
    assert_eq!(find(vec![known[3]]).await, [stored[3].clone()]);
    assert_eq!(find(vec![new_id(), new_id()]).await, []);
    assert_eq!(find(Vec::new()).await, []);
}

pub(crate) async fn a_user_has_one_profile(storage: &Storage) {
    let (stored, free) = (profile(), profile().nickname);
    insert(storage, &stored).await;
    let second = Profile { nickname: free.clone(), bio: bio("second"), ..stored.clone() };
    let inserted = storage.profiles().insert_profile(second).await.answered();
    assert_eq!(inserted, InsertProfile::ProfileExists);
    let again = storage.profiles().insert_profile(stored.clone()).await.answered();
    assert_eq!(again, InsertProfile::ProfileExists, "with the nickname that they have");
    assert_is(storage, &stored).await;
    let found = storage.profiles().find_profile_by_nickname(&free).await.answered();
    assert_eq!(found, None, "a refused profile takes no nickname");
}

pub(crate) async fn a_profile_with_a_taken_nickname_is_refused_and_nothing_is_stored(storage: &Storage) {
    let stored = profile();
    insert(storage, &stored).await;
    let late = Profile { user_id: new_id(), bio: bio("late"), ..stored.clone() };
    let inserted = storage.profiles().insert_profile(late.clone()).await.answered();
    assert_eq!(inserted, InsertProfile::NicknameTaken);
    assert_eq!(storage.profiles().find_profile(late.user_id).await.answered(), None);
    assert_is(storage, &stored).await;
}

pub(crate) async fn who_has_a_profile_is_told_so_even_if_the_nickname_is_taken_as_well(storage: &Storage) {
    let (stored, other) = (profile(), profile());
    insert(storage, &stored).await;
    insert(storage, &other).await;
    let both = Profile { nickname: other.nickname.clone(), ..stored.clone() };
    let inserted = storage.profiles().insert_profile(both).await.answered();
    assert_eq!(inserted, InsertProfile::ProfileExists);
    assert_is(storage, &stored).await;
    assert_is(storage, &other).await;
}

pub(crate) async fn of_profiles_of_one_user_inserted_at_once_exactly_one_is_stored(storage: &Storage) {
    for _ in 0..ROUNDS {
        let user_id = new_id();
        let rivals: Vec<_> = (0..CONTENDERS).map(|_| Profile { user_id, ..profile() }).collect();
        let outcomes = at_once(rivals.iter().cloned().map(|profile| {
            let profiles = storage.profiles();
            contender(async move { profiles.insert_profile(profile).await.answered() })
        }))
        .await;
        assert_eq!(count(&outcomes, |outcome| *outcome == InsertProfile::Inserted), 1, "{outcomes:?}");
        assert_eq!(count(&outcomes, |outcome| *outcome == InsertProfile::ProfileExists), CONTENDERS - 1);
        for (profile, outcome) in rivals.into_iter().zip(outcomes) {
            let named = storage.profiles().find_profile_by_nickname(&profile.nickname).await.answered();
            assert_eq!(named, (outcome == InsertProfile::Inserted).then_some(profile));
        }
    }
}

pub(crate) async fn a_cancelled_insert_of_a_profile_is_wholly_there_or_not_at_all(storage: &Storage) {
    at_every_await_point(async |cancellation| {
        let user_id = new_id();
        let [first, again] = [profile(), profile()].map(|profile| Profile { user_id, ..profile });
        let cut = cancellation.cut(storage.profiles().insert_profile(first.clone())).await;
        let outcome = storage.profiles().insert_profile(again.clone()).await.answered();
        let (stored, absent) =
            if outcome == InsertProfile::Inserted { (again, first) } else { (first, again) };
        assert_is(storage, &stored).await;
        let found = storage.profiles().find_profile_by_nickname(&absent.nickname).await.answered();
        assert_eq!(found, None);
        cut.is_some()
    })
    .await;
}

/// Stores a profile.
async fn insert(storage: &Storage, profile: &Profile) {
    let inserted = storage.profiles().insert_profile(profile.clone()).await.answered();
    assert_eq!(inserted, InsertProfile::Inserted);
}

/// Looks whether a profile is found like this, by either name.
async fn assert_is(storage: &Storage, profile: &Profile) {
    assert_eq!(storage.profiles().find_profile(profile.user_id).await.answered().as_ref(), Some(profile));
    let named = storage.profiles().find_profile_by_nickname(&profile.nickname).await.answered();
    assert_eq!(named.as_ref(), Some(profile));
}

fn bio(text: &str) -> Option<Bio> {
    Bio::parse(text).expect("a bio")
}

fn avatar(length: usize) -> Option<AvatarUrl> {
    let beginning = format!("https://example.org/%F0%9F%A6%80?{}", number());
    let text = format!("{beginning}{}", "a".repeat(length.saturating_sub(beginning.len())));
    AvatarUrl::parse(&text, AvatarSchemes::Https).expect("an address")
}
