//! Paths and queries.

use duologue_contract::Rpc;
use duologue_contract::errors::Reason;
use duologue_contract::user::{CreateProfileRequest, GetProfileByIdRequest};
use serde_json::Value;
use tonic::Code;

use super::{by, text};
use crate::door::{HttpRequest, percent_encoded};
use crate::scenario::Cell;
use crate::world::{Outcome, Person, World};

/// Every character as `%XX`.
fn encoded_whole(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        let _ = write!(encoded, "%{byte:02X}");
        encoded
    })
}

pub(super) async fn path_escaping(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let id = &bob.user_id;
    world
        .refused_for(&ann, &GetProfileByIdRequest { id: world.unknown_id() }, Reason::ProfileNotFound)
        .await?;
    let get = |path: String| by(&ann, HttpRequest::new("GET", path));

    // Encoded once it is the same path, in either case of the digits.
    let encoded = encoded_whole(id);
    for path in [
        format!("/v1/profile/{encoded}"),
        format!("/v1/profile/{}", encoded.to_lowercase()),
        format!("/v1/users/by-nickname/{}", encoded_whole(&bob.nickname)),
    ] {
        let (response, _) = world.http(None, get(path.clone())).await?;
        let reply = response.json().unwrap_or_default();
        world.check_eq(&format!("userId of {path}"), &text(&reply, "userId"), &id.as_str());
    }
    // Anything else is not this person's profile, and nobody else's.
    let twice = percent_encoded(&encoded);
    let nickname = percent_encoded(&encoded_whole(&bob.nickname));
    let long = "a".repeat(4_096);
    let table = [
        format!("/v1/profile/{twice}"),
        format!("/v1/users/by-nickname/{nickname}"),
        format!("/v1/users/by-nickname/{}%0A", bob.nickname),
        format!("/v1/profile/{id}%2F"),
        format!("/v1/profile/%2F{id}"),
        format!("/v1/profile/{id}%252F"),
        format!("/v1/profile/x%2F..%2F{id}"),
        format!("/v1/profile/..%2Fprofile%2F{id}"),
        format!("/v1/nothing/../profile/{id}"),
        format!("/v1/profile/./{id}"),
        format!("/v1//profile/{id}"),
        format!("//v1/profile/{id}"),
        format!("/v1/profile/{id}/"),
        format!("/v1/profile/{id}+"),
        format!("/v1/profile/{id}%20"),
        format!("/v1/profile/{id}%00"),
        format!("/v1/profile/{id};x=1"),
        "/v1/profile/%00".to_owned(),
        "/v1/profile/..".to_owned(),
        "/v1/profile/%2E%2E".to_owned(),
        "/v1/profile/%".to_owned(),
        "/v1/profile/%zz".to_owned(),
        "/v1/profile/%ff%fe".to_owned(),
        "/v1/profile/%D1%8F%F0%9F%98%80".to_owned(),
        format!("/v1/profile/{long}"),
    ];
    for path in table {
        let (response, answer) = world.http(None, get(path.clone())).await?;
        let case: String = path.chars().take(120).collect();
        world.check(matches!(response.status, 400 | 404) && answer.outcome.is_err(), || {
            format!("{case} must be 400 or 404, it is {}: {:?}", response.status, response.json())
        });
    }
    Ok(())
}

/// Three people whose nicknames begin alike.
async fn three_alike(world: &World) -> Outcome<(String, Vec<Person>)> {
    let (prefix, mut people) = (world.session().fresh_nickname(), Vec::new());
    for letter in ["a", "b", "c"] {
        let person = world.newcomer().await?;
        let nickname = format!("{prefix}{letter}");
        world
            .arrange(&person, &CreateProfileRequest { nickname: nickname.clone(), ..Default::default() })
            .await?;
        people.push(Person { nickname, ..person });
    }
    Ok((prefix, people))
}

pub(super) async fn query_params(world: &World) -> Outcome {
    let (prefix, people) = three_alike(world).await?;
    let ann = &people[0];
    let nicknames = |reply: &Value| -> Vec<String> {
        let results = reply.get("results").and_then(Value::as_array).into_iter().flatten();
        results.map(|profile| text(profile, "nickname").to_owned()).collect()
    };
    let expected: Vec<_> = people.iter().map(|person| person.nickname.clone()).collect();
    let unknown = format!("query={prefix}&colour=blue&page=7&limit=3");
    for (query, count) in [
        (format!("query={prefix}"), 3),
        (format!("query={}", encoded_whole(&prefix)), 3),
        (format!("query={}", prefix.to_uppercase()), 3),
        (format!("query={prefix}&limit=2"), 2),
        (format!("limit=1&query={prefix}"), 1),
        (format!("query={prefix}&limit=0"), 3),
        (format!("query={prefix}&limit=2147483647"), 3),
        (unknown, 3),
        ("query=%D1%8F%F0%9F%98%80".to_owned(), 0),
    ] {
        let request = by(ann, HttpRequest::new("GET", format!("/v1/users/search?{query}")));
        let (response, answer) = world.http(Some(Rpc::UserSearchByNickname), request).await?;
        world.check_eq(&format!("HTTP status of ?{query}"), &response.status, &200);
        if answer.outcome.is_ok() {
            world.assert_cell(Cell::new(Rpc::UserSearchByNickname, Code::Ok));
        }
        let found = nicknames(&response.json().unwrap_or_default());
        world.check_eq(&format!("results of ?{query}"), &found.as_slice(), &&expected[..count]);
    }
    // The cursor comes back as it was given.
    let first = by(ann, HttpRequest::new("GET", format!("/v1/users/search?query={prefix}&limit=2")));
    let reply = world.http(Some(Rpc::UserSearchByNickname), first).await?.0.json().unwrap_or_default();
    let path = format!("/v1/users/search?query={prefix}&limit=2&cursor={}", text(&reply, "nextCursor"));
    let reply =
        world.http(Some(Rpc::UserSearchByNickname), by(ann, HttpRequest::new("GET", path))).await?.0.json();
    world.check_eq("the second page", &nicknames(&reply.unwrap_or_default()).as_slice(), &&expected[2..]);

    for query in [
        String::new(),
        "query=".to_owned(),
        format!("query={prefix}&limit=x"),
        format!("query={prefix}&limit=1.5"),
        format!("query={prefix}&limit=-1"),
        format!("query={prefix}&limit=2147483648"),
        format!("query={prefix}&cursor="),
        format!("query={prefix}&limit=1&limit=2"),
        "query=%ff".to_owned(),
        "query=%zz".to_owned(),
    ] {
        let request = by(ann, HttpRequest::new("GET", format!("/v1/users/search?{query}")));
        let (response, answer) = world.http(Some(Rpc::UserSearchByNickname), request).await?;
        world.check_eq(&format!("HTTP status of ?{query}"), &response.status, &400);
        world.expect_answer(Rpc::UserSearchByNickname, answer, Code::InvalidArgument)?;
    }
    repeated(world, &people).await
}

/// A field of many values is given once for each; enums go by name, truth by its word, fields by either spelling.
async fn repeated(world: &World, people: &[Person]) -> Outcome {
    let ann = &people[0];
    let ids: Vec<_> = people.iter().map(|person| format!("ids={}", person.user_id)).collect();
    let request = by(ann, HttpRequest::new("GET", format!("/v1/users/batch?{}", ids.join("&"))));
    let reply = world.http(Some(Rpc::UserBatchGetProfiles), request).await?.0.json().unwrap_or_default();
    let count = reply.get("profiles").and_then(Value::as_array).map_or(0, Vec::len);
    world.check_eq("profiles of three ids", &count, &people.len());
    for (path, rpc, status) in [
        ("/v1/friends/requests?direction=REQUEST_DIRECTION_OUTGOING", Rpc::SocialListRequests, 200),
        ("/v1/friends/requests?direction=SIDEWAYS", Rpc::SocialListRequests, 400),
        ("/v1/notifications?unread_only=true", Rpc::NotificationListNotifications, 200),
        ("/v1/notifications?unreadOnly=false", Rpc::NotificationListNotifications, 200),
        ("/v1/notifications?unreadOnly=perhaps", Rpc::NotificationListNotifications, 400),
    ] {
        let (response, _) = world.http(Some(rpc), by(ann, HttpRequest::new("GET", path))).await?;
        world.check_eq(&format!("HTTP status of {path}"), &response.status, &status);
    }
    Ok(())
}
