//! Paging: every RPC with `limit` and `cursor`, found in the contract, tried in the same way.

mod cursors;
mod stock;
mod walks;

use super::Scenario;
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "page.malformed_cursor",
            "A cursor that was changed, or made for another RPC, caller or filter, MUST answer INVALID_ARGUMENT.",
            cells![ChatListMessages: InvalidArgument],
            run!(cursors::malformed),
        ),
        Scenario::must(
            "page.limit_edges",
            "A limit that is absent or 0 MUST be 50, above 100 MUST be 100, negative MUST answer INVALID_ARGUMENT.",
            cells![ChatListMessages: Ok, ChatListMessages: InvalidArgument],
            run!(walks::limit_edges),
        ),
        Scenario::must(
            "page.terminates",
            "Following next_cursor MUST end, and return every item exactly once.",
            cells![ChatListMessages: Ok],
            run!(walks::terminates),
        ),
        Scenario::must(
            "page.no_next_on_exact_fit",
            "A last page that is exactly full MUST NOT have a next_cursor.",
            cells![ChatListMessages: Ok],
            run!(walks::no_next_on_exact_fit),
        ),
    ]
}
