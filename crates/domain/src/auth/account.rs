//! An account: who may log in.

use super::{Email, PasswordHash};
use crate::id::UserId;
use crate::time::Timestamp;

/// Somebody who registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Names the user everywhere.
    pub user_id: UserId,
    /// The address as it was written; unique by [`Email::key`].
    pub email: Email,
    /// What the password is checked against.
    pub password_hash: PasswordHash,
    /// When the account was made.
    pub create_time: Timestamp,
}
