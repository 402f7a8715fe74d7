//! A storage for each test, and things to put into it.

use std::future::Future;
use std::sync::Arc;

use duologue_domain::Timestamp;
use duologue_domain::chat::{AppendMessage, ChatStore, DirectChat, Message, NewMessage};
use duologue_domain::id::{ChatId, Id, UserId};
use duologue_domain::social::Pair;
use duologue_storage_postgres::{MessageTime, Options, PostgresStorage, checksum, migrate};
use duologue_test_postgres::{TestDatabase, database};
use tokio::sync::Barrier;
use uuid::Uuid;

/// How many contend in a race, and how often.
pub(crate) const CONTENDERS: usize = 4;
pub(crate) const ROUNDS: usize = 30;

/// A storage over a database of its own.
pub(crate) struct Fixture {
    pub(crate) storage: PostgresStorage,
    pub(crate) database: TestDatabase,
}

/// An empty storage in which times are the senders'.
pub(crate) async fn fixture() -> Fixture {
    with(Options { message_time: MessageTime::Sender, ..Options::default() }).await
}

pub(crate) async fn with(options: Options) -> Fixture {
    let database = empty_database().await;
    let storage = PostgresStorage::connect(&database.url(), options).await.unwrap();
    Fixture { storage, database }
}

pub(crate) async fn empty_database() -> TestDatabase {
    database(&checksum(), async |url| Ok(migrate(&url).await?)).await.unwrap()
}

pub(crate) fn id<T: Id>() -> T {
    T::from_uuid(Uuid::new_v4())
}

pub(crate) fn micros(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(micros)
}

pub(crate) fn pair() -> Pair {
    Pair::of(id(), id()).unwrap()
}

/// A stored chat of two new people, made at 1.
pub(crate) async fn chat(storage: &PostgresStorage) -> DirectChat {
    chat_of(storage, pair(), 1).await
}

pub(crate) async fn chat_of(storage: &PostgresStorage, members: Pair, time: i64) -> DirectChat {
    let chat = DirectChat { chat_id: id(), members, create_time: micros(time) };
    storage.insert_chat(chat).await.unwrap();
    chat
}

pub(crate) fn new_message(chat_id: ChatId, sender_id: UserId, text: &str, time: i64) -> NewMessage {
    NewMessage {
        message_id: id(),
        event_id: id(),
        chat_id,
        sender_id,
        text: text.parse().unwrap(),
        client_message_id: None,
        send_time: micros(time),
    }
}

pub(crate) fn retryable(message: NewMessage, client_message_id: &str) -> NewMessage {
    NewMessage { client_message_id: Some(client_message_id.parse().unwrap()), ..message }
}

/// Sends on behalf of the lower member.
pub(crate) async fn say(storage: &PostgresStorage, chat: DirectChat, text: &str, time: i64) -> Message {
    let sent =
        storage.append_message(new_message(chat.chat_id, chat.members.lower(), text, time)).await.unwrap();
    let AppendMessage::Stored(message) = sent else { panic!("{sent:?}") };
    message
}

/// Lets several go at the same moment, and gathers what each of them got.
pub(crate) async fn race<T, F>(contenders: usize, contender: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(contenders));
    let tasks: Vec<_> = (0..contenders)
        .map(|number| {
            let (barrier, work) = (barrier.clone(), contender(number));
            tokio::spawn(async move {
                barrier.wait().await;
                work.await
            })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

/// How many satisfy a condition.
pub(crate) fn count<T>(results: &[T], condition: impl Fn(&T) -> bool) -> usize {
    results.iter().filter(|result| condition(result)).count()
}
