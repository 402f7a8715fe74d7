//! The static JSON of every message is compared with prost-reflect's, which is canonical.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use duologue_contract::json::WriteJson;
use duologue_contract::{FILE_DESCRIPTOR_SET, Rpc, Timestamp, auth, chat, notification, social, user};
use proptest::option::of;
use proptest::prelude::*;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Both ways: what we write, by serde or without, is what the oracle writes, and we read what the oracle writes.
fn agrees<M>(message: &M, name: &str)
where
    M: prost::Message + Default + PartialEq + Serialize + DeserializeOwned + WriteJson,
{
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let descriptor = pool.get_message_by_name(name).unwrap();
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).unwrap();
    let options = SerializeOptions::new().skip_default_fields(false);
    let oracle = dynamic.serialize_with_options(serde_json::value::Serializer, &options).unwrap();
    let ours = serde_json::to_value(message).unwrap();
    assert_eq!(ours, oracle);
    // Byte for byte, the order of the fields included.
    assert_eq!(String::from_utf8(message.to_json()).unwrap(), serde_json::to_string(message).unwrap());
    assert!(serde_json::from_value::<M>(oracle).unwrap() == *message);
    let by_contract_names = options.use_proto_field_name(true);
    let oracle = dynamic.serialize_with_options(serde_json::value::Serializer, &by_contract_names).unwrap();
    assert!(serde_json::from_value::<M>(oracle).unwrap() == *message);
}

prop_compose! {
    fn time()(micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000) -> Timestamp {
        Timestamp::from_unix_micros(micros)
    }
}

prop_compose! {
    fn message()(
        message_id in ".{0,8}", chat_id in ".{0,8}", sender_id in ".{0,8}", text in any::<String>(),
        create_time in of(time()), sequence in any::<i64>(), client_message_id in of(any::<String>()),
    ) -> chat::Message {
        chat::Message { message_id, chat_id, sender_id, text, create_time, sequence, client_message_id }
    }
}

prop_compose! {
    fn profile()(
        user_id in ".{0,8}", nickname in ".{0,8}", bio in of(any::<String>()), avatar_url in of(any::<String>()),
        create_time in of(time()), update_time in of(time()),
    ) -> user::UserProfile {
        user::UserProfile { user_id, nickname, bio, avatar_url, create_time, update_time }
    }
}

proptest! {
    #[test]
    fn messages(message in message()) {
        agrees(&message, "api.chat.v1.Message");
    }

    #[test]
    fn pages_of_messages(messages in proptest::collection::vec(message(), 0..3), next_cursor in of(".*")) {
        agrees(&chat::ListMessagesResponse { messages, next_cursor }, "api.chat.v1.ListMessagesResponse");
    }

    #[test]
    fn chats(last_message in of(message()), participant_ids in proptest::collection::vec(".*", 0..3),
             create_time in of(time()), last_sequence in any::<i64>()) {
        let chat_id = String::new();
        agrees(&chat::Chat { chat_id, participant_ids, create_time, last_message, last_sequence }, "api.chat.v1.Chat");
    }

    #[test]
    fn requests_for_streams(chat_id in ".*", since_unix_ms in of(any::<i64>()), after_sequence in of(any::<i64>()),
                            after_message_id in of(".*")) {
        let request = chat::StreamMessagesRequest { chat_id, since_unix_ms, after_sequence, after_message_id };
        agrees(&request, "api.chat.v1.StreamMessagesRequest");
    }

    #[test]
    fn profiles(profile in profile()) {
        agrees(&profile, "api.user.v1.UserProfile");
        let update = user::UpdateProfileRequest {
            user_id: profile.user_id, nickname: Some(profile.nickname), bio: profile.bio, avatar_url: profile.avatar_url,
        };
        agrees(&update, "api.user.v1.UpdateProfileRequest");
    }

    #[test]
    fn friend_requests(status in 0..5_i32, request_id in ".*", create_time in of(time())) {
        let request = social::FriendRequest { request_id, status, create_time, ..Default::default() };
        agrees(&request, "api.social.v1.FriendRequest");
    }

    #[test]
    fn list_requests(direction in 0..3_i32, limit in any::<i32>(), cursor in of(".*")) {
        let request = social::ListRequestsRequest { direction, limit, cursor, ..Default::default() };
        agrees(&request, "api.social.v1.ListRequestsRequest");
    }

    #[test]
    fn notifications(kind in 0..4_i32, read in any::<bool>(), chat_id in of(".*"), create_time in of(time())) {
        let notification = notification::Notification { kind, read, chat_id, create_time, ..Default::default() };
        agrees(&notification, "api.notification.v1.Notification");
    }

    #[test]
    fn sessions(create_time in of(time()), expire_time in of(time()), current in any::<bool>()) {
        let session = auth::Session { create_time, expire_time, current, ..Default::default() };
        agrees(&session, "api.auth.v1.Session");
    }
}

#[test]
fn keys_have_the_names_of_the_standard() {
    let key = auth::Jwk { kty: "OKP".into(), r#use: "sig".into(), ..Default::default() };
    agrees(&key, "api.auth.v1.Jwk");
    let json = serde_json::to_value(auth::JsonWebKeySet { keys: vec![key] }).unwrap();
    assert_eq!(json["keys"][0]["kty"], "OKP");
    assert_eq!(json["keys"][0]["use"], "sig");
}

#[test]
fn names_of_status_and_kind_have_no_prefix() {
    let request = social::FriendRequest {
        status: social::friend_request::Status::Pending.into(),
        ..Default::default()
    };
    assert_eq!(serde_json::to_value(&request).unwrap()["status"], "PENDING");
    let kind = notification::notification::Kind::MessageReceived.into();
    let notification = notification::Notification { kind, ..Default::default() };
    assert_eq!(serde_json::to_value(&notification).unwrap()["kind"], "MESSAGE_RECEIVED");
}

#[test]
fn unknown_fields_are_ignored() {
    let request: auth::LoginRequest =
        serde_json::from_str(r#"{"email":"a","password":"b","device":{"name":[1]}}"#).unwrap();
    assert_eq!((request.email.as_str(), request.password.as_str()), ("a", "b"));
}

#[test]
fn defaults_are_written_and_absent_optionals_are_not() {
    let json = serde_json::to_value(chat::ListMessagesResponse::default()).unwrap();
    assert_eq!(json, serde_json::json!({ "messages": [] }));
    let json = serde_json::to_value(chat::Message { sequence: 7, ..Default::default() }).unwrap();
    assert_eq!(json["sequence"], Value::String("7".into()));
    assert_eq!(json["text"], "");
    assert!(json.get("clientMessageId").is_none() && json.get("createTime").is_none());
}

#[test]
fn the_table_knows_both_spellings() {
    let field = &Rpc::ChatSendMessage.description().fields[0];
    assert_eq!((field.name, field.json_name), ("chat_id", "chatId"));
}
