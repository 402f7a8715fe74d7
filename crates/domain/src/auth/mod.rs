//! Accounts, passwords, sessions and tokens.

mod account;
mod caller;
mod email;
mod password;
mod refresh_token;
mod revocation;
mod service;
mod session;
mod store;
mod token;

pub mod error;

pub use account::Account;
pub use caller::{Authenticator, Caller, Standing};
pub use email::{Email, EmailKey, InvalidEmail};
pub use password::{HasherBusy, InvalidPassword, Password, PasswordHash, PasswordHasher, Verification};
pub use refresh_token::{Generation, InvalidRefreshToken, RefreshToken, RefreshTokens, Salt};
pub use revocation::{Revocations, SessionEnd};
pub use service::{Lifetimes, LogoutScope, Ports, Service, SignedIn};
pub use session::{Refresh, Session, SessionKey};
pub use store::{
    AccountStore, EndSession, EndedSessions, InsertAccount, ReplacePasswordHash, Rotate, SessionStore,
};
pub use token::{
    AccessClaims, AccessTokenIssuer, AccessTokenVerifier, InvalidAccessToken, InvalidServiceToken,
    IssueError, PublicKey, ServiceTokenVerifier,
};
