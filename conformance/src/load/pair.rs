//! Two people who write to each other, and a stream for each of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use duologue_contract::Rpc;
use duologue_contract::chat::{
    ListMessagesRequest, Message, MessageOrder, SendMessageRequest, StreamMessagesRequest,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Plan;
use super::sending::{PATIENCE, Sending, send};
use crate::check::pair::{Fate, Sent, check_pair};
use crate::door::{Door, Live, Next};
use crate::scenario::Scenario;
use crate::world::{Outcome, Person, Session, Stop, World};
use crate::{cells, run};

/// How often a stream may end and go on.
const MOST_RESUMED: u64 = 100;
/// The message that ends a pair's load.
const FENCE: &str = "the last";

/// What makes a world out of load: it is never in a list.
const LOAD: Scenario = Scenario::must(
    "load",
    "Under load no message MUST be lost, repeated or out of order.",
    cells![ChatSendMessage: Ok],
    run!(nothing),
);

async fn nothing(_: &World) -> Outcome {
    Ok(())
}

/// Two people with a chat, and connections of their own.
#[derive(Debug)]
pub(super) struct Pair {
    number: u32,
    world: World,
    people: [Person; 2],
    chat_id: String,
    streams: Vec<Live<StreamMessagesRequest>>,
}

/// What the load of a pair came to, or of many.
#[derive(Debug, Default)]
pub(super) struct PairResult {
    pub(super) stop: Option<Stop>,
    pub(super) violations: Vec<String>,
    pub(super) acknowledged: u64,
    pub(super) refused: BTreeMap<String, u64>,
    pub(super) unanswered: u64,
    pub(super) resumed: u64,
    /// When the last answer came.
    pub(super) last: Duration,
    pub(super) behind: Duration,
    pub(super) answered: Vec<Duration>,
    pub(super) delivered: Vec<Duration>,
}

impl PairResult {
    pub(super) fn broken(reason: String) -> Self {
        Self { stop: Some(Stop::Broken(reason)), ..Self::default() }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.stop = self.stop.take().or(other.stop);
        self.violations.extend(other.violations);
        self.violations.truncate(40);
        self.acknowledged += other.acknowledged;
        for (refusal, count) in other.refused {
            *self.refused.entry(refusal).or_default() += count;
        }
        self.unanswered += other.unanswered;
        self.resumed += other.resumed;
        self.last = self.last.max(other.last);
        self.behind = self.behind.max(other.behind);
        self.answered.extend(other.answered);
        self.delivered.extend(other.delivered);
    }
}

/// What a stream delivered, and when.
struct Received {
    messages: Vec<Message>,
    at: Vec<Instant>,
    resumed: u64,
}

impl Pair {
    /// Makes two people and their chat, and opens both streams.
    pub(super) async fn arrange(session: &Arc<Session>, door: Door, number: u32) -> Result<Self, PairResult> {
        let world = World::new(session, &LOAD, door).map_err(PairResult::broken)?;
        let arranged = async {
            let people: [Person; 2] = world.people().await?;
            let chat_id = world.chat(&people[0], &people[1]).await?;
            let streams = vec![
                open(&world, &people[0], &chat_id, 0).await?,
                open(&world, &people[1], &chat_id, 0).await?,
            ];
            Outcome::Ok((people, chat_id, streams))
        };
        match arranged.await {
            Ok((people, chat_id, streams)) => Ok(Self { number, world, people, chat_id, streams }),
            Err(stop) => Err(Self::stopped(&world, stop)),
        }
    }

    fn stopped(world: &World, stop: Stop) -> PairResult {
        let violations = world.take_journal().violations;
        PairResult { stop: Some(stop), violations, ..PairResult::default() }
    }

    /// Sends every message when it is due, waits for all that must come, and judges it.
    pub(super) async fn run(mut self, plan: Plan, start: Instant) -> PairResult {
        let world = self.world.clone();
        match self.carry_out(plan, start).await {
            Ok(result) => result,
            Err(stop) => Self::stopped(&world, stop),
        }
    }

    async fn carry_out(&mut self, plan: Plan, start: Instant) -> Outcome<PairResult> {
        let (all_is_sent, told) = watch::channel(false);
        let readers: Vec<JoinHandle<Outcome<Received>>> = std::mem::take(&mut self.streams)
            .into_iter()
            .zip(self.people.clone())
            .map(|(live, person)| {
                tokio::spawn(read(self.world.clone(), person, self.chat_id.clone(), live, told.clone()))
            })
            .collect();
        let mut running = Vec::new();
        for number in 0..plan.of_pair() {
            let due = plan.due(self.number, number);
            tokio::time::sleep_until((start + due).into()).await;
            let request = SendMessageRequest {
                chat_id: self.chat_id.clone(),
                text: number.to_string(),
                client_message_id: None,
            };
            let (world, sender) = (self.world.clone(), self.people[number as usize % 2].clone());
            running.push(tokio::spawn(async move { send(&world, &sender, request, start).await }));
        }
        let mut result = PairResult::default();
        let mut sent = Vec::new();
        for (number, sending) in (0..).zip(running) {
            let sending = sending.await.map_err(|error| Stop::Broken(error.to_string()))?;
            let due = plan.due(self.number, number);
            result.note(&sending, due);
            sent.push(sending.sent);
        }
        let began = start.elapsed();
        let fence = self.world.send(&self.people[0], &self.chat_id, FENCE).await;
        let _ = all_is_sent.send(true);
        let fate = Fate::Acknowledged(Box::new(fence?));
        sent.push(Sent { text: FENCE.to_owned(), began, ended: start.elapsed(), fate });
        let mut delivered = Vec::new();
        for (place, reader) in readers.into_iter().enumerate() {
            let received = reader.await.map_err(|error| Stop::Broken(error.to_string()))??;
            result.resumed += received.resumed;
            for (message, at) in received.messages.iter().zip(&received.at) {
                // What counts is the way to the other one.
                if let Ok(number) = message.text.parse::<u32>()
                    && number as usize % 2 != place
                {
                    let due = start + plan.due(self.number, number);
                    result.delivered.push(at.saturating_duration_since(due));
                }
            }
            delivered.push(received.messages);
        }
        let listed = list(&self.world, &self.people[1], &self.chat_id).await?;
        let faults = check_pair(&sent, &listed, &delivered);
        result.violations.extend(faults.iter().take(10).map(|fault| format!("{fault:?}")));
        result.violations.extend(self.world.take_journal().violations);
        Ok(result)
    }
}

impl PairResult {
    fn note(&mut self, sending: &Sending, due: Duration) {
        self.behind = self.behind.max(sending.sent.began.saturating_sub(due));
        self.last = self.last.max(sending.sent.ended);
        self.violations.extend(sending.faults.iter().cloned());
        match (&sending.sent.fate, &sending.refusal) {
            (Fate::Acknowledged(_), _) => {
                self.acknowledged += 1;
                self.answered.push(sending.sent.ended.saturating_sub(due));
            }
            (Fate::Refused, Some(failure)) => {
                *self.refused.entry(failure.to_string()).or_default() += 1;
            }
            _ => self.unanswered += 1,
        }
    }
}

/// Opens a stream of everything after a sequence.
async fn open(
    world: &World,
    reader: &Person,
    chat_id: &str,
    after_sequence: i64,
) -> Outcome<Live<StreamMessagesRequest>> {
    let request = StreamMessagesRequest {
        chat_id: chat_id.to_owned(),
        after_sequence: Some(after_sequence),
        ..StreamMessagesRequest::default()
    };
    let opened = world.open(reader, &request).await;
    opened.map_err(|failure| world.stopped(Rpc::ChatStreamMessages, "the stream must open", &failure))
}

/// Reads until the fence, or until nothing more comes; goes on where a stream ends.
async fn read(
    world: World,
    reader: Person,
    chat_id: String,
    mut live: Live<StreamMessagesRequest>,
    all_is_sent: watch::Receiver<bool>,
) -> Outcome<Received> {
    let mut received = Received { messages: Vec::new(), at: Vec::new(), resumed: 0 };
    let mut quiet = Duration::ZERO;
    let a_while = Duration::from_secs(1);
    loop {
        match live.next(a_while).await {
            Next::Item(message, _) => {
                quiet = Duration::ZERO;
                let is_last = message.text == FENCE;
                received.messages.push(message);
                received.at.push(Instant::now());
                if is_last {
                    return Ok(received);
                }
            }
            // What is missing is for the judge to say.
            Next::Silence if *all_is_sent.borrow() && quiet >= PATIENCE => return Ok(received),
            Next::Silence if *all_is_sent.borrow() => quiet += a_while,
            Next::Silence => {
                // Nobody is left to send the fence.
                if all_is_sent.has_changed().is_err() {
                    return Ok(received);
                }
            }
            Next::End | Next::Refused(_) if received.resumed < MOST_RESUMED => {
                received.resumed += 1;
                let last = received.messages.last().map_or(0, |message| message.sequence);
                live = open(&world, &reader, &chat_id, last).await?;
            }
            Next::Malformed(what) => {
                world.violation(what);
                return Err(Stop::Violated);
            }
            Next::End | Next::Refused(_) => {
                return Err(Stop::Broken(format!("a stream ended {MOST_RESUMED} times")));
            }
        }
    }
}

/// The whole chat, oldest first.
async fn list(world: &World, reader: &Person, chat_id: &str) -> Outcome<Vec<Message>> {
    let (mut messages, mut cursor) = (Vec::new(), None);
    loop {
        let request = ListMessagesRequest {
            chat_id: chat_id.to_owned(),
            limit: 100,
            cursor,
            order: MessageOrder::OldestFirst.into(),
        };
        let page = world.arrange(reader, &request).await?;
        messages.extend(page.messages);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(messages);
        }
        if messages.len() as u64 > 2 * Plan::MOST_MESSAGES {
            world.violation("a walk through a chat does not end");
            return Err(Stop::Violated);
        }
    }
}
