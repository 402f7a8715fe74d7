//! The list of a person's friends.

use duologue_contract::social::ListFriendsRequest;
use duologue_domain::page::PageRequest;

use crate::doors::{Grpc, InProcess, Rest};
use crate::harness::{Bench, Group};
use crate::seed::person;
use crate::world::World;

pub(super) const GROUP: Group = Group { name: "social/list_friends", is_stored: true, run };

/// Friends on a page.
const SIZE: i32 = 50;

fn run(bench: &mut Bench<'_>) {
    let (backend, runtime) = (bench.backend(), bench.runtime);
    let counts: [i64; 2] = bench.scale.pick([100, 5_000], [60, 120]);
    let world = runtime.block_on(async { World::over(backend) });
    let listening = runtime.block_on(world.listen());
    let (mut group, measure) = bench.group();
    for (owner, count) in (1..).zip(counts) {
        let (reader, first) = (person(owner), 1_000_000 * owner);
        runtime.block_on(world.backend.seed_friends_of(reader, first, count));
        let newest = (first + count - i64::from(SIZE)..first + count).rev();
        let expected: Vec<String> = newest.map(|number| person(number).to_string()).collect();
        let (caller, token) = (world.caller(reader), world.token(reader));
        let id = |layer: &str| format!("{layer}/{count}");
        measure.measure(&mut group, &id("storage"), &expected, || async {
            world.stores.social.list_friends(reader, None, 50).await.expect("a list")
        });
        let request = PageRequest::parse(SIZE, None).expect("a page request");
        measure.measure(&mut group, &id("use-case"), &expected, || async {
            world.social.list_friends(&caller, &request).await.expect("a page")
        });
        let grpc = runtime.block_on(Grpc::connect(listening.grpc, &token));
        measure.measure(&mut group, &id("grpc"), &expected, || async {
            let message = ListFriendsRequest { limit: SIZE, ..ListFriendsRequest::default() };
            grpc.social().list_friends(grpc.request(message)).await.expect("a page").into_inner()
        });
        let path = format!("/v1/friends?limit={SIZE}");
        let in_process = InProcess::new(&world.router, &token);
        measure.measure(&mut group, &id("rest-in-process"), &expected, || in_process.get(&path));
        let rest = runtime.block_on(Rest::connect(listening.rest, &token));
        measure.measure(&mut group, &id("rest"), &expected, || rest.get(&path));
    }
}
