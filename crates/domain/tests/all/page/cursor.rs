//! Cursors lead on in the one list that they were made for, and whatever was changed in them is refused.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duologue_domain::auth::SessionKey;
use duologue_domain::chat::Sequence;
use duologue_domain::id::{Id, RequestId, SessionId, UserId};
use duologue_domain::notification::Position;
use duologue_domain::page::{Cursor, CursorKey, CursorSealer, InvalidCursor, PageRequest, Scope};
use duologue_domain::social::{FriendshipKey, RequestKey};
use duologue_domain::time::Timestamp;
use duologue_domain::user::Nickname;
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::{cursors, user};

static SCOPE: LazyLock<Scope<'static>> =
    LazyLock::new(|| Scope { list: "ListFriends", caller: user(1), filter: b"incoming" });

/// Presents a text as a client does.
fn open(sealer: &CursorSealer, scope: Scope<'_>, text: &str) -> Result<Vec<u8>, InvalidCursor> {
    let request = PageRequest::parse(0, Some(text.to_owned())).map_err(|_| InvalidCursor)?;
    sealer.open(scope, &request.cursor.unwrap())
}

fn any_scope() -> impl Strategy<Value = (&'static str, UserId, Vec<u8>)> {
    let list = prop::sample::select(vec!["ListFriends", "ListRequests", "ListMessages", "List"]);
    (list, any::<u128>().prop_map(user), prop::collection::vec(any::<u8>(), 0..80))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_key_comes_back_in_its_scope_and_in_no_other(
        (list, caller, filter) in any_scope(),
        other in any_scope(),
        key in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let sealer = cursors();
        let scope = Scope { list, caller, filter: &filter };
        let cursor = sealer.seal(scope, &key);
        prop_assert_eq!(open(&sealer, scope, cursor.as_str()), Ok(key));
        let allowed = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        prop_assert!(cursor.as_str().chars().all(allowed), "{:?} must be safe in a URL", cursor);
        let others = [
            Scope { list: other.0, ..scope },
            Scope { caller: other.1, ..scope },
            Scope { filter: &other.2, ..scope },
        ];
        for other in others {
            if (other.list, other.caller, other.filter) != (scope.list, scope.caller, scope.filter) {
                prop_assert_eq!(open(&sealer, other, cursor.as_str()), Err(InvalidCursor), "{:?}", other);
            }
        }
        let other_key = CursorSealer::new(&[8; 32]);
        prop_assert_eq!(open(&other_key, scope, cursor.as_str()), Err(InvalidCursor));
    }

    #[test]
    fn every_changed_byte_is_refused(
        key in prop::collection::vec(any::<u8>(), 0..60),
        flip in 1..=255_u8,
    ) {
        let sealer = cursors();
        let bytes = URL_SAFE_NO_PAD.decode(sealer.seal(*SCOPE, &key).as_str()).unwrap();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= flip;
            let text = URL_SAFE_NO_PAD.encode(changed);
            prop_assert_eq!(open(&sealer, *SCOPE, &text), Err(InvalidCursor), "byte {} of {}", place, bytes.len());
        }
    }

    #[test]
    fn a_byte_that_moves_from_the_filter_to_the_key_is_noticed(text in "[a-z]{2,12}") {
        let sealer = cursors();
        let (filter, key) = text.split_at(1);
        let genuine = sealer.seal(Scope { filter: filter.as_bytes(), ..*SCOPE }, key.as_bytes());
        let bytes = URL_SAFE_NO_PAD.decode(genuine.as_str()).unwrap();
        let (version, checksum) = (bytes[0], &bytes[1 + key.len()..]);
        let moved = [&[version], text.as_bytes(), checksum].concat();
        let forged = URL_SAFE_NO_PAD.encode(moved);
        prop_assert_eq!(open(&sealer, Scope { filter: b"", ..*SCOPE }, &forged), Err(InvalidCursor));
    }
}

/// Cursors whose lengths leave zero, one and two bytes over, so that base64 ends in each of its ways.
fn samples() -> [(Vec<u8>, Cursor); 3] {
    [24, 25, 26].map(|length| {
        let key: Vec<u8> = (0..length).collect();
        let cursor = cursors().seal(*SCOPE, &key);
        (key, cursor)
    })
}

#[test]
fn every_changed_character_is_refused() {
    let candidates: Vec<char> = (' '..='~').chain(['\u{0}', '\n', 'é', '🦀']).collect();
    for (key, cursor) in samples() {
        let text: Vec<char> = cursor.as_str().chars().collect();
        for place in 0..text.len() {
            for candidate in candidates.iter().filter(|candidate| **candidate != text[place]) {
                let mut changed = text.clone();
                changed[place] = *candidate;
                let changed: String = changed.into_iter().collect();
                assert_eq!(
                    open(&cursors(), *SCOPE, &changed),
                    Err(InvalidCursor),
                    "{candidate:?} at {place}"
                );
            }
        }
        assert_eq!(open(&cursors(), *SCOPE, cursor.as_str()), Ok(key));
    }
}

#[test]
fn what_was_cut_or_extended_is_refused() {
    for (_, cursor) in samples() {
        let text = cursor.as_str();
        for length in 0..text.len() {
            assert_eq!(open(&cursors(), *SCOPE, &text[..length]), Err(InvalidCursor), "first {length}");
            assert_eq!(
                open(&cursors(), *SCOPE, &text[text.len() - length..]),
                Err(InvalidCursor),
                "last {length}"
            );
        }
        for more in ["A", "AA", "AAA", "AAAA", "=", "==", "\n", " ", "\u{0}"] {
            assert_eq!(
                open(&cursors(), *SCOPE, &format!("{text}{more}")),
                Err(InvalidCursor),
                "{more:?} behind"
            );
            assert_eq!(
                open(&cursors(), *SCOPE, &format!("{more}{text}")),
                Err(InvalidCursor),
                "{more:?} in front"
            );
        }
        assert_eq!(open(&cursors(), *SCOPE, &text.repeat(2)), Err(InvalidCursor), "twice");
    }
}

/// The key comes back, damaged bytes are no key, and the cursor is short enough.
fn holds<K: CursorKey + PartialEq + std::fmt::Debug>(key: &K) {
    let bytes = key.to_bytes();
    assert_eq!(K::from_bytes(&bytes).as_ref(), Some(key));
    assert_eq!(K::from_bytes(&[]), None);
    let too_many = [bytes.as_slice(), &[0; 20]].concat();
    assert_eq!(K::from_bytes(&too_many), None, "{key:?} with bytes behind");
    let cursor = cursors().seal(Scope { list: "SearchByNickname", filter: &[255; 64], ..*SCOPE }, &bytes);
    assert!(cursor.as_str().len() <= Cursor::MAX_LENGTH, "{key:?}");
}

#[test]
fn every_key_in_use_comes_back_and_fits() {
    let uuid = Uuid::from_u128(u128::MAX);
    for create_time in [Timestamp::from_unix_micros(i64::MIN), Timestamp::default(), Timestamp::MAX] {
        holds(&RequestKey { create_time, request_id: RequestId::from_uuid(uuid) });
        holds(&FriendshipKey { create_time, friend_id: UserId::from_uuid(uuid) });
        holds(&SessionKey { create_time, session_id: SessionId::from_uuid(uuid) });
    }
    for number in [i64::MIN, -1, 0, 1, i64::MAX] {
        holds(&Sequence(number));
        holds(&Position(number));
    }
    for nickname in ["abc", "zzzzzzzzzzzzzzzzzzzz"] {
        holds::<Nickname>(&nickname.parse().unwrap());
    }
}

#[test]
fn a_genuine_cursor_with_a_key_of_another_kind_is_refused() {
    let cursor = cursors().seal(*SCOPE, b"not eight");
    let request = PageRequest::parse(0, Some(cursor.into_string())).unwrap();
    assert_eq!(cursors().position::<Sequence>(*SCOPE, &request), Err(InvalidCursor));
    assert_eq!(cursors().position::<RequestKey>(*SCOPE, &request), Err(InvalidCursor));
}
