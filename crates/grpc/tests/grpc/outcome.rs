//! What a call is expected to lead to.

use std::collections::BTreeSet;
use std::fmt::Debug;

use duologue_contract::Rpc;
use duologue_contract::errors::{Reason, reason_of};
use tonic::{Code, Response, Status};

/// Which codes each RPC was seen to answer.
#[derive(Default)]
pub(crate) struct Seen(BTreeSet<(&'static str, i32)>);

impl Seen {
    pub(crate) fn ok<T: Debug>(&mut self, rpc: Rpc, outcome: Result<Response<T>, Status>) -> T {
        self.0.insert((rpc.path(), Code::Ok as i32));
        outcome.unwrap_or_else(|status| panic!("{}: {status:?}", rpc.path())).into_inner()
    }

    pub(crate) fn refused<T>(
        &mut self,
        rpc: Rpc,
        outcome: Result<Response<T>, Status>,
        reason: Reason,
    ) -> Status {
        let status = refused(outcome, reason);
        self.0.insert((rpc.path(), status.code() as i32));
        status
    }

    /// What is declared and was never seen.
    pub(crate) fn missing(&self) -> Vec<(&'static str, Code)> {
        let declared = Rpc::ALL.into_iter().flat_map(|rpc| {
            rpc.codes().iter().copied().chain([Code::Ok]).map(move |code| (rpc.path(), code))
        });
        declared.filter(|(path, code)| !self.0.contains(&(*path, *code as i32))).collect()
    }
}

/// The status of a call that was refused for `reason`, with the code that the contract gives it.
pub(crate) fn refused<T>(outcome: Result<Response<T>, Status>, reason: Reason) -> Status {
    let Err(status) = outcome else { panic!("not refused for {}", reason.name()) };
    assert_eq!(reason_of(&status), Some(reason), "{status:?}");
    assert_eq!(status.code(), reason.code(), "{status:?}");
    assert!(status.metadata().get("x-request-id").is_some(), "a refusal names its request");
    status
}
