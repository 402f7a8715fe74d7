//! What happened in a scenario: exchanges, violations, asserted cells.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Place;
use crate::scenario::Cell;

/// Exchanges kept of each scenario: the newest ones, and those after which something did not hold.
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
    /// What did not hold, as it was noticed after this answer and before the next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) dropped: usize,
    pub(crate) violations: Vec<String>,
    pub(crate) cells: BTreeSet<Cell>,
    /// Where something was asserted, and whether it always held.
    pub(crate) places: BTreeMap<Place, bool>,
    pub(crate) assertions: u64,
    pub(crate) calls: u64,
}

impl Journal {
    pub(crate) fn exchange(&mut self, exchange: Exchange) {
        self.calls += 1;
        if self.exchanges.len() == KEPT {
            let oldest = self.exchanges.iter().position(|exchange| exchange.violations.is_empty());
            self.exchanges.remove(oldest.unwrap_or(0));
            self.dropped += 1;
        }
        self.exchanges.push(exchange);
    }

    /// Notes that something was asserted.
    pub(crate) fn place(&mut self, place: Place, holds: bool) {
        *self.places.entry(place).or_insert(true) &= holds;
    }

    /// Notes a violation, each wording once and no more than a page of them.
    pub(crate) fn violation(&mut self, text: String) {
        if self.violations.len() < 40 && !self.violations.contains(&text) {
            if let Some(exchange) = self.exchanges.last_mut() {
                exchange.violations.push(text.clone());
            }
            self.violations.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(call: usize) -> Exchange {
        Exchange {
            at_ms: 0.0,
            took_ms: 0.0,
            call: call.to_string(),
            request: serde_json::Value::Null,
            outcome: "OK".to_owned(),
            answer: serde_json::Value::Null,
            violations: Vec::new(),
        }
    }

    #[test]
    fn what_shows_a_violation_outlives_what_came_later() {
        let mut journal = Journal::default();
        for call in 0..2 * KEPT {
            journal.exchange(exchange(call));
            if call == 3 {
                journal.violation("no".to_owned());
            }
        }
        let kept: Vec<_> = journal.exchanges.iter().map(|exchange| exchange.call.as_str()).collect();
        assert_eq!((kept.len(), kept[0], kept[1]), (KEPT, "3", "61"));
        assert_eq!(journal.exchanges[0].violations, ["no"]);
        assert_eq!(journal.dropped, KEPT);
    }
}
