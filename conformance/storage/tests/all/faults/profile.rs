//! Broken profiles.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::id::UserId;
use duologue_domain::user::{
    InsertProfile, Nickname, Profile, ProfileChange, ProfileStore, SearchPrefix, UpdateProfile,
};
use duologue_domain::{StorageError, Timestamp};
use duologue_storage_conformance::Storage;
use parking_lot::Mutex;
use tokio::task::yield_now;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Wildcards,
    LinguisticOrder,
    BoundaryRepeated,
    HalfChanged,
    LastWriteWins,
    OldNicknameKept,
    NicknameToldFirst,
    NothingCounts,
    NicknameLookedUpFirst,
    ListedLate,
}

#[derive(Default)]
struct Notes {
    profiles: HashMap<UserId, Profile>,
    given_up: HashSet<Nickname>,
    claimed: HashSet<Nickname>,
}

struct BrokenProfiles {
    inner: Arc<dyn ProfileStore>,
    fault: Fault,
    notes: Mutex<Notes>,
}

fn decorate(storage: Storage, fault: Fault) -> Storage {
    let broken = BrokenProfiles { inner: storage.profiles(), fault, notes: Mutex::default() };
    storage.with_profiles(Arc::new(broken))
}

super::caught! { decorate;
    wildcards_in_a_prefix: Fault::Wildcards =>
        "profile::a_prefix_finds_literally_and_bytewise_in_pages_of_every_size",
        "profile::no_character_of_a_prefix_is_a_wildcard";
    an_order_of_some_language: Fault::LinguisticOrder =>
        "profile::a_prefix_finds_literally_and_bytewise_in_pages_of_every_size";
    a_page_that_repeats_its_boundary: Fault::BoundaryRepeated =>
        "profile::a_prefix_finds_literally_and_bytewise_in_pages_of_every_size";
    a_refused_change_that_is_half_done: Fault::HalfChanged =>
        "profile::a_change_to_a_taken_nickname_changes_nothing_at_all";
    a_change_that_overwrites_another: Fault::LastWriteWins =>
        "profile::changes_of_different_parts_at_once_are_all_kept";
    a_nickname_that_is_never_free_again: Fault::OldNicknameKept =>
        "profile::a_nickname_given_up_is_free_at_once";
    the_wrong_refusal_first: Fault::NicknameToldFirst =>
        "profile::who_has_a_profile_is_told_so_even_if_the_nickname_is_taken_as_well";
    a_change_of_nothing_that_counts: Fault::NothingCounts =>
        "profile::a_change_that_alters_nothing_does_not_count_as_one";
    a_look_up_before_the_insert: Fault::NicknameLookedUpFirst =>
        "profile::of_claims_on_one_nickname_at_once_exactly_one_succeeds";
    an_index_that_lags_behind: Fault::ListedLate =>
        "profile::a_profile_is_listed_as_soon_as_inserting_it_has_answered";
}

/// Whether a nickname begins like a pattern of SQL.
fn begins_like(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], _) => true,
        ([b'%', pattern @ ..], _) => (0..=name.len()).any(|start| begins_like(pattern, &name[start..])),
        ([b'_', pattern @ ..], [_, name @ ..]) => begins_like(pattern, name),
        ([one, pattern @ ..], [other, name @ ..]) => one == other && begins_like(pattern, name),
        _ => false,
    }
}

#[async_trait]
impl ProfileStore for BrokenProfiles {
    async fn insert_profile(&self, profile: Profile) -> Result<InsertProfile, StorageError> {
        if self.fault == Fault::OldNicknameKept && self.notes.lock().given_up.contains(&profile.nickname) {
            return Ok(InsertProfile::NicknameTaken);
        }
        let named = self.inner.find_profile_by_nickname(&profile.nickname).await?;
        if self.fault == Fault::NicknameToldFirst && named.is_some() {
            return Ok(InsertProfile::NicknameTaken);
        }
        if self.fault == Fault::NicknameLookedUpFirst
            && !self.notes.lock().claimed.contains(&profile.nickname)
        {
            yield_now().await;
            self.notes.lock().claimed.insert(profile.nickname.clone());
            self.inner.insert_profile(profile).await?;
            return Ok(InsertProfile::Inserted);
        }
        let outcome = self.inner.insert_profile(profile.clone()).await?;
        if outcome == InsertProfile::Inserted {
            self.notes.lock().profiles.insert(profile.user_id, profile);
        }
        Ok(outcome)
    }

    async fn update_profile(
        &self,
        user_id: UserId,
        change: ProfileChange,
        now: Timestamp,
    ) -> Result<UpdateProfile, StorageError> {
        let Some(before) = self.inner.find_profile(user_id).await? else {
            return Ok(UpdateProfile::NotFound);
        };
        match self.fault {
            Fault::OldNicknameKept if change.nickname.is_some() => {
                self.notes.lock().given_up.insert(before.nickname);
            }
            Fault::LastWriteWins => {
                yield_now().await;
                let after = before.changed(change, now);
                let Profile { nickname, bio, avatar_url, .. } = after;
                let change =
                    ProfileChange { nickname: Some(nickname), bio: Some(bio), avatar_url: Some(avatar_url) };
                return self.inner.update_profile(user_id, change, now).await;
            }
            _ => {}
        }
        let rest = ProfileChange { nickname: None, ..change.clone() };
        let outcome = self.inner.update_profile(user_id, change, now).await?;
        match (self.fault, outcome) {
            (Fault::HalfChanged, UpdateProfile::NicknameTaken) => {
                self.inner.update_profile(user_id, rest, now).await?;
                Ok(UpdateProfile::NicknameTaken)
            }
            (Fault::NothingCounts, UpdateProfile::Updated(profile)) => {
                Ok(UpdateProfile::Updated(Profile { update_time: now, ..profile }))
            }
            (_, outcome) => Ok(outcome),
        }
    }

    async fn find_profile(&self, user_id: UserId) -> Result<Option<Profile>, StorageError> {
        self.inner.find_profile(user_id).await
    }

    async fn find_profile_by_nickname(&self, nickname: &Nickname) -> Result<Option<Profile>, StorageError> {
        self.inner.find_profile_by_nickname(nickname).await
    }

    async fn find_profiles(&self, user_ids: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        self.inner.find_profiles(user_ids).await
    }

    async fn list_profiles_by_prefix(
        &self,
        prefix: &SearchPrefix,
        after: Option<Nickname>,
        limit: usize,
    ) -> Result<Vec<Profile>, StorageError> {
        let mut all: Vec<_> = self.notes.lock().profiles.values().cloned().collect();
        let name = |profile: &Profile| profile.nickname.as_str().to_owned();
        match self.fault {
            Fault::Wildcards => {
                all.retain(|found| begins_like(prefix.as_str().as_bytes(), name(found).as_bytes()));
                all.retain(|found| after.as_ref().is_none_or(|after| found.nickname > *after));
                all.sort_by_key(name);
            }
            Fault::LinguisticOrder => {
                let weight = |name: &str| (name.replace('_', ""), name.to_owned());
                all.retain(|found| name(found).starts_with(prefix.as_str()));
                all.retain(|found| {
                    after.as_ref().is_none_or(|after| weight(&name(found)) > weight(after.as_str()))
                });
                all.sort_by_key(|found| weight(&name(found)));
            }
            Fault::BoundaryRepeated => {
                all.retain(|found| name(found).starts_with(prefix.as_str()));
                all.retain(|found| after.as_ref().is_none_or(|after| found.nickname >= *after));
                all.sort_by_key(name);
            }
            Fault::ListedLate => {
                let found = self.inner.list_profiles_by_prefix(prefix, after, 1_000).await?;
                all = found.into_iter().skip(1).collect();
            }
            _ => return self.inner.list_profiles_by_prefix(prefix, after, limit).await,
        }
        all.truncate(limit);
        Ok(all)
    }
}
