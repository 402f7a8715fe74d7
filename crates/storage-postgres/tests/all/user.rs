//! Profiles.

use duologue_domain::id::UserId;
use duologue_domain::user::{
    AvatarSchemes, AvatarUrl, Bio, InsertProfile, Nickname, Profile, ProfileChange, ProfileStore,
    SearchPrefix, UpdateProfile, UserDirectory,
};

use crate::harness::{CONTENDERS, ROUNDS, count, fixture, id, micros, race};

fn profile(nickname: &str) -> Profile {
    Profile {
        user_id: id(),
        nickname: nickname.parse().unwrap(),
        bio: Bio::parse("Ünï 🦀\n").unwrap(),
        avatar_url: AvatarUrl::parse("https://example.org/a.png", AvatarSchemes::Https).unwrap(),
        create_time: micros(1_234_567_890_123_457),
        update_time: micros(1_234_567_890_123_457),
    }
}

fn rename(nickname: &str) -> ProfileChange {
    ProfileChange { nickname: Some(nickname.parse().unwrap()), ..Default::default() }
}

#[tokio::test]
async fn a_profile_is_read_as_written_by_every_look_up() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    let ada = profile("ada");
    assert_eq!(storage.insert_profile(ada.clone()).await.unwrap(), InsertProfile::Inserted);
    assert_eq!(storage.find_profile(ada.user_id).await.unwrap(), Some(ada.clone()));
    assert_eq!(storage.find_profile_by_nickname(&ada.nickname).await.unwrap(), Some(ada.clone()));
    assert_eq!(
        storage.find_profiles(&[id(), ada.user_id, ada.user_id]).await.unwrap(),
        std::slice::from_ref(&ada)
    );
    assert!(storage.user_exists(ada.user_id).await.unwrap());
    assert!(!storage.user_exists(id()).await.unwrap());
    assert_eq!(storage.find_profile(id()).await.unwrap(), None);
    assert_eq!(storage.find_profiles(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn a_second_profile_is_told_even_if_the_nickname_is_taken_as_well() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    let (ada, eve) = (profile("ada"), profile("eve"));
    storage.insert_profile(ada.clone()).await.unwrap();
    storage.insert_profile(eve.clone()).await.unwrap();
    let again = Profile { user_id: ada.user_id, ..profile("eve") };
    assert_eq!(storage.insert_profile(again).await.unwrap(), InsertProfile::ProfileExists);
    assert_eq!(storage.insert_profile(profile("eve")).await.unwrap(), InsertProfile::NicknameTaken);
    assert_eq!(storage.find_profile(ada.user_id).await.unwrap(), Some(ada));
}

#[tokio::test]
async fn a_change_is_all_or_nothing_and_frees_the_old_nickname() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    let (ada, eve) = (profile("ada"), profile("eve"));
    storage.insert_profile(ada.clone()).await.unwrap();
    storage.insert_profile(eve).await.unwrap();
    let later = micros(2_000_000_000_000_000);
    let greedy = ProfileChange { bio: Some(None), ..rename("eve") };
    assert_eq!(
        storage.update_profile(ada.user_id, greedy, later).await.unwrap(),
        UpdateProfile::NicknameTaken
    );
    assert_eq!(storage.find_profile(ada.user_id).await.unwrap(), Some(ada.clone()));
    let own = storage.update_profile(ada.user_id, rename("ada"), later).await.unwrap();
    assert_eq!(own, UpdateProfile::Updated(ada.clone()));
    let change = ProfileChange { bio: Some(None), ..rename("lovelace") };
    let renamed =
        Profile { nickname: "lovelace".parse().unwrap(), bio: None, update_time: later, ..ada.clone() };
    let updated = storage.update_profile(ada.user_id, change, later).await.unwrap();
    assert_eq!(updated, UpdateProfile::Updated(renamed.clone()));
    assert_eq!(storage.find_profile(ada.user_id).await.unwrap(), Some(renamed));
    assert_eq!(storage.insert_profile(profile("ada")).await.unwrap(), InsertProfile::Inserted);
    assert_eq!(storage.update_profile(id(), rename("nobody"), later).await.unwrap(), UpdateProfile::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nickname_goes_to_one_of_those_who_claim_it_at_once() {
    let fixture = fixture().await;
    let mut holders = Vec::new();
    for number in 0..CONTENDERS {
        let profile = profile(&format!("holder_{number}"));
        fixture.storage.insert_profile(profile.clone()).await.unwrap();
        holders.push(profile.user_id);
    }
    for round in 0..ROUNDS {
        let wanted = format!("wanted_{round}");
        let results = race(CONTENDERS, |number| {
            let (storage, holder, wanted) = (fixture.storage.clone(), holders[number], wanted.clone());
            async move {
                if number % 2 == 0 {
                    storage.insert_profile(profile(&wanted)).await.unwrap() == InsertProfile::Inserted
                } else {
                    let updated = storage.update_profile(holder, rename(&wanted), micros(9)).await.unwrap();
                    matches!(updated, UpdateProfile::Updated(_))
                }
            }
        })
        .await;
        assert_eq!(count(&results, |won| *won), 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_different_parts_at_once_all_take_effect() {
    let fixture = fixture().await;
    for round in 0..ROUNDS {
        let before = profile(&format!("before_{round}"));
        fixture.storage.insert_profile(before.clone()).await.unwrap();
        let changes = [
            rename(&format!("after_{round}")),
            ProfileChange { bio: Some(None), ..Default::default() },
            ProfileChange { avatar_url: Some(None), ..Default::default() },
        ];
        race(changes.len(), |number| {
            let (storage, user_id, change) =
                (fixture.storage.clone(), before.user_id, changes[number].clone());
            async move { storage.update_profile(user_id, change, micros(1)).await.unwrap() }
        })
        .await;
        let after = fixture.storage.find_profile(before.user_id).await.unwrap().unwrap();
        let name: Nickname = format!("after_{round}").parse().unwrap();
        assert_eq!(after, Profile { nickname: name, bio: None, avatar_url: None, ..before }, "round {round}");
    }
}

#[tokio::test]
async fn search_takes_every_character_literally_and_orders_bytewise() {
    let fixture = fixture().await;
    let names = ["a_b", "a_b0", "a_bz", "a_b_", "axb", "a0b", "a_c", "zzz", "a_b00", "ab_"];
    for name in names {
        fixture.storage.insert_profile(profile(name)).await.unwrap();
    }
    for query in ["a_b", "A_B", "a", "a_", "a%", "%", "_", "zzz", "zzzz", "ж", "a_b\u{10ffff}", "\\", "a0b"]
    {
        let prefix = SearchPrefix::parse(query).unwrap();
        let mut expected: Vec<&str> =
            names.into_iter().filter(|name| name.starts_with(prefix.as_str())).collect();
        expected.sort_unstable();
        for size in 1..=expected.len() + 1 {
            let (mut found, mut after): (Vec<String>, Option<Nickname>) = (Vec::new(), None);
            loop {
                let page =
                    fixture.storage.list_profiles_by_prefix(&prefix, after.clone(), size).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Some(last.nickname.clone());
                found.extend(page.iter().map(|profile| profile.nickname.to_string()));
            }
            assert_eq!(found, expected, "{query:?} in pages of {size}");
        }
    }
}

#[tokio::test]
async fn text_of_any_script_and_length_comes_back_as_it_went() {
    let fixture = fixture().await;
    for (number, text) in
        ["🦀".repeat(500), " \t".into(), "e\u{301}é\u{feff}".into(), "\u{1}\u{7f}".into()].iter().enumerate()
    {
        let profile = Profile { bio: Bio::parse(text).unwrap(), ..profile(&format!("text_{number}")) };
        let user_id: UserId = profile.user_id;
        fixture.storage.insert_profile(profile.clone()).await.unwrap();
        assert_eq!(fixture.storage.find_profile(user_id).await.unwrap(), Some(profile));
    }
}
