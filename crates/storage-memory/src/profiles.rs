//! Profiles.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;

use async_trait::async_trait;
use duologue_domain::id::UserId;
use duologue_domain::user::{
    InsertProfile, Nickname, Profile, ProfileChange, ProfileStore, SearchPrefix, UpdateProfile,
};
use duologue_domain::{StorageError, Timestamp};
use parking_lot::RwLock;

use crate::MemoryStorage;

/// Profiles, and who has which nickname. One lock: profiles are read much and written seldom, and a search needs all
/// nicknames in one order.
#[derive(Default)]
pub(crate) struct Profiles {
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    profiles: HashMap<UserId, Profile>,
    /// Bytewise by nickname.
    owners: BTreeMap<String, UserId>,
}

#[async_trait]
impl ProfileStore for MemoryStorage {
    async fn insert_profile(&self, profile: Profile) -> Result<InsertProfile, StorageError> {
        let mut state = self.contexts.profiles.state.write();
        if state.profiles.contains_key(&profile.user_id) {
            return Ok(InsertProfile::ProfileExists);
        }
        if state.owners.contains_key(profile.nickname.as_str()) {
            return Ok(InsertProfile::NicknameTaken);
        }
        state.owners.insert(profile.nickname.as_str().to_owned(), profile.user_id);
        state.profiles.insert(profile.user_id, profile);
        Ok(InsertProfile::Inserted)
    }

    async fn update_profile(
        &self,
        user_id: UserId,
        change: ProfileChange,
        now: Timestamp,
    ) -> Result<UpdateProfile, StorageError> {
        let mut state = self.contexts.profiles.state.write();
        let Some(before) = state.profiles.get(&user_id).cloned() else { return Ok(UpdateProfile::NotFound) };
        let old_nickname = before.nickname.clone();
        let after = before.changed(change, now);
        if after.nickname != old_nickname {
            if state.owners.contains_key(after.nickname.as_str()) {
                return Ok(UpdateProfile::NicknameTaken);
            }
            state.owners.remove(old_nickname.as_str());
            state.owners.insert(after.nickname.as_str().to_owned(), user_id);
        }
        state.profiles.insert(user_id, after.clone());
        Ok(UpdateProfile::Updated(after))
    }

    async fn find_profile(&self, user_id: UserId) -> Result<Option<Profile>, StorageError> {
        Ok(self.contexts.profiles.state.read().profiles.get(&user_id).cloned())
    }

    async fn find_profile_by_nickname(&self, nickname: &Nickname) -> Result<Option<Profile>, StorageError> {
        let state = self.contexts.profiles.state.read();
        Ok(state.owners.get(nickname.as_str()).and_then(|user_id| state.profiles.get(user_id)).cloned())
    }

    async fn find_profiles(&self, user_ids: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        let state = self.contexts.profiles.state.read();
        let user_ids: HashSet<_> = user_ids.iter().collect();
        Ok(user_ids.into_iter().filter_map(|user_id| state.profiles.get(user_id)).cloned().collect())
    }

    async fn list_profiles_by_prefix(
        &self,
        prefix: &SearchPrefix,
        after: Option<Nickname>,
        limit: usize,
    ) -> Result<Vec<Profile>, StorageError> {
        let state = self.contexts.profiles.state.read();
        let prefix = prefix.as_str();
        let begin = match after.as_ref().map(Nickname::as_str) {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let found = state.owners.range::<str, _>((begin, Bound::Unbounded));
        let found = found.take_while(|(nickname, _)| nickname.starts_with(prefix)).take(limit);
        Ok(found.filter_map(|(_, user_id)| state.profiles.get(user_id)).cloned().collect())
    }
}
