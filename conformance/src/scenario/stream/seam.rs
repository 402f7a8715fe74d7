//! Where replay ends and live begins, and where one replica ends and another begins.

use duologue_contract::chat::{Message, StreamMessagesRequest};

use super::{after, follow, live_of, since, time_ms, until};
use crate::check::stream::check_sequences;
use crate::door::Envelope;
use crate::scenario::chat::sequences_of;
use crate::world::{Outcome, World};

/// Streams that are opened while a message is being sent.
const TRIES: usize = 200;

pub(super) async fn seam_race(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut known: Vec<Message> = Vec::new();
    for _ in 0..4 {
        known.push(world.send(&ann, &chat_id, "before").await?);
    }
    for turn in 0..TRIES {
        // The past has a few messages, so that there is a replay to come out of.
        let start = &known[known.len() - 4];
        let (request, first) = match turn % 3 {
            0 => (after(&chat_id, start.sequence), start.sequence + 1),
            1 => {
                let message_id = Some(start.message_id.clone());
                (
                    StreamMessagesRequest { after_message_id: message_id, ..after(&chat_id, start.sequence) },
                    start.sequence + 1,
                )
            }
            _ => {
                let from = time_ms(start);
                let first =
                    known.iter().find(|message| time_ms(message) >= from).map(|message| message.sequence);
                (since(&chat_id, from), first.unwrap_or_default())
            }
        };
        let pause = world.random().below(24);
        let (opened, sent) = tokio::join!(follow(world, &bob, &request), async {
            for _ in 0..pause {
                tokio::task::yield_now().await;
            }
            world.send(&ann, &chat_id, "meanwhile").await
        });
        let (mut live, sent) = (opened?, sent?);
        let fence = world.send(&bob, &chat_id, "fence").await?;
        let received = until(world, &mut live, &fence).await?;
        let faults = check_sequences(first - 1, &sequences_of(&received));
        world.check(faults.is_empty(), || format!("try {turn}, {request:?}: {faults:?}"));
        world
            .check(received.contains(&sent), || format!("try {turn}: the message sent meanwhile is missing"));
        known.extend([sent, fence]);
        known.drain(..known.len().saturating_sub(40));
    }
    Ok(())
}

pub(super) async fn over_replicas(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let replicas = world.session().target.addresses(world.door()).len();
    let chat_id = world.chat(&ann, &bob).await?;
    let mut streams = Vec::new();
    for replica in 0..replicas {
        for (reader, request) in [(&ann, live_of(&chat_id)), (&bob, after(&chat_id, 0))] {
            streams.push(follow(world, Envelope::by(reader).to_replica(replica), &request).await?);
        }
    }
    let mut sent = Vec::new();
    for index in 0..200 {
        let request = crate::scenario::chat::text_for(&chat_id, &format!("message {index}"));
        let sender = if world.random().below(2) == 0 { &ann } else { &bob };
        sent.push(
            world.arrange(Envelope::by(sender).to_replica(world.random().below(replicas)), &request).await?,
        );
    }
    let Some(fence) = sent.last() else { return Ok(()) };
    for live in &mut streams {
        let received = until(world, live, fence).await?;
        let faults = check_sequences(0, &sequences_of(&received));
        world.check(faults.is_empty() && received == sent, || {
            format!(
                "of {} messages sent through all replicas one delivered {}: {faults:?}",
                sent.len(),
                received.len()
            )
        });
    }
    Ok(())
}
