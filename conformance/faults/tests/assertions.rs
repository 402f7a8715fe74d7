//! The list of assertions is that of the sources, and what it says is so.

use anyhow::Context as _;
use duologue_conformance_faults::assertions::{Listed, Need, deleted, is_needed, listed, places_of};
use duologue_conformance_faults::catalogue::find;

/// Assertions that nobody has seen to fail: may only become fewer.
const NEVER_FAILED: usize = 392;

#[test]
fn no_assertion_of_the_list_was_deleted() -> anyhow::Result<()> {
    let deleted = deleted()?;
    assert!(
        deleted.is_empty(),
        "assertions that are on the list and not in the suite:\n{}",
        deleted.join("\n")
    );
    Ok(())
}

#[test]
fn the_list_names_faults_that_there_are() {
    for Listed { scenario, line, need } in listed() {
        if let Need::Fault(id) | Need::Beside(id) = need {
            let row = find(&id);
            let is_named = row.is_some_and(|row| row.caught_by.iter().any(|named| named.id == scenario));
            assert!(is_named, "{scenario} {line}: {id} is not planted for it");
        }
    }
}

#[test]
fn no_more_assertions_have_never_failed() {
    let never = listed().iter().filter(|row| row.need == Need::Nothing).count();
    assert_eq!(never, NEVER_FAILED, "the number belongs into this test when it became smaller");
}

/// One of so many rows is tried; `cargo run -p duologue-conformance-faults -- assertions` tries all.
const SAMPLE: usize = 12;

/// Every fault that the list names for an assertion of the sample goes unnoticed without the assertion.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_goes_unnoticed_without_the_assertion_that_it_needs() -> anyhow::Result<()> {
    let rows: Vec<_> = listed().into_iter().filter(|row| matches!(row.need, Need::Fault(_))).collect();
    assert!(rows.len() > SAMPLE, "the list is empty");
    for row in rows.iter().step_by(SAMPLE) {
        let places = places_of(row).await?;
        let needed = is_needed(row, &places).await.with_context(|| format!("{row:?}"))?;
        assert!(needed, "it is not needed for what the list says: {row:?}");
    }
    Ok(())
}
