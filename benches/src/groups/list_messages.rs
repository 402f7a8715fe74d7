//! Pages of a chat's history: by size, by depth, by length of the chat, both ways, at every layer.

use duologue_domain::chat::MessageOrder;

use crate::doors::{Grpc, InProcess, Rest};
use crate::harness::{Bench, Group, Scale};
use crate::history::{Depth, HistoryPage};
use crate::seed::person;
use crate::world::World;
use crate::yardstick::tonic_alone::TonicAlone;
use crate::yardstick::{by_hand, sql};

pub(super) const GROUP: Group = Group { name: "chat/list_messages", is_stored: true, run };

const PAGES: [i64; 3] = [1, 50, 100];
const DEPTHS: [(Depth, &str); 3] =
    [(Depth::Newest, "newest"), (Depth::Middle, "middle"), (Depth::Oldest, "oldest")];
const ORDERS: [(MessageOrder, &str); 2] =
    [(MessageOrder::NewestFirst, "backward"), (MessageOrder::OldestFirst, "forward")];

fn run(bench: &mut Bench<'_>) {
    let (backend, runtime, scale) = (bench.backend(), bench.runtime, bench.scale);
    let lengths: [i64; 3] = scale.pick([1_000, 100_000, 1_000_000], [200, 400, 1_000]);
    let world = runtime.block_on(async { World::over(backend) });
    let reader = person(1);
    let listening = runtime.block_on(world.listen());
    let token = world.token(reader);
    let grpc = runtime.block_on(Grpc::connect(listening.grpc, &token));
    let rest = runtime.block_on(Rest::connect(listening.rest, &token));
    let in_process = InProcess::new(&world.router, &token);
    let (caller, store) = (world.caller(reader), world.stores.chats.clone());
    let (mut group, measure) = bench.group();
    for (number, newest) in (1..).zip(lengths) {
        let chat = runtime.block_on(async {
            let chat = world.backend.seed_chat(number, reader, person(number + 1)).await;
            world.backend.seed_messages(chat, newest).await;
            chat
        });
        for size in PAGES {
            for (depth, depth_name) in DEPTHS {
                for (order, order_name) in ORDERS {
                    let page = HistoryPage { chat, newest, size, depth, order };
                    let (expected, range) = (page.expected(), page.range());
                    let id = |layer: &str| format!("{layer}/{newest}/{size}/{depth_name}/{order_name}");
                    measure.measure(&mut group, &id("storage"), &expected, || async {
                        store.list_messages(chat.chat_id, range, page.limit()).await.expect("a page")
                    });
                    let request = page.page_request(&world, reader);
                    measure.measure(&mut group, &id("use-case"), &expected, || async {
                        let page = world.chat.list_messages(&caller, chat.chat_id, order, &request).await;
                        page.expect("a page")
                    });
                    let message = page.message(&world, reader);
                    measure.measure(&mut group, &id("grpc"), &expected, || async {
                        let answer = grpc.chat().list_messages(grpc.request(message.clone())).await;
                        answer.expect("a page").into_inner()
                    });
                    let path = page.path(&world, reader);
                    measure.measure(&mut group, &id("rest-in-process"), &expected, || in_process.get(&path));
                    measure.measure(&mut group, &id("rest"), &expected, || rest.get(&path));
                }
            }
        }
    }
    drop(group);
    yardsticks(bench, &world, lengths[2]);
}

/// Pages of 50 of the longest chat, by the least that could answer them.
fn yardsticks(bench: &mut Bench<'_>, world: &World, newest: i64) {
    let (runtime, scale, reader) = (bench.runtime, bench.scale, person(1));
    let chat = runtime.block_on(world.stores.chats.find_direct_chat(crate::seed::chat_id(3)));
    let chat = chat.expect("a storage").expect("the longest chat");
    let page = HistoryPage { chat, newest, size: 50, depth: Depth::Newest, order: MessageOrder::NewestFirst };
    let (expected, token) = (page.expected(), world.token(reader));
    let (ours, theirs) =
        (InProcess::new(&world.router, &token), InProcess::new(&by_hand::router(world), &token));
    let path = page.path(world, reader);
    let (mut group, measure) = bench.group();
    let same = runtime.block_on(async { (ours.get(&path).await, theirs.get(&path).await) });
    assert_eq!(same.0, same.1, "the same bytes");
    measure.measure(&mut group, "yardstick/axum-by-hand", &expected, || theirs.get(&path));

    let message = page.message(world, reader);
    let grpc = runtime.block_on(async {
        let ours = Grpc::connect(world.listen().await.grpc, &token).await;
        let answer = ours.chat().list_messages(ours.request(message.clone())).await.expect("a page");
        let alone = TonicAlone::new(world.stores.chats.clone(), &[], answer.into_inner());
        Grpc::connect(alone.listen().await, &token).await
    });
    measure.measure(&mut group, "yardstick/tonic-alone", &expected, || async {
        let answer = grpc.chat().list_messages(grpc.request(message.clone())).await;
        answer.expect("a page").into_inner()
    });

    let Some(postgres) = world.backend.as_postgres() else { return };
    let pool = &postgres.pool;
    measure.measure(&mut group, "yardstick/sqlx", &expected, || sql::page(pool, chat.chat_id, i64::MAX, 50));
    let offsets: &[i64] = if scale == Scale::Full { &[0, 100, 10_000, 500_000] } else { &[0, 100] };
    for offset in offsets {
        let expected: Vec<String> = (0..50).map(|nth| (newest - offset - nth).to_string()).collect();
        measure.measure(&mut group, &format!("yardstick/offset/{offset}"), &expected, || {
            sql::page_by_offset(pool, chat.chat_id, *offset, 50)
        });
    }
}
