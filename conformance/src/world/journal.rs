//! What happened in a scenario: exchanges, violations, asserted cells.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::scenario::Cell;

/// Exchanges kept of each scenario: the newest ones.
const KEPT: usize = 60;

/// One call and its answer, without secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Exchange {
    /// Milliseconds after the scenario began.
    pub at_ms: f64,
    /// Milliseconds until the answer.
    pub took_ms: f64,
    /// What was called: RPC, or verb and path.
    pub call: String,
    /// The request.
    pub request: serde_json::Value,
    /// Code, reason and HTTP status of the answer.
    pub outcome: String,
    /// The answer.
    pub answer: serde_json::Value,
}

#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) dropped: usize,
    pub(crate) violations: Vec<String>,
    pub(crate) cells: BTreeSet<Cell>,
    pub(crate) assertions: u64,
    pub(crate) calls: u64,
}

impl Journal {
    pub(crate) fn exchange(&mut self, exchange: Exchange) {
        self.calls += 1;
        if self.exchanges.len() == KEPT {
            self.exchanges.remove(0);
            self.dropped += 1;
        }
        self.exchanges.push(exchange);
    }

    /// Notes a violation, each wording once and no more than a page of them.
    pub(crate) fn violation(&mut self, text: String) {
        if self.violations.len() < 40 && !self.violations.contains(&text) {
            self.violations.push(text);
        }
    }
}
