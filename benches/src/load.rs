//! Many senders at once, at any layer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use duologue_contract::chat::SendMessageRequest;
use duologue_domain::auth::Caller;
use duologue_domain::chat::{self, AppendMessage, ChatStore};
use duologue_domain::id::{ChatId, UserId};
use duologue_domain::time::Clock as _;
use duologue_platform::SystemClock;
use serde_json::Value;

use crate::backend::Backend;
use crate::doors::{Grpc, InProcess, Rest};
use crate::seed::{self, TEXT, chat_id, message, person};

/// Chats that each sender writes to.
const CHATS: i64 = 8;

/// The numbers of senders and of their chats begin here.
const FIRST: i64 = 1_000_000_000;

/// Somebody who sends, one message after the other.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Who.
    pub sender: UserId,
    /// Where to, by turns.
    pub chats: Vec<ChatId>,
}

/// So many senders, each with chats of their own. They are stored.
pub async fn many_chats(backend: &Backend, count: usize) -> Arc<[Lane]> {
    let mut lanes = Vec::new();
    for lane in 0..i64::try_from(count).unwrap_or(0) {
        let (sender, first) = (person(FIRST + lane), FIRST + lane * CHATS);
        backend.seed_chats_of(sender, FIRST + first, CHATS).await;
        let chats = (first..first + CHATS).map(|number| chat_id(FIRST + number)).collect();
        lanes.push(Lane { sender, chats });
    }
    lanes.into()
}

/// As many senders as these, all of them one person in one chat.
#[must_use]
pub fn one_hot_chat(lanes: &[Lane]) -> Arc<[Lane]> {
    let hot = Lane { sender: lanes[0].sender, chats: vec![lanes[0].chats[0]] };
    vec![hot; lanes.len()].into()
}

/// Sends one message for a lane, and answers its sequence.
#[async_trait]
pub trait Sends: Send + Sync + 'static {
    /// Sends. A refusal is a panic: it would measure an error path.
    async fn send(&self, lane: usize, chat_id: ChatId, client_message_id: Option<&str>) -> i64;
}

/// At the storage trait.
pub struct StorageSends {
    /// The storage.
    pub store: Arc<dyn ChatStore>,
    /// Who sends.
    pub lanes: Arc<[Lane]>,
}

#[async_trait]
impl Sends for StorageSends {
    async fn send(&self, lane: usize, chat_id: ChatId, client_message_id: Option<&str>) -> i64 {
        let message = message(chat_id, self.lanes[lane].sender, client_message_id, SystemClock.now());
        match self.store.append_message(message).await.expect("a storage that works") {
            AppendMessage::Stored(message) => message.sequence.0,
            other => panic!("not stored: {other:?}"),
        }
    }
}

/// At the use case.
pub struct UseCaseSends {
    /// The use cases.
    pub service: chat::Service,
    /// Who sends.
    pub callers: Vec<Caller>,
}

#[async_trait]
impl Sends for UseCaseSends {
    async fn send(&self, lane: usize, chat_id: ChatId, client_message_id: Option<&str>) -> i64 {
        let text = TEXT.parse().expect("a text");
        let id = client_message_id.map(|id| id.parse().expect("a client message id"));
        let sent = self.service.send_message(&self.callers[lane], chat_id, text, id).await;
        sent.expect("a message that is sent").sequence.0
    }
}

/// Over gRPC, a connection for each lane.
pub struct GrpcSends(pub Vec<Grpc>);

#[async_trait]
impl Sends for GrpcSends {
    async fn send(&self, lane: usize, chat_id: ChatId, client_message_id: Option<&str>) -> i64 {
        let message = SendMessageRequest {
            chat_id: chat_id.to_string(),
            text: TEXT.to_owned(),
            client_message_id: client_message_id.map(str::to_owned),
        };
        let client = &self.0[lane];
        let sent = client.chat().send_message(client.request(message)).await;
        sent.expect("a message that is sent").into_inner().sequence
    }
}

/// Over REST, a connection for each lane.
pub struct RestSends(pub Vec<Rest>);

/// Over REST in process.
pub struct InProcessSends(pub Vec<InProcess>);

fn path(chat_id: ChatId) -> String {
    format!("/v1/chats/{chat_id}/message")
}

fn body(client_message_id: Option<&str>) -> Bytes {
    match client_message_id {
        None => format!(r#"{{"text":"{TEXT}"}}"#).into(),
        Some(id) => format!(r#"{{"text":"{TEXT}","clientMessageId":"{id}"}}"#).into(),
    }
}

fn sequence(answer: &[u8]) -> i64 {
    let message: Value = serde_json::from_slice(answer).expect("a message in JSON");
    let sequence = message.get("sequence").and_then(Value::as_str);
    sequence.and_then(|sequence| sequence.parse().ok()).expect("a sequence")
}

#[async_trait]
impl Sends for RestSends {
    async fn send(&self, lane: usize, chat_id: ChatId, client_message_id: Option<&str>) -> i64 {
        sequence(&self.0[lane].post(&path(chat_id), body(client_message_id)).await)
    }
}

#[async_trait]
impl Sends for InProcessSends {
    async fn send(&self, lane: usize, chat_id: ChatId, client_message_id: Option<&str>) -> i64 {
        sequence(&self.0[lane].post(&path(chat_id), body(client_message_id)).await)
    }
}

/// Whether messages carry a `client_message_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// They do, each another.
    Named,
    /// They do not.
    Unnamed,
}

/// How long to send, or how much.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// So many messages.
    Count(u64),
    /// So long.
    Elapsed(Duration),
}

/// Tells all messages of a process apart.
static NAMES: AtomicU64 = AtomicU64::new(0);

/// What was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// How many messages.
    pub count: u64,
    /// In which time.
    pub elapsed: Duration,
}

impl Sent {
    /// Messages a second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    pub fn rate(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64()
    }
}

/// Every lane sends, one message after the other; the next as soon as the last is answered.
///
/// # Panics
/// If a message is refused, or its sequence is not later than the lane's last one in that chat.
pub async fn send(sends: &Arc<dyn Sends>, lanes: &Arc<[Lane]>, naming: Naming, until: Until) -> Sent {
    let (taken, begin) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let tasks: Vec<_> = (0..lanes.len())
        .map(|lane| {
            let (sends, lanes, taken) = (sends.clone(), lanes.clone(), taken.clone());
            tokio::spawn(async move {
                let chats = &lanes[lane].chats;
                let (mut count, mut last) = (0, vec![0; chats.len()]);
                for turn in (0..chats.len()).cycle() {
                    let goes_on = match until {
                        Until::Count(most) => taken.fetch_add(1, Ordering::Relaxed) < most,
                        Until::Elapsed(lasting) => begin.elapsed() < lasting,
                    };
                    if !goes_on {
                        break;
                    }
                    let name = (naming == Naming::Named)
                        .then(|| format!("{}-{}", std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed)));
                    let sequence = sends.send(lane, chats[turn], name.as_deref()).await;
                    assert!(sequence > last[turn], "{sequence} is not after {}", last[turn]);
                    last[turn] = sequence;
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut count = 0;
    for task in tasks {
        count += task.await.expect("a lane that sends");
    }
    Sent { count, elapsed: begin.elapsed() }
}

/// Asserts that a send stores what is sent, as the next message of its chat.
///
/// # Panics
/// If it does not.
pub async fn assert_stores(sends: &Arc<dyn Sends>, store: &Arc<dyn ChatStore>, lane: &Lane) {
    let chat_id = lane.chats[0];
    let before = store.find_chat(chat_id).await.expect("a storage").expect("a chat").last_sequence();
    let sequence = sends.send(0, chat_id, None).await;
    assert_eq!(sequence, before.next().0, "the next sequence");
    let chat = store.find_chat(chat_id).await.expect("a storage").expect("a chat");
    let message = chat.last_message.expect("a message");
    assert_eq!((message.text.as_str(), message.sender_id), (seed::TEXT, lane.sender));
}
