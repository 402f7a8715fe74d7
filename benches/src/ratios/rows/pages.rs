//! Pages at the storage trait: against the bare driver, by depth, by length.

use std::sync::Arc;
use std::time::Duration;

use duologue_domain::chat::{ChatStore, DirectChat, MessageOrder, MessageRange, Sequence};
use duologue_domain::id::Id as _;
use sqlx::{AssertSqlSafe, PgPool};

use super::{Context, sends};
use crate::answer::Answer as _;
use crate::backend::Backend;
use crate::history::{Depth, HistoryPage};
use crate::ratios::picture::Series;
use crate::ratios::round::{Rounds, micros_per_call};
use crate::ratios::row::{Limit, Row, Spread};
use crate::seed::{moment, person};
use crate::yardstick::{sql, statements};

/// Messages on a page.
const SIZE: i64 = 50;

/// Lengths of chats: the longest is what the demands are about.
fn lengths(context: &Context) -> Vec<i64> {
    context.pick(vec![1_000, 10_000, 100_000, 1_000_000], vec![1_000, 100_000])
}

/// Chats of these lengths.
async fn chats(backend: &Backend, lengths: &[i64]) -> Vec<(DirectChat, i64)> {
    let mut chats = Vec::new();
    for (number, length) in (1..).zip(lengths) {
        let chat = backend.seed_chat(number, person(1), person(number + 1)).await;
        backend.seed_messages(chat, *length).await;
        chats.push((chat, *length));
    }
    chats
}

fn page(chat: DirectChat, newest: i64, depth: Depth) -> HistoryPage {
    HistoryPage { chat, newest, size: SIZE, depth, order: MessageOrder::NewestFirst }
}

/// Microseconds of a page through the storage trait, whose content is asserted first.
async fn at_storage(store: &Arc<dyn ChatStore>, page: HistoryPage, lasting: Duration) -> f64 {
    let list =
        async || store.list_messages(page.chat.chat_id, page.range(), page.limit()).await.expect("a page");
    assert_eq!(list().await.keys(), page.expected());
    micros_per_call(lasting, async || drop(list().await)).await
}

/// The middle of the longest chat against its newest page, and what the picture shows.
async fn depths(context: &mut Context, backend: &Backend, chats: &[(DirectChat, i64)]) -> Vec<Row> {
    let (plan, name, store) = (context.plan.short(), backend.name(), backend.stores().chats);
    let (chat, length) = *chats.last().expect("a chat");
    let at = async |depth, lasting| at_storage(&store, page(chat, length, depth), lasting).await;
    let rounds = Rounds::of(
        plan,
        async |lasting| at(Depth::Middle, lasting).await,
        async |lasting| at(Depth::Newest, lasting).await,
    );
    let what = format!("{name}: the middle page of a chat of {length}, against the newest page");
    let row = rounds.await.row(what, Limit::AtMost(1.2), "µs");

    let mut points = Vec::new();
    for depth in std::iter::successors(Some(1), |depth| Some(depth * 10)).take_while(|depth| *depth < length)
    {
        let before = Some(Sequence(length - depth + 1)).filter(|before| before.0 > SIZE);
        let range = MessageRange::NewestFirst { before };
        let list = async || drop(store.list_messages(chat.chat_id, range, 50).await.expect("a page"));
        points.push((depth, median(plan.rounds, plan.lasting, list).await));
    }
    context.by_depth.push(Series { name: format!("{name}, keyset"), points });
    let mut points = Vec::new();
    for (chat, length) in chats {
        let range = page(*chat, *length, Depth::Middle).range();
        let list = async || drop(store.list_messages(chat.chat_id, range, 50).await.expect("a page"));
        points.push((*length, median(plan.rounds, plan.lasting, list).await));
    }
    context.by_length.push(Series { name: format!("{name}, middle page"), points });
    vec![row]
}

async fn median(rounds: usize, lasting: Duration, mut call: impl AsyncFnMut()) -> f64 {
    let mut figures = Vec::new();
    for _ in 0..rounds.min(9) {
        figures.push(micros_per_call(lasting, &mut call).await);
    }
    Spread::of(figures).median
}

/// PostgreSQL: against the bare driver, by depth, by OFFSET, and the start of `since_unix_ms`.
pub(super) async fn postgres(context: &mut Context) -> Vec<Row> {
    let (plan, lengths) = (context.plan.short(), lengths(context));
    let backend = context.server().await.backend().await;
    let chats = chats(&backend, &lengths).await;
    let postgres = backend.as_postgres().expect("PostgreSQL").clone();
    let (pool, store) = (&postgres.pool, backend.stores().chats);
    let (chat, length) = *chats.last().expect("a chat");
    let newest = page(chat, length, Depth::Newest);
    assert_eq!(sql::page(pool, chat.chat_id, i64::MAX, SIZE).await.keys(), newest.expected());
    let against_driver = Rounds::of(
        plan,
        async |lasting| at_storage(&store, newest, lasting).await,
        async |lasting| {
            micros_per_call(lasting, async || drop(sql::page(pool, chat.chat_id, i64::MAX, SIZE).await)).await
        },
    );
    let what = "ListMessages of 50 at the storage trait, PostgreSQL, against bare sqlx into plain structs";
    let mut rows = vec![against_driver.await.row(what, Limit::AtMost(1.15), "µs")];
    rows.extend(depths(context, &backend, &chats).await);

    let half = length / 2;
    let offset_page = async |offset| sql::page_by_offset(pool, chat.chat_id, offset, SIZE).await;
    let middle = page(chat, length, Depth::Middle);
    assert_eq!(offset_page(length - half).await.keys(), middle.expected(), "the same page by OFFSET");
    let mut points = Vec::new();
    for offset in
        std::iter::successors(Some(1), |offset| Some(offset * 10)).take_while(|offset| *offset < length)
    {
        points.push((offset, median(3, plan.lasting, async || drop(offset_page(offset).await)).await));
    }
    context.by_depth.push(Series { name: "postgres, OFFSET".to_owned(), points });
    let against_keyset = Rounds::of(
        plan,
        async |lasting| micros_per_call(lasting, async || drop(offset_page(half).await)).await,
        async |lasting| at_storage(&store, middle, lasting).await,
    );
    let what = format!("the middle page of a chat of {length} by OFFSET, against keyset");
    rows.push(against_keyset.await.row(what, Limit::None, "µs"));
    rows.push(since(pool, chat, length).await);
    rows
}

/// Buffers that finding the start of a stream touches.
async fn since(pool: &PgPool, chat: DirectChat, length: i64) -> Row {
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS) {}", statements::first_sequence_since());
    // One connection, and once before: what a connection reads once only, catalogs and plans, is not the search's.
    let mut connection = pool.acquire().await.expect("a connection");
    let mut figures = Vec::new();
    for part in 0..=9 {
        let start = sqlx::query_scalar(AssertSqlSafe(explain.clone())).bind(chat.chat_id.uuid());
        let start = start.bind(moment(length * part.max(1) / 10).unix_micros());
        let plan: Vec<String> = start.fetch_all(&mut *connection).await.expect("a plan");
        // The first line of this kind is that of the whole statement: `Buffers: shared hit=93 read=2`.
        let buffers = plan.iter().find_map(|line| line.trim().strip_prefix("Buffers: shared "));
        let buffers = buffers.unwrap_or_else(|| panic!("no buffers: {plan:?}"));
        let touched = buffers.split_whitespace().filter_map(|field| field.split_once('='));
        let touched = touched.filter(|(kind, _)| ["hit", "read"].contains(kind));
        figures.push(touched.map(|(_, count)| count.parse::<f64>().expect("buffers")).sum());
    }
    figures.remove(0);
    Row {
        what: format!("the start of `since_unix_ms` in a chat of {length} messages"),
        limit: Limit::AtMost(150.0),
        measured: Spread::of(figures),
        unit: "buffers",
        note: "shared buffers, read or hit".to_owned(),
    }
}

/// Memory: a page in microseconds, by depth; and a send.
pub(super) async fn memory(context: &mut Context) -> Vec<Row> {
    let (plan, lengths) = (context.plan.short(), lengths(context));
    let backend = Backend::memory();
    let chats = chats(&backend, &lengths).await;
    let (chat, length) = *chats.last().expect("a chat");
    let (store, newest) = (backend.stores().chats, page(chat, length, Depth::Newest));
    let mut figures = Vec::new();
    for _ in 0..plan.rounds {
        figures.push(at_storage(&store, newest, plan.lasting).await);
    }
    let mut rows = vec![Row {
        what: "memory: a page of 50 at the storage trait".to_owned(),
        limit: Limit::AtMost(5.0),
        measured: Spread::of(figures),
        unit: "µs",
        note: format!("the newest of a chat of {length}"),
    }];
    rows.extend(depths(context, &backend, &chats).await);
    rows.extend(sends::in_memory(context, length).await);
    rows
}
