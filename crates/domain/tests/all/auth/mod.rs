//! Accounts, sessions and tokens, through the service, with a hasher and an issuer that cost nothing.

mod logout;
mod password;
mod refresh;
pub(crate) mod world;
