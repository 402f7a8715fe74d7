//! Sends that wait are stored together, and nobody can tell.

use std::collections::HashMap;

use duologue_domain::chat::{AppendMessage, ChatStore, Message, MessageRange, Sequence};
use duologue_domain::error::StorageError;
use duologue_storage_postgres::{MessageTime, Options, PostgresStorage};
use sqlx::{Connection, PgConnection};

use crate::harness::{Fixture, chat, count, micros, new_message, race, retryable, with};

/// One writer: whatever is sent at once waits in one queue.
async fn one_writer() -> Fixture {
    with(Options { writers: 1, message_time: MessageTime::Sender, ..Options::default() }).await
}

/// Runs `work` while the chats are locked, so that it waits in the queue, and meets in one statement afterwards.
async fn gathered<T>(fixture: &Fixture, work: impl Future<Output = T> + Send + 'static) -> T
where
    T: Send + 'static,
{
    let first = chat(&fixture.storage).await;
    let mut holder = PgConnection::connect(&fixture.database.url()).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE chat.messages IN EXCLUSIVE MODE").execute(&mut holder).await.unwrap();
    let storage = fixture.storage.clone();
    let opener = tokio::spawn(async move {
        storage.append_message(new_message(first.chat_id, first.members.lower(), "first", 1)).await.unwrap()
    });
    let work = tokio::spawn(work);
    // Until the first one waits for the lock, and the rest for the first one.
    loop {
        let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_locks WHERE NOT granted")
            .fetch_one(&mut holder)
            .await
            .unwrap();
        if waiting > 0 {
            break;
        }
    }
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    opener.await.unwrap();
    work.await.unwrap()
}

async fn all(storage: &PostgresStorage, message: &Message) -> Vec<Message> {
    let range = MessageRange::OldestFirst { after: Sequence::ZERO };
    storage.list_messages(message.chat_id, range, 10_000).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_send_of_a_merged_statement_has_its_own_outcome() {
    let fixture = one_writer().await;
    let storage = fixture.storage.clone();
    let (one, two) = (chat(&storage).await, chat(&storage).await);
    let stranger = two.members.lower();
    let before = retryable(new_message(one.chat_id, one.members.lower(), "before", 3), "before");
    storage.append_message(before.clone()).await.unwrap();
    let sends = [
        new_message(one.chat_id, one.members.lower(), "one", 9),
        new_message(two.chat_id, two.members.higher(), "two", 4),
        new_message(one.chat_id, stranger, "strange", 9),
        retryable(new_message(one.chat_id, one.members.lower(), "before", 9), "before"),
        retryable(new_message(one.chat_id, one.members.lower(), "other", 9), "before"),
        retryable(new_message(one.chat_id, one.members.higher(), "three", 7), "same"),
        retryable(new_message(one.chat_id, one.members.higher(), "three", 7), "same"),
        retryable(new_message(one.chat_id, one.members.higher(), "four", 7), "same"),
        new_message(one.chat_id, one.members.lower(), "five", 12),
    ];
    let outcomes = gathered(&fixture, async move {
        let mut tasks = Vec::new();
        for send in sends {
            let storage = storage.clone();
            tasks.push(tokio::spawn(async move { storage.append_message(send).await.unwrap() }));
            // In this order into the queue.
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        outcomes
    })
    .await;
    let shown: Vec<_> = outcomes
        .iter()
        .map(|outcome| match outcome {
            AppendMessage::Stored(message) => {
                format!("stored {} at {:?}", message.sequence.0, message.create_time)
            }
            AppendMessage::Replayed(message) => format!("replayed {}", message.sequence.0),
            AppendMessage::KeyReused => "reused".to_owned(),
            AppendMessage::NotAMember => "refused".to_owned(),
        })
        .collect();
    let expected = [
        "stored 2 at Timestamp(9)",
        "stored 1 at Timestamp(4)",
        "refused",
        "replayed 1",
        "reused",
        "stored 3 at Timestamp(9)",
        "replayed 3",
        "reused",
        "stored 4 at Timestamp(12)",
    ];
    assert_eq!(shown, expected);
    let AppendMessage::Stored(message) = &outcomes[0] else { unreachable!() };
    let stored = all(&fixture.storage, message).await;
    assert_eq!(stored.len(), 4);
    for outcome in &outcomes {
        if let AppendMessage::Stored(message) | AppendMessage::Replayed(message) = outcome
            && message.chat_id == one.chat_id
        {
            assert_eq!(
                stored[usize::try_from(message.sequence.0).unwrap() - 1],
                *message,
                "the answer is what is stored"
            );
        }
    }
    let events = fixture.storage.outboxes()[1].claim_events(100, micros(0), micros(0)).await.unwrap();
    assert_eq!(events.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_stored_fails_alone() {
    let fixture = one_writer().await;
    let storage = fixture.storage.clone();
    let chat = chat(&storage).await;
    let taken = new_message(chat.chat_id, chat.members.lower(), "taken", 3);
    storage.append_message(taken.clone()).await.unwrap();
    let outcomes = gathered(&fixture, async move {
        race(8, |number| {
            let (storage, taken) = (storage.clone(), taken.clone());
            let mut send = new_message(chat.chat_id, chat.members.lower(), "fine", 3);
            if number == 4 {
                // An event that is there already: the database refuses the whole statement.
                send.event_id = taken.event_id;
            }
            async move { storage.append_message(send).await }
        })
        .await
    })
    .await;
    assert!(matches!(outcomes[4], Err(StorageError::Broken(_))), "{:?}", outcomes[4]);
    assert_eq!(count(&outcomes, |outcome| matches!(outcome, Ok(AppendMessage::Stored(_)))), 7);
    let stored = fixture.storage.find_chat(chat.chat_id).await.unwrap().unwrap();
    assert_eq!(stored.last_sequence(), Sequence(8), "what failed took no sequence");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_senders_in_many_chats_on_several_replicas_leave_no_gap() {
    let fixture = with(Options::default()).await;
    let other = PostgresStorage::connect(&fixture.database.url(), Options::default()).await.unwrap();
    let mut chats = Vec::new();
    for _ in 0..5 {
        chats.push(chat(&fixture.storage).await);
    }
    let sent = race(64, |number| {
        let storage = if number % 2 == 0 { fixture.storage.clone() } else { other.clone() };
        let chats = chats.clone();
        async move {
            let mut sent = Vec::new();
            for turn in 0..20 {
                let chat = chats[(number + turn) % chats.len()];
                let sender = chat.members.both()[number % 2];
                let message = new_message(chat.chat_id, sender, &format!("{number}.{turn}"), 0);
                let message =
                    if turn % 3 == 0 { retryable(message, &format!("{number}.{turn}")) } else { message };
                let outcome = storage.append_message(message).await.unwrap();
                let AppendMessage::Stored(message) = outcome else { panic!("{outcome:?}") };
                sent.push(message);
            }
            sent
        }
    })
    .await;
    let mut by_chat: HashMap<_, Vec<Message>> = HashMap::new();
    for one_sender in sent {
        assert!(
            one_sender.is_sorted_by_key(|message| message.create_time),
            "one sender's sends are in order"
        );
        for message in one_sender {
            by_chat.entry(message.chat_id).or_default().push(message);
        }
    }
    for messages in by_chat.values_mut() {
        messages.sort_by_key(|message| message.sequence);
        let stored = all(&fixture.storage, &messages[0]).await;
        assert_eq!(&stored, messages, "what was answered is what is stored, in order");
        assert!(stored.iter().zip(1..).all(|(message, sequence)| message.sequence == Sequence(sequence)));
        assert!(stored.is_sorted_by_key(|message| message.create_time));
    }
    let events = fixture.storage.outboxes()[1].claim_events(10_000, micros(0), micros(0)).await.unwrap();
    assert_eq!(events.len(), 64 * 20);
}
