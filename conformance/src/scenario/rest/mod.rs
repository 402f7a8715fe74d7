//! REST: routes, statuses, JSON, queries, framing, and that both doors lead into the same house.

mod framing;
mod json;
mod parity;
mod presence;
mod routes;
mod statuses;
mod urls;

use serde_json::Value;
use tonic::Code;

use super::{Cell, Scenario};
use crate::door::HttpRequest;
use crate::target::Capability;
use crate::world::Person;
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    let scenarios = [routes_and_statuses(), requests_and_replies()].concat();
    scenarios.into_iter().map(|scenario| scenario.needs(&[Capability::Rest])).collect()
}

fn routes_and_statuses() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "rest.route_table",
            "Every RPC MUST answer on its route and verb; another verb MUST be 405 and an unknown path 404.",
            const { &[Cell::any(Code::Ok)] },
            run!(routes::route_table),
        ),
        Scenario::must(
            "rest.spec_routes",
            "The six routes of the specification MUST exist literally.",
            cells![
                AuthRegister: Ok,
                AuthLogin: Ok,
                UserGetProfileById: Ok,
                UserSearchByNickname: Ok,
                SocialSendFriendRequest: Ok,
                ChatSendMessage: Ok,
            ],
            run!(routes::spec_routes),
        ),
        Scenario::must(
            "rest.status_mapping",
            "The HTTP status of an error MUST be the canonical one of its code, and its body google.rpc.Status as JSON.",
            const { &[Cell::ANY] },
            run!(statuses::status_mapping),
        ),
        Scenario::must(
            "rest.problem_shape",
            "What no RPC answers, 404, 405, 413, 415 and malformed JSON, MUST be google.rpc.Status as JSON too, and never 5xx.",
            &[],
            run!(statuses::problem_shape),
        ),
    ]
}

fn requests_and_replies() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "rest.parity",
            "What is written through one door MUST be read through the other, equal in every field.",
            const { &[Cell::ANY] },
            run!(parity::parity),
        ),
        Scenario::must(
            "rest.json_tolerance",
            "JSON MUST be read as proto3 JSON: unknown fields ignored, both spellings taken, wrong types refused.",
            cells![AuthLogin: InvalidArgument],
            run!(json::json_tolerance),
        ),
        Scenario::must(
            "rest.path_escaping",
            "A path parameter MUST be decoded once, and never lead to another resource.",
            cells![UserGetProfileById: NotFound],
            run!(urls::path_escaping),
        ),
        Scenario::must(
            "rest.query_params",
            "Query parameters MUST be bound to the fields of the request, and refused where they do not fit.",
            cells![UserSearchByNickname: Ok, UserSearchByNickname: InvalidArgument],
            run!(urls::query_params),
        ),
        Scenario::must(
            "rest.stream_framing",
            "Each message of a stream MUST be one frame, sent at once, and its error a frame too.",
            cells![ChatStreamMessages: Ok, ChatStreamMessages: Unauthenticated],
            run!(framing::stream_framing),
        ),
        Scenario::should(
            "rest.body_path_conflict",
            "A chat_id in the body SHOULD NOT win over that of the path.",
            cells![ChatSendMessage: Ok],
            run!(json::body_path_conflict),
        ),
    ]
}

/// A request with somebody's token.
fn by(person: &Person, request: HttpRequest) -> HttpRequest {
    request.header("authorization", &format!("Bearer {}", person.access_token))
}

/// A text of a JSON object.
fn text<'a>(json: &'a Value, name: &str) -> &'a str {
    json.get(name).and_then(Value::as_str).unwrap_or_default()
}
