//! The machine under the domain: clock, randomness, password hashing, signing keys and access tokens.
//!
//! Everything here implements a port of [`duologue_domain`] that is not storage:
//!
//! | port | implementation |
//! | --- | --- |
//! | [`Clock`](duologue_domain::time::Clock) | [`SystemClock`] |
//! | [`Random`](duologue_domain::environment::Random) | [`SystemRandom`] |
//! | [`PasswordHasher`](duologue_domain::auth::PasswordHasher) | [`Argon2Hasher`](password::Argon2Hasher) |
//! | [`AccessTokenIssuer`](duologue_domain::auth::AccessTokenIssuer) | [`Ed25519Issuer`](token::Ed25519Issuer) |
//! | [`AccessTokenVerifier`](duologue_domain::auth::AccessTokenVerifier) | [`Ed25519Verifier`](token::Ed25519Verifier) |
//!
//! The keys come from a [`KeyDirectory`](keys::KeyDirectory), or from memory where nothing has to last.
//!
//! ```
//! use std::sync::Arc;
//!
//! use duologue_platform::keys::KeySet;
//! use duologue_platform::token::{Ed25519Issuer, Ed25519Verifier, TokenParties, VerifierSettings};
//!
//! let keys = Arc::new(KeySet::ephemeral()?);
//! let issuer = Ed25519Issuer::new(Arc::clone(&keys), TokenParties::default());
//! let verifier = Ed25519Verifier::new(keys, VerifierSettings::default());
//! # let _ = (issuer, verifier);
//! # Ok::<(), duologue_platform::keys::KeyError>(())
//! ```

pub mod keys;
pub mod password;
mod system;
pub mod token;

pub use system::{SystemClock, SystemRandom};
