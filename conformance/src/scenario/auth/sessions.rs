//! Sessions: logout, lists, revocation, the password.

use std::time::{Duration, Instant};

use duologue_contract::Service;
use duologue_contract::auth::{
    ChangePasswordRequest, ListSessionsRequest, LoginRequest, LogoutRequest, RefreshRequest,
    RevokeSessionRequest,
};
use duologue_contract::errors::Reason;
use duologue_contract::notification::StreamNotificationsRequest;
use tonic::Code;

use super::{REVOCATION, dies, opens};
use crate::door::{Credential, Live, Next};
use crate::world::{Outcome, World};

async fn does_not_refresh(world: &World, refresh_token: &str) -> Outcome {
    let request = RefreshRequest { refresh_token: refresh_token.to_owned() };
    world.refused(Credential::None, &request, Code::Unauthenticated).await?;
    Ok(())
}

async fn ends(world: &World, mut live: Live<StreamNotificationsRequest>) {
    let began = Instant::now();
    let next = live.next(REVOCATION + Duration::from_secs(1)).await;
    let is_refused = matches!(&next, Next::Refused(failure) if failure.code == Code::Unauthenticated);
    world.check(is_refused && began.elapsed() <= REVOCATION, || {
        format!("an open stream of an ended session must end with UNAUTHENTICATED within 2 s; after {} ms: {next:?}", began.elapsed().as_millis())
    });
}

pub(super) async fn logout(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let bob = world.newcomer().await?;
    let second = ann.in_session(&world.login(&ann).await?);
    let stream = if world.session().missing().contains(&Service::Notification) {
        None
    } else {
        world.call_stream(&ann).await?
    };
    let request = LogoutRequest { refresh_token: ann.refresh_token.clone(), all_sessions: false };
    world.ok(&ann, &request).await?;
    does_not_refresh(world, &ann.refresh_token).await?;
    if let Some(stream) = stream {
        ends(world, stream).await;
    }
    dies(world, &ann.access_token, "the access token of a session that was logged out").await?;
    world.ok(&second, &request).await?;
    opens(world, &second.access_token, "another session of the same user").await;

    let third = ann.in_session(&world.login(&ann).await?);
    let all = LogoutRequest { refresh_token: second.refresh_token.clone(), all_sessions: true };
    world.ok(&second, &all).await?;
    for session in [&second, &third] {
        does_not_refresh(world, &session.refresh_token).await?;
        dies(world, &session.access_token, "an access token after logging out of all sessions").await?;
    }
    opens(world, &bob.access_token, "somebody else's access token").await;
    world.arrange(Credential::None, &RefreshRequest { refresh_token: bob.refresh_token }).await?;
    world.arrange(Credential::None, &ann.credentials()).await?;
    Ok(())
}

pub(super) async fn list_and_revoke(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let bob = world.newcomer().await?;
    let second = ann.in_session(&world.login(&ann).await?);
    let list = ListSessionsRequest::default();
    let sessions = world.ok(&ann, &list).await?.sessions;
    world.require(sessions.len() == 2, || {
        format!("ListSessions answers {} sessions, not 2", sessions.len())
    })?;
    world.check(sessions[0].create_time >= sessions[1].create_time, || {
        "the newest session must come first".to_owned()
    });
    let current: Vec<_> = sessions.iter().map(|session| session.current).collect();
    world.check_eq("which session is the current one, newest first", &current, &[false, true].to_vec());
    let revoke = RevokeSessionRequest { session_id: sessions[0].session_id.clone() };
    world.refused_for(&bob, &revoke, Reason::SessionNotFound).await?;
    opens(world, &second.access_token, "a session that somebody else tried to end").await;
    world.ok(&ann, &revoke).await?;
    does_not_refresh(world, &second.refresh_token).await?;
    dies(world, &second.access_token, "the access token of a session that was revoked").await?;
    let left = world.ok(&ann, &list).await?.sessions;
    world.check(left.len() == 1 && left[0].current, || {
        format!("{} sessions are listed after one of two ended", left.len())
    });
    world
        .refused_field(
            &ann,
            &RevokeSessionRequest { session_id: "no-id".to_owned() },
            "session_id",
            "malformed",
        )
        .await?;
    Ok(())
}

pub(super) async fn change_password(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let second = ann.in_session(&world.login(&ann).await?);
    let change = |current: &str, new: &str| ChangePasswordRequest {
        current_password: current.to_owned(),
        new_password: new.to_owned(),
    };
    let new = world.session().fresh_password();
    let wrong = change(&world.session().fresh_password(), &new);
    world.refused_for(&ann, &wrong, Reason::CredentialsInvalid).await?;
    world.refused_field(&ann, &change(&ann.password, "short"), "new_password", "too short").await?;
    world.arrange(Credential::None, &ann.credentials()).await?;
    world.ok(&ann, &change(&ann.password, &new)).await?;
    world.refused_login(&ann.email, &ann.password).await?;
    world.arrange(Credential::None, &LoginRequest { email: ann.email.clone(), password: new }).await?;
    opens(world, &ann.access_token, "the session that changed the password").await;
    does_not_refresh(world, &second.refresh_token).await?;
    dies(world, &second.access_token, "another session after the password was changed").await
}

impl World {
    /// The caller's notifications, open; a refusal to open is a violation.
    async fn call_stream(
        &self,
        person: &crate::world::Person,
    ) -> Outcome<Option<Live<StreamNotificationsRequest>>> {
        match self.open(person, &StreamNotificationsRequest::default()).await {
            Ok(live) => Ok(Some(live)),
            Err(failure) => Err(self.stopped(
                duologue_contract::Rpc::NotificationStreamNotifications,
                "it must open",
                &failure,
            )),
        }
    }

    async fn refused_login(&self, email: &str, password: &str) -> Outcome {
        let login = LoginRequest { email: email.to_owned(), password: password.to_owned() };
        self.refused(Credential::None, &login, Code::Unauthenticated).await?;
        Ok(())
    }
}
