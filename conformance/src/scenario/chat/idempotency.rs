//! The sender's own ids of messages.

use duologue_contract::chat::{Message, SendMessageRequest};
use duologue_contract::errors::Reason;
use tonic::Code;

use super::{keyed, whole};
use crate::door::Envelope;
use crate::race::{CONTENDERS, ROUNDS};
use crate::world::{Outcome, Person, World};

pub(super) async fn key(world: &World) -> Outcome {
    let [ann, bob, carol] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let first = world.ok(&ann, &keyed(&chat_id, "once", "key")).await?;
    let again = world.ok(&ann, &keyed(&chat_id, "once", "key")).await?;
    world.check_eq("the answer to a repeated message", &again, &first);
    world.refused_for(&ann, &keyed(&chat_id, "twice", "key"), Reason::ClientMessageIdReused).await?;

    // The key of a call that failed is as good as new.
    world.refused_field(&ann, &keyed(&chat_id, " ", "failed"), "text", "white space").await?;
    let stored = world.ok(&ann, &keyed(&chat_id, "now it fits", "failed")).await?;
    world.check_eq("text under the key of a failed call", &stored.text.as_str(), &"now it fits");

    // The same key of the other member, and in another chat, is another key.
    let of_bob = world.ok(&bob, &keyed(&chat_id, "mine", "key")).await?;
    world.check(of_bob.message_id != first.message_id, || "a key is shared by two senders".to_owned());
    let elsewhere = world.chat(&ann, &carol).await?;
    let other = world.ok(&ann, &keyed(&elsewhere, "elsewhere", "key")).await?;
    world.check_eq("chat of a message with a key of another chat", &other.chat_id, &elsewhere);

    let mut expected = vec![first.clone(), stored, of_bob];
    expected.extend(race(world, &ann, &chat_id).await?);
    expected.extend(race_of_texts(world, &ann, &chat_id).await?);

    let late = world.ok(&ann, &keyed(&chat_id, "once", "key")).await?;
    world.check_eq("the answer to a message repeated late", &late, &first);
    let found = whole(world, &bob, &chat_id).await?;
    world.check(found == expected, || {
        format!("{} messages are in the chat where {} were stored once each", found.len(), expected.len())
    });
    Ok(())
}

/// The same message sent at once, through every replica: one message, answered to all.
async fn race(world: &World, ann: &Person, chat_id: &str) -> Outcome<Vec<Message>> {
    let mut stored = Vec::new();
    for round in 0..ROUNDS {
        let request = keyed(chat_id, "at once", &format!("round {round}"));
        let calls = (0..CONTENDERS).map(|number| (Envelope::by(ann).to_replica(number), request.clone()));
        let mut answers = Vec::new();
        for operation in world.race::<SendMessageRequest>(calls.collect()).await {
            answers.push(world.expect_ok::<SendMessageRequest>(operation.what)?);
        }
        let are_one = answers.iter().all(|answer| *answer == answers[0]);
        world.require(are_one, || {
            format!("round {round}: one message sent at once has several answers: {answers:?}")
        })?;
        stored.push(answers.swap_remove(0));
    }
    Ok(stored)
}

/// One key with two texts at once: one of them is stored, the other refused.
async fn race_of_texts(world: &World, ann: &Person, chat_id: &str) -> Outcome<Vec<Message>> {
    let mut stored = Vec::new();
    for round in 0..ROUNDS {
        let calls = (0..CONTENDERS).map(|number| {
            let text = if number.is_multiple_of(2) { "this" } else { "that" };
            (Envelope::by(ann).to_replica(number), keyed(chat_id, text, &format!("texts {round}")))
        });
        let ended = world.race::<SendMessageRequest>(calls.collect()).await;
        let results: Vec<_> = ended.into_iter().map(|operation| operation.what).collect();
        let mut winners = world.tally::<SendMessageRequest>(results, Code::InvalidArgument)?;
        let is_half = winners.len() == CONTENDERS / 2 && winners.iter().all(|winner| *winner == winners[0]);
        world.require(is_half, || {
            format!("round {round}: one key with two texts at once was answered with {winners:?}")
        })?;
        stored.push(winners.swap_remove(0));
    }
    Ok(stored)
}
