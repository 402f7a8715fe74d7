//! Cursors that must not be taken.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duologue_contract::Rpc;
use duologue_contract::errors::Reason;
use tonic::Code;

use super::stock::{Stock, fetched, page, paged};
use crate::door::{Door, DynamicCall};
use crate::world::{Outcome, Person, World};

pub(super) async fn malformed(world: &World) -> Outcome {
    let stock = Stock::fill(world).await?;
    let other = Stock::fill(world).await?;
    let mut cursors = BTreeMap::new();
    for rpc in paged(world) {
        stock.is_complete(world, rpc).await?;
        let (list, _) = stock.list(rpc)?;
        let first = page(world, &stock.owner, &list.with("limit", 2)).await?;
        let cursor = first.next_cursor.clone().unwrap_or_default();
        world.require(!cursor.is_empty(), || {
            format!("{}: a first page of 2 has no next_cursor", rpc.path())
        })?;
        cursors.insert(rpc, cursor);
    }
    for (rpc, cursor) in &cursors {
        invented(world, &stock, *rpc, cursor).await?;
        let (list, other_filter) = stock.list(*rpc)?;
        for (_, foreign) in cursors.iter().filter(|(other, _)| *other != rpc) {
            refused(world, &stock.owner, &list, foreign, "the cursor of another RPC", true).await?;
        }
        let own = page(world, &other.owner, &other.list(*rpc)?.0.with("limit", 2)).await?;
        let foreign = own.next_cursor.unwrap_or_default();
        refused(world, &stock.owner, &list, &foreign, "the cursor of another user", true).await?;
        if let Some(filtered) = other_filter {
            refused(world, &stock.owner, &filtered, cursor, "the cursor of another filter", true).await?;
        }
        // After all that, the true one still leads on.
        let second =
            page(world, &stock.owner, &list.with("limit", 2).with("cursor", cursor.as_str())).await?;
        world.check_eq("items of the second page", &second.ids.len(), &2);
    }
    Ok(())
}

async fn invented(world: &World, stock: &Stock, rpc: Rpc, cursor: &str) -> Outcome {
    let (list, _) = stock.list(rpc)?;
    let letters: Vec<char> = cursor.chars().collect();
    let mut table = vec![
        ("garbage", "garbage".to_owned()),
        ("empty", String::new()),
        ("not URL-safe", "%00/../..\u{7f}é".to_owned()),
        ("base64 of SQL", URL_SAFE_NO_PAD.encode("' OR 1=1; --")),
        ("base64 of JSON", URL_SAFE_NO_PAD.encode("{\"offset\":0}")),
        ("an offset", "2".to_owned()),
        ("an id", stock.owner.user_id.clone()),
        ("truncated by one", letters[..letters.len() - 1].iter().collect()),
        ("truncated to half", letters[..letters.len() / 2].iter().collect()),
        ("with a letter more", format!("{cursor}A")),
        ("twice", format!("{cursor}{cursor}")),
        ("513 characters", "A".repeat(513)),
        // Beyond the limit of an address, within that of the header block, which HTTP refuses without a word.
        ("long", "A".repeat(if world.door() == Door::Rest { 10_000 } else { 60_000 })),
    ];
    let step = (letters.len() / 16).max(1);
    for at in (0..letters.len()).step_by(step) {
        let mut changed = letters.clone();
        changed[at] = if changed[at] == 'A' { 'B' } else { 'A' };
        table.push(("a changed letter", changed.into_iter().collect()));
    }
    for (case, cursor) in table {
        let is_ours = matches!(case, "a changed letter" | "truncated by one" | "twice");
        refused(world, &stock.owner, &list, &cursor, case, is_ours).await?;
    }
    Ok(())
}

async fn refused(
    world: &World,
    reader: &Person,
    list: &DynamicCall,
    cursor: &str,
    case: &str,
    is_ours: bool,
) -> Outcome {
    let call = list.clone().with("limit", 2).with("cursor", cursor);
    let found = fetched(world, reader, &call).await?;
    if let Ok(page) = &found {
        world.violation(format!(
            "{}: {case}: a page of {} items instead of INVALID_ARGUMENT",
            list.rpc.path(),
            page.ids.len()
        ));
        return Ok(());
    }
    let failure = world.expect_refused(list.rpc, found.map(|_| ()), Code::InvalidArgument)?;
    if let Some(failure) = failure {
        world.check(!is_ours || failure.has_reason(Reason::CursorInvalid), || {
            format!(
                "{}: {case}: the reason must be CURSOR_INVALID, it is {:?}",
                list.rpc.path(),
                failure.reason
            )
        });
    }
    Ok(())
}
