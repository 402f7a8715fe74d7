//! Calls that assert how they end.

use duologue_contract::Rpc;
use duologue_contract::errors::Reason;
use tonic::Code;

use super::{CallResult, Outcome, Place, Stop, World};
use crate::door::{Call, Envelope, Failure};
use crate::scenario::Cell;

/// What an expected refusal answers: nothing when what came was something else, which is noted.
type Refused = Outcome<Option<Box<Failure>>>;

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
    #[track_caller]
    pub fn refused<T: Call>(
        &self,
        envelope: impl Into<Envelope>,
        request: &T,
        code: Code,
    ) -> impl Future<Output = Refused> {
        let (place, call) = (Place::of_caller(), self.call(envelope, request));
        async move { self.expect_refused_at(place, T::RPC, call.await.map(|_| ()), code) }
    }

    /// Calls an RPC and asserts that it is refused for this reason.
    #[track_caller]
    pub fn refused_for<T: Call>(
        &self,
        envelope: impl Into<Envelope>,
        request: &T,
        reason: Reason,
    ) -> impl Future<Output = Refused> {
        let (place, call) = (Place::of_caller(), self.call(envelope, request));
        async move { self.expect_reason_at(place, T::RPC, call.await.map(|_| ()), reason) }
    }

    /// The same of a call that must not cost the connection: it is a violation when nobody answers.
    #[track_caller]
    pub fn refused_alive<T: Call>(
        &self,
        envelope: impl Into<Envelope>,
        request: &T,
        reason: Reason,
    ) -> impl Future<Output = Refused> {
        let (place, call) = (Place::of_caller(), self.call(envelope, request));
        async move {
            let result = call.await.map(|_| ());
            if let Err(failure) = &result
                && failure.is_transport
            {
                self.check_at(place, false, || {
                    format!("{}: expected {}, but nobody answered: {failure}", T::RPC.path(), reason.name())
                });
                return Err(Stop::Violated);
            }
            self.expect_reason_at(place, T::RPC, result, reason)
        }
    }

    fn expect_reason_at(&self, place: Place, rpc: Rpc, result: CallResult<()>, reason: Reason) -> Refused {
        let failure = self.expect_refused_at(place, rpc, result, reason.code())?;
        if let Some(failure) = &failure {
            self.check_at(place, failure.has_reason(reason), || {
                format!("{}: the reason must be {}, it is {:?}", rpc.path(), reason.name(), failure.reason)
            });
        }
        Ok(failure)
    }

    /// Calls an RPC that must fail for a field that breaks its rule, with a violation that names it.
    #[track_caller]
    pub fn refused_field<T: Call>(
        &self,
        envelope: impl Into<Envelope>,
        request: &T,
        field: &str,
        case: &str,
    ) -> impl Future<Output = Outcome> {
        let (place, call) = (Place::of_caller(), self.call(envelope, request));
        async move {
            let result = call.await.map(|_| ());
            if result.is_ok() {
                self.check_at(place, false, || {
                    format!("{}: {case}: expected INVALID_ARGUMENT, got OK", T::RPC.path())
                });
                return Ok(());
            }
            let failure = self.expect_refused_at(place, T::RPC, result, Code::InvalidArgument)?;
            if let Some(failure) = failure {
                // Through REST the gateway may refuse the form of a request before a field is looked at.
                let is_form = [Reason::MalformedRequest, Reason::UrlTooLong, Reason::MalformedJson];
                let is_form = is_form.into_iter().any(|reason| failure.has_reason(reason));
                self.check_at(place, is_form || failure.names_field(field), || {
                    format!("{}: {case}: no field violation names {field:?}", T::RPC.path())
                });
            }
            Ok(())
        }
    }
}
