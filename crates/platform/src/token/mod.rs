//! Access tokens: JWTs signed with Ed25519, and how they are verified; and the tokens of services.

mod claims;
mod issuer;
mod known_keys;
mod service;
mod source;
mod verifier;

#[cfg(test)]
mod tests;

pub use claims::TokenParties;
pub use issuer::Ed25519Issuer;
pub use service::ServiceTokens;
pub use source::{KeySource, KeysUnavailable};
pub use verifier::{Ed25519Verifier, VerifierSettings};

/// Settles that jsonwebtoken works with aws-lc, whatever else the program has switched on in it.
fn choose_cryptography() {
    // Who has chosen already has chosen for the whole process: that is theirs to decide.
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}
