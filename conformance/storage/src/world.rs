//! What cases are made of: people, moments, and values that are all different.

use std::sync::atomic::{AtomicU64, Ordering};

use duologue_domain::auth::{Account, Generation, PasswordHash, Salt, Session};
use duologue_domain::chat::{ClientMessageId, DirectChat, MessageText, NewMessage};
use duologue_domain::event::{Event, Subject};
use duologue_domain::id::{ChatId, Id, RequestId, UserId};
use duologue_domain::social::{Answer, Answered, FriendRequest, Pair, SettledRequest, Status};
use duologue_domain::user::Profile;
use duologue_domain::{StorageError, Timestamp};
use uuid::{Builder, Uuid};

use crate::fixture::Storage;

/// Counts everything that must be different from everything else.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// The moment that cases begin at: no whole number of milliseconds.
const BEGINNING: i64 = 1_700_000_000_123_457;

/// The answer of a storage.
pub(crate) trait Acknowledged<T> {
    /// The outcome.
    fn answered(self) -> T;
}

impl<T> Acknowledged<T> for Result<T, StorageError> {
    #[track_caller]
    fn answered(self) -> T {
        self.unwrap_or_else(|error| panic!("the storage did not answer: {error:?}"))
    }
}

/// A number that nothing else has.
pub(crate) fn number() -> u64 {
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

/// An id that nothing else has, in no order with those before it.
pub(crate) fn new_id<T: Id>() -> T {
    let number = number();
    let high = (number ^ 0x5851_f42d_4c95_7f2d).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let low = high.rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ number;
    T::from_uuid(Builder::from_random_bytes(Uuid::from_u64_pair(high, low).into_bytes()).into_uuid())
}

/// So many microseconds after the beginning.
pub(crate) fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(BEGINNING + micros)
}

/// Two people who never met.
pub(crate) fn strangers() -> Pair {
    pair(new_id(), new_id())
}

/// The pair of two people.
pub(crate) fn pair(one: UserId, other: UserId) -> Pair {
    Pair::of(one, other).expect("two different people")
}

/// A text that parses.
pub(crate) fn parsed<T: std::str::FromStr>(text: &str) -> T {
    text.parse().ok().unwrap_or_else(|| panic!("{text:?} is well-formed"))
}

/// Texts that storages like to change: all of them must come back byte for byte.
pub(crate) const AWKWARD_TEXTS: [&str; 14] = [
    "plain",
    " leading and trailing ",
    "line\nbreak\r\nand\ttab",
    "🦀🇸🇪👩‍👩‍👧‍👦 four bytes each",
    "e\u{301} is not \u{e9}",
    "straße ſ ß İ ı ǆ",
    "\u{1}\u{7f}\u{80}\u{9f}",
    "\u{feff}\u{fffe}\u{ffff}\u{fffd}\u{10ffff}\u{d7ff}\u{e000}",
    "\u{202e}right to left\u{202c}",
    "' \" \\ ; -- /* */ $1 %s {} \\x00 \\u0000 NULL",
    "% _ * ? [a-z] .*",
    "\\N",
    "{\"json\": [1, 2, null]}",
    "a\u{200b}\u{a0}\u{2003}b\u{3000}",
];

/// An e-mail address that nobody else has.
pub(crate) fn new_address() -> String {
    format!("Somebody.{}@Example.ORG", number())
}

/// An account with its first session.
pub(crate) fn account(address: &str) -> (Account, Session) {
    let user_id = new_id();
    let account = Account {
        user_id,
        email: parsed(address),
        password_hash: PasswordHash::from_phc(format!(
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA{}",
            number()
        )),
        create_time: at(1),
    };
    (account, session(user_id, at(1)))
}

/// A session of a user that begins at a moment and ends by itself an hour later.
pub(crate) fn session(user_id: UserId, create_time: Timestamp) -> Session {
    Session {
        session_id: new_id(),
        user_id,
        salt: Salt(new_id::<UserId>().uuid().into_bytes()),
        generation: Generation::FIRST,
        create_time,
        refresh_time: create_time,
        expire_time: create_time.plus(std::time::Duration::from_hours(1)),
        end_time: None,
    }
}

/// A user who has an account where there are accounts, and no session that stands.
pub(crate) async fn registered(storage: &Storage) -> UserId {
    if !storage.has_accounts() {
        return new_id();
    }
    let (account, first) = account(&new_address());
    let (user_id, session_id) = (account.user_id, first.session_id);
    storage.accounts().insert_account(account, first).await.answered();
    storage.sessions().end_session(session_id, at(1)).await.answered();
    user_id
}

/// A profile with a nickname that nobody else has, and nothing else.
pub(crate) fn profile() -> Profile {
    named_profile(&format!("somebody_{}", number()))
}

/// A profile with this nickname, and nothing else.
pub(crate) fn named_profile(nickname: &str) -> Profile {
    let nickname = parsed(nickname);
    Profile {
        user_id: new_id(),
        nickname,
        bio: None,
        avatar_url: None,
        create_time: at(3),
        update_time: at(3),
    }
}

/// A pending request, and the event that tells of it.
pub(crate) fn request(from: UserId, to: UserId, create_time: Timestamp) -> (FriendRequest, Event) {
    let request_id: RequestId = new_id();
    let status = Status::Pending;
    let request = FriendRequest { request_id, from, to, status, create_time, update_time: create_time };
    (request, event(to, from, Subject::FriendRequestReceived(request_id), create_time))
}

/// An event.
pub(crate) fn event(
    recipient_id: UserId,
    actor_id: UserId,
    subject: Subject,
    occur_time: Timestamp,
) -> Event {
    Event { event_id: new_id(), recipient_id, actor_id, subject, occur_time }
}

/// A pending request with its answer, as the rules decide it; whoever accepts tells the sender.
pub(crate) fn settled(request: FriendRequest, answer: Answer, now: Timestamp) -> SettledRequest {
    let by = if answer == Answer::Cancel { request.from } else { request.to };
    match request.answer(by, answer, now) {
        Ok(Answered::Changed { request, new_friendship }) => {
            let subject = Subject::FriendRequestAccepted(request.request_id);
            let event = new_friendship.map(|_| event(request.from, request.to, subject, request.update_time));
            SettledRequest { request, new_friendship, event }
        }
        other => panic!("a pending request can be answered: {other:?}"),
    }
}

/// A chat.
pub(crate) fn chat(members: Pair, create_time: Timestamp) -> DirectChat {
    DirectChat { chat_id: new_id(), members, create_time }
}

/// A message of a member without a name of the sender's own.
pub(crate) fn message(chat: DirectChat, sender_id: UserId, text: &str, send_time: Timestamp) -> NewMessage {
    unnamed_message(chat.chat_id, sender_id, text, send_time)
}

/// A message to anywhere, by anybody.
pub(crate) fn unnamed_message(
    chat_id: ChatId,
    sender_id: UserId,
    text: &str,
    send_time: Timestamp,
) -> NewMessage {
    let text: MessageText = parsed(text);
    NewMessage {
        message_id: new_id(),
        event_id: new_id(),
        chat_id,
        sender_id,
        text,
        client_message_id: None,
        send_time,
    }
}

/// The message under a name of the sender's own.
pub(crate) fn named(message: NewMessage, client_message_id: &str) -> NewMessage {
    let client_message_id: Option<ClientMessageId> = Some(parsed(client_message_id));
    NewMessage { client_message_id, ..message }
}

/// Sorts ids and the like that come in no order.
pub(crate) fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}
