//! Finding profiles by the beginning of their nickname.

use duologue_domain::user::{Nickname, ProfileChange, SearchPrefix};

use super::insert;
use crate::fixture::Storage;
use crate::pages::assert_pages;
use crate::race::{CONTENDERS, at_once, contender};
use crate::world::{Acknowledged as _, at, named_profile, parsed};

/// In no order; a linguistic collation, or wildcards, would tell them apart wrongly.
const NICKNAMES: [&str; 22] = [
    "ab_",
    "ab0",
    "aba",
    "abz",
    "ab_0",
    "ab_a",
    "ab__",
    "ab_z9",
    "abc",
    "abcd",
    "ab0_",
    "a_b",
    "a0b",
    "a__",
    "___",
    "_ab",
    "__a",
    "0ab",
    "zzz",
    "zzzzzzzzzzzzzzzzzzzz",
    "009",
    "ab9",
];

pub(crate) async fn a_prefix_finds_literally_and_bytewise_in_pages_of_every_size(storage: &Storage) {
    store(storage, &NICKNAMES).await;
    for prefix in
        ["a", "ab", "ab_", "_", "__", "___", "a_", "ab_0", "abc", "0", "z", "zzzz", "abcde", "b", "9"]
    {
        let mut expected: Vec<_> = NICKNAMES.into_iter().filter(|name| name.starts_with(prefix)).collect();
        expected.sort_unstable();
        assert_pages(
            &expected,
            |name| *name,
            async |after, limit| {
                let found = list(storage, prefix, after, limit).await;
                found
                    .iter()
                    .map(|found| NICKNAMES.into_iter().find(|name| name == found).expect("stored"))
                    .collect()
            },
        )
        .await;
    }
}

pub(crate) async fn no_character_of_a_prefix_is_a_wildcard(storage: &Storage) {
    store(storage, &NICKNAMES).await;
    for prefix in
        ["%", "a%", "%b", "*", "?", ".", "a.", "[a-z]", "\\", "a\\", "ab\\_", "'", "a'--", "\"", " a", "a "]
    {
        assert_eq!(list(storage, prefix, None, 50).await, Vec::<String>::new(), "{prefix:?}");
    }
}

pub(crate) async fn a_prefix_that_no_nickname_can_have_finds_nothing(storage: &Storage) {
    store(storage, &NICKNAMES).await;
    let long = "İ".repeat(20);
    // The last ones have no next character, or none next to them, for whoever searches by an upper bound.
    for prefix in
        ["é", "ж", "ab🦀", &long, "a\u{10ffff}", "\u{10ffff}", "a\u{d7ff}", "\u{e000}", "a\u{7f}", "a\u{1}"]
    {
        assert_eq!(list(storage, prefix, None, 50).await, Vec::<String>::new(), "{prefix:?}");
    }
}

pub(crate) async fn a_bound_outside_of_the_prefix_cuts_as_its_bytes_do(storage: &Storage) {
    store(storage, &NICKNAMES).await;
    let all = list(storage, "abc", None, 50).await;
    assert_eq!(all, ["abc", "abcd"]);
    for below in ["000", "___", "aaa", "abb", "ab_"] {
        assert_eq!(list(storage, "abc", Some(below), 50).await, all, "{below}");
    }
    for above in ["abd", "zzz", "abcd", "abcdz"] {
        assert_eq!(list(storage, "abc", Some(above), 50).await, Vec::<String>::new(), "{above}");
    }
    assert_eq!(list(storage, "abc", Some("abc0"), 50).await, ["abcd"], "a bound that nobody has");
}

pub(crate) async fn a_renamed_profile_is_listed_under_its_new_nickname_only(storage: &Storage) {
    let stored = named_profile("before");
    insert(storage, &stored).await;
    let change = ProfileChange { nickname: Some(parsed("afterwards")), ..ProfileChange::default() };
    storage.profiles().update_profile(stored.user_id, change, at(9)).await.answered();
    assert_eq!(list(storage, "bef", None, 5).await, Vec::<String>::new());
    assert_eq!(list(storage, "after", None, 5).await, ["afterwards"]);
}

pub(crate) async fn a_profile_is_listed_as_soon_as_inserting_it_has_answered(storage: &Storage) {
    for round in 0..10 {
        let found = at_once((0..CONTENDERS).map(|index| {
            let storage = storage.clone();
            contender(async move {
                let nickname = format!("soon_{round}_{index}");
                insert(&storage, &named_profile(&nickname)).await;
                list(&storage, &nickname, None, 5).await == [nickname]
            })
        }))
        .await;
        assert_eq!(found, [true; CONTENDERS]);
    }
}

/// Stores profiles with these nicknames.
async fn store(storage: &Storage, nicknames: &[&str]) {
    for nickname in nicknames {
        insert(storage, &named_profile(nickname)).await;
    }
}

/// The nicknames that are found.
async fn list(storage: &Storage, prefix: &str, after: Option<&str>, limit: usize) -> Vec<String> {
    let prefix = SearchPrefix::parse(prefix).expect("a prefix");
    let after = after.map(parsed::<Nickname>);
    let found = storage.profiles().list_profiles_by_prefix(&prefix, after.clone(), limit).await.answered();
    found.into_iter().map(|profile| profile.nickname.to_string()).collect()
}
