//! The list of chats of somebody with very many of them.

use std::time::Duration;

use duologue_domain::chat::ChatWalk;
use duologue_domain::id::UserId;

use super::Context;
use crate::answer::Answer as _;
use crate::backend::{Backend, Stores};
use crate::ratios::round::{Rounds, micros_per_call};
use crate::ratios::row::{Limit, Row};
use crate::seed::{chat_id, moment, person};

/// Chats on a page: as many as the person with few has.
const SIZE: usize = 20;

/// The number of a person's first chat.
const FIRST: i64 = 1_000_000;

async fn micros(stores: &Stores, owner: i64, count: i64, lasting: Duration) -> f64 {
    let user_id: UserId = person(owner);
    let walk = ChatWalk::Begin { now: moment(count + 1) };
    let list = async || stores.chats.list_chats(user_id, walk, SIZE).await.expect("a list");
    let first = owner * FIRST;
    let expected: Vec<String> =
        (first + count - 20..first + count).rev().map(|number| chat_id(number).to_string()).collect();
    assert_eq!(list().await.keys(), expected);
    micros_per_call(lasting, async || drop(list().await)).await
}

/// The first page of the list of chats, on both adapters.
pub(super) async fn chats(context: &mut Context) -> Vec<Row> {
    let plan = context.plan.short();
    let (few, many) = (20, context.pick(20_000, 2_000));
    let mut rows = Vec::new();
    for backend in [Backend::memory(), context.server().await.backend().await] {
        backend.seed_chats_of(person(1), FIRST, few).await;
        backend.seed_chats_of(person(2), 2 * FIRST, many).await;
        let stores = backend.stores();
        let rounds = Rounds::of(
            plan,
            async |lasting| micros(&stores, 2, many, lasting).await,
            async |lasting| micros(&stores, 1, few, lasting).await,
        );
        let what =
            format!("{}: list of chats of a person with {many}, against one with {few}", backend.name());
        rows.push(rounds.await.row(what, Limit::AtMost(2.0), "µs"));
    }
    rows
}
