//! Lists that are read by pages.

use std::fmt::Debug;

/// Reads a list in pages of every size from one to one more than there are items, and from behind each of its items.
///
/// `list` reads up to so many items behind a key, or from the beginning.
pub(crate) async fn assert_pages<T, K>(
    expected: &[T],
    key: impl Fn(&T) -> K,
    list: impl AsyncFn(Option<K>, usize) -> Vec<T>,
) where
    T: PartialEq + Debug,
{
    for limit in 1..=expected.len() + 1 {
        let (mut walked, mut behind) = (Vec::new(), None);
        loop {
            let page = list(behind.take(), limit).await;
            assert!(page.len() <= limit, "{} items in a page of up to {limit}", page.len());
            let Some(last) = page.last() else { break };
            behind = Some(key(last));
            walked.extend(page);
            assert!(walked.len() <= expected.len(), "pages of {limit} repeat something: {walked:?}");
        }
        assert_eq!(walked, expected, "in pages of {limit}");
    }
    for (index, item) in expected.iter().enumerate() {
        let rest = list(Some(key(item)), expected.len() + 1).await;
        assert_eq!(rest, expected[index + 1..], "behind item {index}");
    }
}
