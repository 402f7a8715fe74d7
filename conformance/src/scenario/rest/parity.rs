//! Both doors lead into the same house.

use std::fmt::Debug;

use duologue_contract::auth::{GetJwksRequest, ListSessionsRequest};
use duologue_contract::chat::{
    CreateDirectChatRequest, GetChatRequest, ListChatMembersRequest, ListMessagesRequest,
    ListUserChatsRequest, StreamMessagesRequest,
};
use duologue_contract::notification::{ListNotificationsRequest, StreamNotificationsRequest};
use duologue_contract::social::{
    AcceptFriendRequestRequest, ListFriendsRequest, ListRequestsRequest, RequestDirection,
    SendFriendRequestRequest,
};
use duologue_contract::user::{
    BatchGetProfilesRequest, CreateProfileRequest, GetProfileByIdRequest, GetProfileByNicknameRequest,
    SearchByNicknameRequest,
};

use super::presence;
use crate::door::{Call, Door, Envelope};
use crate::scenario::chat::{keyed, text_for};
use crate::scenario::stream::{follow, next};
use crate::world::{Outcome, Person, Stop, World};

/// Writes through the door given.
pub(super) async fn through<T: Call>(
    world: &World,
    door: Door,
    who: impl Into<Envelope>,
    request: &T,
) -> Outcome<T::Reply> {
    let result = world.call_through(door, who, request).await;
    world.expect_ok::<T>(result)
}

/// Reads through both doors and asserts that they show the same.
async fn same<T: Call<Reply: Debug>>(world: &World, who: &Person, request: &T) -> Outcome<T::Reply> {
    let grpc = through(world, Door::Grpc, who, request).await?;
    let rest = through(world, Door::Rest, who, request).await?;
    world.check_eq(&format!("{} through REST, beside gRPC", T::RPC.path()), &rest, &grpc);
    Ok(grpc)
}

/// Asserts that what was answered to the write is what both doors read.
async fn reads<T: Call<Reply: Debug>>(
    world: &World,
    who: &Person,
    request: &T,
    written: &T::Reply,
) -> Outcome {
    let read = same(world, who, request).await?;
    world.check_eq(&format!("{}, beside what was written", T::RPC.path()), &read, written);
    Ok(())
}

pub(super) async fn parity(world: &World) -> Outcome {
    if world.session().target.addresses(Door::Grpc).is_empty() {
        return Err(Stop::Skipped("there is no gRPC door to compare with".to_owned()));
    }
    for (one, other) in [(Door::Grpc, Door::Rest), (Door::Rest, Door::Grpc)] {
        let people = [profile(world, one).await?, profile(world, other).await?];
        let [ann, bob] = &people;
        friends(world, [ann, bob], [one, other]).await?;
        chats(world, [ann, bob], [one, other]).await?;
        notifications(world, [ann, bob], one).await?;
        same(world, ann, &ListSessionsRequest::default()).await?;
    }
    let ann = world.person().await?;
    same(world, &ann, &GetJwksRequest {}).await?;
    presence::presence(world).await
}

/// Somebody whose profile was made through this door.
async fn profile(world: &World, door: Door) -> Outcome<Person> {
    let person = Person { nickname: world.session().fresh_nickname(), ..world.newcomer().await? };
    let request = CreateProfileRequest {
        user_id: person.user_id.clone(),
        nickname: person.nickname.clone(),
        bio: Some("h\u{e9}llo \"you\" \\ </b> \u{1f600}\n".to_owned()),
        avatar_url: (door == Door::Rest).then(|| "https://example.org/a?b=c&d=%20#e".to_owned()),
    };
    let made = through(world, door, &person, &request).await?;
    world.check_eq("bio", &made.bio, &request.bio);
    world.check_eq("avatar_url", &made.avatar_url, &request.avatar_url);
    reads(world, &person, &GetProfileByIdRequest { id: person.user_id.clone() }, &made).await?;
    reads(world, &person, &GetProfileByNicknameRequest { nickname: person.nickname.clone() }, &made).await?;
    let query = SearchByNicknameRequest { query: person.nickname.clone(), ..Default::default() };
    let found = same(world, &person, &query).await?;
    world.check_eq("results of a search", &found.results, &vec![made.clone()]);
    let batch = BatchGetProfilesRequest { ids: vec![world.unknown_id(), person.user_id.clone()] };
    let found = same(world, &person, &batch).await?;
    world.check_eq("profiles of a batch", &found.profiles, &vec![made]);
    Ok(person)
}

async fn friends(world: &World, [ann, bob]: [&Person; 2], [one, other]: [Door; 2]) -> Outcome {
    let asked = through(world, one, ann, &SendFriendRequestRequest { user_id: bob.user_id.clone() }).await?;
    for (person, direction) in [(bob, RequestDirection::Incoming), (ann, RequestDirection::Outgoing)] {
        let request = ListRequestsRequest { direction: direction.into(), ..Default::default() };
        let listed = same(world, person, &request).await?;
        world.check_eq("pending requests", &listed.requests, &vec![asked.clone()]);
    }
    let accept = AcceptFriendRequestRequest { request_id: asked.request_id };
    let accepted = through(world, other, bob, &accept).await?;
    world.check_eq("the answer repeated", &same(world, bob, &accept).await?, &accepted);
    for (person, friend) in [(ann, bob), (bob, ann)] {
        let listed = same(world, person, &ListFriendsRequest::default()).await?;
        world.check_eq("friends", &listed.friend_user_ids, &vec![friend.user_id.clone()]);
    }
    Ok(())
}

async fn chats(world: &World, [ann, bob]: [&Person; 2], [one, other]: [Door; 2]) -> Outcome {
    let create = CreateDirectChatRequest { participant_id: bob.user_id.clone(), allow_existing: true };
    let chat_id = through(world, one, ann, &create).await?.chat_id;
    world.check_eq("the chat", &same(world, ann, &create).await?.chat_id, &chat_id);
    same(world, bob, &GetChatRequest { chat_id: chat_id.clone() }).await?;
    let first = through(world, one, ann, &text_for(&chat_id, "without a key")).await?;
    let second = through(world, other, bob, &keyed(&chat_id, "with \u{2028} a key", "\u{e9} 7")).await?;
    world.check_eq(
        "client_message_id",
        &[first.client_message_id.clone(), second.client_message_id.clone()],
        &[None, Some("\u{e9} 7".to_owned())],
    );
    let again = same(world, bob, &keyed(&chat_id, "with \u{2028} a key", "\u{e9} 7")).await?;
    world.check_eq("a message sent again through both doors", &again, &second);
    for limit in [1, 2] {
        let request = ListMessagesRequest { chat_id: chat_id.clone(), limit, ..Default::default() };
        let listed = same(world, ann, &request).await?;
        world.check_eq("the newest message", &listed.messages.first(), &Some(&second));
        if let Some(cursor) = listed.next_cursor {
            let request = ListMessagesRequest { cursor: Some(cursor), ..request };
            world.check_eq(
                "the older page",
                &same(world, ann, &request).await?.messages,
                &vec![first.clone()],
            );
        }
    }
    let chat = same(world, ann, &GetChatRequest { chat_id: chat_id.clone() }).await?;
    world.check_eq("last_message", &chat.last_message, &Some(second.clone()));
    let listed = same(world, bob, &ListUserChatsRequest::default()).await?;
    world.check_eq("the list of chats", &listed.chats, &vec![chat]);
    same(world, bob, &ListChatMembersRequest { chat_id: chat_id.clone() }).await?;
    // This scenario's own door is REST: its stream delivers what gRPC answered.
    let request =
        StreamMessagesRequest { chat_id: chat_id.clone(), after_sequence: Some(1), ..Default::default() };
    let mut live = follow(world, ann, &request).await?;
    world.check_eq("the stream", &next(world, &mut live).await?, &second);
    let sent = through(world, Door::Grpc, ann, &text_for(&chat_id, "live")).await?;
    world.check_eq("the stream, live", &next(world, &mut live).await?, &sent);
    Ok(())
}

/// Both have been told by now: of the request or its acceptance, and of messages.
async fn notifications(world: &World, [ann, bob]: [&Person; 2], one: Door) -> Outcome {
    for (person, other) in [(ann, bob), (bob, ann)] {
        let create = CreateDirectChatRequest { participant_id: person.user_id.clone(), allow_existing: true };
        let chat_id = through(world, one, other, &create).await?.chat_id;
        let mut live = follow(world, person, &StreamNotificationsRequest::default()).await?;
        let fence = through(world, one, other, &text_for(&chat_id, "the fence")).await?;
        let mut told = next(world, &mut live).await?;
        // What happened before may be told only now.
        while told.message_id.as_ref() != Some(&fence.message_id) {
            told = next(world, &mut live).await?;
        }
        let listed = same(world, person, &ListNotificationsRequest::default()).await?;
        world.check_eq("the newest notification", &listed.notifications.first(), &Some(&told));
    }
    Ok(())
}
