//! What profiles need of a storage. Each method is one atomic operation.

use async_trait::async_trait;

use super::{Nickname, Profile, ProfileChange, SearchPrefix};
use crate::error::StorageError;
use crate::id::UserId;
use crate::time::Timestamp;

/// Outcome of [`ProfileStore::insert_profile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsertProfile {
    /// The profile is stored.
    Inserted,
    /// The user has a profile; nothing is stored.
    ProfileExists,
    /// Another profile has the nickname; nothing is stored.
    NicknameTaken,
}

/// Outcome of [`ProfileStore::update_profile`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateProfile {
    /// The profile as it is now.
    Updated(Profile),
    /// Another profile has the nickname; nothing at all is changed.
    NicknameTaken,
    /// The user has no profile.
    NotFound,
}

/// Profiles.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ProfileStore: Send + Sync {
    /// Stores a new profile.
    ///
    /// Of any number of claims on one nickname at once, by inserts and updates, exactly one succeeds. A user who
    /// has a profile is told so, even if the nickname is taken as well.
    async fn insert_profile(&self, profile: Profile) -> Result<InsertProfile, StorageError>;

    /// Changes a profile by [`Profile::changed`], all of it or nothing. A nickname given up is free at once.
    async fn update_profile(
        &self,
        user_id: UserId,
        change: ProfileChange,
        now: Timestamp,
    ) -> Result<UpdateProfile, StorageError>;

    /// Finds the profile of a user.
    async fn find_profile(&self, user_id: UserId) -> Result<Option<Profile>, StorageError>;

    /// Finds the profile with exactly this nickname.
    async fn find_profile_by_nickname(&self, nickname: &Nickname) -> Result<Option<Profile>, StorageError>;

    /// Finds the profiles of several users; unknown ones are left out, the order is any.
    async fn find_profiles(&self, user_ids: &[UserId]) -> Result<Vec<Profile>, StorageError>;

    /// Lists up to `limit` profiles whose nickname begins with `prefix`, bytewise by nickname, above `after`.
    ///
    /// A profile is listed as soon as inserting it has answered.
    async fn list_profiles_by_prefix(
        &self,
        prefix: &SearchPrefix,
        after: Option<Nickname>,
        limit: usize,
    ) -> Result<Vec<Profile>, StorageError>;
}

/// Tells other contexts who exists.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait UserDirectory: Send + Sync {
    /// Whether the user exists: has a profile.
    async fn user_exists(&self, user_id: UserId) -> Result<bool, StorageError>;
}
