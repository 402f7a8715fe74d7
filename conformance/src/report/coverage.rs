//! Which cells of RPC × code × door a run asserted.

use std::collections::BTreeSet;

use duologue_contract::Rpc;
use tonic::Code;

use super::Report;
use crate::door::Door;
use crate::scenario::Cell;

/// An RPC and how often each of its codes was asserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageRow {
    /// The RPC.
    pub rpc: Rpc,
    /// Its codes: OK, those it declares, and the common ones that can be provoked from outside.
    pub codes: Vec<(Code, Vec<Door>)>,
}

/// The table of a run.
#[must_use]
pub fn coverage(report: &Report) -> Vec<CoverageRow> {
    let asserted: BTreeSet<(String, Door)> = report
        .scenarios
        .iter()
        .flat_map(|scenario| scenario.cells.iter().map(|cell| (cell.clone(), scenario.door)))
        .collect();
    let row = |rpc: Rpc| {
        let mut codes = vec![Code::Ok];
        // A request without a field has none that could be wrong.
        if !rpc.description().fields.is_empty() {
            codes.push(Code::InvalidArgument);
        }
        if !rpc.is_public() {
            codes.push(Code::Unauthenticated);
        }
        codes.extend(rpc.codes().iter().copied().filter(|code| !matches!(code, Code::InvalidArgument)));
        if rpc.is_public() || !codes.contains(&Code::PermissionDenied) {
            codes.dedup();
        }
        let doors = |code: Code| {
            let cell = Cell::new(rpc, code).to_string();
            Door::ALL.into_iter().filter(|door| asserted.contains(&(cell.clone(), *door))).collect()
        };
        let mut seen = Vec::new();
        codes.retain(|code| {
            !seen.contains(code) && {
                seen.push(*code);
                true
            }
        });
        CoverageRow { rpc, codes: codes.into_iter().map(|code| (code, doors(code))).collect() }
    };
    Rpc::ALL.into_iter().map(row).collect()
}
