//! Signing keys and secrets: in a directory that outlives the process, or in memory.
//!
//! A key's life: **published**, so that every verifier knows it in time; **signing**; **retired**, published until
//! the last token it signed has died; then deleted. At any time one key signs and the next one is published.

mod directory;
mod error;
mod files;
mod key;
mod manifest;
mod secrets;
mod set;

pub use directory::{KeyDirectory, Reload, Rotation, RotationSettings};
pub use error::{KeyError, RotateError};
#[cfg(test)]
pub(crate) use key::SigningKey;
pub use key::{key_id, public_jwk};
pub use manifest::{KeyRecord, Phase};
pub use secrets::{Secrets, SharedSecrets};
pub use set::KeySet;
