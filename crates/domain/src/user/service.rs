//! The use cases of profiles.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::error::{CreateProfileError, GetProfileError, UpdateProfileError};
use super::{
    AvatarUrl, Bio, InsertProfile, Nickname, Profile, ProfileChange, ProfileStore, SearchPrefix,
    UpdateProfile, UserDirectory,
};
use crate::auth::Caller;
use crate::environment::Environment;
use crate::error::StorageError;
use crate::id::UserId;
use crate::page::{CursorKey, CursorSealer, ListError, Page, PageRequest, Scope};

/// What a new profile says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProfile {
    /// The unique name.
    pub nickname: Nickname,
    /// What the user tells of themselves.
    pub bio: Option<Bio>,
    /// Where their picture is.
    pub avatar_url: Option<AvatarUrl>,
}

/// The use cases of profiles.
#[derive(Clone)]
pub struct Service {
    store: Arc<dyn ProfileStore>,
    cursors: CursorSealer,
    environment: Environment,
}

impl Service {
    /// A service over a storage.
    #[must_use]
    pub fn new(store: Arc<dyn ProfileStore>, cursors: CursorSealer, environment: Environment) -> Self {
        Self { store, cursors, environment }
    }

    /// Makes the caller's profile.
    pub async fn create_profile(
        &self,
        caller: &Caller,
        new: NewProfile,
    ) -> Result<Profile, CreateProfileError> {
        let now = self.environment.now();
        let NewProfile { nickname, bio, avatar_url } = new;
        let profile = Profile {
            user_id: caller.user_id,
            nickname,
            bio,
            avatar_url,
            create_time: now,
            update_time: now,
        };
        match self.store.insert_profile(profile.clone()).await? {
            InsertProfile::Inserted => Ok(profile),
            InsertProfile::ProfileExists => Err(CreateProfileError::ProfileExists),
            InsertProfile::NicknameTaken => Err(CreateProfileError::NicknameTaken),
        }
    }

    /// Changes the caller's profile, all that is asked or nothing.
    pub async fn update_profile(
        &self,
        caller: &Caller,
        change: ProfileChange,
    ) -> Result<Profile, UpdateProfileError> {
        match self.store.update_profile(caller.user_id, change, self.environment.now()).await? {
            UpdateProfile::Updated(profile) => Ok(profile),
            UpdateProfile::NicknameTaken => Err(UpdateProfileError::NicknameTaken),
            UpdateProfile::NotFound => Err(UpdateProfileError::NotFound),
        }
    }

    /// The profile of a user.
    pub async fn get_profile_by_id(&self, user_id: UserId) -> Result<Profile, GetProfileError> {
        self.store.find_profile(user_id).await?.ok_or(GetProfileError::NotFound)
    }

    /// The profile with exactly this nickname; a text that can be no nickname is nobody's.
    pub async fn get_profile_by_nickname(&self, nickname: &str) -> Result<Profile, GetProfileError> {
        let nickname: Nickname = nickname.parse().map_err(|_| GetProfileError::NotFound)?;
        self.store.find_profile_by_nickname(&nickname).await?.ok_or(GetProfileError::NotFound)
    }

    /// Finds profiles by the beginning of the nickname, bytewise by nickname, so that an exact match comes first.
    pub async fn search_by_nickname(
        &self,
        caller: &Caller,
        prefix: &SearchPrefix,
        request: &PageRequest,
    ) -> Result<Page<Profile>, ListError> {
        let filter = prefix.as_str().as_bytes();
        let scope = Scope { list: "SearchByNickname", caller: caller.user_id, filter };
        let after = self.cursors.position(scope, request)?;
        let profiles = self.store.list_profiles_by_prefix(prefix, after, request.size.and_one()).await?;
        Ok(self.cursors.page(scope, request.size, profiles, |profile| profile.nickname.clone()))
    }

    /// The profiles of several users, each once, in the order asked for; unknown ones are left out.
    pub async fn batch_get_profiles(&self, user_ids: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        let found = self.store.find_profiles(user_ids).await?;
        let mut found: HashMap<UserId, Profile> =
            found.into_iter().map(|profile| (profile.user_id, profile)).collect();
        Ok(user_ids.iter().filter_map(|user_id| found.remove(user_id)).collect())
    }
}

#[async_trait]
impl UserDirectory for Service {
    async fn user_exists(&self, user_id: UserId) -> Result<bool, StorageError> {
        Ok(self.store.find_profile(user_id).await?.is_some())
    }
}

impl CursorKey for Nickname {
    fn to_bytes(&self) -> Vec<u8> {
        self.as_str().as_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok()?.parse().ok()
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Service").finish_non_exhaustive()
    }
}
