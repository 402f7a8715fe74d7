//! Pages of 50 messages from outside: over REST in process, and over gRPC.

use std::time::Duration;

use duologue_contract::chat::ListMessagesRequest;
use duologue_domain::chat::MessageOrder;

use super::Context;
use crate::answer::Answer as _;
use crate::backend::Backend;
use crate::doors::{Grpc, InProcess};
use crate::history::{Depth, HistoryPage};
use crate::ratios::process::{Kind, Process};
use crate::ratios::round::{Rounds, micros_per_call};
use crate::ratios::row::{Limit, Row};
use crate::ratios::serve::{HISTORY, MESSAGES};
use crate::seed::{chat_id, person};
use crate::world::World;
use crate::yardstick::by_hand;

/// Memory, over REST in process: against handlers written by hand.
pub(super) async fn rest(context: &mut Context) -> Vec<Row> {
    let (plan, reader) = (context.plan.short(), person(1));
    let backend = Backend::memory();
    let chat = backend.seed_chat(1, reader, person(2)).await;
    backend.seed_messages(chat, MESSAGES).await;
    let world = World::over(backend);
    let (newest, order) = (MESSAGES, MessageOrder::NewestFirst);
    let page = HistoryPage { chat, newest, size: 50, depth: Depth::Newest, order };
    let (path, token) = (page.path(&world, reader), world.token(reader));
    let ours = InProcess::new(&world.router, &token);
    let by_hand = InProcess::new(&by_hand::router(&world), &token);
    let open = by_hand::router_without_authentication(&world, world.caller(reader));
    let open = InProcess::new(&open, &token);
    let answer = ours.get(&path).await;
    assert_eq!(answer.keys(), page.expected());
    assert_eq!(answer, by_hand.get(&path).await, "the same bytes");
    assert_eq!(answer, open.get(&path).await, "the same bytes");
    let micros = async |client: &InProcess, lasting| {
        micros_per_call(lasting, async || drop(client.get(&path).await)).await
    };
    let what = "ListMessages of 50 over REST in process, memory, against axum + serde by hand";
    let rounds = Rounds::of(
        plan,
        async |lasting| micros(&ours, lasting).await,
        async |lasting| micros(&by_hand, lasting).await,
    );
    let mut rows = vec![rounds.await.row(what, Limit::AtMost(1.1), "µs")];
    let rounds = Rounds::of(
        plan,
        async |lasting| micros(&ours, lasting).await,
        async |lasting| micros(&open, lasting).await,
    );
    rows.push(rounds.await.row(format!("{what}, which asks for no token"), Limit::None, "µs"));
    let store = &world.stores.chats;
    let rounds = Rounds::of(
        plan,
        async |lasting| micros(&ours, lasting).await,
        async |lasting| {
            let list = async || store.list_messages(chat.chat_id, page.range(), 51).await.expect("a page");
            micros_per_call(lasting, async || drop(list().await)).await
        },
    );
    let what = "the same over REST in process, against the storage trait";
    rows.push(rounds.await.row(what, Limit::None, "µs"));
    rows
}

/// A client that lists the same page again and again, and the server's processor time for it.
struct Side {
    process: Process,
    client: Grpc,
    request: ListMessagesRequest,
    cpu: Vec<f64>,
}

impl Side {
    async fn start(kind: Kind) -> Self {
        let process = Process::start(kind, None, 1).await;
        let client = process.grpc().await.remove(0);
        let request =
            ListMessagesRequest { chat_id: chat_id(HISTORY).to_string(), ..ListMessagesRequest::default() };
        let mut side = Self { process, client, request, cpu: Vec::new() };
        let expected: Vec<String> = (MESSAGES - 49..=MESSAGES).rev().map(|place| place.to_string()).collect();
        assert_eq!(side.list().await, expected);
        side
    }

    async fn list(&mut self) -> Vec<String> {
        let request = self.client.request(self.request.clone());
        self.client.chat().list_messages(request).await.expect("a page").into_inner().keys()
    }

    async fn micros(&mut self, lasting: Duration) -> f64 {
        let (before, mut calls) = (self.process.cpu_seconds(), 0.0);
        let micros = micros_per_call(lasting, async || {
            calls += 1.0;
            let request = self.client.request(self.request.clone());
            drop(self.client.chat().list_messages(request).await.expect("a page"));
        })
        .await;
        self.cpu.push((self.process.cpu_seconds() - before) * 1e6 / calls);
        micros
    }
}

/// Memory, over gRPC: against a bare tonic handler that answers the same message, made before.
pub(super) async fn grpc(context: &mut Context) -> Vec<Row> {
    let plan = context.plan.close();
    let (mut ours, mut theirs) = (Side::start(Kind::Duologue).await, Side::start(Kind::Tonic).await);
    let rounds = Rounds::of(
        plan,
        async |lasting| ours.micros(lasting).await,
        async |lasting| theirs.micros(lasting).await,
    )
    .await;
    let what =
        "ListMessages of 50 over gRPC, memory, against a bare tonic handler with the same message ready";
    let cpu = ours.cpu.iter().copied().zip(theirs.cpu.iter().copied()).skip(1).collect();
    vec![
        rounds.row(what, Limit::AtMost(1.15), "µs"),
        Rounds(cpu).row(format!("{what}: processor time"), Limit::None, "µs of the server's processor time"),
    ]
}
