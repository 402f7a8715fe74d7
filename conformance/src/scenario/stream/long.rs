//! Streams over minutes.

use std::time::{Duration, Instant};

use duologue_contract::Rpc;
use duologue_contract::auth::RefreshRequest;
use duologue_contract::errors::Reason;

use super::{after, follow, live_of, next};
use crate::door::{Credential, Door, HttpRequest, Next};
use crate::scenario::Scenario;
use crate::target::Capability;
use crate::world::{Outcome, Person, Stop, World};
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::should(
            "stream.token_expiry",
            "A stream SHOULD end with UNAUTHENTICATED when its token expires, and go on with the next token.",
            cells![ChatStreamMessages: Unauthenticated],
            run!(token_expiry),
        )
        .needs(&[Capability::ShortAccessTokens]),
        Scenario::should(
            "stream.idle_survives",
            "A stream SHOULD outlive a minute of silence.",
            cells![ChatStreamMessages: Ok],
            run!(idle_survives),
        )
        .needs(&[Capability::Slow]),
    ]
}

/// How much later than its token a stream may end.
const GRACE: Duration = Duration::from_secs(5);

async fn token_expiry(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let before = Instant::now();
    let login = world.login(&bob).await?;
    let seconds = u64::try_from(login.expires_in_seconds).unwrap_or_default();
    if !(1..=120).contains(&seconds) {
        return Err(Stop::Skipped(format!("access tokens live for {seconds} s")));
    }
    let bob = bob.in_session(&login);
    let mut live = follow(world, &bob, &live_of(&chat_id)).await?;
    let sent = world.send(&ann, &chat_id, "in time").await?;
    world.check_eq("what the stream delivers while its token is good", &next(world, &mut live).await?, &sent);
    let lifetime = Duration::from_secs(seconds);
    let ended = live.next(lifetime + GRACE).await;
    let after_seconds = before.elapsed().as_secs_f64();
    match ended {
        Next::Refused(failure) => {
            // Times in a token are whole seconds.
            world.check(before.elapsed() + Duration::from_secs(2) >= lifetime, || {
                format!("the stream ended after {after_seconds:.1} s, its token lives for {seconds} s")
            });
            let reason = Reason::TokenExpired;
            let failure = world.expect_refused(Rpc::ChatStreamMessages, Err(failure), reason.code())?;
            world.check(failure.is_some_and(|failure| failure.has_reason(reason)), || {
                format!("the reason at the end of an expired stream must be {}", reason.name())
            });
        }
        other => {
            world.violation(format!(
                "{after_seconds:.1} s after a login for {seconds} s the stream did not end: {other:?}"
            ));
            return Err(Stop::Violated);
        }
    }
    let missed =
        world.send(&world.login(&ann).await.map(|login| ann.in_session(&login))?, &chat_id, "missed").await?;
    let refresh = RefreshRequest { refresh_token: bob.refresh_token.clone() };
    let reply = world.arrange(Credential::None, &refresh).await?;
    world.keep_secret(&reply.access_token);
    let bob = Person { access_token: reply.access_token, ..bob };
    let mut live = follow(world, &bob, &after(&chat_id, sent.sequence)).await?;
    world.check_eq("the stream with the next token", &next(world, &mut live).await?, &missed);
    Ok(())
}

/// The silence.
const SILENCE: Duration = Duration::from_mins(1);

async fn idle_survives(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut live = follow(world, &bob, &live_of(&chat_id)).await?;
    let (silence, beats) = tokio::join!(live.next(SILENCE), heartbeats(world, &ann, &chat_id));
    world.require(silence == Next::Silence, || {
        format!("a stream without messages did not stay open: {silence:?}")
    })?;
    beats?;
    let sent = world.send(&ann, &chat_id, "after a minute").await?;
    world.check_eq("what the stream delivers after a minute", &next(world, &mut live).await?, &sent);
    Ok(())
}

/// Through REST something has to be sent every 15 seconds, so that nothing on the way closes the connection.
async fn heartbeats(world: &World, reader: &Person, chat_id: &str) -> Outcome {
    if world.door() == Door::Grpc {
        return Ok(());
    }
    let request = HttpRequest::new("GET", format!("/v1/chats/{chat_id}/stream"))
        .header("authorization", &format!("Bearer {}", reader.access_token))
        .header("accept", "text/event-stream");
    let mut stream = world.rest().http().open(0, request).await.map_err(Stop::Broken)?;
    let began = Instant::now();
    while began.elapsed() < SILENCE.saturating_sub(Duration::from_secs(15)) {
        let beat = tokio::time::timeout(Duration::from_secs(16), stream.chunk()).await;
        let is_comment =
            matches!(&beat, Ok(Ok(Some(chunk))) if chunk.starts_with(b":") || chunk.starts_with(b"\n"));
        world.require(is_comment, || format!("no comment or blank line within 15 s: {beat:?}"))?;
    }
    Ok(())
}
