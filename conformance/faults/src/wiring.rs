//! The use cases over the ports, as the product wires them.

use std::sync::Arc;

use duologue_domain::auth;
use duologue_domain::page::CursorSealer;
use duologue_domain::{chat, notification, social, user};
use duologue_grpc::Domain;

use crate::ports::Ports;

pub(crate) fn domain(ports: &Ports) -> Domain {
    let environment = || ports.environment.clone();
    let cursors = cursors();
    let wake_up = Arc::new(ports.hub.clone());
    let auth = auth::Ports {
        accounts: ports.accounts.clone(),
        sessions: ports.sessions.clone(),
        hasher: ports.hasher.clone(),
        issuer: ports.issuer.clone(),
        refresh_tokens: ports.refresh_tokens.clone(),
        revocations: ports.revocations.clone(),
        cursors: cursors.clone(),
        environment: environment(),
    };
    let user = user::Service::new(ports.profiles.clone(), cursors.clone(), environment());
    let of_social = ports.users_of_social.clone().unwrap_or_else(|| Arc::new(user.clone()));
    let of_chat = ports.users_of_chat.clone().unwrap_or_else(|| Arc::new(user.clone()));
    Domain {
        auth: Some(auth::Service::new(auth, ports.lifetimes)),
        social: Some(social::Service::new(
            ports.social.clone(),
            of_social,
            wake_up.clone(),
            cursors.clone(),
            environment(),
        )),
        chat: Some(chat::Service::new(
            ports.chats.clone(),
            of_chat,
            Arc::new(chat::Open),
            wake_up,
            cursors,
            environment(),
        )),
        notification: Some(notifications(ports)),
        user: Some(user),
    }
}

fn cursors() -> CursorSealer {
    CursorSealer::new(&[7; 32])
}

/// What is told of a user's notifications, and takes events in.
pub(crate) fn notifications(ports: &Ports) -> notification::Service {
    notification::Service::new(ports.notifications.clone(), Arc::new(ports.hub.clone()), cursors())
}
