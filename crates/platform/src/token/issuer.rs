//! Signs access tokens with the key that signs at present.

use std::sync::Arc;

use duologue_domain::auth::{AccessClaims, AccessTokenIssuer, IssueError, PublicKey};
use jsonwebtoken::{Algorithm, Header};

use super::TokenParties;
use super::claims::{TYPE, WireClaims};
use crate::keys::KeySet;

/// Issues access tokens: JWTs of the type `at+jwt`, signed with Ed25519.
#[derive(Debug, Clone)]
pub struct Ed25519Issuer {
    keys: Arc<KeySet>,
    parties: TokenParties,
}

impl Ed25519Issuer {
    /// An issuer that signs with these keys, in these names.
    #[must_use]
    pub fn new(keys: Arc<KeySet>, parties: TokenParties) -> Self {
        super::choose_cryptography();
        Self { keys, parties }
    }
}

impl AccessTokenIssuer for Ed25519Issuer {
    fn issue(&self, claims: &AccessClaims) -> Result<String, IssueError> {
        let key = self.keys.signing();
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key.public().key_id.clone());
        jsonwebtoken::encode(&header, &WireClaims::new(&self.parties, claims), key.private())
            .map_err(|error| IssueError(error.into()))
    }

    fn public_keys(&self) -> Vec<PublicKey> {
        self.keys.published().to_vec()
    }
}
