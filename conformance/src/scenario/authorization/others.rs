//! What a third user gets.

use duologue_contract::{Rpc, Service};

use super::matrix::{Stage, Third};
use crate::world::{Outcome, Stop, World};

pub(super) async fn other_users_resource(world: &World) -> Outcome {
    if !world.has(Service::User) {
        return Err(Stop::Missing(Service::User));
    }
    let stage = Stage::set(world).await?;
    let before = stage.snapshot(world).await?;
    for rpc in Rpc::ALL.into_iter().filter(|rpc| world.has(rpc.service())) {
        let row = stage
            .row(world, rpc)
            .ok_or_else(|| Stop::Broken(format!("{} is not in the matrix", rpc.path())))?;
        let Third::Refused(code, reason) = row.third else { continue };
        let owner = stage.person(row.owner);
        world.check(owner.user_id != stage.mallory.user_id, || "the third user owns the stage".to_owned());
        let answer = world.call_dynamic(&stage.mallory, &row.call(rpc)).await?;
        let failure = world.expect_answer(rpc, answer, code)?;
        if let (Some(failure), Some(reason)) = (failure, reason) {
            world.check(failure.has_reason(reason), || {
                format!("{}: the reason must be {}, it is {:?}", rpc.path(), reason.name(), failure.reason)
            });
            let tells =
                failure.raw.contains("between the two of us") || failure.raw.contains(&stage.ann.nickname);
            world.check(!tells, || format!("{}: the refusal tells what it refuses to show", rpc.path()));
        }
    }
    world.check_eq("what the owners see after refused calls", &stage.snapshot(world).await?, &before);
    Ok(())
}

pub(super) async fn matrix_complete(world: &World) -> Outcome {
    let stage = Stage::default();
    for rpc in Rpc::ALL {
        let Some(row) = stage.row(world, rpc) else {
            return Err(Stop::Broken(format!("{} has no row in the authorization matrix", rpc.path())));
        };
        let is_public = row.third == Third::Public;
        if is_public != rpc.is_public() {
            return Err(Stop::Broken(format!(
                "{}: the matrix and the contract differ on who may call it",
                rpc.path()
            )));
        }
        row.call(rpc).payload().map_err(|error| Stop::Broken(format!("{}: {error}", rpc.path())))?;
        world.check(true, String::new);
    }
    Ok(())
}
