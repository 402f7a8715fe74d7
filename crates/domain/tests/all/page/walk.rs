//! Walks: every list, page by page, while things come and go between the pages.

use std::collections::BTreeSet;

use duologue_domain::page::{Page, PageRequest};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::people::{Friends, Profiles, Requests, Sessions};
use super::talk::{Chats, Messages, NewestFirst, Notifications, OldestFirst, Unread};

/// A list that a test can change and page through; items are numbers.
pub(super) trait List {
    fn new() -> Self;

    /// Makes the item appear, if the list has a place for it.
    fn insert(&mut self, item: usize);

    /// Makes the item disappear, if items of this list can.
    fn remove(&mut self, item: usize);

    /// What is in the list, in the order that the contract gives it, as the test itself knows it.
    fn existing(&self) -> Vec<usize>;

    fn page(&self, request: &PageRequest) -> Page<usize>;
}

/// What happens between two pages.
#[derive(Debug, Clone, Copy)]
enum Change {
    Insert(usize),
    Remove(usize),
}

fn any_changes() -> impl Strategy<Value = Vec<Change>> {
    let item = 0..60_usize;
    prop::collection::vec(
        prop_oneof![item.clone().prop_map(Change::Insert), item.prop_map(Change::Remove)],
        0..12,
    )
}

/// A list of some items, a page size, and what happens after each page.
#[derive(Debug, Clone)]
struct Walk {
    items: Vec<usize>,
    size: i32,
    between: Vec<Vec<Change>>,
}

fn any_walk() -> impl Strategy<Value = Walk> {
    let items = prop::collection::vec(0..60_usize, 0..50);
    let between = prop::collection::vec(any_changes(), 0..20);
    (items, 1..=9_i32, between).prop_map(|(items, size, between)| Walk { items, size, between })
}

fn run<L: List>(walk: &Walk) -> TestCaseResult {
    let mut list = L::new();
    walk.items.iter().for_each(|item| list.insert(*item));
    let begun_with = list.existing();
    let mut throughout: BTreeSet<usize> = begun_with.iter().copied().collect();
    let (mut returned, mut cursor, mut between) = (Vec::new(), None, walk.between.iter());
    for pages in 0.. {
        prop_assert!(pages < 500, "the walk does not end");
        let page = list.page(&PageRequest::parse(walk.size, cursor).unwrap());
        prop_assert!(page.items.len() <= usize::try_from(walk.size).unwrap());
        prop_assert!(page.next_cursor.is_none() || !page.items.is_empty(), "an empty page leads on");
        returned.extend(page.items);
        let Some(next) = page.next_cursor else { break };
        cursor = Some(next.into_string());
        for change in between.next().into_iter().flatten() {
            match *change {
                Change::Insert(item) => list.insert(item),
                Change::Remove(item) => {
                    list.remove(item);
                    throughout.retain(|item| list.existing().contains(item));
                }
            }
        }
    }
    let once: BTreeSet<usize> = returned.iter().copied().collect();
    prop_assert_eq!(once.len(), returned.len(), "an item came twice: {:?}", returned);
    let expected: Vec<_> = begun_with.into_iter().filter(|item| throughout.contains(item)).collect();
    let kept: Vec<_> = returned.into_iter().filter(|item| throughout.contains(item)).collect();
    prop_assert_eq!(kept, expected, "what existed throughout, once, in order");
    Ok(())
}

/// A list that stands still has exactly as many pages as it needs, and the last one is known to be last.
fn exact_fit<L: List>(count: usize, size: usize) {
    let mut list = L::new();
    (0..count).for_each(|item| list.insert(item));
    let (mut sizes, mut cursor) = (Vec::new(), None);
    loop {
        let page = list.page(&PageRequest::parse(i32::try_from(size).unwrap(), cursor).unwrap());
        sizes.push(page.items.len());
        let Some(next) = page.next_cursor else { break };
        cursor = Some(next.into_string());
    }
    let count = list.existing().len();
    assert_eq!(sizes.len(), count.div_ceil(size).max(1), "{count} items in pages of {size}: {sizes:?}");
    assert_eq!(sizes.iter().sum::<usize>(), count);
}

macro_rules! walks {
    ($($claim:ident, $fit:ident: $list:ty;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]
            $(
                #[test]
                fn $claim(walk in any_walk()) {
                    run::<$list>(&walk)?;
                }
            )*
        }
        $(
            #[test]
            fn $fit() {
                for (count, size) in [(0, 3), (1, 1), (2, 3), (3, 3), (4, 3), (6, 3), (7, 3), (50, 100)] {
                    exact_fit::<$list>(count, size);
                }
            }
        )*
    };
}

walks! {
    friends_who_stay_are_listed_once, an_exact_fit_of_friends_ends: Friends;
    requests_that_stay_are_listed_once, an_exact_fit_of_requests_ends: Requests;
    profiles_that_stay_are_found_once, an_exact_fit_of_profiles_ends: Profiles;
    messages_are_listed_once_from_the_newest, an_exact_fit_of_newest_messages_ends: Messages<NewestFirst>;
    messages_are_listed_once_from_the_oldest, an_exact_fit_of_oldest_messages_ends: Messages<OldestFirst>;
    chats_are_listed_once_however_active, an_exact_fit_of_chats_ends: Chats;
    sessions_that_stay_are_listed_once, an_exact_fit_of_sessions_ends: Sessions;
    notifications_are_listed_once, an_exact_fit_of_notifications_ends: Notifications;
    unread_notifications_that_stay_so_are_listed_once, an_exact_fit_of_unread_notifications_ends: Unread;
}
