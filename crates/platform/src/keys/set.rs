//! The keys in use: what signs now, and what is published.

use std::sync::Arc;

use duologue_domain::auth::PublicKey;
use parking_lot::RwLock;

use super::KeyError;
use super::key::SigningKey;

/// The key that signs and all that are published, exchanged at once when keys rotate.
#[derive(Debug)]
pub struct KeySet {
    current: RwLock<Current>,
}

#[derive(Debug, Clone)]
struct Current {
    signing: Arc<SigningKey>,
    published: Arc<[PublicKey]>,
}

impl KeySet {
    /// New keys that live and die with the process: one that signs, and the next one.
    ///
    /// For development and tests: no other replica verifies what they sign.
    pub fn ephemeral() -> Result<Self, KeyError> {
        let (signing, next) = (SigningKey::generate()?, SigningKey::generate()?);
        let published = vec![signing.public().clone(), next.public().clone()];
        Ok(Self::new(Arc::new(signing), published))
    }

    pub(crate) fn new(signing: Arc<SigningKey>, published: Vec<PublicKey>) -> Self {
        Self { current: RwLock::new(Current { signing, published: published.into() }) }
    }

    /// Exchanges the keys, and tells whether they are others than before.
    pub(crate) fn replace(&self, signing: Arc<SigningKey>, published: Vec<PublicKey>) -> bool {
        let mut current = self.current.write();
        let same = current.signing.public() == signing.public() && *current.published == *published;
        if !same {
            *current = Current { signing, published: published.into() };
        }
        !same
    }

    /// The key that signs.
    pub(crate) fn signing(&self) -> Arc<SigningKey> {
        Arc::clone(&self.current.read().signing)
    }

    /// The keys of all tokens that can be alive now or soon.
    #[must_use]
    pub fn published(&self) -> Arc<[PublicKey]> {
        Arc::clone(&self.current.read().published)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_that_signs_and_the_next_one_are_published() {
        let keys = KeySet::ephemeral().unwrap();
        let published = keys.published();
        assert_eq!(published.len(), 2);
        assert_eq!(&published[0], keys.signing().public());
        assert_ne!(published[0].key_id, published[1].key_id);
    }
}
