//! Faults of who may call what.

use std::sync::{Arc, OnceLock};

use duologue_contract::chat::ListUserChatsRequest;
use duologue_contract::errors::Reason;
use duologue_contract::social::{ListFriendsRequest, ListRequestsRequest};
use duologue_contract::user::{CreateProfileRequest, UpdateProfileRequest};
use duologue_contract::{Rpc, Service};
use duologue_domain::id::UserId;

use super::{Plant, as_user};
use crate::call::Call;
use crate::composition::Composition;

pub(super) fn plants() -> Vec<Plant> {
    vec![
        Plant::new("identity-is-constant", identity_is_constant),
        Plant::new("identity-from-request", identity_from_request),
        Plant::each(
            "token-not-required",
            Rpc::ALL.into_iter().filter(|rpc| !rpc.is_public()),
            token_not_required,
        ),
        Plant::new("bearer-parse-panics", bearer_parse_panics),
        Plant::new("auth-rpcs-need-token", auth_rpcs_need_token),
        Plant::new("validate-before-auth", validate_before_auth),
    ]
}

/// For friendship, everybody is whoever came first.
fn identity_is_constant(composition: Composition) -> Composition {
    let first: Arc<OnceLock<UserId>> = Arc::default();
    composition.around(move |ports, mut call, next| {
        let first = Arc::clone(&first);
        async move {
            if call.rpc.service() == Service::Social
                && let Some(caller) = ports.caller(&call).await
            {
                let user_id = *first.get_or_init(|| caller.user_id);
                call = as_user(&ports, call, user_id);
            }
            next.call(call).await
        }
    })
}

/// The user that a request names.
fn named(call: &Call) -> Option<&String> {
    match call.rpc {
        Rpc::UserCreateProfile => call.message::<CreateProfileRequest>().map(|request| &request.user_id),
        Rpc::UserUpdateProfile => call.message::<UpdateProfileRequest>().map(|request| &request.user_id),
        Rpc::SocialListRequests => call.message::<ListRequestsRequest>().map(|request| &request.user_id),
        Rpc::SocialListFriends => call.message::<ListFriendsRequest>().map(|request| &request.user_id),
        Rpc::ChatListUserChats => call.message::<ListUserChatsRequest>().map(|request| &request.user_id),
        _ => None,
    }
}

fn identity_from_request(composition: Composition) -> Composition {
    composition.around(|ports, mut call, next| async move {
        if ports.caller(&call).await.is_some()
            && let Some(user_id) = named(&call).and_then(|user_id| user_id.parse().ok())
        {
            call = as_user(&ports, call, user_id);
        }
        next.call(call).await
    })
}

fn token_not_required(composition: Composition, rpc: Rpc) -> Composition {
    composition.unguarded().around(move |ports, mut call, next| async move {
        if call.rpc == rpc && call.token().is_none() {
            call = call.with_token(&ports.token_of_nobody());
        }
        next.call(call).await
    })
}

fn bearer_parse_panics(composition: Composition) -> Composition {
    composition.unguarded().around(|_, call, next| async move {
        let header = call.metadata.get("authorization");
        if !call.rpc.is_public() && header.is_some_and(|header| header.as_bytes().len() < 7) {
            return Err(Reason::Internal.status("Something is wrong on our side."));
        }
        next.call(call).await
    })
}

fn auth_rpcs_need_token(composition: Composition) -> Composition {
    composition.around(|ports, call, next| async move {
        if call.rpc == Rpc::AuthLogin && ports.caller(&call).await.is_none() {
            return Err(Reason::TokenInvalid.status("The token is not valid."));
        }
        next.call(call).await
    })
}

fn validate_before_auth(composition: Composition) -> Composition {
    composition.unguarded().around(|ports, call, next| async move {
        let is_stranger = !call.rpc.is_public() && ports.caller(&call).await.is_none();
        if let Some(again) = call.again().filter(|_| is_stranger) {
            // Whatever else is wrong is told first.
            next.call(again.with_token(&ports.token_of_nobody())).await?;
        }
        next.call(call).await
    })
}
