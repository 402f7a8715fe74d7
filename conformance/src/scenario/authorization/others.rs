//! What a third user gets.

use duologue_contract::{Rpc, Service};

use super::matrix::{Row, Stage, Third};
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
    complete(|rpc| stage.row(world, rpc)).map_err(Stop::Broken)?;
    world.check(true, String::new);
    Ok(())
}

/// What is wrong with a matrix: an RPC that it does not have, or of which it says what the contract does not.
fn complete(row: impl Fn(Rpc) -> Option<Row>) -> Result<(), String> {
    for rpc in Rpc::ALL {
        let row = row(rpc).ok_or_else(|| format!("{} has no row in the authorization matrix", rpc.path()))?;
        if (row.third == Third::Public) != rpc.is_public() {
            return Err(format!("{}: the matrix and the contract differ on who may call it", rpc.path()));
        }
        row.call(rpc).payload().map_err(|error| format!("{}: {error}", rpc.path()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::Door;
    use crate::scenario::find;
    use crate::target::Target;
    use crate::world::Session;

    /// The planted fault `matrix-hole`.
    #[tokio::test]
    async fn a_hole_in_the_matrix_is_named() {
        let session = Session::new(Target::new(&[], &[]), 7);
        let scenario = find("authz.matrix_complete").expect("the scenario");
        let world = World::new(&session, &scenario, Door::Rest).expect("a world");
        let stage = Stage::default();
        assert_eq!(complete(|rpc| stage.row(&world, rpc)), Ok(()));
        for hole in Rpc::ALL {
            let named = complete(|rpc| if rpc == hole { None } else { stage.row(&world, rpc) });
            assert!(named.is_err_and(|error| error.starts_with(hole.path())), "{hole:?}");
            let other = if hole.is_public() { Third::Own } else { Third::Public };
            let named = complete(|rpc| {
                let row = stage.row(&world, rpc)?;
                Some(if rpc == hole { Row { third: other, ..row } } else { row })
            });
            assert!(named.is_err_and(|error| error.starts_with(hole.path())), "{hole:?}");
        }
    }
}
