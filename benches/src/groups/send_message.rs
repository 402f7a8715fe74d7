//! Sends: by how many at once, to many chats and to one, with and without a name, at every layer.

use std::sync::Arc;

use criterion::Throughput;

use crate::doors::{Grpc, InProcess, Rest};
use crate::harness::{Bench, Group, Reader};
use crate::load::{
    GrpcSends, InProcessSends, Lane, Naming, RestSends, Sends, StorageSends, Until, UseCaseSends,
    assert_stores, many_chats, one_hot_chat, send,
};
use crate::world::{Listening, World};
use crate::yardstick::sql::SqlxSends;
use crate::yardstick::tonic_alone::TonicAlone;

pub(super) const GROUP: Group = Group { name: "chat/send_message", is_stored: true, run };

type Layer = (&'static str, Arc<dyn Sends>);

fn run(bench: &mut Bench<'_>) {
    let (backend, runtime) = (bench.backend(), bench.runtime);
    let at_once = bench.scale.pick([1, 8, 32, 128], [1, 2, 4, 8]);
    let world = runtime.block_on(async { World::over(backend) });
    let listening = runtime.block_on(world.listen());
    let all = runtime.block_on(many_chats(&world.backend, at_once[3]));
    let (mut group, Reader { runtime }) = bench.group();
    group.throughput(Throughput::Elements(1));
    for count in at_once {
        let many: Arc<[Lane]> = all[..count].into();
        for (lanes, spread) in [(one_hot_chat(&many), "hot"), (many, "many")] {
            for (name, sends) in runtime.block_on(layers(&world, listening, &lanes)) {
                runtime.block_on(assert_stores(&sends, &world.stores.chats, &lanes[0]));
                for (naming, named) in [(Naming::Unnamed, "unnamed"), (Naming::Named, "named")] {
                    group.bench_function(format!("{name}/{spread}/{count}/{named}"), |bencher| {
                        bencher.iter_custom(|iterations| {
                            let sent = send(&sends, &lanes, naming, Until::Count(iterations));
                            let sent = runtime.block_on(sent);
                            assert_eq!(sent.count, iterations);
                            sent.elapsed
                        });
                    });
                }
            }
        }
    }
}

async fn layers(world: &World, listening: Listening, lanes: &Arc<[Lane]>) -> Vec<Layer> {
    let store = world.stores.chats.clone();
    let storage = StorageSends { store: store.clone(), lanes: lanes.clone() };
    let callers = lanes.iter().map(|lane| world.caller(lane.sender)).collect();
    let use_case = UseCaseSends { service: world.chat.clone(), callers };
    let alone = TonicAlone::new(store, lanes, duologue_contract::chat::ListMessagesResponse::default())
        .listen()
        .await;
    let (mut grpc, mut tonic, mut rest, mut in_process) = (vec![], vec![], vec![], vec![]);
    for lane in lanes.iter() {
        let token = world.token(lane.sender);
        grpc.push(Grpc::connect(listening.grpc, &token).await);
        tonic.push(Grpc::connect(alone, &token).await);
        rest.push(Rest::connect(listening.rest, &token).await);
        in_process.push(InProcess::new(&world.router, &token));
    }
    let mut layers: Vec<Layer> = vec![
        ("storage", Arc::new(storage)),
        ("use-case", Arc::new(use_case)),
        ("grpc", Arc::new(GrpcSends(grpc))),
        ("rest", Arc::new(RestSends(rest))),
        ("rest-in-process", Arc::new(InProcessSends(in_process))),
        ("yardstick/tonic-alone", Arc::new(GrpcSends(tonic))),
    ];
    if let Some(postgres) = world.backend.as_postgres() {
        layers.push(("yardstick/sqlx", Arc::new(SqlxSends::connect(&postgres.url, lanes).await)));
    }
    layers
}
