//! Streams over two replicas with one storage: with the poller a carrier can lose, repeat and reorder what it likes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use duologue_domain::Environment;
use duologue_domain::auth::{Caller, Standing};
use duologue_domain::chat::{ChatStore as _, DirectChat, FeedStart, Open, Sequence, Service};
use duologue_domain::error::StorageError;
use duologue_domain::id::UserId;
use duologue_domain::page::CursorSealer;
use duologue_domain::poller::Poller;
use duologue_domain::social::Pair;
use duologue_domain::time::Timestamp;
use duologue_domain::user::UserDirectory;
use duologue_platform::{SystemClock, SystemRandom};
use duologue_storage_memory::MemoryStorage;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::ether::{Condition, Ether};
use crate::replica::{Replica, id};

const SEEDS: u64 = 60;
const CHATS: usize = 3;
const MESSAGES: usize = 30;

/// How long a stream waits for its next message, in the test's own time: far longer than a poll needs.
const PATIENCE: Duration = Duration::from_mins(10);

/// How the replicas hear of each other's messages.
#[derive(Debug, Clone, Copy)]
struct World {
    bus: Condition,
    poller: bool,
}

/// One stream: what it delivered.
#[derive(Debug)]
struct Delivered {
    sequences: Vec<i64>,
}

/// What is wrong with a stream.
#[derive(Debug, PartialEq, Eq)]
enum Violation {
    Missing,
    OutOfOrder,
}

impl Delivered {
    fn judge(&self) -> Result<(), Violation> {
        let expected = i64::try_from(MESSAGES).unwrap();
        if !self.sequences.iter().copied().eq(1..=i64::try_from(self.sequences.len()).unwrap()) {
            return Err(Violation::OutOfOrder);
        }
        if self.sequences.len() < usize::try_from(expected).unwrap() {
            Err(Violation::Missing)
        } else {
            Ok(())
        }
    }
}

struct Everybody;

#[async_trait]
impl UserDirectory for Everybody {
    async fn user_exists(&self, _: UserId) -> Result<bool, StorageError> {
        Ok(true)
    }
}

fn service(storage: &MemoryStorage, replica: &Replica) -> Service {
    Service::new(
        Arc::new(storage.clone()),
        Arc::new(Everybody),
        Arc::new(Open),
        Arc::new(replica.bus.clone()),
        CursorSealer::new(&[7; 32]),
        Environment::new(Arc::new(SystemClock), Arc::new(SystemRandom)),
    )
}

fn caller(user_id: UserId) -> Caller {
    let expire_time = Timestamp::from_unix_micros(i64::MAX);
    Caller { user_id, session_id: id(), expire_time, standing: Standing::Live }
}

/// Everybody writes and reads everywhere; gives what each stream delivered.
async fn run(world: World, seed: u64) -> Vec<Delivered> {
    let (storage, ether) = (MemoryStorage::new(), Ether::lossy(seed));
    ether.become_(world.bus);
    let replicas = [Replica::start(ether.clone()), Replica::start(ether.clone())];
    let mut pollers = JoinSet::new();
    if world.poller {
        for replica in &replicas {
            let poller = Poller::new(replica.hub.clone()).with_chats(Arc::new(storage.clone()));
            pollers.spawn(async move {
                loop {
                    poller.poll().await.unwrap();
                    sleep(Duration::from_secs(2)).await;
                }
            });
        }
    }
    let services = replicas.each_ref().map(|replica| service(&storage, replica));
    let mut dice = StdRng::seed_from_u64(seed);
    let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
    for _ in 0..CHATS {
        let members = Pair::of(id(), id()).unwrap();
        let chat = DirectChat { chat_id: id(), members, create_time: Timestamp::from_unix_micros(1) };
        storage.insert_chat(chat).await.unwrap();
        for service in &services {
            readers.spawn(read(service.clone(), chat));
            let pauses: Vec<_> = (0..MESSAGES / 2).map(|_| dice.random_range(0..3_000)).collect();
            writers.spawn(write(service.clone(), chat, pauses));
        }
    }
    writers.join_all().await;
    readers.join_all().await
}

async fn write(service: Service, chat: DirectChat, pauses: Vec<u64>) {
    for pause in pauses {
        sleep(Duration::from_millis(pause)).await;
        let sender = caller(chat.members.lower());
        service.send_message(&sender, chat.chat_id, "hello".parse().unwrap(), None).await.unwrap();
    }
}

/// Reads until all is there, or nothing more comes.
async fn read(service: Service, chat: DirectChat) -> Delivered {
    let start = FeedStart::After { sequence: Sequence::ZERO, message_id: None };
    let mut feed = service.stream_messages(&caller(chat.members.lower()), chat.chat_id, start).await.unwrap();
    let mut delivered = Delivered { sequences: Vec::new() };
    while delivered.sequences.len() < MESSAGES
        && let Ok(messages) = timeout(PATIENCE, feed.next()).await
    {
        delivered.sequences.extend(messages.unwrap().into_iter().map(|message| message.sequence.0));
    }
    delivered
}

#[tokio::test(start_paused = true)]
async fn with_the_poller_no_stream_loses_repeats_or_reorders_whatever_the_bus_does() {
    for seed in 0..SEEDS {
        for bus in [Condition::Well, Condition::Blocked, Condition::Dead] {
            for delivered in run(World { bus, poller: true }, seed).await {
                assert_eq!(delivered.judge(), Ok(()), "seed {seed}, bus {bus:?}: {delivered:?}");
            }
        }
    }
}

/// Shows that the test above can fail.
#[tokio::test(start_paused = true)]
async fn without_bus_and_poller_messages_are_caught_missing() {
    for seed in 0..SEEDS {
        let streams = run(World { bus: Condition::Dead, poller: false }, seed).await;
        let verdicts: Vec<_> = streams.iter().map(Delivered::judge).collect();
        assert!(verdicts.contains(&Err(Violation::Missing)), "seed {seed}: nothing is missing");
    }
}

/// Shows that the poller is needed even beside a bus that mostly works.
#[tokio::test(start_paused = true)]
async fn without_the_poller_a_lossy_bus_is_caught_losing() {
    let mut caught = 0;
    for seed in 0..SEEDS {
        let streams = run(World { bus: Condition::Well, poller: false }, seed).await;
        caught += usize::from(streams.iter().any(|delivered| delivered.judge() == Err(Violation::Missing)));
    }
    assert!(caught > 0);
}
