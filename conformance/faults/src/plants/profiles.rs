//! Stores of profiles that break one promise each.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use duologue_domain::auth::AccountStore;
use duologue_domain::id::UserId;
use duologue_domain::user::{
    Bio, InsertProfile, Nickname, Profile, ProfileChange, ProfileStore, SearchPrefix, UpdateProfile,
};
use duologue_domain::{Environment, StorageError, Timestamp};
use parking_lot::Mutex;

use super::{Plant, gap};
use crate::composition::Composition;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    NicknameRace,
    NicknameNotUnique,
    UpdateInTwoSteps,
    OldNicknameReserved,
    Wildcards,
    LocaleOrder,
    SearchLags,
    BioTrimmed,
    CreateUpserts,
    UpdateUpserts,
    AlwaysMore,
}

pub(super) fn plants() -> Vec<Plant> {
    let plant = |id, defect| Plant::new(id, move |composition| decorate(composition, defect));
    vec![
        plant("nickname-toctou", Defect::NicknameRace),
        plant("update-not-atomic", Defect::UpdateInTwoSteps),
        plant("rename-keeps-old-index", Defect::OldNicknameReserved),
        plant("search-like-unescaped", Defect::Wildcards),
        plant("search-locale-order", Defect::LocaleOrder),
        plant("search-index-lags", Defect::SearchLags),
        plant("create-profile-upserts", Defect::CreateUpserts),
        plant("update-upserts", Defect::UpdateUpserts),
    ]
}

pub(super) fn decorate(mut composition: Composition, defect: Defect) -> Composition {
    composition.ports.profiles = Arc::new(Decorated {
        inner: composition.ports.profiles.clone(),
        accounts: composition.ports.accounts.clone(),
        environment: composition.ports.environment.clone(),
        defect,
        notes: Mutex::default(),
    });
    composition
}

#[derive(Default)]
struct Notes {
    /// Whose nickname another profile has.
    twins: HashMap<UserId, Profile>,
    names: BTreeMap<Nickname, UserId>,
    reserved: BTreeMap<Nickname, UserId>,
}

struct Decorated {
    inner: Arc<dyn ProfileStore>,
    accounts: Arc<dyn AccountStore>,
    environment: Environment,
    defect: Defect,
    notes: Mutex<Notes>,
}

/// What `LIKE` finds: `_` is any character, `%` any text.
fn is_like(text: &[u8], pattern: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, _) => text.is_empty(),
        (Some((b'%', rest)), _) => (0..=text.len()).any(|at| is_like(&text[at..], rest)),
        (Some((letter, rest)), Some((first, others))) => {
            (*letter == b'_' || letter == first) && is_like(others, rest)
        }
        (Some(_), None) => false,
    }
}

impl Decorated {
    fn is_reserved(&self, nickname: &Nickname, user_id: UserId) -> bool {
        self.notes.lock().reserved.get(nickname).is_some_and(|owner| *owner != user_id)
    }

    fn note(&self, profile: &Profile) {
        let mut notes = self.notes.lock();
        notes.names.retain(|_, user_id| *user_id != profile.user_id);
        notes.names.insert(profile.nickname.clone(), profile.user_id);
        notes.reserved.insert(profile.nickname.clone(), profile.user_id);
    }

    fn stored(&self, mut profile: Profile) -> Profile {
        if self.defect == Defect::BioTrimmed {
            profile.bio = profile.bio.as_ref().and_then(trimmed);
        }
        profile
    }

    /// Every profile whose nickname `LIKE` finds, in their order.
    async fn like(&self, pattern: &str) -> Result<Vec<Profile>, StorageError> {
        let user_ids: Vec<_> = {
            let notes = self.notes.lock();
            let names = notes.names.iter();
            names
                .filter(|(name, _)| is_like(name.as_str().as_bytes(), pattern.as_bytes()))
                .map(|(_, user_id)| *user_id)
                .collect()
        };
        let mut profiles = self.inner.find_profiles(&user_ids).await?;
        profiles.sort_by(|one, other| one.nickname.cmp(&other.nickname));
        Ok(profiles)
    }
}

fn trimmed(bio: &Bio) -> Option<Bio> {
    Bio::parse(bio.as_str().trim()).ok().flatten()
}

#[async_trait]
impl ProfileStore for Decorated {
    async fn insert_profile(&self, profile: Profile) -> Result<InsertProfile, StorageError> {
        let profile = self.stored(profile);
        if self.defect == Defect::OldNicknameReserved && self.is_reserved(&profile.nickname, profile.user_id)
        {
            return Ok(InsertProfile::NicknameTaken);
        }
        if self.defect == Defect::NicknameRace {
            if self.inner.find_profile_by_nickname(&profile.nickname).await?.is_some() {
                return Ok(InsertProfile::NicknameTaken);
            }
            gap().await;
        }
        let outcome = self.inner.insert_profile(profile.clone()).await?;
        match (outcome, self.defect) {
            (InsertProfile::Inserted, _) => self.note(&profile),
            (InsertProfile::NicknameTaken, Defect::NicknameRace | Defect::NicknameNotUnique) => {
                self.notes.lock().twins.insert(profile.user_id, profile);
                return Ok(InsertProfile::Inserted);
            }
            (InsertProfile::ProfileExists, Defect::CreateUpserts) => {
                let Profile { user_id, nickname, bio, avatar_url, update_time, .. } = profile;
                let change =
                    ProfileChange { nickname: Some(nickname), bio: Some(bio), avatar_url: Some(avatar_url) };
                self.inner.update_profile(user_id, change, update_time).await?;
                return Ok(InsertProfile::Inserted);
            }
            _ => {}
        }
        Ok(outcome)
    }

    async fn update_profile(
        &self,
        user_id: UserId,
        mut change: ProfileChange,
        now: Timestamp,
    ) -> Result<UpdateProfile, StorageError> {
        if self.defect == Defect::BioTrimmed {
            change.bio = change.bio.map(|bio| bio.as_ref().and_then(trimmed));
        }
        let nickname = change.nickname.clone();
        if let Some(nickname) = &nickname {
            if self.defect == Defect::OldNicknameReserved && self.is_reserved(nickname, user_id) {
                return Ok(UpdateProfile::NicknameTaken);
            }
            if self.defect == Defect::NicknameRace {
                let owner = self.inner.find_profile_by_nickname(nickname).await?;
                if owner.is_some_and(|owner| owner.user_id != user_id) {
                    return Ok(UpdateProfile::NicknameTaken);
                }
                gap().await;
            }
        }
        let outcome = self.inner.update_profile(user_id, change.clone(), now).await?;
        match (&outcome, self.defect) {
            (UpdateProfile::Updated(profile), _) => self.note(profile),
            (UpdateProfile::NicknameTaken, Defect::UpdateInTwoSteps) => {
                self.inner.update_profile(user_id, ProfileChange { nickname: None, ..change }, now).await?;
            }
            (UpdateProfile::NicknameTaken, Defect::NicknameRace) => {
                if let (Some(profile), Some(nickname)) = (self.inner.find_profile(user_id).await?, nickname) {
                    let twin = Profile { nickname, ..profile };
                    self.notes.lock().twins.insert(user_id, twin.clone());
                    return Ok(UpdateProfile::Updated(twin));
                }
            }
            (UpdateProfile::NotFound, Defect::UpdateUpserts) => {
                let made = format!("u{:.12}", user_id.to_string().replace('-', "").split_off(20));
                let Some(nickname) = nickname.or_else(|| made.parse().ok()) else { return Ok(outcome) };
                if self.accounts.find_account(user_id).await?.is_some() {
                    let profile = Profile {
                        user_id,
                        nickname,
                        bio: change.bio.flatten(),
                        avatar_url: change.avatar_url.flatten(),
                        create_time: now,
                        update_time: now,
                    };
                    self.inner.insert_profile(profile.clone()).await?;
                    return Ok(UpdateProfile::Updated(profile));
                }
            }
            _ => {}
        }
        Ok(outcome)
    }

    async fn find_profile(&self, user_id: UserId) -> Result<Option<Profile>, StorageError> {
        let twin = self.notes.lock().twins.get(&user_id).cloned();
        Ok(twin.or(self.inner.find_profile(user_id).await?))
    }

    async fn find_profile_by_nickname(&self, nickname: &Nickname) -> Result<Option<Profile>, StorageError> {
        if self.defect == Defect::Wildcards {
            return Ok(self.like(nickname.as_str()).await?.into_iter().next());
        }
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
        let all = || self.inner.list_profiles_by_prefix(prefix, None, 10_000);
        let mut listed = match self.defect {
            Defect::Wildcards => self.like(&format!("{}%", prefix.as_str())).await?,
            Defect::LocaleOrder => {
                let mut all = all().await?;
                // As a locale has it: `_` weighs nothing at first.
                all.sort_by_key(|profile| {
                    (profile.nickname.as_str().replace('_', ""), profile.nickname.clone())
                });
                all
            }
            _ => {
                let listed = self.inner.list_profiles_by_prefix(prefix, after, limit).await?;
                return Ok(self.sparse(listed, limit));
            }
        };
        listed.retain(|profile| after.as_ref().is_none_or(|after| profile.nickname > *after));
        listed.truncate(limit);
        Ok(listed)
    }
}

impl Decorated {
    /// A page without what is too new, or with one profile too many where it is exactly full.
    fn sparse(&self, mut listed: Vec<Profile>, limit: usize) -> Vec<Profile> {
        match self.defect {
            Defect::SearchLags => {
                let seen = self.environment.now().minus(Duration::from_secs(2));
                listed.retain(|profile| profile.update_time <= seen);
            }
            Defect::AlwaysMore if listed.len() + 1 == limit => listed.extend(listed.last().cloned()),
            _ => {}
        }
        listed
    }
}
