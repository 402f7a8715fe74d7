//! Chats and their messages.

use duologue_domain::Timestamp;
use duologue_domain::chat::{
    AppendMessage, Chat, ChatStore, DirectChat, InsertChat, Message, MessageRange, Sequence,
};
use duologue_domain::event::{Event, Subject};
use duologue_storage_postgres::{Options, PostgresStorage};

use crate::harness::{
    CONTENDERS, ROUNDS, chat, count, fixture, id, micros, new_message, pair, race, retryable, say, with,
};

async fn all(storage: &PostgresStorage, chat: DirectChat) -> Vec<Message> {
    let range = MessageRange::OldestFirst { after: Sequence::ZERO };
    storage.list_messages(chat.chat_id, range, 10_000).await.unwrap()
}

async fn events(storage: &PostgresStorage) -> Vec<Event> {
    let claimed = storage.outboxes()[1].claim_events(10_000, micros(0), micros(0)).await.unwrap();
    claimed.into_iter().map(|claimed| claimed.event).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_have_one_chat_however_many_make_it() {
    let fixture = fixture().await;
    for round in 0..ROUNDS {
        let members = pair();
        let results = race(CONTENDERS, |number| {
            let storage = fixture.storage.clone();
            let chat = DirectChat { chat_id: id(), members, create_time: micros(number as i64) };
            async move { (chat, storage.insert_chat(chat).await.unwrap()) }
        })
        .await;
        let winners: Vec<_> = results.iter().filter(|(_, result)| *result == InsertChat::Inserted).collect();
        let [(winner, _)] = winners[..] else { panic!("round {round}: {results:?}") };
        assert_eq!(count(&results, |(_, result)| *result == InsertChat::Exists(*winner)), CONTENDERS - 1);
        assert_eq!(fixture.storage.find_direct_chat(winner.chat_id).await.unwrap(), Some(*winner));
        let found = fixture.storage.find_chat(winner.chat_id).await.unwrap();
        assert_eq!(found, Some(Chat { direct: *winner, last_message: None }));
    }
    assert_eq!(fixture.storage.find_chat(id()).await.unwrap(), None);
    assert_eq!(fixture.storage.find_direct_chat(id()).await.unwrap(), None);
}

#[tokio::test]
async fn a_message_is_read_as_stored_with_its_event() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    let chat = chat(storage).await;
    let texts = ["🦀".repeat(4000), " a\r\n".into(), "e\u{301}é\u{feff}\u{1}".into()];
    for (number, text) in (1..).zip(&texts) {
        let client = "ж".repeat(64);
        let new = new_message(chat.chat_id, chat.members.higher(), text, 1_234_567_890_123_456 + number);
        let new = if number == 2 { retryable(new, &client) } else { new };
        let time = new.send_time;
        let (expected, event) = new.clone().stored(Sequence(number), time, chat.members.lower());
        assert_eq!(storage.append_message(new).await.unwrap(), AppendMessage::Stored(expected.clone()));
        assert_eq!(all(storage, chat).await.last(), Some(&expected));
        assert_eq!(storage.find_chat(chat.chat_id).await.unwrap().unwrap().last_message, Some(expected));
        assert_eq!(events(storage).await.last(), Some(&event));
        assert!(matches!(event.subject, Subject::MessageReceived(..)));
        let newest = storage.list_newest_sequences(&[chat.chat_id, id()]).await.unwrap();
        assert_eq!(newest, [(chat.chat_id, Sequence(number))]);
    }
}

#[tokio::test]
async fn strangers_and_unknown_chats_are_refused_and_nothing_is_stored() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    let chat = chat(storage).await;
    let refused = [
        new_message(chat.chat_id, id(), "hello", 5),
        new_message(id(), chat.members.lower(), "hello", 5),
        retryable(new_message(chat.chat_id, id(), "hello", 5), "1"),
    ];
    for message in refused {
        assert_eq!(storage.append_message(message).await.unwrap(), AppendMessage::NotAMember);
    }
    assert_eq!(all(storage, chat).await, []);
    assert_eq!(events(storage).await, []);
    assert_eq!(say(storage, chat, "first", 5).await.sequence, Sequence(1));
}

#[tokio::test]
async fn a_repeated_send_answers_the_first_message_and_takes_no_sequence() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    let (chat, other) = (chat(storage).await, chat(storage).await);
    let send = |chat: DirectChat, sender, text: &str, time| {
        let message = retryable(new_message(chat.chat_id, sender, text, time), "mine");
        async { storage.append_message(message).await.unwrap() }
    };
    let (lower, higher) = (chat.members.lower(), chat.members.higher());
    let AppendMessage::Stored(first) = send(chat, lower, "hello", 5).await else { panic!("not stored") };
    say(storage, chat, "between", 6).await;
    assert_eq!(send(chat, lower, "hello", 7).await, AppendMessage::Replayed(first));
    assert_eq!(send(chat, lower, "hello ", 8).await, AppendMessage::KeyReused);
    assert!(matches!(send(chat, higher, "hello", 9).await, AppendMessage::Stored(_)), "another sender's own");
    assert!(
        matches!(send(other, other.members.lower(), "x", 9).await, AppendMessage::Stored(_)),
        "another chat's own"
    );
    let sequences: Vec<_> = all(storage, chat).await.iter().map(|message| message.sequence.0).collect();
    assert_eq!(sequences, [1, 2, 3]);
    assert_eq!(events(storage).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_repeated_at_once_on_several_replicas_is_stored_once() {
    let fixture = fixture().await;
    let mut replicas = vec![fixture.storage.clone()];
    for _ in 1..CONTENDERS {
        replicas.push(PostgresStorage::connect(&fixture.database.url(), Options::default()).await.unwrap());
    }
    let chat = chat(&fixture.storage).await;
    for round in 0..ROUNDS {
        let results = race(CONTENDERS, |number| {
            let storage = replicas[number].clone();
            let text = if number == 3 { "different" } else { "hello" };
            let message = new_message(chat.chat_id, chat.members.lower(), text, 5);
            let message = retryable(message, &format!("round {round}"));
            async move { storage.append_message(message).await.unwrap() }
        })
        .await;
        assert_eq!(count(&results, |result| matches!(result, AppendMessage::Stored(_))), 1, "{results:?}");
        let stored = results.iter().find_map(|result| match result {
            AppendMessage::Stored(message) => Some(message.clone()),
            _ => None,
        });
        for result in &results {
            if let AppendMessage::Replayed(message) = result {
                assert_eq!(Some(message), stored.as_ref());
            }
        }
        assert_eq!(stored.unwrap().sequence, Sequence(round as i64 + 1));
    }
    assert_eq!(all(&fixture.storage, chat).await.len(), ROUNDS);
    assert_eq!(events(&fixture.storage).await.len(), ROUNDS);
}

#[tokio::test]
async fn times_never_go_back_in_a_chat_whatever_the_clock_does() {
    let fixture = fixture().await;
    let chat = chat(&fixture.storage).await;
    for (sent, expected) in [(0, 1), (10, 10), (10, 10), (5, 10), (11, 11)] {
        assert_eq!(say(&fixture.storage, chat, "tick", sent).await.create_time, micros(expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_databases_clock_times_follow_the_sequence_whatever_the_senders_claim() {
    let fixture = with(Options::default()).await;
    let chat = chat(&fixture.storage).await;
    race(32, |number| {
        let storage = fixture.storage.clone();
        async move { say(&storage, chat, "tick", [i64::MAX, i64::MIN, 0][number % 3]).await }
    })
    .await;
    let messages = all(&fixture.storage, chat).await;
    assert_eq!(messages.len(), 32);
    assert!(messages.windows(2).all(|pair| pair[0].create_time <= pair[1].create_time));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert!(
        messages
            .iter()
            .all(|message| Timestamp::default().plus(now).since(message.create_time).as_secs() < 600)
    );
}

#[tokio::test]
async fn messages_are_listed_both_ways_in_pages_of_any_size() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    let chat = chat(storage).await;
    let mut expected = Vec::new();
    for number in 0..7 {
        expected.push(say(storage, chat, &format!("{number}"), 5).await);
    }
    for size in 1..=8 {
        let (mut listed, mut after) = (Vec::new(), Sequence::ZERO);
        loop {
            let range = MessageRange::OldestFirst { after };
            let page = storage.list_messages(chat.chat_id, range, size).await.unwrap();
            let Some(last) = page.last() else { break };
            after = last.sequence;
            listed.extend(page);
        }
        assert_eq!(listed, expected, "oldest first in pages of {size}");
        let (mut listed, mut before) = (Vec::new(), None);
        loop {
            let range = MessageRange::NewestFirst { before };
            let page = storage.list_messages(chat.chat_id, range, size).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.sequence);
            listed.extend(page);
        }
        listed.reverse();
        assert_eq!(listed, expected, "newest first in pages of {size}");
    }
    let range = MessageRange::NewestFirst { before: None };
    assert_eq!(storage.list_messages(id(), range, 5).await.unwrap(), []);
    assert_eq!(storage.list_messages(chat.chat_id, range, 0).await.unwrap(), []);
}

#[tokio::test]
async fn the_first_message_of_a_moment_is_found_among_equal_times_too() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    let chat = chat(storage).await;
    let first = |since| async move {
        let found = storage.find_first_sequence_since(chat.chat_id, micros(since)).await.unwrap();
        found.map(|sequence| sequence.0)
    };
    assert_eq!(first(0).await, None);
    let times = [5, 5, 7, 7, 7, 9, 20, 20];
    for time in times {
        say(storage, chat, "tick", time).await;
    }
    for since in [i64::MIN, 0, 4, 5, 6, 7, 8, 9, 10, 19, 20, 21, i64::MAX] {
        let expected = (1..).zip(times).find(|(_, time)| *time >= since).map(|(sequence, _)| sequence);
        assert_eq!(first(since).await, expected, "since {since}");
    }
    assert_eq!(storage.find_first_sequence_since(id(), micros(0)).await.unwrap(), None);
}
