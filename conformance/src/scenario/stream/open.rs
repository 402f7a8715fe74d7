//! Streams that begin now.

use std::time::Instant;

use duologue_contract::chat::{Message, StreamMessagesRequest};
use duologue_contract::errors::Reason;
use futures::future::try_join_all;

use super::{ARRIVAL, follow, live_of, next, refused, take, until};
use crate::door::Live;
use crate::scenario::Scenario;
use crate::scenario::chat::whole;
use crate::world::{Outcome, Stop, World};
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "stream.receives_new",
            "A message that is sent after the response headers MUST arrive as SendMessage answered it.",
            cells![ChatStreamMessages: Ok],
            run!(receives_new),
        ),
        Scenario::must(
            "stream.headers_before_first_message",
            "The response headers of a stream MUST come at once, without any message.",
            cells![ChatStreamMessages: Ok],
            run!(headers_before_first_message),
        ),
        Scenario::must(
            "stream.both_members",
            "The streams of both members MUST deliver the messages of both.",
            cells![ChatStreamMessages: Ok],
            run!(both_members),
        ),
        Scenario::must(
            "stream.no_history_without_since",
            "A stream without a starting point MUST NOT deliver what was sent before its headers.",
            cells![ChatStreamMessages: Ok],
            run!(no_history_without_since),
        ),
        Scenario::must(
            "stream.order_matches_list",
            "A stream MUST deliver in the order of ListMessages, however many send at once.",
            cells![ChatStreamMessages: Ok],
            run!(order_matches_list),
        ),
        Scenario::must(
            "stream.non_member",
            "A stranger's stream, and that of a chat that does not exist, MUST be refused with PERMISSION_DENIED before any message.",
            cells![ChatStreamMessages: PermissionDenied],
            run!(non_member),
        ),
        Scenario::must(
            "stream.no_cross_talk",
            "A stream MUST NOT deliver the messages of another chat.",
            cells![ChatStreamMessages: Ok],
            run!(no_cross_talk),
        ),
    ]
}

async fn receives_new(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut live = follow(world, &bob, &live_of(&chat_id)).await?;
    for index in 0..10 {
        let sent = world.send(&ann, &chat_id, &format!("message {index}")).await?;
        let received = next(world, &mut live).await?;
        world.check_eq("what the stream delivers", &received, &sent);
    }
    Ok(())
}

async fn headers_before_first_message(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let began = Instant::now();
    let mut live = follow(world, &bob, &live_of(&chat_id)).await?;
    world.require(began.elapsed() < ARRIVAL, || {
        format!("the headers of an idle stream took {} ms", began.elapsed().as_millis())
    })?;
    let sent = world.send(&ann, &chat_id, "the first").await?;
    world.check_eq("the first message of the chat", &next(world, &mut live).await?, &sent);
    Ok(())
}

async fn both_members(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut of_ann = follow(world, &ann, &live_of(&chat_id)).await?;
    let mut of_bob = follow(world, &bob, &live_of(&chat_id)).await?;
    let mut sent = Vec::new();
    for index in 0..6 {
        let sender = if index % 2 == 0 { &ann } else { &bob };
        sent.push(world.send(sender, &chat_id, &format!("message {index}")).await?);
    }
    for (whose, live) in [("one member's stream", &mut of_ann), ("the other's", &mut of_bob)] {
        let received = take(world, live, sent.len()).await?;
        world.check_eq(whose, &received, &sent);
    }
    Ok(())
}

async fn no_history_without_since(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    for round in 0..4 {
        for index in 0..12 {
            let sender = if index % 2 == 0 { &ann } else { &bob };
            world.send(sender, &chat_id, &format!("before {round}")).await?;
        }
        let mut live = follow(world, &bob, &live_of(&chat_id)).await?;
        let fence = world.send(&ann, &chat_id, "after the headers").await?;
        let received = until(world, &mut live, &fence).await?;
        world.check_eq("what a stream from now on delivers", &received, &vec![fence]);
    }
    Ok(())
}

async fn order_matches_list(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut streams = Vec::new();
    for reader in [&ann, &bob] {
        streams.push(follow(world, reader, &live_of(&chat_id)).await?);
    }
    let senders = [&ann, &bob, &ann, &bob];
    let sending = senders.iter().map(|sender| {
        let (world, sender, chat_id) = (world.clone(), (*sender).clone(), chat_id.clone());
        tokio::spawn(async move {
            for index in 0..100 {
                world.send(&sender, &chat_id, &format!("message {index}")).await?;
            }
            Outcome::Ok(())
        })
    });
    for sent in try_join_all(sending).await.map_err(|error| Stop::Broken(error.to_string()))? {
        sent?;
    }
    let fence = world.send(&ann, &chat_id, "the last").await?;
    let listed = whole(world, &bob, &chat_id).await?;
    for live in &mut streams {
        let received = until(world, live, &fence).await?;
        let differing = received.iter().zip(&listed).find(|(received, listed)| received != listed);
        world.check(received.len() == listed.len() && differing.is_none(), || {
            format!(
                "a stream delivered {} messages, {} are listed; first difference: {differing:?}",
                received.len(),
                listed.len()
            )
        });
    }
    Ok(())
}

async fn non_member(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    world.send(&ann, &chat_id, "between the two of us").await?;
    for request in [live_of(&chat_id), super::after(&chat_id, 0), super::since(&chat_id, 0)] {
        refused(world, &carol, &request, Reason::NotAMember, "a stranger").await?;
        let unknown = StreamMessagesRequest { chat_id: world.unknown_id(), ..request };
        refused(world, &carol, &unknown, Reason::NotAMember, "a chat that does not exist").await?;
    }
    refused(world, &carol, &live_of("no-chat"), Reason::InvalidField, "a malformed chat_id").await
}

/// A chat, its stream, and what has been sent in it.
struct Followed {
    chat_id: String,
    by: usize,
    live: Live<StreamMessagesRequest>,
    sent: Vec<Message>,
}

async fn no_cross_talk(world: &World) -> Outcome {
    // Seven people have 21 chats, so that everybody who follows one is in five others.
    let people = world.crowd(7).await?;
    let pairs = (0..people.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
    let mut followed = Vec::new();
    for (one, other) in pairs {
        let chat_id = world.chat(&people[one], &people[other]).await?;
        let by = if followed.len() % 2 == 0 { one } else { other };
        let live = follow(world, &people[by], &live_of(&chat_id)).await?;
        followed.push(Followed { chat_id, by, live, sent: Vec::new() });
    }
    for turn in 0..4 * followed.len() {
        // At the end once in each: the fences.
        let is_fence = turn >= 3 * followed.len();
        let index = if is_fence { turn % followed.len() } else { world.random().below(followed.len()) };
        let one = &mut followed[index];
        one.sent.push(world.send(&people[one.by], &one.chat_id, &format!("message {turn}")).await?);
    }
    for one in &mut followed {
        let Some(fence) = one.sent.last().cloned() else { continue };
        let received = until(world, &mut one.live, &fence).await?;
        let foreign = received.iter().filter(|message| message.chat_id != one.chat_id).count();
        world.check(foreign == 0, || format!("a stream delivered {foreign} messages of other chats"));
        world.check_eq("what the stream of one of 21 chats delivers", &received, &one.sent);
    }
    Ok(())
}
