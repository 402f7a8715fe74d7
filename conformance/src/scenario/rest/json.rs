//! JSON as proto3 has it.

use duologue_contract::Rpc;
use duologue_contract::errors::Reason;
use serde_json::{Value, json};
use tonic::Code;

use super::{by, text};
use crate::door::HttpRequest;
use crate::scenario::Cell;
use crate::scenario::chat::whole;
use crate::world::{Outcome, World};

pub(super) async fn json_tolerance(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let login = |body: String| HttpRequest::new("POST", "/v1/login").json(body);
    let credentials = |more: Value| {
        let mut fields = json!({ "email": ann.email, "password": ann.password });
        if let (Some(fields), Value::Object(more)) = (fields.as_object_mut(), more) {
            fields.extend(more);
        }
        fields.to_string()
    };
    let unknown = json!({ "captcha": "x", "device": { "name": ["phone", { "os": null }] }, "remember": true, "n": 1e99 });
    let spaced = format!("\r\n\t {} \n", credentials(json!({})));
    let with_charset = HttpRequest {
        headers: vec![("content-type".to_owned(), "Application/JSON; charset=utf-8".to_owned())],
        ..login(credentials(json!({})))
    };
    for (what, request) in [
        ("unknown fields", login(credentials(unknown))),
        ("white space around", login(spaced)),
        ("a content type with a parameter", with_charset),
    ] {
        let (response, _) = world.http(Some(Rpc::AuthLogin), request).await?;
        world.check_eq(&format!("HTTP status of a login with {what}"), &response.status, &200);
    }
    for (what, body) in [
        ("a number for a text", json!({ "email": 5, "password": ann.password }).to_string()),
        ("an object for a text", json!({ "email": { "a": 1 }, "password": ann.password }).to_string()),
        ("a list for a text", json!({ "email": [ann.email], "password": ann.password }).to_string()),
        ("truncated JSON", format!("{{\"email\":\"{}\"", ann.email)),
        ("no body", String::new()),
        ("an empty object", "{}".to_owned()),
        ("an array", "[]".to_owned()),
        ("null", "null".to_owned()),
        ("a comment", format!("/* login */ {}", credentials(json!({})))),
        ("half a surrogate pair", "{\"email\":\"a@b.example\",\"password\":\"\\ud800 and more\"}".to_owned()),
    ] {
        let (response, answer) = world.http(Some(Rpc::AuthLogin), login(body)).await?;
        world.check_eq(&format!("HTTP status of a login with {what}"), &response.status, &400);
        world.expect_answer(Rpc::AuthLogin, answer, Code::InvalidArgument)?;
    }
    both_spellings(world, [&ann, &bob]).await
}

/// `allow_existing` and `allowExisting`, numbers as text, names of enums: all that proto3 JSON lets a client say.
async fn both_spellings(world: &World, [ann, bob]: [&crate::world::Person; 2]) -> Outcome {
    let chat_id = world.chat(ann, bob).await?;
    for body in [
        json!({ "participant_id": bob.user_id, "allow_existing": true }),
        json!({ "participantId": bob.user_id, "allowExisting": true }),
        json!({ "participant_id": bob.user_id, "allowExisting": true, "participants": [] }),
    ] {
        let request = by(ann, HttpRequest::new("POST", "/v1/chats").json(body.to_string()));
        let (response, _) = world.http(Some(Rpc::ChatCreateDirectChat), request).await?;
        let reply = response.json().unwrap_or_default();
        world.check_eq(&format!("chatId after {body}"), &text(&reply, "chatId"), &chat_id.as_str());
    }
    let path = format!("/v1/chats/{chat_id}/message");
    for (turn, name) in ["client_message_id", "clientMessageId"].into_iter().enumerate() {
        let body = json!({ "text": "keyed", name: format!("key {turn}") }).to_string();
        let request = by(ann, HttpRequest::new("POST", &*path).json(body));
        let reply = world.http(Some(Rpc::ChatSendMessage), request).await?.0.json().unwrap_or_default();
        let key = format!("key {turn}");
        world.check_eq(
            &format!("clientMessageId sent as {name}"),
            &text(&reply, "clientMessageId"),
            &key.as_str(),
        );
    }
    // null is the default of a field, and absent where the field is optional.
    let body = json!({ "text": "without a key", "clientMessageId": null }).to_string();
    let request = by(ann, HttpRequest::new("POST", &*path).json(body));
    let (response, _) = world.http(Some(Rpc::ChatSendMessage), request).await?;
    let reply = response.json().unwrap_or_default();
    world.check(response.status == 200 && reply.get("clientMessageId").is_none_or(Value::is_null), || {
        format!("a clientMessageId of null must be none: {reply}")
    });
    for (wrong, field) in [
        (json!({ "text": 7 }), "text"),
        (json!({ "text": "x", "clientMessageId": false }), "clientMessageId"),
    ] {
        let request = by(ann, HttpRequest::new("POST", &*path).json(wrong.to_string()));
        let (response, answer) = world.http(Some(Rpc::ChatSendMessage), request).await?;
        world.check_eq(&format!("HTTP status of a wrong type for {field}"), &response.status, &400);
        world.expect_answer(Rpc::ChatSendMessage, answer, Code::InvalidArgument)?;
    }
    let found = whole(world, bob, &chat_id).await?;
    world.check_eq("messages that were stored", &found.len(), &3);
    Ok(())
}

pub(super) async fn body_path_conflict(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let in_path = world.chat(&ann, &bob).await?;
    let in_body = world.chat(&ann, &carol).await?;
    for name in ["chatId", "chat_id"] {
        let body = json!({ name: in_body, "text": "to whom" }).to_string();
        let request = by(&ann, HttpRequest::new("POST", format!("/v1/chats/{in_path}/message")).json(body));
        let (response, answer) = world.http(Some(Rpc::ChatSendMessage), request).await?;
        let reply = response.json().unwrap_or_default();
        match answer.outcome {
            Ok(_) => {
                world.check_eq("chatId of the message", &text(&reply, "chatId"), &in_path.as_str());
            }
            Err(failure) => {
                let reasons = [Reason::MalformedJson, Reason::MalformedRequest, Reason::InvalidField];
                world.check(reasons.into_iter().any(|reason| failure.has_reason(reason)), || {
                    format!("{name} in the body beside that of the path: {failure}")
                });
            }
        }
    }
    let strayed = whole(world, &carol, &in_body).await?;
    world.check(strayed.is_empty(), || {
        "a message went into the chat of the body, not into that of the path".to_owned()
    });
    let sent = world.send(&ann, &in_path, "without a conflict").await?;
    world.check_eq("chat of a message", &sent.chat_id, &in_path);
    world.assert_cell(Cell::new(Rpc::ChatSendMessage, Code::Ok));
    Ok(())
}
