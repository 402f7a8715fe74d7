//! Profiles, as plainly as their trait words them.

use std::collections::HashMap;

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::id::UserId;
use duologue_domain::time::Timestamp;
use duologue_domain::user::{
    InsertProfile, Nickname, Profile, ProfileChange, ProfileStore, SearchPrefix, UpdateProfile,
};

use super::table::Table;

#[derive(Debug, Default)]
pub(crate) struct PlainProfileStore(pub(crate) Table<HashMap<UserId, Profile>>);

#[async_trait]
impl ProfileStore for PlainProfileStore {
    async fn insert_profile(&self, profile: Profile) -> Result<InsertProfile, StorageError> {
        self.0
            .atomically(|profiles| {
                if profiles.contains_key(&profile.user_id) {
                    return InsertProfile::ProfileExists;
                }
                if profiles.values().any(|other| other.nickname == profile.nickname) {
                    return InsertProfile::NicknameTaken;
                }
                profiles.insert(profile.user_id, profile);
                InsertProfile::Inserted
            })
            .await
    }

    async fn update_profile(
        &self,
        user_id: UserId,
        change: ProfileChange,
        now: Timestamp,
    ) -> Result<UpdateProfile, StorageError> {
        self.0
            .atomically(|profiles| {
                let Some(before) = profiles.get(&user_id).cloned() else { return UpdateProfile::NotFound };
                let after = before.changed(change, now);
                let mut others = profiles.values().filter(|other| other.user_id != user_id);
                if others.any(|other| other.nickname == after.nickname) {
                    return UpdateProfile::NicknameTaken;
                }
                profiles.insert(user_id, after.clone());
                UpdateProfile::Updated(after)
            })
            .await
    }

    async fn find_profile(&self, user_id: UserId) -> Result<Option<Profile>, StorageError> {
        self.0.atomically(|profiles| profiles.get(&user_id).cloned()).await
    }

    async fn find_profile_by_nickname(&self, nickname: &Nickname) -> Result<Option<Profile>, StorageError> {
        self.0
            .atomically(|profiles| profiles.values().find(|profile| profile.nickname == *nickname).cloned())
            .await
    }

    async fn find_profiles(&self, user_ids: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        self.0
            .atomically(|profiles| user_ids.iter().filter_map(|id| profiles.get(id).cloned()).collect())
            .await
    }

    async fn list_profiles_by_prefix(
        &self,
        prefix: &SearchPrefix,
        after: Option<Nickname>,
        limit: usize,
    ) -> Result<Vec<Profile>, StorageError> {
        self.0
            .atomically(|profiles| {
                let mut listed: Vec<_> = profiles
                    .values()
                    .filter(|profile| profile.nickname.as_str().starts_with(prefix.as_str()))
                    .filter(|profile| after.as_ref().is_none_or(|after| profile.nickname > *after))
                    .cloned()
                    .collect();
                listed.sort_by(|one, other| one.nickname.cmp(&other.nickname));
                listed.truncate(limit);
                listed
            })
            .await
    }
}
