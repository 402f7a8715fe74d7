//! How keys are fetched from elsewhere.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use duologue_domain::auth::PublicKey;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::*;
use crate::token::{KeySource, KeysUnavailable};

/// A source far away, that tests switch on and off.
struct Remote {
    keys: Mutex<Option<Arc<[PublicKey]>>>,
    asked: AtomicUsize,
    /// An answer takes a permit.
    answers: Semaphore,
}

#[async_trait]
impl KeySource for Remote {
    async fn keys(&self) -> Result<Arc<[PublicKey]>, KeysUnavailable> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.answers.acquire().await.unwrap().forget();
        self.keys.lock().clone().ok_or_else(|| KeysUnavailable("switched off".into()))
    }
}

/// A remote source, a verifier over it, and tokens of three keys.
struct Far {
    remote: Arc<Remote>,
    verifier: Arc<Ed25519Verifier>,
    public: Vec<PublicKey>,
    tokens: Vec<String>,
}

impl Far {
    fn new() -> Self {
        let keys = [new_key(), new_key(), new_key()];
        let remote = Arc::new(Remote {
            keys: Mutex::new(None),
            asked: AtomicUsize::new(0),
            answers: Semaphore::new(1_000),
        });
        let verifier = Arc::new(Ed25519Verifier::new(Arc::clone(&remote) as _, VerifierSettings::default()));
        let token = |key: &Arc<SigningKey>| {
            let keys = Arc::new(key_set(std::slice::from_ref(key)));
            Ed25519Issuer::new(keys, TokenParties::default()).issue(&claims()).unwrap()
        };
        Self {
            remote,
            verifier,
            public: keys.iter().map(|key| key.public().clone()).collect(),
            tokens: keys.iter().map(token).collect(),
        }
    }

    fn publish(&self, which: &[usize]) {
        *self.remote.keys.lock() = Some(which.iter().map(|index| self.public[*index].clone()).collect());
    }

    fn switch_off(&self) {
        *self.remote.keys.lock() = None;
    }

    fn asked(&self) -> usize {
        self.remote.asked.load(Ordering::SeqCst)
    }

    /// Verifies the token of a key, so many seconds after it was issued.
    async fn verify(&self, which: usize, second: u64) -> Result<(), InvalidAccessToken> {
        let now = ISSUED.plus(Duration::from_secs(second));
        self.verifier.verify(&self.tokens[which], now).await.map(|found| assert_eq!(found, claims()))
    }

    /// Lets tasks that nobody waits for come to their end.
    async fn settle(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_for_an_unknown_one() {
    let far = Far::new();
    far.publish(&[0]);
    assert_eq!(far.verify(0, 0).await, Ok(()));
    assert_eq!(far.verify(0, 1).await, Ok(()));
    assert_eq!(far.asked(), 1);
    far.publish(&[0, 1]);
    assert_eq!(far.verify(1, 10).await, Ok(()));
    assert_eq!(far.verify(0, 10).await, Ok(()));
    assert_eq!(far.asked(), 2);
}

#[tokio::test]
async fn unknown_keys_cannot_make_the_verifier_ask_more_than_once_in_a_while() {
    let far = Far::new();
    far.publish(&[0]);
    assert_eq!(far.verify(0, 0).await, Ok(()));
    for second in 0..60 {
        for which in [1, 2] {
            assert_eq!(far.verify(which, second).await, Err(InvalidAccessToken::Invalid));
        }
        assert_eq!(far.asked(), 1 + usize::try_from(second / 10).unwrap(), "second {second}");
    }
}

#[tokio::test]
async fn many_who_need_a_key_at_once_ask_once() {
    let far = Far::new();
    far.publish(&[0]);
    far.remote.answers.forget_permits(1_000);
    let waiting: Vec<_> = (0..50)
        .map(|number| {
            let (verifier, token) = (Arc::clone(&far.verifier), far.tokens[0].clone());
            // Their clocks differ by a little.
            let now = ISSUED.plus(Duration::from_millis(number % 7));
            tokio::spawn(async move { verifier.verify(&token, now).await })
        })
        .collect();
    far.settle().await;
    assert_eq!(far.asked(), 1);
    far.remote.answers.add_permits(1_000);
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), Ok(claims()));
    }
    assert_eq!(far.asked(), 1);
}

#[tokio::test]
async fn who_goes_away_while_asking_does_not_take_the_answer_along() {
    let far = Far::new();
    far.publish(&[0]);
    far.remote.answers.forget_permits(1_000);
    let (verifier, token) = (Arc::clone(&far.verifier), far.tokens[0].clone());
    let gone = tokio::spawn(async move { verifier.verify(&token, ISSUED).await });
    far.settle().await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    far.remote.answers.add_permits(1);
    assert_eq!(far.verify(0, 0).await, Ok(()));
    assert_eq!(far.asked(), 1);
}

#[tokio::test]
async fn without_any_key_tokens_are_neither_right_nor_wrong() {
    let far = Far::new();
    assert_eq!(far.verify(0, 0).await, Err(InvalidAccessToken::KeysUnavailable));
    far.publish(&[0]);
    assert_eq!(far.verify(0, 9).await, Err(InvalidAccessToken::KeysUnavailable));
    assert_eq!(far.asked(), 1);
    assert_eq!(far.verify(0, 10).await, Ok(()));
}

#[tokio::test]
async fn a_source_that_is_down_leaves_known_keys_usable_for_a_while() {
    let far = Far::new();
    let long = AccessClaims { expire_time: ISSUED.plus(Duration::from_hours(24)), ..claims() };
    let key = new_key();
    let own = Arc::new(key_set(std::slice::from_ref(&key)));
    let token = Ed25519Issuer::new(own, TokenParties::default()).issue(&long).unwrap();
    *far.remote.keys.lock() = Some([key.public().clone()].into());
    let at = |second| ISSUED.plus(Duration::from_secs(second));
    assert_eq!(far.verifier.verify(&token, at(0)).await, Ok(long.clone()));
    far.switch_off();
    assert_eq!(far.verifier.verify(&token, at(3_599)).await, Ok(long.clone()));
    far.settle().await;
    assert_eq!(far.asked(), 2);
    // An unknown key may be a new one.
    assert_eq!(far.verify(1, 3_599).await, Err(InvalidAccessToken::KeysUnavailable));
    assert_eq!(far.verifier.verify(&token, at(3_600)).await, Err(InvalidAccessToken::KeysUnavailable));
    *far.remote.keys.lock() = Some([key.public().clone()].into());
    assert_eq!(far.verifier.verify(&token, at(3_610)).await, Ok(long));
}

#[tokio::test]
async fn a_key_that_is_no_longer_published_is_noticed_without_being_asked_for_another() {
    let far = Far::new();
    far.publish(&[0, 1]);
    assert_eq!(far.verify(0, 0).await, Ok(()));
    far.publish(&[1]);
    assert_eq!(far.verify(0, 59).await, Ok(()));
    assert_eq!(far.asked(), 1);
    // Old keys serve once more while they are fetched anew.
    assert_eq!(far.verify(0, 60).await, Ok(()));
    far.settle().await;
    assert_eq!(far.asked(), 2);
    assert_eq!(far.verify(0, 60).await, Err(InvalidAccessToken::Invalid));
    assert_eq!(far.verify(1, 60).await, Ok(()));
}

#[tokio::test]
async fn a_clock_that_goes_far_back_does_not_stop_the_asking() {
    let far = Far::new();
    far.publish(&[0]);
    assert_eq!(far.verify(0, 600).await, Ok(()));
    far.publish(&[0, 1]);
    assert_eq!(far.verify(1, 0).await, Ok(()));
    assert_eq!(far.asked(), 2);
}
