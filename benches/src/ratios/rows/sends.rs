//! Sends: at the storage trait, over gRPC, over REST.

use std::sync::Arc;
use std::time::{Duration, Instant};

use duologue_domain::chat::{AppendMessage, ChatStore as _};
use duologue_domain::wakeup::{LocalWakeUp, Topic, WakeUp as _};
use duologue_wakeup::Bus;
use duologue_wakeup_postgres::PostgresCarrier;

use super::Context;
use crate::backend::Backend;
use crate::load::{
    GrpcSends, Lane, Naming, RestSends, Sends, StorageSends, Until, many_chats, one_hot_chat, send,
};
use crate::ratios::process::{Kind, Process};
use crate::ratios::round::Rounds;
use crate::ratios::row::{Limit, Row, Spread, short};
use crate::seed::{message, moment, person};
use crate::yardstick::pgbench::{Chats, Pgbench};
use crate::yardstick::sql::SqlxSends;

/// Senders at once at the storage trait.
const AT_STORAGE: usize = 32;

/// Clients at once over a connection each.
const CLIENTS: usize = 16;

async fn rate(sends: &Arc<dyn Sends>, lanes: &Arc<[Lane]>, lasting: Duration) -> f64 {
    send(sends, lanes, Naming::Unnamed, Until::Elapsed(lasting)).await.rate()
}

/// Durable sends, 32 at once, through the storage trait: against pgbench and the bare driver with one row a statement.
pub(super) async fn storage(context: &mut Context) -> Vec<Row> {
    let plan = context.plan;
    let backend = context.server().await.backend().await;
    let postgres = backend.as_postgres().expect("PostgreSQL").clone();
    let durability = postgres.storage.durability().await.expect("its settings");
    assert!(durability.is_complete(), "the yardstick is durable sends: {durability:?}");
    let pgbench = Pgbench::prepare(&postgres.pool, &postgres.url).await.expect("pgbench is installed");
    let many = many_chats(&backend, AT_STORAGE).await;
    let hot = one_hot_chat(&many);
    let mut rows = Vec::new();
    for (lanes, chats, spread, limit) in
        [(many, Chats::Own, "many chats", 2.5), (hot, Chats::One, "one hot chat", 5.0)]
    {
        let store = Arc::new(postgres.storage.clone());
        let ours: Arc<dyn Sends> = Arc::new(StorageSends { store, lanes: lanes.clone() });
        let driver: Arc<dyn Sends> = Arc::new(SqlxSends::connect(&postgres.url, &lanes).await);
        let against_pgbench = Rounds::of(
            plan,
            async |lasting| rate(&ours, &lanes, lasting).await,
            async |lasting| pgbench.rate(AT_STORAGE, chats, lasting).await,
        );
        let what = format!("durable sends at the storage trait, 32 at once, {spread}, against ");
        let row = against_pgbench.await.row(what.clone() + "pgbench", Limit::AtLeast(limit), "messages/s");
        rows.push(row);
        let against_driver = Rounds::of(
            plan,
            async |lasting| rate(&ours, &lanes, lasting).await,
            async |lasting| rate(&driver, &lanes, lasting).await,
        );
        rows.push(against_driver.await.row(what + "bare sqlx", Limit::None, "messages/s"));
    }
    rows
}

/// The load on a server, and its processor time for each message.
struct Side {
    process: Process,
    sends: Arc<dyn Sends>,
    lanes: Arc<[Lane]>,
    /// Microseconds of processor time a message, round by round.
    cpu: Vec<f64>,
}

impl Side {
    async fn over_grpc(process: Process) -> Self {
        let sends = Arc::new(GrpcSends(process.grpc().await));
        Self { lanes: process.lanes(), process, sends, cpu: Vec::new() }
    }

    async fn rate(&mut self, lasting: Duration) -> f64 {
        let before = self.process.cpu_seconds();
        let sent = send(&self.sends, &self.lanes, Naming::Unnamed, Until::Elapsed(lasting)).await;
        let taken = self.process.cpu_seconds() - before;
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        self.cpu.push(taken * 1e6 / sent.count as f64);
        sent.rate()
    }
}

/// The ratio of two sides' processor time a message. The first figure of each is that of warming up.
fn cpu_row(what: String, limit: Limit, ours: &Side, theirs: &Side) -> Row {
    let rounds = ours.cpu.iter().copied().zip(theirs.cpu.iter().copied()).skip(1).collect();
    Rounds(rounds).row(what, limit, "µs of the server's processor time")
}

async fn url_for(context: &mut Context, is_durable: bool) -> Option<String> {
    if is_durable { Some(context.server().await.database().await) } else { None }
}

/// Sends over gRPC, 16 clients: against a bare tonic handler around the same storage.
pub(super) async fn grpc(context: &mut Context) -> Vec<Row> {
    let plan = context.plan;
    let mut rows = Vec::new();
    for (is_durable, storage) in [(true, "durable"), (false, "in memory")] {
        let (ours, theirs) = (url_for(context, is_durable).await, url_for(context, is_durable).await);
        let mut ours = Side::over_grpc(Process::start(Kind::Duologue, ours.as_deref(), CLIENTS).await).await;
        let mut theirs = Side::over_grpc(Process::start(Kind::Tonic, theirs.as_deref(), CLIENTS).await).await;
        let rounds = Rounds::of(
            plan,
            async |lasting| ours.rate(lasting).await,
            async |lasting| theirs.rate(lasting).await,
        )
        .await;
        let what =
            format!("SendMessage over gRPC, 16 clients, many chats, {storage}, against a bare tonic handler");
        let limit = |limit| if is_durable { limit } else { Limit::None };
        rows.push(rounds.row(format!("{what}: rate"), limit(Limit::AtLeast(0.7)), "messages/s"));
        rows.push(cpu_row(format!("{what}: processor time"), limit(Limit::AtMost(1.5)), &ours, &theirs));
    }
    let (delivering, idle) = (url_for(context, true).await, url_for(context, true).await);
    let mut ours =
        Side::over_grpc(Process::start(Kind::Delivering, delivering.as_deref(), CLIENTS).await).await;
    let mut theirs = Side::over_grpc(Process::start(Kind::Duologue, idle.as_deref(), CLIENTS).await).await;
    let rounds = Rounds::of(
        plan,
        async |lasting| ours.rate(lasting).await,
        async |lasting| theirs.rate(lasting).await,
    );
    let what = "the same, durable, while events are delivered to notifications, against while they wait";
    rows.push(rounds.await.row(what, Limit::None, "messages/s"));
    rows
}

/// Sends over REST against gRPC of the same server.
pub(super) async fn rest(context: &mut Context) -> Vec<Row> {
    let plan = context.plan;
    let mut rows = Vec::new();
    for (is_durable, storage) in [(true, "durable"), (false, "in memory")] {
        let url = url_for(context, is_durable).await;
        let process = Process::start(Kind::Duologue, url.as_deref(), CLIENTS).await;
        let lanes = process.lanes();
        let over_rest: Arc<dyn Sends> = Arc::new(RestSends(process.rest().await));
        let over_grpc: Arc<dyn Sends> = Arc::new(GrpcSends(process.grpc().await));
        let rounds = Rounds::of(
            plan,
            async |lasting| rate(&over_rest, &lanes, lasting).await,
            async |lasting| rate(&over_grpc, &lanes, lasting).await,
        );
        let what = format!("SendMessage over REST, 16 clients, many chats, {storage}, against gRPC");
        rows.push(rounds.await.row(what, Limit::AtLeast(0.7), "messages/s"));
    }
    rows
}

/// Durable sends of a replica that tells another of each over the bus, against one that is alone.
pub(super) async fn on_a_bus(context: &mut Context) -> Vec<Row> {
    let plan = context.plan;
    let (shared, own) = (context.server().await.database().await, context.server().await.database().await);
    let mut ours = Side::over_grpc(Process::start(Kind::Waking, Some(&shared), CLIENTS).await).await;
    let mut theirs = Side::over_grpc(Process::start(Kind::Duologue, Some(&own), CLIENTS).await).await;
    let carrier = PostgresCarrier::new(&shared).expect("the URL of a PostgreSQL");
    let (other, background) = Bus::new(LocalWakeUp::new(), carrier);
    let listening = tokio::spawn(background.run(std::future::pending()));
    other.connections().wait_for(|connections| *connections > 0).await.expect("the other replica listens");
    let mut heard = other.subscribe(Topic::Chat(ours.lanes[0].chats[0]));
    ours.sends.send(0, ours.lanes[0].chats[0], None).await;
    heard.changed().await;
    let rounds = Rounds::of(
        plan,
        async |lasting| ours.rate(lasting).await,
        async |lasting| theirs.rate(lasting).await,
    )
    .await;
    listening.abort();
    let what = "durable SendMessage over gRPC, 16 clients, many chats, with the wake-up bus on, against off";
    vec![rounds.row(what, Limit::AtLeast(0.85), "messages/s")]
}

/// A send in memory, one after the other: microseconds, in a chat that has `length` messages and one that has none.
pub(super) async fn in_memory(context: &mut Context, length: i64) -> Vec<Row> {
    let plan = context.plan.short();
    let mut short_and_long = Vec::new();
    for length in [0, length] {
        let backend = Backend::memory();
        let chat = backend.seed_chat(1, person(1), person(2)).await;
        backend.seed_messages(chat, length).await;
        let Backend::Memory(storage) = backend else { unreachable!("it is in memory") };
        short_and_long.push((storage, chat));
    }
    let append = async |place: usize, lasting: Duration| {
        let (storage, chat) = &short_and_long[place];
        let (begin, mut calls, mut elapsed) = (Instant::now(), 0_u32, Duration::ZERO);
        while begin.elapsed() < lasting {
            // Making the messages is not the storage's.
            let new = || message(chat.chat_id, chat.members.lower(), None, moment(length + 1));
            let messages: Vec<_> = std::iter::repeat_with(new).take(256).collect();
            calls += 256;
            let batch = Instant::now();
            for message in messages {
                let outcome = storage.append_message(message).await.expect("a storage");
                assert!(matches!(outcome, AppendMessage::Stored(_)));
            }
            elapsed += batch.elapsed();
        }
        elapsed.as_secs_f64() * 1e6 / f64::from(calls)
    };
    let rounds =
        Rounds::of(plan, async |lasting| append(1, lasting).await, async |lasting| append(0, lasting).await);
    let rounds = rounds.await;
    let figure = Spread::of(rounds.0.iter().map(|(long, _)| *long));
    let limit = Limit::AtMost(3.0);
    let note = format!(
        "in a chat of {length}; in a new one {}",
        short(Spread::of(rounds.0.iter().map(|(_, new)| *new)).median)
    );
    let what = "memory: a send at the storage trait".to_owned();
    let absolute = Row { what, limit, measured: figure, unit: "µs", note };
    let growth = format!("memory: a send into a chat of {length} messages, against a new one");
    vec![absolute, rounds.row(growth, Limit::AtMost(1.2), "µs")]
}
