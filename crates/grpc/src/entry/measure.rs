//! Counts and times of calls, and the check that every code is one that the contract declares.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use duologue_contract::Rpc;
use tonic::Code;

use crate::limits::Slot;
use crate::status::Refusal;

/// Calls that were answered with a code that their RPC does not declare.
#[derive(Debug, Clone, Default)]
pub(super) struct Undeclared(Arc<AtomicU64>);

impl Undeclared {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts one call when it is over, however it ends: who just leaves has cancelled.
pub(crate) struct Measure {
    rpc: Rpc,
    start: Instant,
    undeclared: Undeclared,
    /// Present while the call is a stream.
    slot: Option<Slot>,
    over: bool,
}

impl Measure {
    pub(super) fn of_call(rpc: Rpc, undeclared: Undeclared) -> Self {
        Self { rpc, start: Instant::now(), undeclared, slot: None, over: false }
    }

    /// From now on the call is an open stream.
    pub(super) fn becomes_stream(mut self, slot: Slot) -> Self {
        self.slot = Some(slot);
        metrics::gauge!("duologue_open_streams").increment(1.0);
        self
    }

    /// The call is over.
    pub(super) fn answered<Out>(&mut self, outcome: &Result<Out, Refusal>) {
        self.ended(outcome.as_ref().map_or_else(Refusal::code, |_| Code::Ok));
    }

    /// The call is over, with this code.
    pub(crate) fn ended(&mut self, code: Code) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let (path, code_name) = (self.rpc.path(), name(code));
        let elapsed = self.start.elapsed();
        metrics::counter!("duologue_requests_total", "rpc" => path, "code" => code_name).increment(1);
        metrics::histogram!("duologue_request_duration_seconds", "rpc" => path).record(elapsed);
        tracing::debug!(code = code_name, elapsed_micros = elapsed.as_micros(), "answered");
        if !self.rpc.may_answer(code) {
            self.undeclared.0.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("duologue_undeclared_codes_total", "rpc" => path, "code" => code_name)
                .increment(1);
            tracing::error!(rpc = path, code = code_name, "the RPC does not declare this code");
        }
        if self.slot.take().is_some() {
            metrics::gauge!("duologue_open_streams").decrement(1.0);
        }
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        self.ended(Code::Cancelled);
    }
}

/// The code's name in the contract.
const fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
