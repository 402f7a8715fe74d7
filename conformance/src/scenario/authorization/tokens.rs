//! Calls without a credential, and with bad ones.

use std::time::Duration;

use duologue_contract::Rpc;
use duologue_contract::Service;
use duologue_contract::auth::{GetJwksRequest, LoginRequest, RefreshRequest};
use duologue_contract::chat::{ListMessagesRequest, SendMessageRequest};
use duologue_contract::errors::Reason;
use serde_json::Value;
use tonic::Code;

use super::matrix::{Stage, Third};
use crate::door::{Credential, DynamicCall};
use crate::random::{base36, entropy};
use crate::world::{Outcome, Stop, World};

/// The RPCs that are there and not public, by the contract's own word.
fn guarded(world: &World) -> Vec<Rpc> {
    Rpc::ALL.into_iter().filter(|rpc| !rpc.is_public() && world.has(rpc.service())).collect()
}

/// Makes every guarded call that the matrix knows with this credential: each is refused, and nothing changes.
async fn all_refused(
    world: &World,
    stage: &Stage,
    credential: &Credential,
    reason: Option<Reason>,
) -> Outcome {
    for rpc in guarded(world) {
        let row = stage
            .row(world, rpc)
            .ok_or_else(|| Stop::Broken(format!("{} is not in the matrix", rpc.path())))?;
        world.check(row.third != Third::Public, || format!("{} is public in the matrix only", rpc.path()));
        let answer = world.call_dynamic(credential.clone(), &row.call(rpc)).await?;
        let failure = world.expect_answer(rpc, answer, Code::Unauthenticated)?;
        if let (Some(failure), Some(reason)) = (failure, reason) {
            world.check(failure.has_reason(reason), || {
                format!("{}: the reason must be {}, it is {:?}", rpc.path(), reason.name(), failure.reason)
            });
        }
    }
    Ok(())
}

pub(super) async fn none(world: &World) -> Outcome {
    let stage = Stage::set(world).await?;
    let before = stage.snapshot(world).await?;
    all_refused(world, &stage, &Credential::None, Some(Reason::TokenInvalid)).await?;
    world.check_eq("what the owners see after refused calls", &stage.snapshot(world).await?, &before);
    Ok(())
}

pub(super) async fn garbage(world: &World) -> Outcome {
    let stage = Stage::set(world).await?;
    let before = stage.snapshot(world).await?;
    let ann = &stage.ann;
    let unsigned =
        ann.access_token.rsplit_once('.').map(|(signed, _)| format!("{signed}.")).unwrap_or_default();
    for token in
        [base36(entropy(), 40), unsigned, ann.user_id.clone(), ann.email.clone(), ann.refresh_token.clone()]
    {
        world.keep_secret(&token);
        all_refused(world, &stage, &Credential::Bearer(token), Some(Reason::TokenInvalid)).await?;
    }
    world.check_eq("what the owners see after refused calls", &stage.snapshot(world).await?, &before);
    Ok(())
}

/// The longest life of an access token that a run waits for.
const LONGEST_WAIT_SECONDS: i64 = 60;

pub(super) async fn expired(world: &World) -> Outcome {
    let ann = world.newcomer().await?;
    let refreshed =
        world.arrange(Credential::None, &RefreshRequest { refresh_token: ann.refresh_token.clone() }).await?;
    let life = refreshed.expires_in_seconds;
    if life > LONGEST_WAIT_SECONDS {
        return Err(Stop::Skipped(format!(
            "access tokens live {life} s here, more than {LONGEST_WAIT_SECONDS}"
        )));
    }
    tokio::time::sleep(Duration::from_secs(life.unsigned_abs() + 1)).await;
    let stage = Stage::set(world).await?;
    all_refused(world, &stage, &Credential::Bearer(refreshed.access_token), Some(Reason::TokenExpired)).await
}

pub(super) async fn public(world: &World) -> Outcome {
    for credential in [
        Credential::None,
        Credential::Bearer("garbage".to_owned()),
        Credential::Raw(vec!["Basic dTpw".to_owned()]),
        Credential::Raw(vec![String::new()]),
    ] {
        let request = world.fresh_registration();
        let registered = world.ok(credential.clone(), &request).await?;
        let login = LoginRequest { email: request.email, password: request.password };
        let login = world.ok(credential.clone(), &login).await?;
        world.check_eq("user_id of Login", &login.user_id, &registered.user_id);
        world.ok(credential.clone(), &RefreshRequest { refresh_token: login.refresh_token }).await?;
        world.ok(credential, &GetJwksRequest {}).await?;
    }
    Ok(())
}

/// A request whose every field breaks its rule.
fn malformed(rpc: Rpc) -> DynamicCall {
    use duologue_contract::FieldKind;
    let value = |field: &duologue_contract::FieldSpec| match (field.kind, field.is_repeated) {
        (FieldKind::Text, false) => Some(Value::from("no-id\0")),
        (FieldKind::Text, true) => Some(Value::from(vec!["no-id"])),
        (FieldKind::Int32, _) => Some(Value::from(-1)),
        (FieldKind::Int64, _) => Some(Value::from("-1")),
        _ => None,
    };
    let fields = rpc.description().fields.iter();
    let fields = fields.filter_map(|field| Some((field.json_name.to_owned(), value(field)?)));
    DynamicCall { rpc, fields: fields.collect() }
}

pub(super) async fn check_order(world: &World) -> Outcome {
    for rpc in guarded(world) {
        for credential in [Credential::None, Credential::Bearer("garbage".to_owned())] {
            let answer = world.call_dynamic(credential, &malformed(rpc)).await?;
            world.expect_answer(rpc, answer, Code::Unauthenticated)?;
        }
    }
    let nell = world.newcomer().await?;
    for rpc in guarded(world).into_iter().filter(|rpc| !malformed(*rpc).fields.is_empty()) {
        let answer = world.call_dynamic(&nell, &malformed(rpc)).await?;
        world.expect_answer(rpc, answer, Code::InvalidArgument)?;
    }
    if world.has(Service::Chat) && world.has(Service::User) {
        let ann = world.person().await?;
        let send = |text: &str| SendMessageRequest {
            chat_id: world.unknown_id(),
            text: text.to_owned(),
            client_message_id: None,
        };
        world.refused(&ann, &send(""), Code::InvalidArgument).await?;
        world.refused(&ann, &send("hello"), Code::PermissionDenied).await?;
        let list = ListMessagesRequest { chat_id: world.unknown_id(), limit: -1, ..Default::default() };
        world.refused(&ann, &list, Code::InvalidArgument).await?;
    }
    Ok(())
}
