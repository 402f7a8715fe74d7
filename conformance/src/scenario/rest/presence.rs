//! JSON in its own form: presence, 64-bit integers, names of enums, times.

use duologue_contract::Rpc;
use duologue_contract::chat::StreamMessagesRequest;
use duologue_contract::user::{GetProfileByIdRequest, UpdateProfileRequest};
use serde_json::{Value, json};

use super::parity::through;
use super::{by, text};
use crate::door::{Door, HttpRequest};
use crate::scenario::stream::{follow, next, until};
use crate::world::{Outcome, Person, World};

/// Absent keeps, present and empty clears, through either door.
pub(super) async fn presence(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let get = GetProfileByIdRequest { id: ann.user_id.clone() };
    let full = UpdateProfileRequest {
        bio: Some("here".to_owned()),
        avatar_url: Some("https://example.org/".to_owned()),
        ..Default::default()
    };
    through(world, Door::Grpc, &ann, &full).await?;
    let url = "https://example.org/";
    for (what, body, bio, avatar_url) in [
        ("bio empty", json!({ "bio": "" }), "", url),
        ("avatarUrl alone", json!({ "avatarUrl": "https://example.org/2" }), "", "https://example.org/2"),
        ("bio set", json!({ "bio": "again" }), "again", "https://example.org/2"),
        ("nothing", json!({}), "again", "https://example.org/2"),
        ("avatar_url empty", json!({ "avatar_url": "" }), "again", ""),
    ] {
        let path = format!("/v1/profile/{}", ann.user_id);
        let request = by(&ann, HttpRequest::new("PATCH", path).json(body.to_string()));
        let (response, _) = world.http(Some(Rpc::UserUpdateProfile), request).await?;
        world.check_eq(&format!("HTTP status, {what}"), &response.status, &200);
        let profile = through(world, Door::Grpc, &ann, &get).await?;
        world.check_eq(&format!("bio after {what}"), &profile.bio.unwrap_or_default().as_str(), &bio);
        world.check_eq(
            &format!("avatar_url after {what}"),
            &profile.avatar_url.unwrap_or_default().as_str(),
            &avatar_url,
        );
    }
    let chat_id = world.chat(&ann, &bob).await?;
    starting_points(world, &ann, &bob, &chat_id).await?;
    forms(world, &ann, &bob, &chat_id).await
}

/// A starting point of 0 is one; its absence is another.
async fn starting_points(world: &World, ann: &Person, bob: &Person, chat_id: &str) -> Outcome {
    let first = world.send(ann, chat_id, "the first").await?;
    let live_of = |after_sequence| StreamMessagesRequest {
        chat_id: chat_id.to_owned(),
        after_sequence,
        ..Default::default()
    };
    let mut from_now = follow(world, bob, &live_of(None)).await?;
    let mut from_start = follow(world, bob, &live_of(Some(0))).await?;
    world.check_eq("a stream after sequence 0", &next(world, &mut from_start).await?, &first);
    let fence = world.send(ann, chat_id, "the fence").await?;
    let received = until(world, &mut from_now, &fence).await?;
    world.check_eq("a stream without a starting point", &received, &vec![fence]);
    Ok(())
}

/// What proto3 JSON looks like: `"sequence": "2"`, `"status": "PENDING"`, `"createTime": "…Z"`.
async fn forms(world: &World, ann: &Person, bob: &Person, chat_id: &str) -> Outcome {
    let get = |path: String| by(ann, HttpRequest::new("GET", path));
    let read = async |rpc, path: String| -> Outcome<Value> {
        Ok(world.http(Some(rpc), get(path)).await?.0.json().unwrap_or_default())
    };
    let page = read(Rpc::ChatListMessages, format!("/v1/chats/{chat_id}/messages?limit=1")).await?;
    let message = page.get("messages").and_then(|messages| messages.get(0)).cloned().unwrap_or_default();
    world.check_eq("sequence in JSON", &message.get("sequence"), &Some(&json!("2")));
    let is_absent = message.get("clientMessageId").is_none_or(Value::is_null);
    world.check(is_absent, || format!("a clientMessageId that was not sent is in {message}"));
    let chat = read(Rpc::ChatGetChat, format!("/v1/chats/{chat_id}")).await?;
    world.check_eq("lastSequence in JSON", &chat.get("lastSequence"), &Some(&json!("2")));
    world.check_eq("lastMessage in JSON", &chat.get("lastMessage"), &Some(&message));
    for (what, value) in [("createTime of a message", &message), ("createTime of a chat", &chat)] {
        let time = text(value, "createTime");
        let is_time = time.len() >= 20 && time.ends_with('Z') && time.as_bytes().get(10) == Some(&b'T');
        world.check(is_time, || format!("{what} is {time:?}, no RFC 3339 time in UTC"));
    }
    let asked = world.ask(bob, ann).await?.request_id;
    let requests = read(Rpc::SocialListRequests, "/v1/friends/requests".to_owned()).await?;
    let request = requests.get("requests").and_then(|requests| requests.get(0)).cloned().unwrap_or_default();
    world.check_eq("requestId in JSON", &text(&request, "requestId"), &asked.as_str());
    world.check_eq("status in JSON", &text(&request, "status"), &"PENDING");
    Ok(())
}
