//! Profiles.

use async_trait::async_trait;
use duologue_domain::id::{Id, UserId};
use duologue_domain::user::{
    AvatarUrl, Bio, InsertProfile, Nickname, Profile, ProfileChange, ProfileStore, SearchPrefix,
    UpdateProfile, UserDirectory,
};
use duologue_domain::{StorageError, Timestamp};
use sqlx::postgres::PgRow;

use crate::PostgresStorage;
use crate::error::{broken, storage, violates};
use crate::rows::{Columns, limit, parsed, uuids};

fn profile(row: &PgRow) -> Result<Profile, StorageError> {
    let bio: Option<&str> = row.column("bio")?;
    let bio = bio
        .map(|text| Bio::parse(text).map_err(|_| broken("a stored bio breaks its own rule")))
        .transpose()?;
    let avatar_url: Option<String> = row.column("avatar_url")?;
    Ok(Profile {
        user_id: row.id("user_id")?,
        nickname: parsed(row.column("nickname")?)?,
        bio: bio.flatten(),
        avatar_url: avatar_url.and_then(AvatarUrl::from_storage),
        create_time: row.time("create_time")?,
        update_time: row.time("update_time")?,
    })
}

impl PostgresStorage {
    /// Stores what became of a profile, if it still is what that was made of.
    async fn replace_profile(&self, before: &Profile, after: &Profile) -> Result<bool, sqlx::Error> {
        let done = sqlx::query(
            "UPDATE profile.profiles SET nickname = $6, bio = $7, avatar_url = $8, update_time = $9
             WHERE user_id = $1 AND nickname = $2 AND bio IS NOT DISTINCT FROM $3
               AND avatar_url IS NOT DISTINCT FROM $4 AND update_time = $5",
        )
        .bind(before.user_id.uuid())
        .bind(before.nickname.as_str())
        .bind(before.bio.as_ref().map(Bio::as_str))
        .bind(before.avatar_url.as_ref().map(AvatarUrl::as_str))
        .bind(before.update_time.unix_micros())
        .bind(after.nickname.as_str())
        .bind(after.bio.as_ref().map(Bio::as_str))
        .bind(after.avatar_url.as_ref().map(AvatarUrl::as_str))
        .bind(after.update_time.unix_micros())
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

#[async_trait]
impl ProfileStore for PostgresStorage {
    async fn insert_profile(&self, profile: Profile) -> Result<InsertProfile, StorageError> {
        let done = sqlx::query(
            "INSERT INTO profile.profiles (user_id, nickname, bio, avatar_url, create_time, update_time)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(profile.user_id.uuid())
        .bind(profile.nickname.as_str())
        .bind(profile.bio.as_ref().map(Bio::as_str))
        .bind(profile.avatar_url.as_ref().map(AvatarUrl::as_str))
        .bind(profile.create_time.unix_micros())
        .bind(profile.update_time.unix_micros())
        .execute(&self.pool)
        .await
        .map_err(storage)?;
        if done.rows_affected() == 1 {
            return Ok(InsertProfile::Inserted);
        }
        // Profiles stay: if the user has none even now, it was the nickname.
        let exists = self.user_exists(profile.user_id).await?;
        Ok(if exists { InsertProfile::ProfileExists } else { InsertProfile::NicknameTaken })
    }

    async fn update_profile(
        &self,
        user_id: UserId,
        change: ProfileChange,
        now: Timestamp,
    ) -> Result<UpdateProfile, StorageError> {
        loop {
            let Some(before) = self.find_profile(user_id).await? else { return Ok(UpdateProfile::NotFound) };
            let after = before.clone().changed(change.clone(), now);
            if after == before {
                return Ok(UpdateProfile::Updated(after));
            }
            // Two who swap would each wait for the other until the database sees the deadlock: who looks first, and
            // finds the nickname taken, waits for nobody.
            if after.nickname != before.nickname {
                let owner = self.find_profile_by_nickname(&after.nickname).await?;
                // It may be one's own by now: by the same change, whose caller left before it was answered.
                if owner.is_some_and(|owner| owner.user_id != user_id) {
                    return Ok(UpdateProfile::NicknameTaken);
                }
            }
            match self.replace_profile(&before, &after).await {
                Ok(true) => return Ok(UpdateProfile::Updated(after)),
                // Somebody was quicker: the change applies to what they left.
                Ok(false) => {}
                Err(error) if violates(&error, "profiles_one_per_nickname") => {
                    return Ok(UpdateProfile::NicknameTaken);
                }
                Err(error) => return Err(storage(error)),
            }
        }
    }

    async fn find_profile(&self, user_id: UserId) -> Result<Option<Profile>, StorageError> {
        let row = sqlx::query(FIND_PROFILE)
            .bind(user_id.uuid())
            .fetch_optional(&self.pool)
            .await
            .map_err(storage)?;
        row.as_ref().map(profile).transpose()
    }

    async fn find_profile_by_nickname(&self, nickname: &Nickname) -> Result<Option<Profile>, StorageError> {
        let row = sqlx::query(FIND_BY_NICKNAME)
            .bind(nickname.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(storage)?;
        row.as_ref().map(profile).transpose()
    }

    async fn find_profiles(&self, user_ids: &[UserId]) -> Result<Vec<Profile>, StorageError> {
        let rows =
            sqlx::query(FIND_PROFILES).bind(uuids(user_ids)).fetch_all(&self.pool).await.map_err(storage)?;
        rows.iter().map(profile).collect()
    }

    async fn list_profiles_by_prefix(
        &self,
        prefix: &SearchPrefix,
        after: Option<Nickname>,
        size: usize,
    ) -> Result<Vec<Profile>, StorageError> {
        // Nicknames are ASCII below U+007F: what begins with the prefix lies between it and this.
        let end = format!("{}\u{7f}", prefix.as_str());
        let rows = sqlx::query(LIST_PROFILES_BY_PREFIX)
            .bind(prefix.as_str())
            .bind(end)
            .bind(after.as_ref().map_or("", Nickname::as_str).to_owned())
            .bind(limit(size))
            .fetch_all(&self.pool)
            .await
            .map_err(storage)?;
        rows.iter().map(profile).collect()
    }
}

#[async_trait]
impl UserDirectory for PostgresStorage {
    async fn user_exists(&self, user_id: UserId) -> Result<bool, StorageError> {
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM profile.profiles WHERE user_id = $1)")
            .bind(user_id.uuid())
            .fetch_one(&self.pool)
            .await
            .map_err(storage)
    }
}

const FIND_PROFILE: &str = "
    SELECT user_id, nickname, bio, avatar_url, create_time, update_time FROM profile.profiles WHERE user_id = $1";

const FIND_BY_NICKNAME: &str = "
    SELECT user_id, nickname, bio, avatar_url, create_time, update_time FROM profile.profiles WHERE nickname = $1";

const FIND_PROFILES: &str = "
    SELECT user_id, nickname, bio, avatar_url, create_time, update_time FROM profile.profiles WHERE user_id = ANY ($1)";

/// A range of the bytewise index, and no pattern: every character of the prefix is literal.
pub(crate) const LIST_PROFILES_BY_PREFIX: &str = "
    SELECT user_id, nickname, bio, avatar_url, create_time, update_time FROM profile.profiles
    WHERE nickname >= $1 AND nickname < $2 AND nickname > $3
    ORDER BY nickname LIMIT $4";
