//! A list that only grows, numbered 1, 2, 3 …: the messages of a chat, the notifications of a user.

use std::ops::Range;

/// Items in one chunk. Chunks never move, so that an addition to a list of millions costs what the first one did.
const CHUNK: usize = 512;

/// A list that only grows, numbered 1, 2, 3 ….
pub(crate) struct Log<T> {
    chunks: Vec<Vec<T>>,
    newest: i64,
}

impl<T> Log<T> {
    /// The number of the newest item; zero if there is none.
    pub(crate) fn newest(&self) -> i64 {
        self.newest
    }

    /// Adds an item under the next number.
    pub(crate) fn push(&mut self, item: T) {
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(item),
            Some(_) => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(item);
                self.chunks.push(chunk);
            }
            // Most lists stay short: the first chunk grows as it fills.
            None => self.chunks.push(vec![item]),
        }
        self.newest += 1;
    }

    /// The item with this number.
    pub(crate) fn get(&self, number: i64) -> Option<&T> {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        self.chunks.get(place / CHUNK)?.get(place % CHUNK)
    }

    /// The newest item.
    pub(crate) fn last(&self) -> Option<&T> {
        self.get(self.newest)
    }

    /// The numbers in use above `after` and below `before`.
    pub(crate) fn between(&self, after: i64, before: Option<i64>) -> Range<i64> {
        let end = self.newest + 1;
        after.clamp(0, self.newest) + 1..before.map_or(end, |before| before.min(end))
    }

    /// What `make` makes of the items with these numbers.
    pub(crate) fn read<U>(&self, numbers: impl Iterator<Item = i64>, make: impl Fn(i64, &T) -> U) -> Vec<U> {
        let mut items = Vec::with_capacity(numbers.size_hint().0);
        items.extend(numbers.filter_map(|number| Some(make(number, self.get(number)?))));
        items
    }

    /// The number of the last item that is `early`, where those that are come before all that are not; zero if
    /// none is.
    pub(crate) fn last_early(&self, early: impl Fn(&T) -> bool) -> i64 {
        let (mut last_early, mut first_late) = (0, self.newest + 1);
        while last_early + 1 < first_late {
            let middle = last_early.midpoint(first_late);
            if self.get(middle).is_some_and(&early) {
                last_early = middle;
            } else {
                first_late = middle;
            }
        }
        last_early
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), newest: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(length: i64) -> Log<i64> {
        let mut log = Log::default();
        (1..=length).for_each(|item| log.push(item));
        log
    }

    #[test]
    fn every_number_in_use_has_its_item_and_no_other_has() {
        for length in [0, 1, 511, 512, 513, 1024, 1300] {
            let log = log(length);
            assert_eq!(log.newest(), length);
            assert_eq!(log.last().copied(), (length > 0).then_some(length));
            let read = log.read(-2..length + 3, |number, _| number);
            assert_eq!(read, log.between(0, None).collect::<Vec<_>>());
            assert!((1..=length).all(|number| log.get(number) == Some(&number)));
            for number in [i64::MIN, -1, 0, length + 1, i64::MAX] {
                assert_eq!(log.get(number), None, "{number} of {length}");
            }
        }
    }

    #[test]
    fn bounds_of_any_size_are_clamped() {
        let log = log(10);
        let table = [
            (0, None, 1..11),
            (i64::MIN, None, 1..11),
            (i64::MAX, None, 11..11),
            (3, Some(7), 4..7),
            (0, Some(i64::MAX), 1..11),
        ];
        for (after, before, expected) in table {
            assert_eq!(log.between(after, before), expected, "{after} {before:?}");
        }
        for before in [i64::MIN, -1, 0, 1] {
            assert!(log.between(0, Some(before)).is_empty(), "{before}");
        }
    }

    #[test]
    fn the_last_early_item_is_found_wherever_it_is() {
        for length in [0, 1, 2, 3, 600] {
            let log = log(length);
            for edge in 0..=length {
                assert_eq!(log.last_early(|item| *item <= edge), edge, "{edge} of {length}");
            }
        }
    }
}
