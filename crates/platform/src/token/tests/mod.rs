//! What issuer and verifier promise together.

use std::sync::Arc;
use std::time::Duration;

use duologue_domain::Timestamp;
use duologue_domain::auth::{AccessClaims, AccessTokenIssuer, AccessTokenVerifier, InvalidAccessToken};

use super::{Ed25519Issuer, Ed25519Verifier, TokenParties, VerifierSettings};
use crate::keys::{KeySet, SigningKey};

mod forgeries;
mod issuing;
mod remembering;
mod sources;

const USER: &str = "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1b";
const SESSION: &str = "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1c";

/// When the tokens of these tests are issued: a whole second.
const ISSUED: Timestamp = Timestamp::from_unix_millis(1_800_000_000_000);

/// When they die.
fn expiry() -> Timestamp {
    ISSUED.plus(Duration::from_mins(15))
}

fn claims() -> AccessClaims {
    AccessClaims {
        user_id: USER.parse().unwrap(),
        session_id: SESSION.parse().unwrap(),
        token_id: "token-1".to_owned(),
        issue_time: ISSUED,
        expire_time: expiry(),
    }
}

/// Keys, and the issuer and verifier that share them.
struct House {
    keys: Arc<KeySet>,
    issuer: Ed25519Issuer,
    verifier: Ed25519Verifier,
}

impl House {
    fn new() -> Self {
        let keys = Arc::new(KeySet::ephemeral().unwrap());
        Self {
            issuer: Ed25519Issuer::new(Arc::clone(&keys), TokenParties::default()),
            verifier: Ed25519Verifier::new(Arc::clone(&keys) as _, VerifierSettings::default()),
            keys,
        }
    }

    fn token(&self) -> String {
        self.issuer.issue(&claims()).unwrap()
    }

    async fn verify(&self, token: &str) -> Result<AccessClaims, InvalidAccessToken> {
        self.verifier.verify(token, ISSUED).await
    }
}

/// Keys of which the first signs and all are published.
fn key_set(keys: &[Arc<SigningKey>]) -> KeySet {
    KeySet::new(Arc::clone(&keys[0]), keys.iter().map(|key| key.public().clone()).collect())
}

fn new_key() -> Arc<SigningKey> {
    Arc::new(SigningKey::generate().unwrap())
}
