//! The one way in which keys become message authentication codes here: HMAC-SHA-256.

use hmac::{Hmac, KeyInit};
use sha2::Sha256;

/// An authenticator keyed by 32 secret bytes.
pub(crate) fn keyed(secret: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC fills a short key up to the hash's block with zeros; doing it here leaves no error to handle.
    let mut block = [0; 64];
    block[..32].copy_from_slice(secret);
    Hmac::new(&block.into())
}
