//! Where a verifier has its keys from.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::auth::PublicKey;

use crate::keys::KeySet;

/// The keys cannot be had at present.
#[derive(Debug, thiserror::Error)]
#[error("the published keys cannot be had")]
pub struct KeysUnavailable(#[source] pub Box<dyn Error + Send + Sync>);

/// Tells the published keys.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// The published keys, if asking costs nothing: then they are asked for at every verification, and
    /// [`KeySource::keys`] never.
    fn at_hand(&self) -> Option<Arc<[PublicKey]>> {
        None
    }

    /// Asks for the published keys, and gives up by itself when no answer comes.
    ///
    /// Called on an unknown key and when the known ones have grown old, never twice within
    /// [`VerifierSettings::refetch_interval`](super::VerifierSettings::refetch_interval).
    async fn keys(&self) -> Result<Arc<[PublicKey]>, KeysUnavailable>;
}

/// The keys of the process itself.
#[async_trait]
impl KeySource for KeySet {
    fn at_hand(&self) -> Option<Arc<[PublicKey]>> {
        Some(self.published())
    }

    async fn keys(&self) -> Result<Arc<[PublicKey]>, KeysUnavailable> {
        Ok(self.published())
    }
}
