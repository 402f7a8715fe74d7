//! What must hold for a walk through pages.

use std::collections::HashSet;

/// One page of a walk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Ids of its items.
    pub ids: Vec<String>,
    /// The cursor of the next one.
    pub next_cursor: Option<String>,
}

/// What is wrong with a walk; numbers count pages from zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalkFault {
    /// A page holds more items than asked for.
    TooMany(usize),
    /// A page before the last one holds less than asked for.
    Short(usize),
    /// An item comes twice.
    Repeated(String),
    /// A cursor leads to where the walk has been.
    Circle(usize),
    /// The last page is empty although there were others: the one before it was known to be last.
    EmptyEnd,
    /// A cursor is empty, longer than 512 characters, or not URL-safe.
    CursorForm(usize),
}

/// Everything that is wrong with a whole walk.
#[must_use]
pub fn check_walk(walk: &[Page], limit: usize) -> Vec<WalkFault> {
    let mut faults = Vec::new();
    let (mut items, mut cursors) = (HashSet::new(), HashSet::new());
    for (number, page) in walk.iter().enumerate() {
        let is_last = number + 1 == walk.len();
        if page.ids.len() > limit {
            faults.push(WalkFault::TooMany(number));
        }
        if page.ids.len() < limit && !is_last {
            faults.push(WalkFault::Short(number));
        }
        if page.ids.is_empty() && is_last && number > 0 {
            faults.push(WalkFault::EmptyEnd);
        }
        for id in &page.ids {
            if !items.insert(id) {
                faults.push(WalkFault::Repeated(id.clone()));
            }
        }
        if let Some(cursor) = &page.next_cursor {
            let is_safe = |letter: char| letter.is_ascii_alphanumeric() || "-._~".contains(letter);
            if cursor.is_empty() || cursor.len() > 512 || !cursor.chars().all(is_safe) {
                faults.push(WalkFault::CursorForm(number));
            }
            if !cursors.insert(cursor) {
                faults.push(WalkFault::Circle(number));
            }
        }
    }
    faults
}

/// Which of the items that were there throughout are missing from a walk or come more than once.
#[must_use]
pub fn missing_or_repeated(walk: &[Page], throughout: &[String]) -> Vec<String> {
    let count = |id: &String| walk.iter().flat_map(|page| &page.ids).filter(|found| *found == id).count();
    throughout.iter().filter(|id| count(id) != 1).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Told<'a> = (&'a [&'a str], Option<&'a str>);

    fn walk(pages: &[Told<'_>]) -> Vec<Page> {
        let page = |(ids, cursor): &Told<'_>| Page {
            ids: ids.iter().map(ToString::to_string).collect(),
            next_cursor: cursor.map(str::to_owned),
        };
        pages.iter().map(page).collect()
    }

    #[test]
    fn a_good_walk_has_no_fault() {
        assert_eq!(check_walk(&walk(&[(&["a", "b"], Some("x")), (&["c"], None)]), 2), []);
        assert_eq!(check_walk(&walk(&[(&["a", "b"], Some("x")), (&["c", "d"], None)]), 2), []);
        assert_eq!(check_walk(&walk(&[(&[], None)]), 2), []);
    }

    #[test]
    fn each_defect_is_seen() {
        let table: [(&[Told<'_>], WalkFault); 6] = [
            (&[(&["a", "b", "c"], None)], WalkFault::TooMany(0)),
            (&[(&["a"], Some("x")), (&["b"], None)], WalkFault::Short(0)),
            (&[(&["a", "b"], Some("x")), (&["b"], None)], WalkFault::Repeated("b".to_owned())),
            (&[(&["a", "b"], Some("x")), (&["c", "d"], Some("x")), (&["e"], None)], WalkFault::Circle(1)),
            (&[(&["a", "b"], Some("x")), (&[], None)], WalkFault::EmptyEnd),
            (&[(&["a", "b"], Some("x/y")), (&["c"], None)], WalkFault::CursorForm(0)),
        ];
        for (pages, fault) in table {
            assert_eq!(check_walk(&walk(pages), 2), [fault]);
        }
    }

    #[test]
    fn an_item_that_stayed_and_is_not_found_once_is_named() {
        let walk = walk(&[(&["a", "b"], Some("x")), (&["b"], None)]);
        let stayed = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(missing_or_repeated(&walk, &stayed), ["b", "c"]);
    }
}
