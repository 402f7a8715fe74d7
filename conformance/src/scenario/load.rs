//! Load: pairs who write to each other at a rate that does not wait for answers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use duologue_contract::chat::Message;
use futures::future::try_join_all;

use super::Scenario;
use super::chat::{text_for, whole};
use super::stream::{follow, live_of, take};
use crate::check::stream::check_sequences;
use crate::target::Capability;
use crate::world::{Outcome, Person, Stop, World};
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::should(
        "load.pairs",
        "Under load no message SHOULD be lost, repeated or out of order for any pair.",
        cells![ChatSendMessage: Ok, ChatStreamMessages: Ok],
        run!(pairs),
    )]
}

/// Pairs and messages of each, unless `load=PAIRSxMESSAGES` says otherwise: enough that what befalls one message of a
/// hundred is seen in every pair.
const SMALL: (usize, usize) = (4, 300);
/// The pause between two messages of a pair.
const PAUSE: Duration = Duration::from_millis(10);

async fn pairs(world: &World) -> Outcome {
    let declared = world.session().target.value(Capability::Load);
    let (pairs, messages) = match declared.filter(|value| !value.is_empty()) {
        None => SMALL,
        Some(value) => value
            .split_once('x')
            .and_then(|(pairs, messages)| Some((pairs.parse().ok()?, messages.parse().ok()?)))
            .filter(|(pairs, messages)| *pairs > 0 && *messages > 0)
            .ok_or_else(|| Stop::Broken(format!("load={value:?} is not like load=50x200")))?,
    };
    let people = world.crowd(2 * pairs).await?;
    let running = people.chunks(2).map(|two| {
        let (world, ann, bob) = (world.clone(), two[0].clone(), two[1].clone());
        tokio::spawn(async move { pair(&world, &ann, &bob, messages).await })
    });
    let mut delays = Vec::new();
    for ended in try_join_all(running).await.map_err(|error| Stop::Broken(error.to_string()))? {
        delays.extend(ended?);
    }
    if declared.is_some() {
        delays.sort_unstable();
        eprintln!(
            "load.pairs@{}: {pairs} pairs x {messages} messages, {}",
            world.door(),
            percentiles(&delays)
        );
    }
    Ok(())
}

/// How long after its turn a message arrived: half of them, nearly all, the slowest.
fn percentiles(delays: &[Duration]) -> String {
    let at = |percent: usize| delays.get((delays.len() * percent / 100).min(delays.len().saturating_sub(1)));
    let shown = [50, 90, 99, 100].map(|percent| {
        format!("p{percent} {:.1} ms", at(percent).copied().unwrap_or_default().as_secs_f64() * 1_000.0)
    });
    shown.join(", ")
}

/// One pair: messages at their turns, whether or not those before were answered; the other one's stream receives.
async fn pair(world: &World, ann: &Person, bob: &Person, messages: usize) -> Outcome<Vec<Duration>> {
    let chat_id = world.chat(ann, bob).await?;
    let mut live = follow(world, bob, &live_of(&chat_id)).await?;
    let reader = tokio::spawn({
        let world = world.clone();
        async move {
            let mut received = Vec::with_capacity(messages);
            for _ in 0..messages {
                received.extend(
                    take(&world, &mut live, 1).await?.into_iter().map(|message| (message, Instant::now())),
                );
            }
            Outcome::Ok(received)
        }
    });
    let began = Instant::now();
    let turn = |index: usize| began + PAUSE * u32::try_from(index).unwrap_or(u32::MAX);
    let mut sending = Vec::new();
    for index in 0..messages {
        tokio::time::sleep_until(turn(index).into()).await;
        let (world, ann, chat_id) = (world.clone(), ann.clone(), chat_id.clone());
        sending.push(tokio::spawn(
            async move { world.ok(&ann, &text_for(&chat_id, &format!("{index}"))).await },
        ));
    }
    let mut sent: BTreeMap<i64, (usize, Message)> = BTreeMap::new();
    for (index, ended) in sending.into_iter().enumerate() {
        let message = ended.await.map_err(|error| Stop::Broken(error.to_string()))??;
        sent.insert(message.sequence, (index, message));
    }
    world.check_eq("different sequences of a pair's messages", &sent.len(), &messages);
    let received = reader.await.map_err(|error| Stop::Broken(error.to_string()))??;
    let sequences: Vec<_> = received.iter().map(|(message, _)| message.sequence).collect();
    let faults = check_sequences(0, &sequences);
    world.check(faults.is_empty(), || format!("the stream of one pair of many: {faults:?}"));
    let mut delays = Vec::with_capacity(messages);
    for (message, at) in &received {
        let Some((index, acknowledged)) = sent.get(&message.sequence) else { continue };
        world.check(message == acknowledged, || {
            format!("sequence {} differs from what was acknowledged", message.sequence)
        });
        delays.push(at.saturating_duration_since(turn(*index)));
    }
    let listed = whole(world, bob, &chat_id).await?;
    let are_same = listed.iter().eq(received.iter().map(|(message, _)| message));
    world.check(are_same, || {
        format!("{} messages are listed, {} were delivered", listed.len(), received.len())
    });
    Ok(delays)
}
