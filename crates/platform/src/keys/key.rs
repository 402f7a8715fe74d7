//! One signing key, its name and its two spellings: PKCS#8 in a file, a public JWK for everybody.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use duologue_domain::auth::PublicKey;
use jsonwebtoken::EncodingKey;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::KeyError;

/// An Ed25519 key pair that signs access tokens.
pub(crate) struct SigningKey {
    public: PublicKey,
    private: EncodingKey,
}

impl SigningKey {
    /// A new key.
    pub(crate) fn generate() -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Generate)?;
        // Version 1 is what every tool reads.
        let document = pair.to_pkcs8v1().map_err(|_| KeyError::Generate)?;
        Self::from_pair(&pair, EncodingKey::from_ed_der(document.as_ref())).ok_or(KeyError::Generate)
    }

    /// The key in a PKCS#8 PEM file, if there is one.
    pub(crate) fn from_pem(pem: &[u8]) -> Option<Self> {
        let private = EncodingKey::from_ed_pem(pem).ok()?;
        let pair = Ed25519KeyPair::from_pkcs8(private.as_bytes()).ok()?;
        Self::from_pair(&pair, private)
    }

    fn from_pair(pair: &Ed25519KeyPair, private: EncodingKey) -> Option<Self> {
        let bytes = pair.public_key().as_ref().try_into().ok()?;
        Some(Self { public: PublicKey { key_id: key_id(&bytes), bytes }, private })
    }

    /// The PKCS#8 PEM file of the key.
    pub(crate) fn to_pem(&self) -> Zeroizing<String> {
        let body = Zeroizing::new(STANDARD.encode(self.private.as_bytes()));
        let mut pem = Zeroizing::new("-----BEGIN PRIVATE KEY-----\n".to_owned());
        let mut rest = body.as_str();
        while !rest.is_empty() {
            let (line, tail) = rest.split_at(rest.len().min(64));
            pem.push_str(line);
            pem.push('\n');
            rest = tail;
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        pem
    }

    /// What verifies its signatures.
    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// What signs.
    pub(crate) fn private(&self) -> &EncodingKey {
        &self.private
    }
}

/// Never shows the private half.
impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// The name of a key: the RFC 7638 thumbprint of its public JWK.
#[must_use]
pub fn key_id(public_key: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(public_jwk(public_key)))
}

/// The members of a public JWK that make it what it is, in the order and spelling that RFC 7638 hashes.
#[must_use]
pub fn public_jwk(public_key: &[u8; 32]) -> String {
    format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(public_key))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 8037, appendix A, as a PKCS#8 file.
    const RFC_8037: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";

    #[test]
    fn the_key_of_rfc_8037_has_the_thumbprint_of_rfc_8037() {
        let key = SigningKey::from_pem(RFC_8037.as_bytes()).unwrap();
        assert_eq!(
            public_jwk(&key.public().bytes),
            r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
        );
        assert_eq!(key.public().key_id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_key_reads_as_it_was_written() {
        assert_eq!(SigningKey::from_pem(RFC_8037.as_bytes()).unwrap().to_pem().as_str(), RFC_8037);
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_pem(key.to_pem().as_bytes()).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(again.private().as_bytes(), key.private().as_bytes());
    }

    #[test]
    fn two_new_keys_are_two() {
        let (first, second) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        assert_ne!(first.public().bytes, second.public().bytes);
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in [
            "",
            "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
            &RFC_8037.replace("MC4C", "MC4D"),
        ] {
            assert!(SigningKey::from_pem(text.as_bytes()).is_none(), "{text:?}");
        }
    }

    #[test]
    fn no_debug_text_shows_the_private_half() {
        let key = SigningKey::from_pem(RFC_8037.as_bytes()).unwrap();
        assert!(!format!("{key:?}{:?}", key.private()).contains("157"));
    }
}
