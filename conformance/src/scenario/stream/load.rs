//! Streams under load: fast writers, slow readers, many who come and go.

use std::time::{Duration, Instant};

use duologue_contract::chat::Message;
use duologue_contract::errors::Reason;

use super::resume::{writers, written};
use super::{after, follow, live_of, next, until};
use crate::check::stream::check_sequences;
use crate::door::{Live, Next};
use crate::scenario::Scenario;
use crate::scenario::chat::{ids_of, sequences_of, whole};
use crate::world::{Outcome, Person, Stop, World};
use crate::{cells, run};
use duologue_contract::chat::StreamMessagesRequest;

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "stream.gapless_under_load",
            "Streams that are open, that open, and that lag behind while 1000 messages are sent MUST deliver all of them in order.",
            cells![ChatStreamMessages: Ok],
            run!(gapless_under_load),
        ),
        Scenario::should(
            "stream.cancel_releases",
            "A deployment SHOULD go on serving a user who has opened and left 1200 streams.",
            cells![ChatStreamMessages: Ok],
            run!(cancel_releases),
        ),
        Scenario::should(
            "stream.slow_reader",
            "A reader who stops reading SHOULD delay nobody, and get everything afterwards or an error to resume from.",
            cells![ChatStreamMessages: Ok],
            run!(slow_reader),
        ),
    ]
}

/// Asserts that a stream delivered the chat from its beginning.
fn check_all(world: &World, whose: &str, received: &[Message], listed: &[Message]) {
    let faults = check_sequences(0, &sequences_of(received));
    world.check(faults.is_empty() && received == listed, || {
        format!("{whose} delivered {} of {} messages: {faults:?}", received.len(), listed.len())
    });
}

async fn gapless_under_load(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut open = follow(world, &bob, &live_of(&chat_id)).await?;
    // Nobody reads it until all is sent.
    let mut lagging = follow(world, &ann, &live_of(&chat_id)).await?;
    let writers = writers(world, &chat_id, &[&ann, &bob], 500);
    let mut received = Vec::new();
    let mut late = Vec::new();
    for count in [100, 300, 600] {
        while received.len() < count {
            received.push(next(world, &mut open).await?);
        }
        late.push(follow(world, &ann, &after(&chat_id, 0)).await?);
    }
    let acknowledged = written(writers).await?;
    let fence = world.send(&ann, &chat_id, "the last").await?;
    received.extend(until(world, &mut open, &fence).await?);
    let listed = whole(world, &bob, &chat_id).await?;
    let found = ids_of(&listed);
    let lost = acknowledged.iter().filter(|message| !found.contains(&message.message_id)).count();
    world.check(lost == 0 && listed.len() == acknowledged.len() + 1, || {
        format!(
            "{} messages were acknowledged, {} are listed, {lost} are lost",
            acknowledged.len() + 1,
            listed.len()
        )
    });
    check_all(world, "the stream that was open", &received, &listed);
    check_all(
        world,
        "the stream that nobody read meanwhile",
        &until(world, &mut lagging, &fence).await?,
        &listed,
    );
    for live in &mut late {
        check_all(world, "a stream that was opened meanwhile", &until(world, live, &fence).await?, &listed);
    }
    Ok(())
}

/// Streams that one user opens and leaves: more than any limit lets be open at once.
const LEFT: usize = 1_200;
/// How long a deployment may take to notice that a reader has left.
const NOTICED: Duration = Duration::from_secs(5);

async fn cancel_releases(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    for batch in 0..LEFT / 10 {
        let mut open = Vec::new();
        for number in 0..10 {
            open.push(reopened(world, &bob, &chat_id, batch * 10 + number).await?);
        }
        if batch % 40 == 0 {
            let sent = world.send(&ann, &chat_id, "are you there").await?;
            for live in &mut open {
                world.check_eq("what a new stream delivers", &next(world, live).await?, &sent);
            }
        }
    }
    let mut live = reopened(world, &bob, &chat_id, LEFT).await?;
    let sent = world.send(&ann, &chat_id, "the last").await?;
    world.check_eq("what the last stream delivers", &next(world, &mut live).await?, &sent);
    Ok(())
}

/// Opens a stream; where too many are open it waits for those that were left, and not for long.
async fn reopened(
    world: &World,
    reader: &Person,
    chat_id: &str,
    number: usize,
) -> Outcome<Live<StreamMessagesRequest>> {
    let began = Instant::now();
    loop {
        match world.open(reader, &live_of(chat_id)).await {
            Err(failure) if failure.has_reason(Reason::TooManyStreams) && began.elapsed() < NOTICED => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(failure) if failure.has_reason(Reason::TooManyStreams) => {
                world.violation(format!(
                    "streams that were left {} s ago still count after {number} of them",
                    NOTICED.as_secs()
                ));
                return Err(Stop::Violated);
            }
            opened => {
                world.assert_cell(crate::scenario::Cell::new(
                    duologue_contract::Rpc::ChatStreamMessages,
                    tonic::Code::Ok,
                ));
                let rpc = duologue_contract::Rpc::ChatStreamMessages;
                return opened.map_err(|failure| world.stopped(rpc, "the stream must open", &failure));
            }
        }
    }
}

/// Texts of 16 kB: so many of them are more than any buffer between two programs holds.
const LARGE: usize = 800;
/// How long a single message may take while somebody does not read.
const UNDELAYED: Duration = Duration::from_secs(5);

async fn slow_reader(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut slow = follow(world, &bob, &live_of(&chat_id)).await?;
    let mut quick = follow(world, &ann, &live_of(&chat_id)).await?;
    let text = "😀".repeat(4_000);
    let mut sent = Vec::new();
    for _ in 0..LARGE {
        let began = Instant::now();
        let message = world.send(&ann, &chat_id, &text).await?;
        let received = next(world, &mut quick).await?;
        world.require(began.elapsed() < UNDELAYED, || {
            format!("beside a reader who does not read, a message took {} ms", began.elapsed().as_millis())
        })?;
        world.check(received == message, || {
            format!("the quick reader got {} in place of {}", received.sequence, message.sequence)
        });
        sent.push(message.sequence);
    }
    let (mut received, mut resumed) = (Vec::new(), 0);
    while received.len() < sent.len() {
        match slow.next(UNDELAYED).await {
            Next::Item(message, _) => received.push(message.sequence),
            // An error is as good, if it is one, and if the stream goes on from there.
            Next::Refused(failure) if !failure.is_transport && resumed < sent.len() => {
                resumed += 1;
                let last = received.last().copied().unwrap_or_default();
                slow = follow(world, &bob, &after(&chat_id, last)).await?;
            }
            other => {
                world.violation(format!(
                    "the slow reader got {} of {} messages, then {other:?}",
                    received.len(),
                    sent.len()
                ));
                return Err(Stop::Violated);
            }
        }
    }
    let faults = check_sequences(0, &received);
    world.check(faults.is_empty(), || format!("the slow reader: {faults:?}"));
    Ok(())
}
