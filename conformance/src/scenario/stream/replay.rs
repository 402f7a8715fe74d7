//! Streams that begin in the past.

use std::time::{SystemTime, UNIX_EPOCH};

use duologue_contract::chat::{Message, StreamMessagesRequest};
use duologue_contract::errors::Reason;

use super::{after, follow, next, refused, resume, seam, since, time_ms, until};
use crate::scenario::Scenario;
use crate::target::Capability;
use crate::world::{Outcome, Person, World};
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "stream.since_replays",
            "since_unix_ms MUST deliver every message of that time or later, then the live ones, without a gap between.",
            cells![ChatStreamMessages: Ok],
            run!(since_replays),
        ),
        Scenario::must(
            "stream.since_future_and_zero",
            "since_unix_ms MUST count milliseconds: 0 is everything, the future is what comes live, less than 0 is INVALID_ARGUMENT.",
            cells![ChatStreamMessages: Ok, ChatStreamMessages: InvalidArgument],
            run!(since_future_and_zero),
        ),
        Scenario::must(
            "stream.resume_after_sequence",
            "after_sequence MUST deliver exactly what comes after it; what does not fit the chat MUST be refused loudly.",
            cells![
                ChatStreamMessages: Ok,
                ChatStreamMessages: InvalidArgument,
                ChatStreamMessages: OutOfRange,
                ChatStreamMessages: DataLoss,
            ],
            run!(resume_after_sequence),
        ),
        Scenario::must(
            "stream.gapless_across_reconnects",
            "A reader who is cut off and goes on from the last time seen MUST miss nothing.",
            cells![ChatStreamMessages: Ok],
            run!(resume::by_time),
        ),
        Scenario::must(
            "stream.sse_last_event_id",
            "An event source that is cut off and comes back with Last-Event-ID MUST get each message once.",
            cells![ChatStreamMessages: Ok],
            run!(resume::last_event_id),
        )
        .needs(&[Capability::Rest]),
        Scenario::must(
            "stream.seam_race",
            "A message that is sent while a stream goes over from replay to live MUST be delivered once.",
            cells![ChatStreamMessages: Ok],
            run!(seam::seam_race),
        ),
        Scenario::must(
            "stream.over_replicas",
            "A message that one replica took MUST be delivered by the streams of every other, without gap.",
            cells![ChatStreamMessages: Ok],
            run!(seam::over_replicas),
        )
        .needs(&[Capability::Replicas]),
    ]
}

/// Fills a chat from both sides.
async fn filled(world: &World, ann: &Person, bob: &Person, count: usize) -> Outcome<(String, Vec<Message>)> {
    let chat_id = world.chat(ann, bob).await?;
    let mut sent = Vec::new();
    for index in 0..count {
        let sender = if index % 2 == 0 { ann } else { bob };
        sent.push(world.send(sender, &chat_id, &format!("message {index}")).await?);
    }
    Ok((chat_id, sent))
}

/// Asserts that a stream delivers these messages of the past and then two that are sent now.
async fn delivers(
    world: &World,
    people: [&Person; 2],
    request: &StreamMessagesRequest,
    past: &[Message],
    case: &str,
) -> Outcome<[Message; 2]> {
    let mut live = follow(world, people[1], request).await?;
    let new = [
        world.send(people[0], &request.chat_id, "live").await?,
        world.send(people[1], &request.chat_id, "and the fence").await?,
    ];
    let received = until(world, &mut live, &new[1]).await?;
    let expected = [past, new.as_slice()].concat();
    let sequences = |messages: &[Message]| crate::scenario::chat::sequences_of(messages);
    world.check(received == expected, || {
        format!(
            "{case}: expected the sequences {:?}, received {:?}",
            sequences(&expected),
            sequences(&received)
        )
    });
    Ok(new)
}

async fn since_replays(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let (chat_id, mut sent) = filled(world, &ann, &bob, 12).await?;
    for start in [0, 5, 11] {
        let from = time_ms(&sent[start]);
        let past: Vec<_> = sent.iter().filter(|message| time_ms(message) >= from).cloned().collect();
        let case = format!("since the time of sequence {}", sent[start].sequence);
        sent.extend(delivers(world, [&ann, &bob], &since(&chat_id, from), &past, &case).await?);
    }
    // A millisecond later, everything of that millisecond is left out.
    let from = time_ms(&sent[5]) + 1;
    let past: Vec<_> = sent.iter().filter(|message| time_ms(message) >= from).cloned().collect();
    delivers(world, [&ann, &bob], &since(&chat_id, from), &past, "a millisecond later").await?;
    Ok(())
}

async fn since_future_and_zero(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let (chat_id, mut sent) = filled(world, &ann, &bob, 6).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = i64::try_from(now).unwrap_or_default();
    let hour = 3_600_000;
    for (from, is_all, case) in [
        (0, true, "since 1970"),
        (1, true, "a millisecond after 1970"),
        (now - 24 * hour, true, "since yesterday"),
        (now + 24 * hour, false, "since tomorrow"),
        (i64::MAX, false, "since the end of time"),
    ] {
        let past = if is_all { sent.clone() } else { Vec::new() };
        sent.extend(delivers(world, [&ann, &bob], &since(&chat_id, from), &past, case).await?);
    }
    for from in [-1, i64::MIN] {
        refused(world, &bob, &since(&chat_id, from), Reason::InvalidField, "a negative since_unix_ms")
            .await?;
    }
    Ok(())
}

async fn resume_after_sequence(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let (chat_id, mut sent) = filled(world, &ann, &bob, 8).await?;
    for start in 0..=8 {
        let request = after(&chat_id, i64::try_from(start).unwrap_or_default());
        let past = sent[start..].to_vec();
        sent.extend(
            delivers(world, [&ann, &bob], &request, &past, &format!("after_sequence {start}")).await?,
        );
    }
    let last = sent.len();
    let newest = sent[last - 1].sequence;
    for start in [3, last] {
        let known = sent[start - 1].message_id.clone();
        let request = StreamMessagesRequest {
            after_message_id: Some(known),
            ..after(&chat_id, sent[start - 1].sequence)
        };
        let past = sent[start..].to_vec();
        sent.extend(
            delivers(world, [&ann, &bob], &request, &past, "after a message and its sequence").await?,
        );
    }
    let beyond = after(&chat_id, newest + 1_000);
    refused(world, &bob, &beyond, Reason::SequenceOutOfRange, "after_sequence beyond the newest").await?;
    refused(
        world,
        &bob,
        &after(&chat_id, i64::MAX),
        Reason::SequenceOutOfRange,
        "the greatest after_sequence",
    )
    .await?;
    refused(world, &bob, &after(&chat_id, -1), Reason::InvalidField, "a negative after_sequence").await?;
    let both = StreamMessagesRequest { since_unix_ms: Some(0), ..after(&chat_id, 3) };
    refused(world, &bob, &both, Reason::InvalidField, "since_unix_ms beside after_sequence").await?;
    for other in [sent[0].message_id.clone(), world.unknown_id()] {
        let lost = StreamMessagesRequest { after_message_id: Some(other), ..after(&chat_id, 3) };
        refused(world, &bob, &lost, Reason::HistoryLost, "another message at after_sequence").await?;
    }
    // And a refusal takes nothing away from the next stream.
    let mut live = follow(world, &bob, &after(&chat_id, 0)).await?;
    world.check_eq("the first message of the chat", &next(world, &mut live).await?, &sent[0]);
    Ok(())
}
