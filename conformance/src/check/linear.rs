//! Whether a history of concurrent operations equals some serial order of them.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::time::Instant;

/// One operation: when it was asked, when it was answered, and what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation<O> {
    /// When it was sent.
    pub began: Instant,
    /// When its answer was there.
    pub ended: Instant,
    /// Who asked for what, and the answer.
    pub what: O,
}

/// A small object: what an operation makes of its state, or that it cannot have been answered so in that state.
pub trait Model {
    /// The state of the object.
    type State: Clone + Eq + Hash + Debug;
    /// An operation together with its answer.
    type Operation: Debug;

    /// The state before anything happened.
    fn initial(&self) -> Self::State;

    /// The state after the operation; `None` when it cannot have had that answer.
    fn apply(&self, state: &Self::State, operation: &Self::Operation) -> Option<Self::State>;
}

/// Whether the history equals a serial order that keeps to real time, and ends in a state that `is_end` accepts.
///
/// The search of Wing and Gong; histories are of a few operations (at most 64).
pub fn is_linearizable<M: Model>(
    model: &M,
    history: &[Operation<M::Operation>],
    is_end: impl Fn(&M::State) -> bool,
) -> bool {
    let everything = if history.len() >= 64 { u64::MAX } else { (1_u64 << history.len()) - 1 };
    let (mut open, mut seen) = (vec![(0_u64, model.initial())], HashSet::new());
    while let Some((done, state)) = open.pop() {
        if done == everything && is_end(&state) {
            return true;
        }
        if !seen.insert((done, state.clone())) {
            continue;
        }
        let remaining: Vec<usize> = (0..history.len()).filter(|index| done & (1 << index) == 0).collect();
        // What was answered before another was asked comes before it.
        let earliest_end = remaining.iter().map(|index| history[*index].ended).min();
        for index in remaining {
            let operation = &history[index];
            if earliest_end.is_some_and(|end| operation.began > end) {
                continue;
            }
            if let Some(next) = model.apply(&state, &operation.what) {
                open.push((done | (1 << index), next));
            }
        }
    }
    false
}

/// A name that one contender may take, once: the first to come has it.
#[derive(Debug, Clone, Copy)]
pub struct Once;

/// Contender and answer: whether it was told that the name is now its own.
pub type Claim = (usize, bool);

impl Model for Once {
    type State = Option<usize>;
    type Operation = Claim;

    fn initial(&self) -> Self::State {
        None
    }

    fn apply(&self, owner: &Self::State, (contender, won): &Claim) -> Option<Self::State> {
        match (owner, won) {
            (None, true) => Some(Some(*contender)),
            (Some(_), false) => Some(*owner),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn history(claims: &[(u64, u64, Claim)]) -> Vec<Operation<Claim>> {
        let start = Instant::now();
        let at = |millisecond: u64| start + Duration::from_millis(millisecond);
        claims
            .iter()
            .map(|(began, ended, what)| Operation { began: at(*began), ended: at(*ended), what: *what })
            .collect()
    }

    fn accepts(claims: &[(u64, u64, Claim)]) -> bool {
        is_linearizable(&Once, &history(claims), Option::is_some)
    }

    #[test]
    fn one_winner_among_concurrent_claims_is_linearizable() {
        assert!(accepts(&[(0, 9, (0, false)), (1, 8, (1, true)), (2, 7, (2, false)), (3, 6, (3, false))]));
    }

    #[test]
    fn two_winners_no_winner_and_a_loser_before_the_winner_are_not() {
        assert!(!accepts(&[(0, 9, (0, true)), (1, 8, (1, true))]));
        assert!(!accepts(&[(0, 9, (0, false)), (1, 8, (1, false))]));
        assert!(!accepts(&[(0, 1, (0, false)), (2, 3, (1, true))]));
    }
}
