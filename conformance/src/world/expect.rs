//! What scenarios assert, and how they say it.

use std::fmt::Debug;

use duologue_contract::Rpc;
use duologue_contract::errors::Reason;
use tonic::Code;

use super::{CallResult, Outcome, Stop, World};
use crate::door::{Answer, Call, Envelope, Failure, code_name};
use crate::scenario::Cell;

impl World {
    /// Calls an RPC that must succeed, as a step on the way: claims no cell.
    pub async fn arrange<T: Call>(&self, envelope: impl Into<Envelope>, request: &T) -> Outcome<T::Reply> {
        let result = self.call(envelope, request).await;
        result.map_err(|failure| self.stopped(T::RPC, "a valid call must succeed", &failure))
    }

    /// Calls an RPC and asserts that it succeeds.
    pub async fn ok<T: Call>(&self, envelope: impl Into<Envelope>, request: &T) -> Outcome<T::Reply> {
        let result = self.call(envelope, request).await;
        self.expect_ok::<T>(result)
    }

    /// Asserts that a call succeeded.
    pub fn expect_ok<T: Call>(&self, result: CallResult<T::Reply>) -> Outcome<T::Reply> {
        match result {
            Ok(reply) => {
                self.assert_cell(Cell::new(T::RPC, Code::Ok));
                Ok(reply)
            }
            Err(failure) => Err(self.stopped(T::RPC, "it must succeed", &failure)),
        }
    }

    /// Calls an RPC and asserts that it is refused with this code. What went wrong is noted, and `None` answered.
    pub async fn refused<T: Call>(
        &self,
        envelope: impl Into<Envelope>,
        request: &T,
        code: Code,
    ) -> Outcome<Option<Box<Failure>>> {
        let result = self.call(envelope, request).await;
        self.expect_refused(T::RPC, result.map(|_| ()), code)
    }

    /// Calls an RPC and asserts that it is refused for this reason.
    pub async fn refused_for<T: Call>(
        &self,
        envelope: impl Into<Envelope>,
        request: &T,
        reason: Reason,
    ) -> Outcome<Option<Box<Failure>>> {
        let failure = self.refused(envelope, request, reason.code()).await?;
        if let Some(failure) = &failure {
            self.check(failure.has_reason(reason), || {
                format!("{}: the reason must be {}, it is {:?}", T::RPC.path(), reason.name(), failure.reason)
            });
        }
        Ok(failure)
    }

    /// Asserts that a call was refused with this code.
    pub fn expect_refused(
        &self,
        rpc: Rpc,
        result: CallResult<()>,
        code: Code,
    ) -> Outcome<Option<Box<Failure>>> {
        match result {
            Err(failure) if failure.code == code && !failure.is_transport => {
                self.assert_cell(Cell::new(rpc, code));
                Ok(Some(failure))
            }
            Err(failure) if failure.is_transport && failure.code == Code::Unavailable => {
                Err(self.stopped(rpc, "", &failure))
            }
            Err(failure) if failure.code == Code::Unimplemented => Err(self.stopped(rpc, "", &failure)),
            Err(failure) => {
                self.violation(format!("{}: expected {}, got {failure}", rpc.path(), code_name(code)));
                Ok(None)
            }
            Ok(()) => {
                self.violation(format!("{}: expected {}, got OK", rpc.path(), code_name(code)));
                Ok(None)
            }
        }
    }

    /// Asserts the code of an answer to a call that was found in the descriptor set.
    pub fn expect_answer(&self, rpc: Rpc, answer: Answer, code: Code) -> Outcome<Option<Box<Failure>>> {
        self.expect_refused(rpc, answer.outcome.map(|_| ()), code)
    }

    /// Calls an RPC that must fail for a field that breaks its rule, with a violation that names it.
    pub async fn refused_field<T: Call>(
        &self,
        envelope: impl Into<Envelope>,
        request: &T,
        field: &str,
        case: &str,
    ) -> Outcome {
        let result = self.call(envelope, request).await;
        let is_ok = result.is_ok();
        if is_ok {
            self.count_assertion();
            self.violation(format!("{}: {case}: expected INVALID_ARGUMENT, got OK", T::RPC.path()));
            return Ok(());
        }
        let failure = self.expect_refused(T::RPC, result.map(|_| ()), Code::InvalidArgument)?;
        if let Some(failure) = failure {
            // Through REST the gateway may refuse the form of a request before a field is looked at.
            let is_form = [Reason::MalformedRequest, Reason::UrlTooLong, Reason::MalformedJson];
            let is_form = is_form.into_iter().any(|reason| failure.has_reason(reason));
            self.check(is_form || failure.names_field(field), || {
                format!("{}: {case}: no field violation names {field:?}", T::RPC.path())
            });
        }
        Ok(())
    }

    /// Asserts, and goes on either way.
    pub fn check(&self, holds: bool, sentence: impl FnOnce() -> String) -> bool {
        self.count_assertion();
        if !holds {
            self.violation(sentence());
        }
        holds
    }

    /// Asserts that two values are equal, and goes on either way.
    pub fn check_eq<A: PartialEq + Debug>(&self, what: &str, actual: &A, expected: &A) -> bool {
        self.check(actual == expected, || format!("{what}: expected {expected:?}, found {actual:?}"))
    }

    /// Asserts what the rest of the scenario cannot do without.
    pub fn require(&self, holds: bool, sentence: impl FnOnce() -> String) -> Outcome {
        if self.check(holds, sentence) { Ok(()) } else { Err(Stop::Violated) }
    }

    /// Counts what racing calls came to: how many succeeded, all others refused with this code.
    pub fn tally<T: Call>(&self, results: Vec<CallResult<T::Reply>>, loser: Code) -> Outcome<Vec<T::Reply>> {
        let mut winners = Vec::new();
        for result in results {
            match result {
                Ok(reply) => {
                    self.assert_cell(Cell::new(T::RPC, Code::Ok));
                    winners.push(reply);
                }
                Err(failure) => {
                    self.expect_refused(T::RPC, Err(failure), loser)?;
                }
            }
        }
        Ok(winners)
    }
}
