//! Who may call what: one row for each RPC of the contract, and every row tried.

mod matrix;
mod others;
mod tokens;

use super::Scenario;
use super::registry::Cell;
use crate::run;
use tonic::Code;

const UNAUTHENTICATED: &[Cell] = &[Cell::any(Code::Unauthenticated)];
const PERMISSION_DENIED: &[Cell] = &[Cell::any(Code::PermissionDenied)];

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "authz.no_token",
            "Every RPC that is not public MUST answer UNAUTHENTICATED without a token, and do nothing.",
            UNAUTHENTICATED,
            run!(tokens::none),
        ),
        Scenario::must(
            "authz.garbage_token",
            "Every RPC that is not public MUST answer UNAUTHENTICATED to a token that is none, and do nothing.",
            UNAUTHENTICATED,
            run!(tokens::garbage),
        ),
        Scenario::must(
            "authz.expired_token",
            "Every RPC that is not public MUST answer UNAUTHENTICATED to an expired token.",
            UNAUTHENTICATED,
            run!(tokens::expired),
        ),
        Scenario::must(
            "authz.other_users_resource",
            "A third user MUST NOT read or change what belongs to others.",
            PERMISSION_DENIED,
            run!(others::other_users_resource),
        ),
        Scenario::must(
            "authz.auth_rpcs_are_public",
            "The public RPCs MUST work without a token and ignore a bad one.",
            crate::cells![AuthRegister: Ok, AuthLogin: Ok],
            run!(tokens::public),
        ),
        Scenario::should(
            "authz.check_order",
            "A bad credential SHOULD be told before a bad argument, and that before what does not exist.",
            UNAUTHENTICATED,
            run!(tokens::check_order),
        ),
        Scenario::must(
            "authz.matrix_complete",
            "Every RPC of the contract MUST have its row in the authorization matrix.",
            &[],
            run!(others::matrix_complete),
        ),
    ]
}
