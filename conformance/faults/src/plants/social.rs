//! Faults of friendship.

use std::sync::Arc;

use async_trait::async_trait;
use duologue_contract::Rpc;
use duologue_contract::errors::{Reason, reason_of};
use duologue_contract::social::friend_request::Status;
use duologue_contract::social::{
    AcceptFriendRequestRequest, CancelFriendRequestRequest, DeclineFriendRequestRequest, FriendRequest,
    SendFriendRequestRequest,
};
use duologue_domain::StorageError;
use duologue_domain::id::UserId;
use duologue_domain::social::{self, Direction};
use duologue_domain::user::UserDirectory;
use tonic::Code;

use super::tables::{self, Mistake};
use super::{Plant, as_user};
use crate::call::{Answer, Call};
use crate::composition::Composition;
use crate::ports::Ports;

pub(super) fn plants() -> Vec<Plant> {
    let table = |id, mistake| Plant::new(id, move |composition| tables::plant(composition, mistake));
    vec![
        table("cross-request-toctou", Mistake::CrossingRequestsRace),
        table("cross-request-duplicates", Mistake::CrossingRequestsStand),
        table("accept-ignores-status", Mistake::StatusIgnored),
        table("accept-race-double", Mistake::StatusReadFirst),
        table("friendship-one-sided", Mistake::FriendshipOneSided),
        table("remove-one-sided", Mistake::RemovalOneSided),
        table("declined-blocks-forever", Mistake::DeclinedBlocks),
        table("remove-keeps-request-row", Mistake::AcceptedBlocks),
        table("list-requests-includes-outgoing", Mistake::OutgoingListed),
        table("request-direction-swapped", Mistake::DirectionSwapped),
        table("decline-leaves-pending", Mistake::DeclineNotStored),
        table("remove-always-ok", Mistake::NobodyRemoved),
        table("remove-race-resurrects", Mistake::AcceptedAgain),
        Plant::new("self-request-allowed", self_request_allowed),
        Plant::new("accept-by-anyone", accept_by_anyone),
        Plant::new("decline-by-sender", decline_by_sender),
        Plant::new("cancel-by-recipient", cancel_by_recipient),
        Plant::new("request-no-user-check", |mut composition| {
            composition.ports.users_of_social = Some(Arc::new(Everybody));
            composition
        }),
        Plant::new("request-twice-returns-first", request_twice_returns_first),
        Plant::new("decline-unknown-ok", decline_unknown_ok),
    ]
}

/// Whoever is asked for exists.
pub(super) struct Everybody;

#[async_trait]
impl UserDirectory for Everybody {
    async fn user_exists(&self, _: UserId) -> Result<bool, StorageError> {
        Ok(true)
    }
}

/// A request that nobody stored.
fn made_up(from: &str, to: &str, status: Status) -> FriendRequest {
    FriendRequest {
        request_id: uuid::Uuid::from_u128(1).to_string(),
        status: status.into(),
        from_user_id: from.to_owned(),
        to_user_id: to.to_owned(),
        ..Default::default()
    }
}

fn self_request_allowed(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        let to = call.message::<SendFriendRequestRequest>().map(|request| request.user_id.clone());
        match (to, next.call(call).await) {
            (Some(to), Err(status)) if reason_of(&status) == Some(Reason::SelfRequest) => {
                Ok(Answer::of(made_up(&to, &to, Status::Pending)))
            }
            (_, answer) => answer,
        }
    })
}

async fn request_of(ports: &Ports, request_id: &str) -> Option<social::FriendRequest> {
    ports.social.find_request(request_id.parse().ok()?).await.ok()?
}

fn accept_by_anyone(composition: Composition) -> Composition {
    composition.around(|ports, mut call, next| async move {
        if let Some(accept) = call.message::<AcceptFriendRequestRequest>()
            && let Some(request) = request_of(&ports, &accept.request_id).await
            && ports.caller(&call).await.is_some()
        {
            call = as_user(&ports, call, request.to);
        }
        next.call(call).await
    })
}

fn decline_by_sender(composition: Composition) -> Composition {
    composition.around(|ports, mut call, next| async move {
        if let Some(decline) = call.message::<DeclineFriendRequestRequest>()
            && let Some(request) = request_of(&ports, &decline.request_id).await
            && ports.caller(&call).await.is_some_and(|caller| caller.user_id == request.from)
        {
            call = as_user(&ports, call, request.to);
        }
        next.call(call).await
    })
}

fn cancel_by_recipient(composition: Composition) -> Composition {
    composition.around(|ports, mut call, next| async move {
        if let Some(cancel) = call.message::<CancelFriendRequestRequest>()
            && let Some(request) = request_of(&ports, &cancel.request_id).await
            && ports.caller(&call).await.is_some_and(|caller| caller.user_id == request.to)
        {
            call = as_user(&ports, call, request.from);
        }
        next.call(call).await
    })
}

/// The request that stands between the caller and somebody, or what looks like it.
async fn earlier(ports: &Ports, call: &Call, reason: Reason) -> Option<FriendRequest> {
    let to = call.message::<SendFriendRequestRequest>()?.user_id.clone();
    let caller = ports.caller(call).await?.user_id;
    if reason == Reason::AlreadyFriends {
        return Some(made_up(&caller.to_string(), &to, Status::Accepted));
    }
    let pending = ports.social.list_requests(caller, Direction::Outgoing, None, 100).await.ok()?;
    let request = pending.into_iter().find(|request| request.to.to_string() == to)?;
    Some(FriendRequest {
        request_id: request.request_id.to_string(),
        ..made_up(&caller.to_string(), &to, Status::Pending)
    })
}

fn request_twice_returns_first(composition: Composition) -> Composition {
    composition.around(|ports, call, next| async move {
        let again = call.again();
        let answer = next.call(call).await;
        let reason = answer.as_ref().err().and_then(reason_of);
        match (again, reason) {
            (Some(call), Some(reason @ (Reason::FriendRequestPending | Reason::AlreadyFriends))) => {
                earlier(&ports, &call, reason).await.map_or(answer, |request| Ok(Answer::of(request)))
            }
            _ => answer,
        }
    })
}

fn decline_unknown_ok(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        let rpc = call.rpc;
        match next.call(call).await {
            Err(status) if rpc == Rpc::SocialDeclineFriendRequest && status.code() == Code::NotFound => {
                Ok(Answer::of(made_up("", "", Status::Declined)))
            }
            answer => answer,
        }
    })
}
