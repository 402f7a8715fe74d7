//! The bindings of every service that this process serves.

use std::sync::Arc;

use duologue_domain::user::AvatarSchemes;
use duologue_domain::{auth, chat, notification, social, user};

use crate::auth::AuthBinding;
use crate::chat::ChatBinding;
use crate::entry::Entry;
use crate::internal::Internal;
use crate::notification::NotificationBinding;
use crate::social::SocialBinding;
use crate::user::UserBinding;

/// The use cases that this process serves: all of them, or those of its role.
#[derive(Debug, Clone, Default)]
pub struct Domain {
    /// Accounts and sessions.
    pub auth: Option<auth::Service>,
    /// Profiles.
    pub user: Option<user::Service>,
    /// Friend requests and friendships.
    pub social: Option<social::Service>,
    /// Chats and messages.
    pub chat: Option<chat::Service>,
    /// Notifications.
    pub notification: Option<notification::Service>,
}

/// The bindings of every service that this process serves, for the listener and for bridges in the process alike.
#[derive(Debug, Clone, Default)]
pub struct Services {
    /// `api.auth.v1.AuthService`.
    pub auth: Option<Arc<AuthBinding>>,
    /// `api.user.v1.UserService`.
    pub user: Option<Arc<UserBinding>>,
    /// `api.social.v1.SocialService`.
    pub social: Option<Arc<SocialBinding>>,
    /// `api.chat.v1.ChatService`.
    pub chat: Option<Arc<ChatBinding>>,
    /// `api.notification.v1.NotificationService`.
    pub notification: Option<Arc<NotificationBinding>>,
    /// What other services of the deployment may ask this process, if it is one of several.
    pub internal: Option<Internal>,
}

impl Services {
    /// Bindings of these use cases, all behind one entry.
    #[must_use]
    pub fn new(domain: Domain, entry: &Entry, avatar_schemes: AvatarSchemes) -> Self {
        let entry = || entry.clone();
        Self {
            auth: domain.auth.map(|service| Arc::new(AuthBinding::new(service, entry()))),
            user: domain.user.map(|service| Arc::new(UserBinding::new(service, entry(), avatar_schemes))),
            social: domain.social.map(|service| Arc::new(SocialBinding::new(service, entry()))),
            chat: domain.chat.map(|service| Arc::new(ChatBinding::new(service, entry()))),
            notification: domain
                .notification
                .map(|service| Arc::new(NotificationBinding::new(service, entry()))),
            internal: None,
        }
    }

    /// The same, which other services of the deployment may ask.
    #[must_use]
    pub fn with_internal(mut self, internal: Internal) -> Self {
        self.internal = Some(internal);
        self
    }
}
