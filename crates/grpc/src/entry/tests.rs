//! What an entry does with handlers that misbehave.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use duologue_contract::errors::{Reason, reason_of};
use duologue_domain::Timestamp;
use duologue_domain::auth::{AccessClaims, AccessTokenVerifier, InvalidAccessToken, Revocations};
use duologue_domain::environment::Random;
use duologue_domain::time::Clock;
use duologue_domain::wakeup::LocalWakeUp;
use tokio::sync::oneshot;

use super::*;

pub(super) struct Nothing;

impl Clock for Nothing {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(0)
    }
}

impl Random for Nothing {
    fn fill(&self, _: &mut [u8]) {}
}

#[async_trait]
impl AccessTokenVerifier for Nothing {
    async fn verify(&self, _: &str, _: Timestamp) -> Result<AccessClaims, InvalidAccessToken> {
        Err(InvalidAccessToken::Invalid)
    }
}

fn entry(default_deadline: Duration) -> Entry {
    let environment = Environment::new(Arc::new(Nothing), Arc::new(Nothing));
    let revocations = Revocations::new(LocalWakeUp::new(), Duration::from_mins(15));
    let authenticator = Authenticator::new(Arc::new(Nothing), revocations, environment.clone());
    Entry::new(authenticator, environment, EntryConfig { default_deadline, ..EntryConfig::default() })
}

/// A public RPC that reads, and one that writes.
const READ_AND_WRITE: [Rpc; 2] = [Rpc::AuthGetJwks, Rpc::AuthRegister];

#[tokio::test]
async fn a_panic_is_one_failed_call_of_fixed_shape() {
    for rpc in READ_AND_WRITE {
        let entry = entry(Duration::from_secs(10));
        let panics = |_, ()| async { panic!("a secret") };
        let status = entry.unary::<(), (), _>(rpc, Request::new(()), panics).await.expect_err("a panic");
        assert_eq!((status.code(), reason_of(&status)), (tonic::Code::Internal, Some(Reason::Internal)));
        assert!(!format!("{status:?}").contains("secret"));
        assert_eq!(entry.undeclared_codes(), 1, "no RPC declares INTERNAL");
    }
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_told_so() {
    for rpc in READ_AND_WRITE {
        let entry = entry(Duration::from_millis(20));
        let endless = |_, ()| std::future::pending();
        let status = entry.unary::<(), (), _>(rpc, Request::new(()), endless).await.expect_err("too long");
        assert_eq!(reason_of(&status), Some(Reason::DeadlineExceeded));
        let mut request = Request::new(());
        request.metadata_mut().insert("grpc-timeout", "10S".parse().expect("metadata"));
        let slow = |_, ()| async {
            tokio::time::sleep(Duration::from_millis(60)).await;
            Ok(())
        };
        entry.unary(rpc, request, slow).await.expect("the client waits longer");
        assert_eq!(entry.undeclared_codes(), 0);
    }
}

#[tokio::test]
async fn a_write_whose_client_left_is_finished_and_a_read_is_not() {
    for rpc in READ_AND_WRITE {
        let entry = entry(Duration::from_secs(10));
        let (go, gone) = oneshot::channel::<()>();
        let (finished, done) = (Arc::new(AtomicBool::new(false)), oneshot::channel::<()>());
        let (flag, (sender, receiver)) = (finished.clone(), done);
        let handler = move |_, ()| async move {
            let _ = gone.await;
            flag.store(true, Ordering::SeqCst);
            drop(sender);
            Ok(())
        };
        {
            let call = entry.unary(rpc, Request::new(()), handler);
            assert!(
                tokio::time::timeout(Duration::from_millis(20), call).await.is_err(),
                "the client leaves"
            );
        }
        let _ = go.send(());
        let _ = receiver.await;
        assert_eq!(finished.load(Ordering::SeqCst), rpc == Rpc::AuthRegister, "{}", rpc.path());
    }
}

#[tokio::test]
async fn a_code_that_the_rpc_does_not_declare_is_counted() {
    let entry = entry(Duration::from_secs(10));
    let lost = |_, ()| async { Err(Refusal::with(Reason::HistoryLost.status("gone"))) };
    let _ = entry.unary::<(), (), _>(Rpc::AuthGetJwks, Request::new(()), lost).await;
    assert_eq!(entry.undeclared_codes(), 1);
    let draining = |_, ()| async { Err(Refusal::draining()) };
    let _ = entry.unary::<(), (), _>(Rpc::AuthGetJwks, Request::new(()), draining).await;
    assert_eq!(entry.undeclared_codes(), 1, "UNAVAILABLE is common to all");
}
