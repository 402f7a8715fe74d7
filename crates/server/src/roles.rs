//! What a process serves of the whole.

use std::collections::BTreeSet;
use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A part of the messenger that a process can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// REST in front of all services.
    Gateway,
    /// Accounts, sessions and keys.
    Auth,
    /// Profiles.
    User,
    /// Friend requests and friendships.
    Social,
    /// Chats and messages.
    Chat,
    /// Notifications.
    Notification,
}

impl Role {
    /// Every role, and so the roles of a process that is all of it.
    pub(crate) const ALL: [Self; 6] =
        [Self::Gateway, Self::Auth, Self::User, Self::Social, Self::Chat, Self::Notification];

    /// Its name, as in `--roles`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Auth => "auth",
            Self::User => "user",
            Self::Social => "social",
            Self::Chat => "chat",
            Self::Notification => "notification",
        }
    }
}

/// The roles of a process, at least one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Roles(BTreeSet<Role>);

impl Roles {
    /// These roles; without any, all of them.
    pub(crate) fn new(roles: Option<&[Role]>) -> Self {
        Self(roles.filter(|roles| !roles.is_empty()).unwrap_or(&Role::ALL).iter().copied().collect())
    }

    /// Whether the process has this role.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether the process has one of these roles.
    pub(crate) fn have_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }

    /// Whether the process serves anything over gRPC.
    pub(crate) fn have_services(&self) -> bool {
        self.have_any(&Role::ALL[1..])
    }

    /// Whether the process is the whole messenger, so that no other process asks it anything.
    pub(crate) fn are_all(&self) -> bool {
        self.0.len() == Role::ALL.len()
    }

    /// The roles that this process calls elsewhere: all for a gateway; else those that its own roles ask.
    pub(crate) fn elsewhere(&self, asks_friendships: bool) -> Vec<Role> {
        let needs = |role| match role {
            Role::Gateway => false,
            _ if self.has(Role::Gateway) => true,
            Role::Auth => true,
            Role::User | Role::Notification => self.have_any(&[Role::Social, Role::Chat]),
            Role::Social => asks_friendships && self.has(Role::Chat),
            Role::Chat => false,
        };
        Role::ALL.into_iter().filter(|role| !self.has(*role) && needs(*role)).collect()
    }
}

/// As in `--roles`.
impl fmt::Display for Roles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|role| role.name()).collect();
        formatter.write_str(&names.join(","))
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elsewhere(roles: &[Role], asks_friendships: bool) -> String {
        Roles(Roles::new(Some(roles)).elsewhere(asks_friendships).into_iter().collect()).to_string()
    }

    #[test]
    fn a_process_needs_only_the_roles_that_its_own_ask() {
        assert_eq!(elsewhere(&[], true), "");
        assert_eq!(elsewhere(&[Role::Gateway], false), "auth,user,social,chat,notification");
        assert_eq!(elsewhere(&[Role::Gateway, Role::Chat], false), "auth,user,social,notification");
        assert_eq!(elsewhere(&[Role::Auth], true), "");
        assert_eq!(elsewhere(&[Role::User], true), "auth");
        assert_eq!(elsewhere(&[Role::Social], true), "auth,user,notification");
        assert_eq!(elsewhere(&[Role::Chat], false), "auth,user,notification");
        assert_eq!(elsewhere(&[Role::Chat], true), "auth,user,social,notification");
        assert_eq!(elsewhere(&[Role::Notification], false), "auth");
    }
}
