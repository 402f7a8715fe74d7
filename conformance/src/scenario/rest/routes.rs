//! Routes: those of the contract, and that there are no others.

use std::collections::BTreeSet;

use duologue_contract::Rpc;
use duologue_contract::errors::Reason;
use serde_json::{Value, json};
use tonic::Code;

use super::{by, text};
use crate::door::{DynamicCall, HttpRequest, percent_encoded};
use crate::scenario::Cell;
use crate::world::{Outcome, Person, World};

/// Whether a path is one of the template's.
fn is_of(template: &str, path: &str) -> bool {
    let (parts, wanted) = (path.split('/').collect::<Vec<_>>(), template.split('/').collect::<Vec<_>>());
    parts.len() == wanted.len()
        && wanted.iter().zip(parts).all(|(wanted, part)| wanted.starts_with('{') || *wanted == part)
}

/// A path of the template, in which every variable is this text.
fn path_of(template: &str, variable: &str) -> String {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        path.push_str(variable);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    path + rest
}

pub(super) async fn route_table(world: &World) -> Outcome {
    let ann = world.person().await?;
    let leaving = ann.in_session(&world.login(&ann).await?);
    for rpc in Rpc::ALL {
        // Without a field it ends the session that it is called by.
        let caller = if rpc == Rpc::AuthLogout { &leaving } else { &ann };
        let (_, template) = rpc.route();
        let description = rpc.description();
        let in_path =
            description.fields.iter().filter(|field| template.contains(&format!("{{{}}}", field.name)));
        let call = in_path.fold(DynamicCall::empty(rpc), |call, field| call.with(field.json_name, "x"));
        let answer = world.call_dynamic(caller, &call).await?;
        let outcome = answer.outcome.as_ref().map(|_| ());
        if outcome.is_ok() {
            world.assert_cell(Cell::new(rpc, Code::Ok));
        }
        let is_routed = outcome.err().is_none_or(|failure| {
            let by_gateway = [Reason::RouteUnknown, Reason::MethodNotAllowed, Reason::MethodUnknown];
            failure.code != Code::Unimplemented
                && !by_gateway.into_iter().any(|reason| failure.has_reason(reason))
        });
        world.check(is_routed, || {
            format!(
                "{} does not answer on its route {} {template}: {:?}",
                rpc.path(),
                rpc.route().0,
                answer.outcome.err()
            )
        });
    }
    other_verbs(world, &ann).await?;
    for path in
        ["/v1", "/v1/", "/v1/nothing", "/v2/login", "/V1/login", "/v1/login/", "/v1/login/more", "/login"]
    {
        let (response, answer) = world.http(None, by(&ann, HttpRequest::new("GET", path))).await?;
        world.check_eq(&format!("status of the unknown path {path}"), &response.status, &404);
        let is_said = answer.outcome.is_err_and(|failure| failure.has_reason(Reason::RouteUnknown));
        world.check(is_said, || format!("the reason of the unknown path {path} must be ROUTE_UNKNOWN"));
    }
    Ok(())
}

/// Every path with each verb that it does not have: 405, and `Allow` names those it has.
async fn other_verbs(world: &World, ann: &Person) -> Outcome {
    for path in Rpc::ALL.map(|rpc| path_of(rpc.route().1, "0-0")).into_iter().collect::<BTreeSet<_>>() {
        // A path may be of two templates: `/v1/friends/requests` is also one of `/v1/friends/{user_id}`.
        let routes = Rpc::ALL.into_iter().map(Rpc::route).filter(|(_, template)| is_of(template, &path));
        let allowed: BTreeSet<_> = routes.map(|(verb, _)| verb).collect();
        for verb in
            ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().filter(|verb| !allowed.contains(verb))
        {
            let (response, answer) = world.http(None, by(ann, HttpRequest::new(verb, &*path))).await?;
            world.check_eq(&format!("status of {verb} {path}"), &response.status, &405);
            let is_said = answer.outcome.is_err_and(|failure| failure.has_reason(Reason::MethodNotAllowed));
            world.check(is_said, || format!("the reason of {verb} {path} must be METHOD_NOT_ALLOWED"));
            let named: BTreeSet<_> = response.header("allow").split(',').map(str::trim).collect();
            world.check(allowed.is_subset(&named) && !named.contains(verb), || {
                format!("{verb} {path}: Allow is {named:?}, the path has {allowed:?}")
            });
        }
    }
    Ok(())
}

/// Sends a request as the specification has it, and asserts that it succeeds.
async fn literal(world: &World, rpc: Rpc, request: HttpRequest) -> Outcome<Value> {
    let what = format!("{} {}", request.method, request.path_and_query);
    let (response, _) = world.http(Some(rpc), request).await?;
    if world.check_eq(&format!("status of {what}"), &response.status, &200) {
        world.assert_cell(Cell::new(rpc, Code::Ok));
    }
    Ok(response.json().unwrap_or_default())
}

pub(super) async fn spec_routes(world: &World) -> Outcome {
    let bob = world.person().await?;
    let account = world.fresh_registration();
    let credentials = json!({ "email": account.email, "password": account.password }).to_string();
    let post = |path: &str| HttpRequest::new("POST", path);

    let registered =
        literal(world, Rpc::AuthRegister, post("/v1/register").json(credentials.clone())).await?;
    let login = literal(world, Rpc::AuthLogin, post("/v1/login").json(credentials)).await?;
    let user_id = text(&login, "userId");
    world.check_eq("userId of the login", &user_id, &text(&registered, "userId"));
    let access_token = text(&login, "accessToken").to_owned();
    let tokens = !access_token.is_empty() && !text(&login, "refreshToken").is_empty();
    world.require(tokens, || "the login must answer two tokens".to_owned())?;
    let ann = Person { user_id: user_id.to_owned(), access_token, ..Person::default() };

    let nickname = world.session().fresh_nickname();
    let profile = post("/v1/profile").json(json!({ "user_id": user_id, "nickname": nickname }).to_string());
    literal(world, Rpc::UserCreateProfile, by(&ann, profile)).await?;
    let path = format!("/v1/profile/{user_id}");
    let profile = literal(world, Rpc::UserGetProfileById, by(&bob, HttpRequest::new("GET", path))).await?;
    world.check_eq("nickname of the profile", &text(&profile, "nickname"), &nickname.as_str());

    let path = format!("/v1/users/search?query={}", percent_encoded(&nickname));
    let found = literal(world, Rpc::UserSearchByNickname, by(&bob, HttpRequest::new("GET", path))).await?;
    let found: Vec<_> = found.get("results").and_then(Value::as_array).into_iter().flatten().collect();
    world.check_eq("results of the search", &found, &vec![&profile]);

    let path = format!("/v1/friends/{}/request", bob.user_id);
    let request = literal(world, Rpc::SocialSendFriendRequest, by(&ann, post(&path).json("{}"))).await?;
    world.check_eq("status of the friend request", &text(&request, "status"), &"PENDING");

    let chat = json!({ "participant_id": bob.user_id }).to_string();
    let chat = literal(world, Rpc::ChatCreateDirectChat, by(&ann, post("/v1/chats").json(chat))).await?;
    let path = format!("/v1/chats/{}/message", text(&chat, "chatId"));
    let message = json!({ "text": "hello" }).to_string();
    let message = literal(world, Rpc::ChatSendMessage, by(&ann, post(&path).json(message))).await?;
    world.check_eq("sender of the message", &text(&message, "senderId"), &user_id);
    world.check_eq("text of the message", &text(&message, "text"), &"hello");
    Ok(())
}
