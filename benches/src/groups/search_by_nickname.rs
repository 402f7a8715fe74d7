//! The search by the beginning of a nickname, over a million profiles.

use duologue_contract::user::SearchByNicknameRequest;
use duologue_domain::page::PageRequest;
use duologue_domain::user::SearchPrefix;

use crate::doors::{Grpc, InProcess, Rest};
use crate::harness::{Bench, Group};
use crate::seed::{nickname, person};
use crate::world::World;

pub(super) const GROUP: Group = Group { name: "user/search_by_nickname", is_stored: true, run };

/// Profiles on a page.
const SIZE: i32 = 20;

fn run(bench: &mut Bench<'_>) {
    let (backend, runtime) = (bench.backend(), bench.runtime);
    let count: i64 = bench.scale.pick(1_000_000, 2_000);
    let world = runtime.block_on(async { World::over(backend) });
    let listening = runtime.block_on(world.listen());
    runtime.block_on(world.backend.seed_profiles(count));
    let mut nicknames: Vec<String> = (1..=count).map(nickname).collect();
    nicknames.sort_unstable();
    let reader = person(1);
    let (caller, token) = (world.caller(reader), world.token(reader));
    let grpc = runtime.block_on(Grpc::connect(listening.grpc, &token));
    let in_process = InProcess::new(&world.router, &token);
    let rest = runtime.block_on(Rest::connect(listening.rest, &token));
    let (mut group, measure) = bench.group();
    // One letter that tens of thousands begin with, three that dozens do, and somebody's whole name.
    let middle = &nicknames[nicknames.len() / 2];
    for (text, length) in [(&middle[..1], "1"), (&middle[..3], "3"), (&middle[..], "whole")] {
        let prefix = SearchPrefix::parse(text).expect("a prefix");
        let found = nicknames.iter().filter(|nickname| nickname.starts_with(text)).take(20);
        let expected: Vec<String> = found.cloned().collect();
        let id = |layer: &str| format!("{layer}/{length}");
        measure.measure(&mut group, &id("storage"), &expected, || async {
            world.stores.profiles.list_profiles_by_prefix(&prefix, None, 20).await.expect("a list")
        });
        let request = PageRequest::parse(SIZE, None).expect("a page request");
        measure.measure(&mut group, &id("use-case"), &expected, || async {
            world.user.search_by_nickname(&caller, &prefix, &request).await.expect("a page")
        });
        measure.measure(&mut group, &id("grpc"), &expected, || async {
            let message = SearchByNicknameRequest { query: text.to_owned(), limit: SIZE, cursor: None };
            grpc.user().search_by_nickname(grpc.request(message)).await.expect("a page").into_inner()
        });
        let path = format!("/v1/users/search?query={text}&limit={SIZE}");
        measure.measure(&mut group, &id("rest-in-process"), &expected, || in_process.get(&path));
        measure.measure(&mut group, &id("rest"), &expected, || rest.get(&path));
    }
}
