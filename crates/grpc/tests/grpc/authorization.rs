//! Who gets in, and what is told first.

use std::time::Duration;

use duologue_contract::Rpc;
use duologue_contract::auth::LogoutRequest;
use duologue_contract::bridge::{Bridge as _, ChatInProcess};
use duologue_contract::chat::GetChatRequest;
use duologue_contract::errors::Reason;
use duologue_grpc::{Access, access};
use tonic::metadata::MetadataMap;

use crate::outcome::refused;
use crate::raw;
use crate::world::World;

fn guarded() -> impl Iterator<Item = Rpc> {
    Rpc::ALL.into_iter().filter(|rpc| access(*rpc) != Access::Public)
}

/// A message that no RPC can read: field 1 is a string of bytes that are no text.
fn garbage() -> Vec<u8> {
    vec![0x0a, 0x02, 0xff, 0xfe]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_guarded_rpc_opens_without_one_good_credential() {
    let world = World::start().await;
    let user = world.user().await;
    let good = format!("Bearer {}", user.access_token);
    let refresh = format!("Bearer {}", user.refresh_token);
    let bad: [&[&str]; 9] = [
        &[],
        &[""],
        &["B"],
        &["Bearer"],
        &["Bearer "],
        &["Bearer garbage"],
        &[&user.access_token],
        &[&refresh],
        &[&good, &good],
    ];
    for rpc in guarded() {
        for credential in bad {
            let outcome = raw::call(&world.channel, rpc.path(), credential, Vec::new()).await;
            refused(outcome, Reason::TokenInvalid);
        }
    }
    let lower_case = format!("bearer {}", user.access_token);
    let listed = raw::call(&world.channel, Rpc::ChatListUserChats.path(), &[&lower_case], Vec::new()).await;
    listed.expect("the scheme has no case");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_flipped_bit_of_a_token_makes_it_worthless() {
    let world = World::start().await;
    let user = world.user().await;
    for position in (0..user.access_token.len()).step_by(7) {
        let mut token = user.access_token.clone().into_bytes();
        token[position] = if token[position] == b'A' { b'B' } else { b'A' };
        let token = format!("Bearer {}", String::from_utf8(token).expect("text"));
        let outcome = raw::call(&world.channel, Rpc::ChatListUserChats.path(), &[&token], Vec::new()).await;
        refused(outcome, Reason::TokenInvalid);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn public_rpcs_ignore_a_bad_credential() {
    let world = World::start().await;
    let garbage: &[&str] = &["Bearer garbage", "Basic x"];
    raw::call(&world.channel, Rpc::AuthGetJwks.path(), garbage, Vec::new()).await.expect("public");
    for rpc in [Rpc::AuthRegister, Rpc::AuthLogin, Rpc::AuthRefresh] {
        refused(raw::call(&world.channel, rpc.path(), garbage, Vec::new()).await, Reason::InvalidField);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_opens_nothing_and_says_so() {
    let world = World::start().await;
    let user = world.user().await;
    let credential = format!("Bearer {}", user.access_token);
    world.clock.advance(Duration::from_mins(15) - Duration::from_secs(1));
    let listed = raw::call(&world.channel, Rpc::ChatListUserChats.path(), &[&credential], Vec::new()).await;
    listed.expect("not yet expired");
    world.clock.advance(Duration::from_secs(1));
    for rpc in guarded() {
        let outcome = raw::call(&world.channel, rpc.path(), &[&credential], Vec::new()).await;
        refused(outcome, Reason::TokenExpired);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_session_may_only_leave_once_more() {
    let world = World::start().await;
    let user = world.user().await;
    let credential = format!("Bearer {}", user.access_token);
    user.auth().logout(LogoutRequest::default()).await.expect("logged out");
    for rpc in guarded().filter(|rpc| *rpc != Rpc::AuthLogout) {
        let outcome = raw::call(&world.channel, rpc.path(), &[&credential], Vec::new()).await;
        refused(outcome, Reason::SessionRevoked);
    }
    user.auth().logout(LogoutRequest::default()).await.expect("logged out again");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_credential_is_told_before_a_bad_message_and_a_bad_argument_before_a_missing_thing() {
    let world = World::start().await;
    let user = world.user().await;
    let credential = format!("Bearer {}", user.access_token);
    for rpc in guarded() {
        for message in [garbage(), vec![0; 100_000]] {
            let outcome = raw::call(&world.channel, rpc.path(), &["Bearer garbage"], message).await;
            refused(outcome, Reason::TokenInvalid);
        }
    }
    let outcome = raw::call(&world.channel, Rpc::ChatGetChat.path(), &[&credential], garbage()).await;
    refused(outcome, Reason::MalformedMessage);
    let malformed = GetChatRequest { chat_id: "x".to_owned() };
    refused(user.chat().get_chat(malformed).await, Reason::InvalidField);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_parses_first_can_ask_for_the_credential_alone() {
    let world = World::start().await;
    let user = world.user().await;
    let mut metadata = MetadataMap::new();
    for rpc in Rpc::ALL {
        let admitted = world.entry.admit(rpc, &metadata).await;
        assert_eq!(admitted.is_ok(), access(rpc) == Access::Public, "{}", rpc.path());
    }
    metadata.insert("authorization", format!("Bearer {}", user.access_token).parse().expect("metadata"));
    for rpc in Rpc::ALL {
        world.entry.admit(rpc, &metadata).await.expect("a good credential");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_within_the_process_passes_the_same_entry() {
    let world = World::start().await;
    let (ada, _, chat_id) = world.pair().await;
    let chat = ChatInProcess::new(world.services.chat.clone().expect("served"));
    let fields = || [("chatId".to_owned(), chat_id.clone().into())].into_iter().collect();
    let refusal = chat.call(Rpc::ChatGetChat, tonic::Request::new(fields())).await;
    refused(refusal.map(tonic::Response::new), Reason::TokenInvalid);
    let mut request = tonic::Request::new(fields());
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {}", ada.access_token).parse().expect("metadata"));
    chat.call(Rpc::ChatGetChat, request).await.expect("the chat");
    world.finish().await;
}
