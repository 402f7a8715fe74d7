//! Numbers that a seed repeats, on every machine and in every version.

use std::sync::atomic::{AtomicU64, Ordering};

/// `SplitMix64`: small, good enough for choices, the same for ever.
#[derive(Debug)]
pub struct Random(AtomicU64);

impl Random {
    /// The sequence of a seed and a name, so that scenarios do not disturb each other's.
    #[must_use]
    pub fn new(seed: u64, name: &str) -> Self {
        let mixed = name.bytes().fold(seed ^ 0x9E37_79B9_7F4A_7C15, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(17)
        });
        Self(AtomicU64::new(mixed))
    }

    /// The next number.
    pub fn next(&self) -> u64 {
        let state =
            self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed).wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub fn below(&self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from(self.next() % bound).unwrap_or_default()
    }

    /// One of these.
    pub fn pick<'a, T>(&self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(choices.len()))
    }
}

/// A number that no other run has.
#[must_use]
pub fn entropy() -> u64 {
    let mut bytes = [0; 8];
    if getrandom::fill(&mut bytes).is_err() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        bytes = now.as_micros().to_le_bytes()[..8].try_into().unwrap_or_default();
    }
    u64::from_le_bytes(bytes)
}

/// A number in digits and small letters, of so many characters.
#[must_use]
pub fn base36(mut number: u64, width: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut text = vec!['0'; width];
    for letter in text.iter_mut().rev() {
        *letter = char::from(DIGITS[usize::try_from(number % 36).unwrap_or_default()]);
        number /= 36;
    }
    text.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_names_part_ways() {
        let of = |name| Random::new(7, name).next();
        assert_eq!(of("a"), of("a"));
        assert_ne!(of("a"), of("b"));
    }
}
