//! Refresh tokens.

use duologue_contract::auth::{RefreshRequest, RefreshResponse};
use tonic::Code;

use super::{dies, is_refused, opens};
use crate::door::Credential;
use crate::race::{CONTENDERS, ROUNDS};
use crate::random::{base36, entropy};
use crate::world::{Outcome, World};

async fn rotate(world: &World, refresh_token: &str) -> Outcome<RefreshResponse> {
    world.ok(Credential::None, &RefreshRequest { refresh_token: refresh_token.to_owned() }).await
}

async fn is_dead(world: &World, refresh_token: &str) -> Outcome {
    let request = RefreshRequest { refresh_token: refresh_token.to_owned() };
    world.refused(Credential::None, &request, Code::Unauthenticated).await?;
    Ok(())
}

pub(super) async fn rotates(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let first = rotate(world, &ann.refresh_token).await?;
    world.check_eq("user_id of Refresh", &first.user_id, &ann.user_id);
    world.check(first.refresh_token != ann.refresh_token, || {
        "Refresh does not rotate the refresh token".to_owned()
    });
    world.check(first.access_token != ann.access_token, || "Refresh answers the old access token".to_owned());
    world.check(first.expires_in_seconds > 0, || "expires_in_seconds is not positive".to_owned());
    opens(world, &first.access_token, "the access token of Refresh").await;
    let second = rotate(world, &first.refresh_token).await?;
    opens(world, &second.access_token, "the access token of the second Refresh").await;
    is_dead(world, &ann.refresh_token).await
}

pub(super) async fn race(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let mut token = ann.refresh_token;
    for round in 0..ROUNDS {
        let request = RefreshRequest { refresh_token: token.clone() };
        let calls = vec![(Credential::None.into(), request); CONTENDERS];
        let mut successors = Vec::new();
        for operation in world.race::<RefreshRequest>(calls).await {
            let reply = world.expect_ok::<RefreshRequest>(operation.what)?;
            world.check_eq("user_id of Refresh", &reply.user_id, &ann.user_id);
            successors.push(reply.refresh_token);
        }
        // A lost reply is asked for again: still the same successor.
        successors.push(rotate(world, &token).await?.refresh_token);
        successors.dedup();
        world.require(successors.len() == 1, || {
            format!("round {round}: {} different successors of one token", successors.len())
        })?;
        token = successors.pop().unwrap_or_default();
    }
    Ok(())
}

pub(super) async fn reuse_revokes_family(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let other = world.login(&ann).await?;
    let first = rotate(world, &ann.refresh_token).await?;
    let second = rotate(world, &first.refresh_token).await?;
    is_dead(world, &ann.refresh_token).await?;
    is_dead(world, &second.refresh_token).await?;
    is_dead(world, &first.refresh_token).await?;
    dies(world, &second.access_token, "the newest access token of a session that was ended").await?;
    dies(world, &ann.access_token, "the first access token of a session that was ended").await?;
    opens(world, &other.access_token, "the access token of another session").await;
    rotate(world, &other.refresh_token).await?;
    Ok(())
}

pub(super) async fn kinds_not_interchangeable(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    is_dead(world, &ann.access_token).await?;
    is_refused(world, &ann.refresh_token, "a refresh token as a bearer token").await;
    opens(world, &ann.access_token, "the access token").await;
    Ok(())
}

pub(super) async fn malformed(world: &World) -> Outcome {
    world.refused_field(Credential::None, &RefreshRequest::default(), "refresh_token", "empty").await?;
    let ann = world.newcomer().await?;
    for invented in [changed(&ann.refresh_token), base36(entropy(), 12).repeat(5), "é".repeat(40)] {
        world.keep_secret(&invented);
        is_dead(world, &invented).await?;
    }
    // A guess must not cost the owner their session.
    rotate(world, &ann.refresh_token).await?;
    Ok(())
}

/// The token with another letter in its last quarter, where a secret or a signature is.
fn changed(token: &str) -> String {
    let at = token.len() - token.len() / 8;
    let change = |(index, letter): (usize, char)| match letter {
        'a' if index == at => 'b',
        letter if index == at && letter.is_ascii_alphanumeric() => 'a',
        _ if index == at => 'x',
        letter => letter,
    };
    token.chars().enumerate().map(change).collect()
}
