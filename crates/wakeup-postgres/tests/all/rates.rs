//! What the bus costs: `cargo test -p duologue-wakeup-postgres rates -- --ignored --nocapture`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use duologue_domain::Timestamp;
use duologue_domain::chat::{AppendMessage, ChatStore as _, DirectChat, NewMessage};
use duologue_domain::social::Pair;
use duologue_domain::wakeup::{LocalWakeUp, Topic, WakeUp};
use duologue_storage_postgres::{Options, PostgresStorage, migrate};
use duologue_test_postgres::OwnServer;
use duologue_wakeup::{Carrier, CarrierError, Listener};
use duologue_wakeup_postgres::PostgresCarrier;

use crate::harness::carrier;
use crate::replica::{Replica, id};

const SENDERS: usize = 32;
const ROUNDS: usize = 21;
const LASTING: Duration = Duration::from_millis(600);

/// The carrier with another rest than its own.
struct Resting(PostgresCarrier, Duration);

#[async_trait]
impl Carrier for Resting {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn rest(&self) -> Duration {
        self.1
    }

    async fn publish(&self, payload: Bytes) -> Result<(), CarrierError> {
        self.0.publish(payload).await
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, CarrierError> {
        self.0.listen().await
    }
}

/// Durable sends a second, each with its wake-up.
async fn rate(storage: &PostgresStorage, chats: &[DirectChat], wake_up: Arc<dyn WakeUp>) -> f64 {
    let begin = Instant::now();
    let tasks: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (storage, chats, wake_up) = (storage.clone(), chats.to_vec(), wake_up.clone());
            tokio::spawn(async move {
                let mut sent = 0_u32;
                while begin.elapsed() < LASTING {
                    let chat = chats[(sender + sent as usize * SENDERS) % chats.len()];
                    let message = NewMessage {
                        message_id: id(),
                        event_id: id(),
                        chat_id: chat.chat_id,
                        sender_id: chat.members.lower(),
                        text: "How do you do?".parse().unwrap(),
                        client_message_id: None,
                        send_time: Timestamp::from_unix_micros(0),
                    };
                    let AppendMessage::Stored(message) = storage.append_message(message).await.unwrap()
                    else {
                        continue;
                    };
                    wake_up.publish(Topic::Chat(chat.chat_id), message.sequence.0);
                    sent += 1;
                }
                sent
            })
        })
        .collect();
    let mut sent = 0;
    for task in tasks {
        sent += task.await.unwrap();
    }
    f64::from(sent) / begin.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, and decides nothing"]
async fn sends_with_and_without_the_bus() {
    let server = OwnServer::new(&[]).await.unwrap();
    let url = server.url("postgres");
    migrate(&url).await.unwrap();
    let storage = PostgresStorage::connect(&url, Options::default()).await.unwrap();
    for count in [1, 32] {
        let mut chats = Vec::new();
        for _ in 0..count {
            let members = Pair::of(id(), id()).unwrap();
            let chat = DirectChat { chat_id: id(), members, create_time: Timestamp::from_unix_micros(1) };
            storage.insert_chat(chat).await.unwrap();
            chats.push(chat);
        }
        for rest in [0, 5].map(Duration::from_millis) {
            let (mut ratios, mut rates) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                let without = rate(&storage, &chats, Arc::new(LocalWakeUp::new())).await;
                // Another replica listens, as it would.
                let (a, b) = (
                    Replica::listening(Resting(carrier(&url), rest)).await,
                    Replica::listening(carrier(&url)).await,
                );
                let with = rate(&storage, &chats, Arc::new(a.bus.clone())).await;
                a.stop().await;
                b.stop().await;
                ratios.push(with / without);
                rates.push((without, with));
            }
            let [least, median, most] = quartiles(ratios);
            let [_, without, _] = quartiles(rates.iter().map(|(without, _)| *without).collect());
            let [_, with, _] = quartiles(rates.iter().map(|(_, with)| *with).collect());
            println!(
                "chats {count:2} rest {rest:?}: {without:.0}/s without, {with:.0}/s with the bus, \
                 ratio {median:.2}, half of them {least:.2} to {most:.2}"
            );
        }
    }
}

/// The first quartile, the median, the third.
fn quartiles(mut numbers: Vec<f64>) -> [f64; 3] {
    numbers.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| numbers[numbers.len() * quarter / 4])
}
