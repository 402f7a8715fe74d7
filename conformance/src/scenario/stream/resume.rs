//! Readers who are cut off and come back.

use std::collections::BTreeSet;

use duologue_contract::chat::{Message, StreamMessagesRequest};
use futures::future::try_join_all;
use tokio::task::JoinHandle;

use super::{after, follow, live_of, next, next_with_id, since, take, time_ms};
use crate::check::stream::check_sequences;
use crate::door::Envelope;
use crate::scenario::chat::{ids_of, sequences_of, whole};
use crate::world::{Outcome, Person, Stop, World};

/// Sends so many messages from each of these at once.
pub(super) fn writers(
    world: &World,
    chat_id: &str,
    senders: &[&Person],
    each: usize,
) -> Vec<JoinHandle<Outcome<Vec<Message>>>> {
    let writer = |sender: &&Person| {
        let (world, sender, chat_id) = (world.clone(), (*sender).clone(), chat_id.to_owned());
        tokio::spawn(async move {
            let mut sent = Vec::with_capacity(each);
            for index in 0..each {
                sent.push(world.send(&sender, &chat_id, &format!("message {index}")).await?);
            }
            Ok(sent)
        })
    };
    senders.iter().map(writer).collect()
}

/// What the writers were told of their messages.
pub(super) async fn written(writers: Vec<JoinHandle<Outcome<Vec<Message>>>>) -> Outcome<Vec<Message>> {
    let ended = try_join_all(writers).await.map_err(|error| Stop::Broken(error.to_string()))?;
    Ok(ended.into_iter().collect::<Outcome<Vec<_>>>()?.concat())
}

/// How many messages each of two writers sends.
const EACH: usize = 150;

pub(super) async fn by_time(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let writers = writers(world, &chat_id, &[&ann, &bob], EACH);
    let (mut seen, mut last_ms, mut newest) = (BTreeSet::new(), 0, 0);
    let all = i64::try_from(2 * EACH).unwrap_or_default();
    for _ in 0..2 * EACH {
        let mut live = follow(world, &bob, &since(&chat_id, last_ms)).await?;
        let mut part = Vec::new();
        // More than were ever stored within one millisecond, so that each part gets ahead.
        let cut = 10 + world.random().below(20);
        while part.len() < cut && newest < all {
            let message = next(world, &mut live).await?;
            newest = newest.max(message.sequence);
            part.push(message);
        }
        if let (Some(first), Some(last)) = (part.first(), part.last()) {
            last_ms = time_ms(last);
            let faults = check_sequences(first.sequence - 1, &sequences_of(&part));
            world.check(faults.is_empty(), || format!("within one stream: {faults:?}"));
        }
        seen.extend(ids_of(&part));
        if newest >= all {
            break;
        }
    }
    written(writers).await?;
    let listed = ids_of(&whole(world, &ann, &chat_id).await?);
    let missed: Vec<_> = listed.iter().filter(|id| !seen.contains(*id)).collect();
    world.check(missed.is_empty(), || {
        format!(
            "a reader who went on from the last time seen missed {} of {} messages",
            missed.len(),
            listed.len()
        )
    });
    world.check_eq("messages seen", &seen.len(), &listed.len());
    within_a_millisecond(world, &ann, &bob, &chat_id).await
}

/// Messages that are sent at once, so that some are stored within one millisecond.
const AT_ONCE: usize = 16;
/// How often they are sent; a deployment that takes every message in a millisecond of its own shows no tie.
const BURSTS: usize = 10;

/// A reader who is cut off between two messages of one millisecond.
async fn within_a_millisecond(world: &World, ann: &Person, bob: &Person, chat_id: &str) -> Outcome {
    for _ in 0..BURSTS {
        let sending = (0..AT_ONCE).map(|number| {
            let sender = if number % 2 == 0 { ann } else { bob };
            world.send(sender, chat_id, "at once")
        });
        try_join_all(sending).await?;
        let listed = whole(world, ann, chat_id).await?;
        let newest = &listed[listed.len().saturating_sub(AT_ONCE)..];
        let tie = newest.windows(2).find(|two| time_ms(&two[0]) == time_ms(&two[1]));
        let Some(first) = tie.and_then(<[_]>::first) else { continue };
        let mut live = follow(world, bob, &after(chat_id, first.sequence - 1)).await?;
        let seen = next(world, &mut live).await?;
        world.check_eq("the last message before the cut", &seen, first);
        drop(live);
        let expected: Vec<_> =
            listed.iter().filter(|message| time_ms(message) >= time_ms(&seen)).cloned().collect();
        let mut live = follow(world, bob, &since(chat_id, time_ms(&seen))).await?;
        let received = take(world, &mut live, expected.len()).await?;
        world.check(received == expected, || {
            format!(
                "a reader who was cut off within a millisecond expected the sequences {:?}, received {:?}",
                sequences_of(&expected),
                sequences_of(&received)
            )
        });
        return Ok(());
    }
    Ok(())
}

pub(super) async fn last_event_id(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    // A browser comes back to the same address, with its starting point still in it: the header wins.
    let starts: [fn(&str) -> StreamMessagesRequest; 3] =
        [live_of, |chat_id| after(chat_id, 0), |chat_id| since(chat_id, 0)];
    let chat_id = world.chat(&ann, &bob).await?;
    for start in starts {
        let before = world.send(&ann, &chat_id, "before").await?.sequence;
        let request = start(&chat_id);
        let is_from_now = request.after_sequence.is_none() && request.since_unix_ms.is_none();
        let mut live = follow(world, &bob, &request).await?;
        let writers = writers(world, &chat_id, &[&ann, &bob], 60);
        let all = before + 120;
        let mut received: Vec<i64> = Vec::new();
        loop {
            let mut last_id = None;
            for _ in 0..=world.random().below(12) {
                let (message, id) = next_with_id(world, &mut live).await?;
                let has_id = id.as_ref().is_some_and(|id| !id.is_empty());
                world.require(has_id, || "an event carries no id to resume from".to_owned())?;
                received.push(message.sequence);
                last_id = id;
                if message.sequence >= all {
                    break;
                }
            }
            // Who is sent back to where they were never arrives.
            let is_long = i64::try_from(received.len()).unwrap_or(i64::MAX) > 2 * all;
            if is_long || received.last().is_some_and(|sequence| *sequence >= all) {
                break;
            }
            drop(live);
            let envelope = Envelope::by(&bob).with_header("last-event-id", &last_id.unwrap_or_default());
            live = follow(world, envelope, &request).await?;
        }
        written(writers).await?;
        let faults = check_sequences(if is_from_now { before } else { 0 }, &received);
        world.check(faults.is_empty(), || {
            format!("over reconnects with Last-Event-ID, {request:?}: {faults:?}")
        });
    }
    let envelope = Envelope::by(&bob).with_header("last-event-id", "no point");
    let failure = world.open(envelope, &live_of(&chat_id)).await.err();
    let status = failure.and_then(|failure| failure.http_status);
    world.check_eq("HTTP status for a Last-Event-ID that no stream has sent", &status, &Some(400));
    Ok(())
}
