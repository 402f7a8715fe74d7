//! Where feeds begin.

use duologue_domain::chat::{ChatStore, FeedStart, Sequence};
use duologue_domain::id::{ChatId, MessageId};
use duologue_domain::time::Timestamp;

use super::history::Start;

/// The start as the real feed takes it.
pub(super) fn of_feed(start: Start, message_id: Option<MessageId>) -> FeedStart {
    match start {
        Start::Now => FeedStart::Now,
        Start::Since(unix_millis) => FeedStart::Since(Timestamp::from_unix_millis(unix_millis)),
        Start::After(sequence) => FeedStart::After { sequence: Sequence(sequence), message_id },
    }
}

/// The message before the first that a shortcut's reader is to receive.
pub(super) async fn last_before(store: &dyn ChatStore, chat_id: ChatId, start: Start) -> Sequence {
    let newest = store.find_chat(chat_id).await.unwrap().unwrap().last_sequence();
    match start {
        Start::Now => newest,
        Start::After(sequence) => Sequence(sequence),
        Start::Since(unix_millis) => {
            let since = Timestamp::from_unix_millis(unix_millis);
            let first = store.find_first_sequence_since(chat_id, since).await.unwrap();
            first.map_or(newest, Sequence::previous)
        }
    }
}
