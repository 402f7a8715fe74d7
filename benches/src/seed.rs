//! Fills a storage: people by number, their chats, what was said in them, their friends and profiles.
//!
//! In memory by the storage trait; on PostgreSQL by one statement for each set, because a million sends would take
//! longer than all benchmarks.

use duologue_domain::Timestamp;
use duologue_domain::chat::{AppendMessage, ChatStore as _, DirectChat, InsertChat, NewMessage};
use duologue_domain::event::{Event, Subject};
use duologue_domain::id::{ChatId, Id, UserId};
use duologue_domain::social::{
    Answer, Answered, CommitAnswer, FriendRequest, InsertRequest, Pair, SettledRequest, SocialStore as _,
    Status,
};
use duologue_domain::user::{InsertProfile, Profile, ProfileStore as _};
use duologue_storage_memory::MemoryStorage;
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use crate::backend::Backend;

/// What everybody says.
pub const TEXT: &str = "How do you do? I hope that this finds you well, and your family too.";

/// When the first message was sent; the others follow a millisecond apart.
pub const BEGIN_MICROS: i64 = 1_700_000_000_000_000;

/// Microseconds between two messages.
pub const APART_MICROS: i64 = 1_000;

/// From how many rows on a table is tidied after it was filled.
const MANY: i64 = 1_000;

/// Rows of one statement that fills a table.
const ROWS: i64 = 250_000;

fn uuid(kind: u128, number: i64) -> Uuid {
    Uuid::from_u128(
        0x0190_0000_0000_7000_8000_0000_0000_0000 | (kind << 56) | u128::from(number.unsigned_abs()),
    )
}

/// The person with this number.
#[must_use]
pub fn person(number: i64) -> UserId {
    UserId::from_uuid(uuid(1, number))
}

/// The chat with this number.
#[must_use]
pub fn chat_id(number: i64) -> ChatId {
    ChatId::from_uuid(uuid(2, number))
}

fn any<T: Id>() -> T {
    T::from_uuid(Uuid::new_v4())
}

/// The moment of the message with this sequence.
#[must_use]
pub fn moment(sequence: i64) -> Timestamp {
    Timestamp::from_unix_micros(BEGIN_MICROS + sequence * APART_MICROS)
}

/// A message of a person, to be stored now.
///
/// # Panics
/// Never: the text is valid.
#[must_use]
pub fn message(
    chat_id: ChatId,
    sender_id: UserId,
    client_message_id: Option<&str>,
    time: Timestamp,
) -> NewMessage {
    NewMessage {
        message_id: any(),
        event_id: any(),
        chat_id,
        sender_id,
        text: TEXT.parse().expect("a text"),
        client_message_id: client_message_id.map(|id| id.parse().expect("a client message id")),
        send_time: time,
    }
}

/// The nickname of the person with this number: six letters, in no order, and the number.
#[must_use]
pub fn nickname(number: i64) -> String {
    let mut scattered = number.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut name = String::with_capacity(20);
    for _ in 0..6 {
        name.push(char::from(b'a' + u8::try_from(scattered % 26).unwrap_or(0)));
        scattered /= 26;
    }
    format!("{name}_{number}")
}

/// By lists: the nicknames are made here.
const PROFILES: &str = "
    INSERT INTO profile.profiles (user_id, create_time, update_time, nickname)
    SELECT id, 1, 1, name FROM unnest($1::uuid[], $2::text[]) AS person (id, name)";

impl Backend {
    /// The chat with this number, of two people; whoever asks twice has it twice.
    ///
    /// # Panics
    /// If the storage refuses it.
    pub async fn seed_chat(&self, number: i64, one: UserId, other: UserId) -> DirectChat {
        let members = Pair::of(one, other).expect("two people");
        let chat = DirectChat { chat_id: chat_id(number), members, create_time: moment(0) };
        let outcome = self.stores().chats.insert_chat(chat).await.expect("a chat");
        assert_eq!(outcome, InsertChat::Inserted, "chat {number} is new");
        chat
    }

    /// So many messages of the lower member, in a chat in which nothing was said.
    ///
    /// # Panics
    /// If the storage refuses them.
    pub async fn seed_messages(&self, chat: DirectChat, count: i64) {
        match self {
            Self::Memory(storage) => {
                for sequence in 1..=count {
                    let message = message(chat.chat_id, chat.members.lower(), None, moment(sequence));
                    let outcome = storage.append_message(message).await.expect("a message");
                    assert!(matches!(outcome, AppendMessage::Stored(_)), "{outcome:?}");
                }
            }
            Self::Postgres(postgres) => fill_chat(&postgres.pool, chat, count).await,
        }
    }

    /// So many chats of a person, the first of them with the number `first`; a message in each, the newest in the last.
    ///
    /// # Panics
    /// If the storage refuses them.
    pub async fn seed_chats_of(&self, owner: UserId, first: i64, count: i64) {
        match self {
            Self::Memory(_) => {
                for number in first..first + count {
                    let chat = self.seed_chat(number, owner, person(number)).await;
                    let said = message(chat.chat_id, owner, None, moment(number - first + 1));
                    self.stores().chats.append_message(said).await.expect("a message");
                }
            }
            Self::Postgres(postgres) => fill_chats_of(&postgres.pool, owner, first, count).await,
        }
    }

    /// So many friends of a person, the first of them with the number `first`, the newest friendship with the last.
    ///
    /// # Panics
    /// If the storage refuses them.
    pub async fn seed_friends_of(&self, owner: UserId, first: i64, count: i64) {
        match self {
            Self::Memory(storage) => {
                for number in first..first + count {
                    befriend(storage, owner, person(number), moment(number - first + 1)).await;
                }
            }
            Self::Postgres(postgres) => {
                let friends: Vec<Uuid> = (first..first + count).map(|number| person(number).uuid()).collect();
                let fill = sqlx::query(
                    "WITH friend AS (
                         SELECT id, $3 + nth * $4 AS time FROM unnest($2::uuid[]) WITH ORDINALITY AS friend (id, nth)
                     )
                     INSERT INTO social.friendships (user_id, friend_id, create_time)
                     SELECT $1, id, time FROM friend UNION ALL SELECT id, $1, time FROM friend",
                );
                let fill = fill.bind(owner.uuid()).bind(friends).bind(BEGIN_MICROS).bind(APART_MICROS);
                fill.execute(&postgres.pool).await.expect("friends");
                tidy(&postgres.pool, "social.friendships").await;
            }
        }
    }

    /// The profiles of the people from 1 to `count`, each with their [`nickname`].
    ///
    /// # Panics
    /// If the storage refuses them.
    pub async fn seed_profiles(&self, count: i64) {
        match self {
            Self::Memory(storage) => {
                for number in 1..=count {
                    let profile = Profile {
                        user_id: person(number),
                        nickname: nickname(number).parse().expect("a nickname"),
                        bio: None,
                        avatar_url: None,
                        create_time: moment(0),
                        update_time: moment(0),
                    };
                    let outcome = storage.insert_profile(profile).await.expect("a profile");
                    assert_eq!(outcome, InsertProfile::Inserted);
                }
            }
            Self::Postgres(postgres) => {
                for (from, to) in parts(count) {
                    let ids: Vec<Uuid> = (from..=to).map(|number| person(number).uuid()).collect();
                    let names: Vec<String> = (from..=to).map(nickname).collect();
                    let fill = sqlx::query(PROFILES).bind(ids).bind(names);
                    fill.execute(&postgres.pool).await.expect("profiles");
                }
                tidy(&postgres.pool, "profile.profiles").await;
            }
        }
    }
}

/// From 1 to `count`, in parts.
fn parts(count: i64) -> impl Iterator<Item = (i64, i64)> {
    (0..=(count - 1) / ROWS).map(move |part| (part * ROWS + 1, ((part + 1) * ROWS).min(count)))
}

async fn fill_chat(pool: &PgPool, chat: DirectChat, count: i64) {
    for (from, to) in parts(count) {
        let fill = sqlx::query(
            "WITH message AS (
                 INSERT INTO chat.messages (chat_id, sequence, message_id, sender_id, create_time, text)
                 SELECT $1, n, gen_random_uuid(), $2, $5 + n * $6, $7 FROM generate_series($3::bigint, $4::bigint) AS n
             )
             UPDATE chat.chats SET last_sequence = $4, last_activity = $5 + $4 * $6 WHERE chat_id = $1",
        );
        let fill = fill.bind(chat.chat_id.uuid()).bind(chat.members.lower().uuid()).bind(from).bind(to);
        let filled =
            fill.bind(BEGIN_MICROS).bind(APART_MICROS).bind(TEXT).execute(pool).await.expect("messages");
        assert_eq!(filled.rows_affected(), 1, "the chat is there");
    }
    tidy(pool, "chat.messages").await;
}

async fn fill_chats_of(pool: &PgPool, owner: UserId, first: i64, count: i64) {
    let numbers = || first..first + count;
    let chats: Vec<Uuid> = numbers().map(|number| chat_id(number).uuid()).collect();
    let others: Vec<Uuid> = numbers().map(|number| person(number).uuid()).collect();
    let fill = sqlx::query(
        "WITH chat AS (
             SELECT id, other, $4 + nth * $5 AS time
             FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS chat (id, other, nth)
         ), made AS (
             INSERT INTO chat.chats (chat_id, lower_id, higher_id, create_time, last_sequence, last_activity)
             SELECT id, least(other, $1), greatest(other, $1), $4, 1, time FROM chat
         ), listed AS (
             INSERT INTO chat.activities (user_id, chat_id, time)
             SELECT $1, id, time FROM chat UNION ALL SELECT other, id, time FROM chat
         )
         INSERT INTO chat.messages (chat_id, sequence, message_id, sender_id, create_time, text)
         SELECT id, 1, gen_random_uuid(), $1, time, $6 FROM chat",
    );
    let fill =
        fill.bind(owner.uuid()).bind(chats).bind(others).bind(BEGIN_MICROS).bind(APART_MICROS).bind(TEXT);
    fill.execute(pool).await.expect("chats");
    if count >= MANY {
        tidy(pool, "chat.chats, chat.activities, chat.messages").await;
    }
}

/// What autovacuum would do in a while, now: so that it does not do it while something is measured.
async fn tidy(pool: &PgPool, tables: &str) {
    let vacuum = format!("VACUUM (ANALYZE) {tables}");
    sqlx::raw_sql(AssertSqlSafe(vacuum)).execute(pool).await.expect("vacuum");
}

async fn befriend(storage: &MemoryStorage, to: UserId, from: UserId, time: Timestamp) {
    let request = FriendRequest {
        request_id: any(),
        from,
        to,
        status: Status::Pending,
        create_time: time,
        update_time: time,
    };
    let event = Event {
        event_id: any(),
        recipient_id: to,
        actor_id: from,
        subject: Subject::FriendRequestReceived(request.request_id),
        occur_time: time,
    };
    let inserted = storage.insert_request(request, event).await.expect("a request");
    assert_eq!(inserted, InsertRequest::Inserted);
    let Ok(Answered::Changed { request, new_friendship }) = request.answer(to, Answer::Accept, time) else {
        panic!("a pending request can be accepted");
    };
    let settled = SettledRequest { request, new_friendship, event: None };
    let committed = storage.commit_answer(settled).await.expect("a friendship");
    assert_eq!(committed, CommitAnswer::Committed);
}
