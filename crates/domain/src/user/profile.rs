//! Profiles.

use super::{AvatarUrl, Bio, Nickname};
use crate::id::UserId;
use crate::time::Timestamp;

/// What others see of a user. Whoever has one exists, as far as others can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Whose it is.
    pub user_id: UserId,
    /// The unique name to find them by.
    pub nickname: Nickname,
    /// What they tell of themselves.
    pub bio: Option<Bio>,
    /// Where their picture is.
    pub avatar_url: Option<AvatarUrl>,
    /// When the profile was made.
    pub create_time: Timestamp,
    /// When it was last changed; never before `create_time`.
    pub update_time: Timestamp,
}

/// What is to become of a profile: each part absent to keep it, present to set it, present and empty to clear it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileChange {
    /// The new nickname.
    pub nickname: Option<Nickname>,
    /// The new bio, or none.
    pub bio: Option<Option<Bio>>,
    /// The new picture, or none.
    pub avatar_url: Option<Option<AvatarUrl>>,
}

impl Profile {
    /// The profile after a change at `now`. A change that alters nothing does not count as one.
    #[must_use]
    pub fn changed(self, change: ProfileChange, now: Timestamp) -> Self {
        let after = Self {
            nickname: change.nickname.unwrap_or_else(|| self.nickname.clone()),
            bio: change.bio.unwrap_or_else(|| self.bio.clone()),
            avatar_url: change.avatar_url.unwrap_or_else(|| self.avatar_url.clone()),
            ..self.clone()
        };
        if after == self { self } else { Self { update_time: now.max(self.update_time), ..after } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;

    fn profile() -> Profile {
        Profile {
            user_id: UserId::from_uuid(uuid::Uuid::nil()),
            nickname: "ada".parse().unwrap(),
            bio: Bio::parse("Countess").unwrap(),
            avatar_url: None,
            create_time: Timestamp::from_unix_millis(5),
            update_time: Timestamp::from_unix_millis(5),
        }
    }

    #[test]
    fn absent_keeps_and_empty_clears() {
        let later = Timestamp::from_unix_millis(9);
        let renamed =
            profile().changed(ProfileChange { nickname: "eve".parse().ok(), ..Default::default() }, later);
        assert_eq!(renamed, Profile { nickname: "eve".parse().unwrap(), update_time: later, ..profile() });
        let cleared = profile().changed(ProfileChange { bio: Some(None), ..Default::default() }, later);
        assert_eq!(cleared, Profile { bio: None, update_time: later, ..profile() });
    }

    #[test]
    fn changing_nothing_is_no_change_and_time_never_goes_back() {
        let (early, later) = (Timestamp::from_unix_millis(1), Timestamp::from_unix_millis(9));
        assert_eq!(profile().changed(ProfileChange::default(), later), profile());
        let same = ProfileChange { nickname: "ada".parse().ok(), ..Default::default() };
        assert_eq!(profile().changed(same, later), profile());
        let cleared = profile().changed(ProfileChange { bio: Some(None), ..Default::default() }, early);
        assert_eq!(cleared.update_time, profile().update_time);
    }
}
