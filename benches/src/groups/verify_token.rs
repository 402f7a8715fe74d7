//! Access tokens: one that was seen before, and one that was not.

use std::sync::Arc;

use criterion::BatchSize;
use duologue_contract::Rpc;
use duologue_domain::auth::AccessTokenVerifier as _;
use duologue_domain::auth::{AccessClaims, AccessTokenIssuer as _};
use duologue_domain::id::{Id as _, SessionId};
use duologue_domain::time::Clock as _;
use duologue_platform::SystemClock;
use duologue_platform::keys::KeySet;
use duologue_platform::token::{Ed25519Issuer, Ed25519Verifier, TokenParties, VerifierSettings};
use tonic::metadata::MetadataMap;

use crate::backend::Backend;
use crate::harness::{Bench, Group};
use crate::seed::person;
use crate::world::World;

pub(super) const GROUP: Group = Group { name: "auth/verify_token", is_stored: false, run };

fn run(bench: &mut Bench<'_>) {
    let runtime = bench.runtime;
    let keys = Arc::new(KeySet::ephemeral().expect("keys"));
    let issuer = Ed25519Issuer::new(keys.clone(), TokenParties::default());
    let now = SystemClock.now();
    let claims = AccessClaims {
        user_id: person(1),
        session_id: SessionId::from_uuid(person(1).uuid()),
        token_id: "benchmark".to_owned(),
        issue_time: now,
        expire_time: now.plus(std::time::Duration::from_hours(24)),
    };
    let token = issuer.issue(&claims).expect("a token");
    let settings = VerifierSettings { remembered_tokens: 16, ..VerifierSettings::default() };
    let fresh = || Ed25519Verifier::new(keys.clone(), settings.clone());
    let verifier = fresh();
    let verified = runtime.block_on(verifier.verify(&token, now)).expect("a genuine token");
    assert_eq!(verified.user_id, claims.user_id);

    let world = runtime.block_on(async { World::over(Backend::memory()) });
    let ours = world.token(person(1));
    let caller = runtime.block_on(world.authenticator.authenticate(&ours)).expect("a caller");
    assert_eq!(caller.user_id, person(1));
    let mut metadata = MetadataMap::new();
    metadata.insert("authorization", format!("Bearer {ours}").parse().expect("a token"));
    runtime.block_on(world.entry.admit(Rpc::ChatGetChat, &metadata)).expect("admitted");

    let (mut group, _) = bench.group();
    group.bench_function("verifier/remembered", |bencher| {
        bencher.to_async(runtime).iter(|| verifier.verify(&token, now));
    });
    group.bench_function("verifier/not-remembered", |bencher| {
        let verify = async |verifier: Ed25519Verifier| verifier.verify(&token, now).await.is_ok();
        bencher.to_async(runtime).iter_batched(fresh, verify, BatchSize::SmallInput);
    });
    group.bench_function("authenticator/remembered", |bencher| {
        bencher.to_async(runtime).iter(|| world.authenticator.authenticate(&ours));
    });
    group.bench_function("entry/remembered", |bencher| {
        bencher.to_async(runtime).iter(|| world.entry.admit(Rpc::ChatGetChat, &metadata));
    });
}
