//! The reference model of chats, an append-only log for each pair, and random calls compared with it.

use duologue_contract::chat::{
    CreateDirectChatRequest, ListMessagesRequest, MessageOrder, SendMessageRequest,
};
use duologue_contract::errors::Reason;
use futures::StreamExt as _;

use super::{page_of, text_for};
use crate::door::{Call, Failure};
use crate::world::{Outcome, Person, Stop, World};

/// The pairs of three people.
const PAIRS: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];

/// One call: by whom, and about the chat of which pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Makes the chat, or answers the one there is when it may exist.
    Create { by: usize, pair: usize, may_exist: bool },
    /// Sends a message, perhaps into a chat of others.
    Send { by: usize, pair: usize },
    /// Reads the whole chat in pages.
    Read { by: usize, pair: usize, limit: i32, oldest_first: bool },
}

fn random_steps(world: &World, count: usize) -> Vec<Step> {
    let random = world.random();
    let step = |_| {
        let pair = random.below(PAIRS.len());
        let (one, other) = PAIRS[pair];
        let member = if random.below(2) == 0 { one } else { other };
        match random.below(12) {
            0 | 1 => Step::Create { by: member, pair, may_exist: random.below(2) == 0 },
            2..=6 => Step::Send { by: if random.below(10) == 0 { random.below(3) } else { member }, pair },
            _ => Step::Read {
                by: if random.below(10) == 0 { random.below(3) } else { member },
                pair,
                limit: [1, 2, 3, 100][random.below(4)],
                oldest_first: random.below(2) == 0,
            },
        }
    };
    (0..count).map(step).collect()
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Came {
    /// A chat: whether it is the one known before.
    ToChat { known: bool },
    /// A message with this sequence.
    ToMessage(i64),
    /// These sequences and texts.
    ToPages(Vec<(i64, String)>),
    /// Refused for this reason.
    Refused(String),
}

/// The log of each pair that has a chat.
type Model = [Option<Vec<String>>; 3];

fn expected(model: &mut Model, step: Step, text: &str) -> Came {
    let refused = |reason: Reason| Came::Refused(reason.name().to_owned());
    let is_member = |by: usize, pair: usize| by == PAIRS[pair].0 || by == PAIRS[pair].1;
    match step {
        Step::Create { pair, may_exist, .. } => match (&model[pair], may_exist) {
            (Some(_), true) => Came::ToChat { known: true },
            (Some(_), false) => refused(Reason::ChatExists),
            (None, _) => {
                model[pair] = Some(Vec::new());
                Came::ToChat { known: false }
            }
        },
        Step::Send { by, pair } => match &mut model[pair] {
            Some(log) if is_member(by, pair) => {
                log.push(text.to_owned());
                Came::ToMessage(i64::try_from(log.len()).unwrap_or(i64::MAX))
            }
            _ => refused(Reason::NotAMember),
        },
        Step::Read { by, pair, oldest_first, .. } => match &model[pair] {
            Some(log) if is_member(by, pair) => {
                let mut pages: Vec<_> = (1..).zip(log.iter().cloned()).collect();
                if !oldest_first {
                    pages.reverse();
                }
                Came::ToPages(pages)
            }
            _ => refused(Reason::NotAMember),
        },
    }
}

/// Three people, and the ids of the chats that they have made.
struct Three {
    people: [Person; 3],
    chats: [Option<String>; 3],
}

async fn take(world: &World, three: &mut Three, step: Step, text: &str) -> Outcome<Came> {
    let chat_id = |pair: usize| three.chats[pair].clone().unwrap_or_else(|| world.unknown_id());
    match step {
        Step::Create { by, pair, may_exist } => {
            let (one, other) = PAIRS[pair];
            let whom = if by == one { other } else { one };
            let participant_id = three.people[whom].user_id.clone();
            let request = CreateDirectChatRequest { participant_id, allow_existing: may_exist };
            match world.call(&three.people[by], &request).await {
                Err(failure) => refused::<CreateDirectChatRequest>(world, &failure),
                ok => {
                    let chat_id = world.expect_ok::<CreateDirectChatRequest>(ok)?.chat_id;
                    let known = three.chats.contains(&Some(chat_id.clone()));
                    three.chats[pair] = Some(chat_id);
                    Ok(Came::ToChat { known })
                }
            }
        }
        Step::Send { by, pair } => {
            let request = text_for(&chat_id(pair), text);
            match world.call(&three.people[by], &request).await {
                Err(failure) => refused::<SendMessageRequest>(world, &failure),
                ok => Ok(Came::ToMessage(world.expect_ok::<SendMessageRequest>(ok)?.sequence)),
            }
        }
        Step::Read { by, pair, limit, oldest_first } => {
            let order = if oldest_first { MessageOrder::OldestFirst } else { MessageOrder::NewestFirst };
            let (chat_id, mut cursor, mut found) = (chat_id(pair), None, Vec::new());
            // A walk of more pages than there are steps goes in a circle: it is answered as it is.
            for _ in 0..200 {
                let page = match world.call(&three.people[by], &page_of(&chat_id, limit, cursor, order)).await
                {
                    Err(failure) => return refused::<ListMessagesRequest>(world, &failure),
                    ok => world.expect_ok::<ListMessagesRequest>(ok)?,
                };
                found.extend(page.messages.into_iter().map(|message| (message.sequence, message.text)));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            Ok(Came::ToPages(found))
        }
    }
}

fn refused<T: Call>(world: &World, failure: &Failure) -> Outcome<Came> {
    if failure.is_transport {
        return Err(world.stopped(T::RPC, "", failure));
    }
    Ok(Came::Refused(failure.reason.clone().unwrap_or_default()))
}

/// Sequences, and the longest of them.
const SEQUENCES: usize = 24;
const LONGEST: usize = 40;
/// How many times a failing sequence is tried shorter.
const SHRINKS: usize = 120;

pub(super) async fn model(world: &World) -> Outcome {
    let mut sequences: Vec<_> =
        (0..SEQUENCES).map(|_| random_steps(world, 10 + world.random().below(LONGEST - 9))).collect();
    // Chance may have left something out: each success once.
    sequences.push(vec![
        Step::Create { by: 0, pair: 0, may_exist: false },
        Step::Send { by: 1, pair: 0 },
        Step::Read { by: 0, pair: 0, limit: 1, oldest_first: false },
    ]);
    let mut running = futures::stream::iter(sequences)
        .map(|steps| async move { (deviation(world, &steps).await, steps) })
        .buffer_unordered(4);
    let mut failing = None;
    while let Some((found, steps)) = running.next().await {
        if let Some(found) = found? {
            failing = Some((found, steps));
            break;
        }
    }
    // The others are not waited for any more: what they hold, all scenarios share.
    drop(running);
    let Some((found, steps)) = failing else { return Ok(()) };
    let (found, steps) = shrunk(world, found, steps).await?;
    world.check(false, || format!("{found}; the shortest sequence that shows it: {steps:?}"));
    Err(Stop::Violated)
}

/// Runs a sequence with new people and tells the first difference from the model.
async fn deviation(world: &World, steps: &[Step]) -> Outcome<Option<String>> {
    let mut three = Three { people: world.people().await?, chats: Default::default() };
    let mut model = Model::default();
    for (number, step) in steps.iter().enumerate() {
        let text = format!("text {number}");
        let (found, expected) =
            (take(world, &mut three, *step, &text).await?, expected(&mut model, *step, &text));
        if found != expected {
            return Ok(Some(format!("step {number}, {step:?}: expected {expected:?}, found {found:?}")));
        }
    }
    Ok(None)
}

/// Leaves out one step after the other as long as the sequence still fails.
async fn shrunk(world: &World, mut found: String, mut steps: Vec<Step>) -> Outcome<(String, Vec<Step>)> {
    let (mut tries, mut index) = (0, 0);
    while index < steps.len() && tries < SHRINKS {
        let mut fewer = steps.clone();
        fewer.remove(index);
        tries += 1;
        match deviation(world, &fewer).await? {
            Some(still) => (found, steps) = (still, fewer),
            None => index += 1,
        }
    }
    Ok((found, steps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_keeps_a_log_for_each_pair_and_lets_no_stranger_in() {
        let mut model = Model::default();
        let mut came = |step| expected(&mut model, step, "text");
        let refused = |reason: Reason| Came::Refused(reason.name().to_owned());
        let read = |by, pair| Step::Read { by, pair, limit: 1, oldest_first: true };
        assert_eq!(came(Step::Send { by: 0, pair: 0 }), refused(Reason::NotAMember));
        assert_eq!(came(Step::Create { by: 0, pair: 0, may_exist: false }), Came::ToChat { known: false });
        assert_eq!(came(Step::Create { by: 1, pair: 0, may_exist: false }), refused(Reason::ChatExists));
        assert_eq!(came(Step::Create { by: 1, pair: 0, may_exist: true }), Came::ToChat { known: true });
        assert_eq!(came(Step::Send { by: 2, pair: 0 }), refused(Reason::NotAMember));
        assert_eq!(came(Step::Send { by: 1, pair: 0 }), Came::ToMessage(1));
        assert_eq!(came(read(0, 0)), Came::ToPages(vec![(1, "text".to_owned())]));
        assert_eq!(came(read(2, 0)), refused(Reason::NotAMember));
        assert_eq!(came(read(0, 1)), refused(Reason::NotAMember));
    }
}
