//! The list of a person's chats: somebody with 20, and somebody with 20,000.

use duologue_contract::chat::ListUserChatsRequest;
use duologue_domain::chat::ChatWalk;
use duologue_domain::page::PageRequest;

use crate::doors::{Grpc, InProcess, Rest};
use crate::harness::{Bench, Group};
use crate::seed::{chat_id, moment, person};
use crate::world::World;

pub(super) const GROUP: Group = Group { name: "chat/list_user_chats", is_stored: true, run };

/// Chats on a page.
const SIZE: i32 = 20;

fn run(bench: &mut Bench<'_>) {
    let (backend, runtime) = (bench.backend(), bench.runtime);
    let counts: [i64; 2] = bench.scale.pick([20, 20_000], [20, 200]);
    let world = runtime.block_on(async { World::over(backend) });
    let listening = runtime.block_on(world.listen());
    let (mut group, measure) = bench.group();
    for (owner, count) in (1..).zip(counts) {
        let (reader, first) = (person(owner), 1_000_000 * owner);
        runtime.block_on(world.backend.seed_chats_of(reader, first, count));
        let newest = (first + count - i64::from(SIZE)..first + count).rev();
        let expected: Vec<String> = newest.map(|number| chat_id(number).to_string()).collect();
        let (caller, token, now) = (world.caller(reader), world.token(reader), moment(count + 1));
        let id = |layer: &str| format!("{layer}/{count}");
        measure.measure(&mut group, &id("storage"), &expected, || async {
            world.stores.chats.list_chats(reader, ChatWalk::Begin { now }, 20).await.expect("a list")
        });
        let request = PageRequest::parse(SIZE, None).expect("a page request");
        measure.measure(&mut group, &id("use-case"), &expected, || async {
            world.chat.list_user_chats(&caller, &request).await.expect("a page")
        });
        let grpc = runtime.block_on(Grpc::connect(listening.grpc, &token));
        measure.measure(&mut group, &id("grpc"), &expected, || async {
            let message = ListUserChatsRequest { limit: SIZE, ..ListUserChatsRequest::default() };
            grpc.chat().list_user_chats(grpc.request(message)).await.expect("a page").into_inner()
        });
        let path = format!("/v1/chats?limit={SIZE}");
        let in_process = InProcess::new(&world.router, &token);
        measure.measure(&mut group, &id("rest-in-process"), &expected, || in_process.get(&path));
        let rest = runtime.block_on(Rest::connect(listening.rest, &token));
        measure.measure(&mut group, &id("rest"), &expected, || rest.get(&path));
    }
}
