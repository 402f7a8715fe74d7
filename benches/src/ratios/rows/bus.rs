//! The wake-up bus between replicas.

use crate::ratios::row::{Limit, Row};

pub(super) fn pending() -> Vec<Row> {
    vec![Row {
        what: "sends with the wake-up bus on, against off".to_owned(),
        limit: Limit::AtLeast(0.85),
        measured: None,
        unit: "",
        note: "not wired in yet".to_owned(),
    }]
}
