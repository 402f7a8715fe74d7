//! The assertions themselves: noted with their place, and silent where the session wants them to be.

use std::fmt::Debug;

use duologue_contract::Rpc;
use tonic::Code;

use super::{CallResult, Outcome, Place, Stop, World};
use crate::door::{Answer, Call, Failure, code_name};
use crate::scenario::Cell;

impl World {
    /// Asserts, and goes on either way.
    #[track_caller]
    pub fn check(&self, holds: bool, sentence: impl FnOnce() -> String) -> bool {
        self.check_at(Place::of_caller(), holds, sentence)
    }

    pub(super) fn check_at(&self, place: Place, holds: bool, sentence: impl FnOnce() -> String) -> bool {
        if self.session().silences(place) {
            return true;
        }
        self.count_assertion();
        self.inner.journal.lock().place(place, holds);
        if !holds {
            self.note_violation(sentence());
        }
        holds
    }

    /// Asserts that two values are equal, and goes on either way.
    #[track_caller]
    pub fn check_eq<A: PartialEq + Debug>(&self, what: &str, actual: &A, expected: &A) -> bool {
        self.check_at(Place::of_caller(), actual == expected, || {
            format!("{what}: expected {expected:?}, found {actual:?}")
        })
    }

    /// Asserts what the rest of the scenario cannot do without.
    #[track_caller]
    pub fn require(&self, holds: bool, sentence: impl FnOnce() -> String) -> Outcome {
        if self.check_at(Place::of_caller(), holds, sentence) { Ok(()) } else { Err(Stop::Violated) }
    }

    /// Notes a violation and goes on.
    #[track_caller]
    pub fn violation(&self, text: impl Into<String>) {
        let place = Place::of_caller();
        if !self.session().silences(place) {
            self.inner.journal.lock().place(place, false);
            self.note_violation(text);
        }
    }

    /// Asserts that a call was refused with this code.
    #[track_caller]
    pub fn expect_refused(
        &self,
        rpc: Rpc,
        result: CallResult<()>,
        code: Code,
    ) -> Outcome<Option<Box<Failure>>> {
        self.expect_refused_at(Place::of_caller(), rpc, result, code)
    }

    pub(super) fn expect_refused_at(
        &self,
        place: Place,
        rpc: Rpc,
        result: CallResult<()>,
        code: Code,
    ) -> Outcome<Option<Box<Failure>>> {
        if self.session().silences(place) {
            return Ok(None);
        }
        let violated = |found: String| {
            self.inner.journal.lock().place(place, false);
            self.note_violation(format!("{}: expected {}, got {found}", rpc.path(), code_name(code)));
            Ok(None)
        };
        match result {
            Err(failure) if failure.code == code && !failure.is_transport => {
                self.inner.journal.lock().place(place, true);
                self.assert_cell(Cell::new(rpc, code));
                Ok(Some(failure))
            }
            Err(failure) if failure.is_transport && failure.code == Code::Unavailable => {
                Err(self.stopped(rpc, "", &failure))
            }
            Err(failure) if failure.code == Code::Unimplemented => Err(self.stopped(rpc, "", &failure)),
            Err(failure) => violated(failure.to_string()),
            Ok(()) => violated("OK".to_owned()),
        }
    }

    /// Asserts the code of an answer to a call that was found in the descriptor set.
    #[track_caller]
    pub fn expect_answer(&self, rpc: Rpc, answer: Answer, code: Code) -> Outcome<Option<Box<Failure>>> {
        self.expect_refused_at(Place::of_caller(), rpc, answer.outcome.map(|_| ()), code)
    }

    /// Counts what racing calls came to: how many succeeded, all others refused with this code.
    #[track_caller]
    pub fn tally<T: Call>(&self, results: Vec<CallResult<T::Reply>>, loser: Code) -> Outcome<Vec<T::Reply>> {
        let place = Place::of_caller();
        let mut winners = Vec::new();
        for result in results {
            match result {
                Ok(reply) => {
                    self.assert_cell(Cell::new(T::RPC, Code::Ok));
                    winners.push(reply);
                }
                Err(failure) => {
                    self.expect_refused_at(place, T::RPC, Err(failure), loser)?;
                }
            }
        }
        Ok(winners)
    }
}
