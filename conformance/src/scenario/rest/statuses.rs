//! HTTP statuses and the form of errors.

use duologue_contract::Rpc;
use duologue_contract::errors::Reason;
use serde_json::json;

use super::by;
use crate::door::{Answer, HttpRequest, HttpResponse};
use crate::scenario::Cell;
use crate::world::{Outcome, World};

/// Asserts status, code and reason of an error; that it is Status JSON is seen to by every call.
fn check_error(
    world: &World,
    what: &str,
    (response, answer): &(HttpResponse, Answer),
    status: u16,
    reason: Reason,
) {
    world.check_eq(&format!("HTTP status of {what}"), &response.status, &status);
    let Err(failure) = &answer.outcome else {
        world.violation(format!("{what} must be refused"));
        return;
    };
    world.check_eq(&format!("code in the body of {what}"), &failure.code, &reason.code());
    world.check_eq(&format!("reason of {what}"), &failure.reason.as_deref(), &Some(reason.name()));
    world.check(answer.deviations.is_empty(), || format!("{what}: {:?}", answer.deviations));
}

pub(super) async fn status_mapping(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let asked = world.ask(&ann, &bob).await?.request_id;
    let sent = world.send(&ann, &chat_id, "the first").await?.message_id;
    let get = |path: String| HttpRequest::new("GET", path);
    let post = |path: String, body: serde_json::Value| HttpRequest::new("POST", path).json(body.to_string());
    let credentials = json!({ "email": ann.email, "password": ann.password });
    let wrong = json!({ "email": ann.email, "password": world.session().fresh_password() });
    let unknown = world.unknown_id();
    let stream = |rest: &str| format!("/v1/chats/{chat_id}/stream?{rest}");

    let table = [
        (Rpc::UserGetProfileById, by(&ann, get("/v1/profile/no-id".to_owned())), 400, Reason::InvalidField),
        (
            Rpc::ChatListMessages,
            by(&ann, get(format!("/v1/chats/{chat_id}/messages?cursor=x"))),
            400,
            Reason::CursorInvalid,
        ),
        (Rpc::ChatStreamMessages, by(&ann, get(stream("afterSequence=99"))), 400, Reason::SequenceOutOfRange),
        (Rpc::ChatListUserChats, get("/v1/chats".to_owned()), 401, Reason::TokenInvalid),
        (Rpc::AuthLogin, post("/v1/login".to_owned(), wrong), 401, Reason::CredentialsInvalid),
        (Rpc::ChatGetChat, by(&carol, get(format!("/v1/chats/{chat_id}"))), 403, Reason::NotAMember),
        (Rpc::ChatStreamMessages, by(&carol, get(stream(""))), 403, Reason::NotAMember),
        (
            Rpc::SocialAcceptFriendRequest,
            by(&carol, post(format!("/v1/friends/requests/{asked}/accept"), json!({}))),
            403,
            Reason::NotRecipient,
        ),
        (Rpc::ChatGetChat, by(&ann, get(format!("/v1/chats/{unknown}"))), 404, Reason::ChatNotFound),
        (
            Rpc::UserGetProfileById,
            by(&ann, get(format!("/v1/profile/{unknown}"))),
            404,
            Reason::ProfileNotFound,
        ),
        (Rpc::AuthRegister, post("/v1/register".to_owned(), credentials), 409, Reason::EmailTaken),
        (
            Rpc::ChatCreateDirectChat,
            by(&ann, post("/v1/chats".to_owned(), json!({ "participantId": bob.user_id }))),
            409,
            Reason::ChatExists,
        ),
        (
            Rpc::SocialSendFriendRequest,
            by(&ann, post(format!("/v1/friends/{}/request", bob.user_id), json!({}))),
            409,
            Reason::FriendRequestPending,
        ),
        (
            Rpc::ChatStreamMessages,
            by(&ann, get(stream(&format!("afterSequence=1&afterMessageId={unknown}")))),
            500,
            Reason::HistoryLost,
        ),
    ];
    for (rpc, request, status, reason) in table {
        let what = format!("{} {}, {}", request.method, request.path_and_query, reason.name());
        let answered = world.http(Some(rpc), request).await?;
        check_error(world, &what, &answered, status, reason);
        world.assert_cell(Cell::new(rpc, reason.code()));
    }
    world.check(!sent.is_empty(), || "a message without an id".to_owned());
    Ok(())
}

pub(super) async fn problem_shape(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let path = format!("/v1/chats/{chat_id}/message");
    let post = |body: &[u8]| by(&ann, HttpRequest::new("POST", &*path).json(body.to_vec()));
    let typed = |media_type: &str| {
        let request = by(&ann, HttpRequest::new("POST", &*path)).header("content-type", media_type);
        HttpRequest { body: Some(bytes::Bytes::from_static(b"{\"text\":\"x\"}")), ..request }
    };
    let large = format!("{{\"text\":\"{}\"}}", "x".repeat(70_000));
    let table = [
        ("an unknown path", HttpRequest::new("GET", "/nothing/here"), 404, Reason::RouteUnknown),
        (
            "an unknown path with a body",
            HttpRequest::new("POST", "/v1/nothing").json("{}"),
            404,
            Reason::RouteUnknown,
        ),
        (
            "an unknown path with a token",
            by(&ann, HttpRequest::new("DELETE", "/v1/none")),
            404,
            Reason::RouteUnknown,
        ),
        ("another verb", HttpRequest::new("PUT", "/v1/login").json("{}"), 405, Reason::MethodNotAllowed),
        (
            "another verb with a token",
            by(&ann, HttpRequest::new("DELETE", &*path)),
            405,
            Reason::MethodNotAllowed,
        ),
        ("a large body", post(large.as_bytes()), 413, Reason::BodyTooLarge),
        ("a form", typed("application/x-www-form-urlencoded"), 415, Reason::MediaTypeUnsupported),
        ("plain text", typed("text/plain"), 415, Reason::MediaTypeUnsupported),
        ("truncated JSON", post(b"{\"text\":\"x\""), 400, Reason::MalformedJson),
        ("no JSON", post(b"text=x"), 400, Reason::MalformedJson),
        ("two values", post(b"{\"text\":\"x\"}{}"), 400, Reason::MalformedJson),
        ("an array", post(b"[{\"text\":\"x\"}]"), 400, Reason::MalformedJson),
        ("a string", post(b"\"x\""), 400, Reason::MalformedJson),
        ("bytes that are not UTF-8", post(b"{\"text\":\"\xff\xfe\"}"), 400, Reason::MalformedJson),
        ("half a surrogate pair", post(b"{\"text\":\"\\ud83d\"}"), 400, Reason::MalformedJson),
        ("a nest of brackets", post("[".repeat(30_000).as_bytes()), 400, Reason::MalformedJson),
    ];
    for (what, request, status, reason) in table {
        let has_allow = status == 405;
        let answered = world.http(None, request).await?;
        check_error(world, what, &answered, status, reason);
        let allow = answered.0.header("allow").to_owned();
        world.check(!has_allow || allow.contains("POST"), || {
            format!("{what}: Allow is {allow:?}, POST is missing")
        });
    }
    let long = by(&ann, HttpRequest::new("GET", format!("/v1/users/search?query={}", "a".repeat(9_000))));
    let (response, answer) = world.http(None, long).await?;
    let is_refused = (400..500).contains(&response.status) && answer.outcome.is_err();
    world.check(is_refused, || format!("a URL of 9 kB is answered with HTTP {}", response.status));
    let message = world.send(&ann, &chat_id, "the first that counts").await?;
    world.check_eq("sequence of the first message", &message.sequence, &1);
    Ok(())
}
