//! A chat with a million messages.

use std::sync::atomic::{AtomicBool, Ordering};

use duologue_domain::chat::{ChatStore, MessageRange, Sequence};
use duologue_domain::id::Id;
use duologue_storage_postgres::Options;
use sqlx::{Connection, PgConnection};

use crate::harness::{chat, say, with};

const MESSAGES: i64 = 1_000_000;

const FILL: &str = "
    WITH message AS (
        INSERT INTO chat.messages (chat_id, sequence, message_id, sender_id, create_time, text)
        SELECT $1, n, gen_random_uuid(), $2, n, 'How do you do?' FROM generate_series(1, $3) AS n
    )
    UPDATE chat.chats SET last_sequence = $3, last_activity = $3 WHERE chat_id = $1";

#[tokio::test(flavor = "multi_thread")]
async fn a_million_messages_are_walked_once_each_while_others_write() {
    let fixture = with(Options::default()).await;
    let chat = chat(&fixture.storage).await;
    let mut connection = PgConnection::connect(&fixture.database.url()).await.unwrap();
    let fill = sqlx::query(FILL).bind(chat.chat_id.uuid()).bind(chat.members.lower().uuid()).bind(MESSAGES);
    fill.execute(&mut connection).await.unwrap();
    let done = AtomicBool::new(false);
    let writer = async {
        let mut written = 0;
        while !done.load(Ordering::Relaxed) {
            written += 1;
            let message = say(&fixture.storage, chat, "And you?", 0).await;
            assert_eq!(message.sequence, Sequence(MESSAGES + written));
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        written
    };
    let walker = async {
        let (mut expected, mut before) = (MESSAGES, Some(Sequence(MESSAGES + 1)));
        loop {
            let range = MessageRange::NewestFirst { before };
            let page = fixture.storage.list_messages(chat.chat_id, range, 100).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.sequence);
            for message in &page {
                assert_eq!(message.sequence, Sequence(expected));
                expected -= 1;
            }
        }
        done.store(true, Ordering::Relaxed);
        expected
    };
    let (left, written) = tokio::join!(walker, writer);
    assert_eq!(left, 0, "each message once, to the very first");
    assert!(written > 100, "{written} were written meanwhile");
}
