//! Limits, ends and exact fits.

use duologue_contract::Rpc;
use tonic::Code;

use super::stock::{Stock, fetched, page, paged, walk};
use crate::check::pages::check_walk;
use crate::door::DynamicCall;
use crate::world::{Outcome, World};

pub(super) async fn limit_edges(world: &World) -> Outcome {
    let stock = Stock::fill(world).await?;
    for rpc in paged(world) {
        stock.is_complete(world, rpc).await?;
        let (list, _) = stock.list(rpc)?;
        let count = Stock::count(rpc);
        for limit in [1, 2, 50, 100, 101, i64::from(i32::MAX), 0] {
            let found = page(world, &stock.owner, &list.clone().with("limit", limit)).await?.ids.len();
            let most = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(50).min(100);
            world.check(found == count.min(most), || {
                format!("{}: limit {limit} answers {found} of {count} items", rpc.path())
            });
        }
        let found = page(world, &stock.owner, &list).await?.ids.len();
        world.check(found == count, || format!("{}: without a limit {found} of {count} items", rpc.path()));
        for limit in [-1, i64::from(i32::MIN)] {
            let found = fetched(world, &stock.owner, &list.clone().with("limit", limit)).await?;
            let failure = world.expect_refused(rpc, found.map(|_| ()), Code::InvalidArgument)?;
            let names = failure.is_some_and(|failure| failure.names_field("limit"));
            world.check(names, || format!("{}: limit {limit}: no field violation names `limit`", rpc.path()));
        }
    }
    the_most_there_is(world).await
}

/// More messages than a page can hold.
async fn the_most_there_is(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    for number in 0..103 {
        world.send(&ann, &chat_id, &format!("message {number}")).await?;
    }
    let list = DynamicCall::empty(Rpc::ChatListMessages).with("chatId", chat_id);
    for (limit, expected) in [(0, 50), (50, 50), (99, 99), (100, 100), (101, 100), (i32::MAX, 100)] {
        let found = page(world, &bob, &list.clone().with("limit", limit)).await?;
        world.check_eq(&format!("of 103 messages, limit {limit}"), &found.ids.len(), &expected);
        world.check(found.next_cursor.is_some(), || {
            format!("limit {limit} has no next_cursor, and there is more")
        });
    }
    let found = page(world, &bob, &list).await?;
    world.check_eq("of 103 messages, without a limit", &found.ids.len(), &50);
    Ok(())
}

pub(super) async fn terminates(world: &World) -> Outcome {
    let stock = Stock::fill(world).await?;
    let [fresh] = world.people().await?;
    for rpc in paged(world) {
        stock.is_complete(world, rpc).await?;
        let (list, _) = stock.list(rpc)?;
        let whole = page(world, &stock.owner, &list.clone().with("limit", 100)).await?;
        for limit in [1, 2, 4, 5] {
            let walk = walk(world, &stock.owner, &list, limit).await?;
            world.check_walk_equals(rpc.path(), &walk, limit, &whole.ids);
        }
        if !matches!(rpc, Rpc::ChatListMessages | Rpc::AuthListSessions | Rpc::UserSearchByNickname) {
            let nothing = page(world, &fresh, &DynamicCall::empty(rpc)).await?;
            world.check(nothing.ids.is_empty() && nothing.next_cursor.is_none(), || {
                format!(
                    "{}: somebody new has {} items, next_cursor {:?}",
                    rpc.path(),
                    nothing.ids.len(),
                    nothing.next_cursor
                )
            });
        }
    }
    Ok(())
}

pub(super) async fn no_next_on_exact_fit(world: &World) -> Outcome {
    let stock = Stock::fill(world).await?;
    for rpc in paged(world) {
        stock.is_complete(world, rpc).await?;
        let (list, _) = stock.list(rpc)?;
        let count = Stock::count(rpc);
        for (limit, pages) in [(count, 1), (count / 2, 2), (count / 3, 3), (count + 1, 1), (count - 1, 2)] {
            let walk = walk(world, &stock.owner, &list, limit).await?;
            let faults = check_walk(&walk, limit);
            world.check(faults.is_empty() && walk.len() == pages, || {
                format!(
                    "{}: {count} items by {limit} must be {pages} pages, found {}: {faults:?}",
                    rpc.path(),
                    walk.len()
                )
            });
        }
    }
    Ok(())
}
