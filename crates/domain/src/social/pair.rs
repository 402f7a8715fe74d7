//! Two different people, in no order.

use crate::id::UserId;

/// Two different people; the same pair whichever is named first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    lower: UserId,
    higher: UserId,
}

/// Both are the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pair is two different people")]
pub struct SamePerson;

impl Pair {
    /// The pair of two people.
    pub fn of(one: UserId, other: UserId) -> Result<Self, SamePerson> {
        match one.cmp(&other) {
            std::cmp::Ordering::Less => Ok(Self { lower: one, higher: other }),
            std::cmp::Ordering::Equal => Err(SamePerson),
            std::cmp::Ordering::Greater => Ok(Self { lower: other, higher: one }),
        }
    }

    /// The one with the lower id.
    #[must_use]
    pub fn lower(self) -> UserId {
        self.lower
    }

    /// The one with the higher id.
    #[must_use]
    pub fn higher(self) -> UserId {
        self.higher
    }

    /// Both, the lower id first.
    #[must_use]
    pub fn both(self) -> [UserId; 2] {
        [self.lower, self.higher]
    }

    /// The other of the two, if `one` is of the pair.
    #[must_use]
    pub fn other(self, one: UserId) -> Option<UserId> {
        match one {
            one if one == self.lower => Some(self.higher),
            one if one == self.higher => Some(self.lower),
            _ => None,
        }
    }
}
