//! Wake-ups as bytes.
//!
//! A payload is `dwu`, a version, the sender's UUID, then entries: a kind, the length of what follows, the UUID of
//! what has news, and the position, big-endian without its leading zeros. A kind that is not known is skipped by its
//! length, so that a release can add one while the others still run.

use bytes::{BufMut as _, Bytes, BytesMut};
use duologue_domain::id::{ChatId, Id as _, SessionId, UserId};
use duologue_domain::wakeup::Topic;
use uuid::Uuid;

/// The largest payload, in bytes: in base64 it stays below the 8,000 bytes that PostgreSQL allows a notification.
pub const PAYLOAD_LIMIT: usize = 5_900;

const MAGIC: &[u8; 3] = b"dwu";
const VERSION: u8 = 1;

/// Kind, length, UUID, position.
const LONGEST_ENTRY: usize = 1 + 1 + 16 + 8;

const CHAT: u8 = 1;
const NOTIFICATIONS: u8 = 2;
const SESSION: u8 = 3;

/// What a payload says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) sender: Uuid,
    pub(crate) news: Vec<(Topic, i64)>,
}

/// Why a payload cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is none, or a damaged one.
    Malformed,
    /// It is of a version that this release does not know.
    Version,
}

/// The kind of a topic, and what has news; nothing of a topic that stays in its process.
fn kind(topic: Topic) -> Option<(u8, Uuid)> {
    match topic {
        Topic::Chat(chat_id) => Some((CHAT, chat_id.uuid())),
        Topic::Notifications(user_id) => Some((NOTIFICATIONS, user_id.uuid())),
        Topic::Session(session_id) => Some((SESSION, session_id.uuid())),
        Topic::Events => None,
    }
}

/// Whether a topic's news are for other processes too.
pub(crate) fn travels(topic: Topic) -> bool {
    kind(topic).is_some()
}

/// The wake-ups as payloads within the limit, each with the number of wake-ups in it.
pub(crate) fn encode(sender: Uuid, news: impl IntoIterator<Item = (Topic, i64)>) -> Vec<(Bytes, usize)> {
    let mut payloads = Vec::new();
    let (mut payload, mut wake_ups) = (begin(sender), 0);
    for (topic, position) in news {
        let Some((kind, uuid)) = kind(topic) else { continue };
        if payload.len() + LONGEST_ENTRY > PAYLOAD_LIMIT {
            payloads.push((
                std::mem::replace(&mut payload, begin(sender)).freeze(),
                std::mem::take(&mut wake_ups),
            ));
        }
        let position = position.to_be_bytes();
        let zeros = position.iter().take_while(|byte| **byte == 0).count();
        payload.put_u8(kind);
        payload.put_slice(&[u8::try_from(16 + 8 - zeros).unwrap_or(u8::MAX)]);
        payload.put_slice(uuid.as_bytes());
        payload.put_slice(&position[zeros..]);
        wake_ups += 1;
    }
    if wake_ups > 0 {
        payloads.push((payload.freeze(), wake_ups));
    }
    payloads
}

fn begin(sender: Uuid) -> BytesMut {
    let mut payload = BytesMut::with_capacity(PAYLOAD_LIMIT);
    payload.put_slice(MAGIC);
    payload.put_u8(VERSION);
    payload.put_slice(sender.as_bytes());
    payload
}

/// Reads a payload.
pub(crate) fn decode(bytes: &[u8]) -> Result<Payload, Unreadable> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(Unreadable::Malformed)?;
    let (version, rest) = rest.split_first().ok_or(Unreadable::Malformed)?;
    if *version != VERSION {
        return Err(Unreadable::Version);
    }
    let (sender, mut rest) = rest.split_first_chunk::<16>().ok_or(Unreadable::Malformed)?;
    let mut news = Vec::new();
    while let [kind, length, entries @ ..] = rest {
        let (entry, others) = entries.split_at_checked(usize::from(*length)).ok_or(Unreadable::Malformed)?;
        news.extend(decode_entry(*kind, entry)?);
        rest = others;
    }
    if !rest.is_empty() {
        return Err(Unreadable::Malformed);
    }
    Ok(Payload { sender: Uuid::from_bytes(*sender), news })
}

/// One wake-up; nothing of a kind that is not known.
fn decode_entry(kind: u8, entry: &[u8]) -> Result<Option<(Topic, i64)>, Unreadable> {
    let topic: fn(Uuid) -> Topic = match kind {
        CHAT => |uuid| Topic::Chat(ChatId::from_uuid(uuid)),
        NOTIFICATIONS => |uuid| Topic::Notifications(UserId::from_uuid(uuid)),
        SESSION => |uuid| Topic::Session(SessionId::from_uuid(uuid)),
        _ => return Ok(None),
    };
    let (uuid, significant) = entry.split_first_chunk::<16>().ok_or(Unreadable::Malformed)?;
    let mut position = [0; 8];
    let zeros = position.len().checked_sub(significant.len()).ok_or(Unreadable::Malformed)?;
    position[zeros..].copy_from_slice(significant);
    Ok(Some((topic(Uuid::from_bytes(*uuid)), i64::from_be_bytes(position))))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// The length of magic, version and sender.
    const HEADER: usize = 3 + 1 + 16;

    fn topics() -> impl Strategy<Value = Topic> {
        (0..3, any::<u128>()).prop_map(|(kind, uuid)| {
            let uuid = Uuid::from_u128(uuid);
            match kind {
                0 => Topic::Chat(ChatId::from_uuid(uuid)),
                1 => Topic::Notifications(UserId::from_uuid(uuid)),
                _ => Topic::Session(SessionId::from_uuid(uuid)),
            }
        })
    }

    fn positions() -> impl Strategy<Value = i64> {
        prop_oneof![any::<i64>(), 0..1_000_i64, Just(i64::MAX), Just(i64::MIN), Just(0)]
    }

    fn sender() -> Uuid {
        Uuid::from_u128(7)
    }

    fn one() -> Bytes {
        let (payload, _) =
            encode(sender(), [(Topic::Chat(ChatId::from_uuid(Uuid::from_u128(1))), 300)]).remove(0);
        payload
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(news in vec((topics(), positions()), 0..1_500), uuid: u128) {
            let sender = Uuid::from_u128(uuid);
            let payloads = encode(sender, news.clone());
            let mut read = Vec::new();
            for (payload, wake_ups) in payloads {
                prop_assert!(payload.len() <= PAYLOAD_LIMIT);
                let payload = decode(&payload).unwrap();
                prop_assert_eq!(payload.sender, sender);
                prop_assert_eq!(payload.news.len(), wake_ups);
                read.extend(payload.news);
            }
            prop_assert_eq!(read, news);
        }

        #[test]
        fn garbage_is_refused_and_nothing_worse(bytes in vec(any::<u8>(), 0..200)) {
            prop_assert!(decode(&bytes).is_err());
        }

        #[test]
        fn damage_is_no_panic(position in 0..one().len(), byte: u8, length in 0..one().len()) {
            let mut bytes = one().to_vec();
            bytes[position] = byte;
            bytes.truncate(length + 1);
            decode(&bytes).ok();
        }
    }

    #[test]
    fn a_payload_is_as_it_was_in_version_1() {
        let mut expected = b"dwu\x01".to_vec();
        expected.extend([0; 15]);
        expected.push(7);
        expected.extend([1, 18]);
        expected.extend([0; 15]);
        expected.extend([1, 1, 44]);
        assert_eq!(one(), expected);
    }

    #[test]
    fn nothing_makes_no_payload_and_events_stay() {
        assert_eq!(encode(sender(), []), []);
        assert_eq!(encode(sender(), [(Topic::Events, 1)]), []);
        assert!(!travels(Topic::Events));
    }

    #[test]
    fn a_kind_of_a_later_release_is_skipped() {
        let mut bytes = one().to_vec();
        let entry = bytes.split_off(HEADER);
        bytes.extend([200, 3, 9, 9, 9]);
        bytes.extend(entry);
        assert_eq!(decode(&bytes), decode(&one()));
    }

    #[test]
    fn what_cannot_be_read_is_refused_for_its_reason() {
        let changed = |position: usize, byte: u8| {
            let mut bytes = one().to_vec();
            bytes[position] = byte;
            bytes
        };
        let table = [
            ("nothing", Vec::new(), Unreadable::Malformed),
            ("another magic", changed(0, b'D'), Unreadable::Malformed),
            ("another version", changed(3, 2), Unreadable::Version),
            ("no sender", one()[..HEADER - 1].to_vec(), Unreadable::Malformed),
            ("an entry cut off", one()[..one().len() - 1].to_vec(), Unreadable::Malformed),
            ("a kind and nothing more", one()[..=HEADER].to_vec(), Unreadable::Malformed),
            ("an entry without a UUID", [&one()[..HEADER], &[CHAT, 2, 0, 0]].concat(), Unreadable::Malformed),
            (
                "a position too long",
                [&one()[..HEADER], &[CHAT, 25], &[0; 25]].concat(),
                Unreadable::Malformed,
            ),
        ];
        for (name, bytes, expected) in table {
            assert_eq!(decode(&bytes), Err(expected), "{name}");
        }
    }

    #[test]
    fn the_limit_is_that_of_a_notification_in_base64() {
        assert!(PAYLOAD_LIMIT.div_ceil(3) * 4 < 8_000);
    }
}
