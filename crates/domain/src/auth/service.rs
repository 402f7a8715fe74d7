//! The use cases of authentication.

use std::sync::Arc;
use std::time::Duration;

use super::error::{
    ChangePasswordError, LoginError, LogoutError, RefreshError, RegisterError, RevokeSessionError,
};
use super::{
    AccessClaims, AccessTokenIssuer, Account, AccountStore, Caller, Email, EndSession, Generation,
    InsertAccount, IssueError, Password, PasswordHash, PasswordHasher, PublicKey, Refresh, RefreshToken,
    RefreshTokens, ReplacePasswordHash, Revocations, Rotate, Salt, Session, SessionKey, SessionStore,
    Standing, Verification,
};
use crate::environment::Environment;
use crate::error::{NotYours, StorageError};
use crate::id::{SessionId, UserId};
use crate::page::{CursorSealer, ListError, Page, PageRequest, Scope};
use crate::time::Timestamp;

/// How long tokens live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Access tokens, from the refresh that made them.
    pub access: Duration,
    /// Refresh tokens, and sessions that nobody refreshes.
    pub refresh: Duration,
}

impl Default for Lifetimes {
    /// 15 minutes and 30 days.
    fn default() -> Self {
        Self { access: Duration::from_mins(15), refresh: Duration::from_hours(30 * 24) }
    }
}

/// What the service works with.
#[derive(Clone)]
pub struct Ports {
    /// Accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// Sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Hashes passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Signs access tokens.
    pub issuer: Arc<dyn AccessTokenIssuer>,
    /// Derives refresh tokens.
    pub refresh_tokens: RefreshTokens,
    /// Hears of every session that ends here.
    pub revocations: Revocations,
    /// Makes cursors.
    pub cursors: CursorSealer,
    /// Time and randomness.
    pub environment: Environment,
}

/// The answer to whoever proved who they are.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who it is.
    pub user_id: UserId,
    /// A signed access token.
    pub access_token: String,
    /// The one refresh token of the session that is not spent.
    pub refresh_token: String,
    /// How long the access token still lives.
    pub expires_in_seconds: i64,
}

/// Never shows the tokens.
impl std::fmt::Debug for SignedIn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SignedIn").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// Which sessions a logout ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoutScope {
    /// The one of the token.
    ThisSession,
    /// Every session of the user.
    AllSessions,
}

/// The use cases of authentication.
#[derive(Clone)]
pub struct Service {
    ports: Ports,
    lifetimes: Lifetimes,
}

impl Service {
    /// A service over its ports.
    #[must_use]
    pub fn new(ports: Ports, lifetimes: Lifetimes) -> Self {
        Self { ports, lifetimes }
    }

    /// Makes an account and logs its owner in.
    pub async fn register(&self, email: Email, password: Password) -> Result<SignedIn, RegisterError> {
        // A registered address costs no hash; the insert decides all the same.
        if self.ports.accounts.find_account_by_email(&email.key()).await?.is_some() {
            return Err(RegisterError::EmailTaken);
        }
        let password_hash = self.ports.hasher.hash(password, self.ports.environment.random_bytes()).await?;
        let now = self.ports.environment.now();
        let account =
            Account { user_id: self.ports.environment.new_id(), email, password_hash, create_time: now };
        let session = self.new_session(account.user_id, now);
        match self.ports.accounts.insert_account(account, session.clone()).await? {
            InsertAccount::Inserted => Ok(self.signed_in(&session, now)?),
            InsertAccount::EmailTaken => Err(RegisterError::EmailTaken),
        }
    }

    /// Logs somebody in: a new session beside those that there are.
    ///
    /// An unknown address and a wrong password take the same work and give the same answer.
    pub async fn login(&self, email: &Email, password: Password) -> Result<SignedIn, LoginError> {
        let account = self.ports.accounts.find_account_by_email(&email.key()).await?;
        let hash = account.as_ref().map(|account| account.password_hash.clone());
        let verification = self.ports.hasher.verify(password.clone(), hash).await?;
        let Some(account) = account else { return Err(LoginError::Refused) };
        let mut proved = account.password_hash;
        match verification {
            Verification::Mismatch => return Err(LoginError::Refused),
            Verification::Match => {}
            Verification::MatchOutdated => {
                let renewed =
                    self.ports.hasher.hash(password.clone(), self.ports.environment.random_bytes()).await?;
                let replaced = self
                    .ports
                    .accounts
                    .replace_password_hash(account.user_id, &proved, renewed.clone())
                    .await?;
                // Stale means that the hash was replaced meanwhile: that one is newer than this.
                if replaced == ReplacePasswordHash::Replaced {
                    proved = renewed;
                }
            }
        }
        let now = self.ports.environment.now();
        let session = self.new_session(account.user_id, now);
        self.ports.sessions.insert_session(session.clone()).await?;
        if !self.still_proved(account.user_id, password, &proved).await? {
            self.end_session(session.session_id, now).await?;
            return Err(LoginError::Refused);
        }
        Ok(self.signed_in(&session, now)?)
    }

    /// Whether the password is still the account's, now that a session was made for it.
    ///
    /// A change of the password ends the sessions that there are: one made just after is ended by whoever made it.
    async fn still_proved(
        &self,
        user_id: UserId,
        password: Password,
        proved: &PasswordHash,
    ) -> Result<bool, LoginError> {
        let hash = self.ports.accounts.find_account(user_id).await?.map(|account| account.password_hash);
        if hash.as_ref() == Some(proved) {
            return Ok(true);
        }
        Ok(self.ports.hasher.verify(password, hash).await? != Verification::Mismatch)
    }

    /// Exchanges a refresh token for the next pair.
    ///
    /// `None` is text that has not even the shape of a token.
    pub async fn refresh(&self, token: Option<RefreshToken>) -> Result<SignedIn, RefreshError> {
        let token = token.ok_or(RefreshError::Refused)?;
        loop {
            let session = self.genuine_session(&token).await?.ok_or(RefreshError::Refused)?;
            let now = self.ports.environment.now();
            match session.refresh(token.generation, now) {
                Refresh::Repeat => return Ok(self.signed_in(&session, now)?),
                Refresh::Refuse => return Err(RefreshError::Refused),
                Refresh::Kill => {
                    self.end_session(session.session_id, now).await?;
                    return Err(RefreshError::Refused);
                }
                Refresh::Rotate => {
                    let expire_time = now.plus(self.lifetimes.refresh);
                    let rotated = self
                        .ports
                        .sessions
                        .rotate_session(session.session_id, token.generation, now, expire_time)
                        .await?;
                    match rotated {
                        Rotate::Rotated(session) => return Ok(self.signed_in(&session, now)?),
                        // Somebody was quicker: look again, and decide by what is true now.
                        Rotate::Stale => {}
                    }
                }
            }
        }
    }

    /// Ends the session of a refresh token (without one, the caller's own), or all sessions of the caller.
    ///
    /// Idempotent: what has ended already is no error. Who calls with an ended session can end no other one,
    /// except by a refresh token that still lives.
    pub async fn logout(
        &self,
        caller: &Caller,
        token: Option<Option<RefreshToken>>,
        scope: LogoutScope,
    ) -> Result<(), LogoutError> {
        let now = self.ports.environment.now();
        let named = match token {
            None => None,
            Some(token) => {
                let token = token.ok_or(LogoutError::Refused)?;
                let session = self.genuine_session(&token).await?.ok_or(LogoutError::Refused)?;
                if session.user_id != caller.user_id {
                    return Err(NotYours.into());
                }
                Some((session, token.generation))
            }
        };
        let lives = |(session, generation): &(Session, Generation)| {
            matches!(session.refresh(*generation, now), Refresh::Rotate | Refresh::Repeat)
        };
        let entitled = caller.standing == Standing::Live || named.as_ref().is_some_and(lives);
        match scope {
            LogoutScope::AllSessions if entitled => {
                self.end_sessions_of_user(caller.user_id, None, now).await?;
            }
            LogoutScope::AllSessions => {}
            LogoutScope::ThisSession => {
                let session_id = named.map_or(caller.session_id, |(session, _)| session.session_id);
                self.end_session(session_id, now).await?;
            }
        }
        Ok(())
    }

    /// Lists the caller's live sessions, newest first.
    pub async fn list_sessions(
        &self,
        caller: &Caller,
        request: &PageRequest,
    ) -> Result<Page<Session>, ListError> {
        let scope = Scope { list: "ListSessions", caller: caller.user_id, filter: &[] };
        let before = self.ports.cursors.position(scope, request)?;
        let now = self.ports.environment.now();
        let sessions =
            self.ports.sessions.list_sessions(caller.user_id, now, before, request.size.and_one()).await?;
        Ok(self.ports.cursors.page(scope, request.size, sessions, |session| SessionKey::from(session)))
    }

    /// Ends one of the caller's sessions.
    pub async fn revoke_session(
        &self,
        caller: &Caller,
        session_id: SessionId,
    ) -> Result<(), RevokeSessionError> {
        let session = self.ports.sessions.find_session(session_id).await?;
        if session.is_none_or(|session| session.user_id != caller.user_id) {
            return Err(RevokeSessionError::NotFound);
        }
        match self.end_session(session_id, self.ports.environment.now()).await? {
            EndSession::Ended => Ok(()),
            EndSession::NotLive => Err(RevokeSessionError::NotFound),
        }
    }

    /// Changes the caller's password and ends all their other sessions.
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: Password,
        replacement: Password,
    ) -> Result<(), ChangePasswordError> {
        loop {
            let account = self.ports.accounts.find_account(caller.user_id).await?;
            let hash = account.as_ref().map(|account| account.password_hash.clone());
            let verification = self.ports.hasher.verify(current.clone(), hash).await?;
            let Some(account) = account else { return Err(ChangePasswordError::Refused) };
            if verification == Verification::Mismatch {
                return Err(ChangePasswordError::Refused);
            }
            let salt = self.ports.environment.random_bytes();
            let renewed = self.ports.hasher.hash(replacement.clone(), salt).await?;
            let accounts = &self.ports.accounts;
            match accounts.replace_password_hash(caller.user_id, &account.password_hash, renewed).await? {
                ReplacePasswordHash::Replaced => break,
                // Another password, or the same one hashed anew by a login: look again.
                ReplacePasswordHash::Stale => {}
            }
        }
        self.end_sessions_of_user(caller.user_id, Some(caller.session_id), self.ports.environment.now())
            .await?;
        Ok(())
    }

    /// The keys that verify access tokens.
    #[must_use]
    pub fn public_keys(&self) -> Vec<PublicKey> {
        self.ports.issuer.public_keys()
    }

    fn new_session(&self, user_id: UserId, now: Timestamp) -> Session {
        Session {
            session_id: self.ports.environment.new_id(),
            user_id,
            salt: Salt(self.ports.environment.random_bytes()),
            generation: Generation::FIRST,
            create_time: now,
            refresh_time: now,
            expire_time: now.plus(self.lifetimes.refresh),
            end_time: None,
        }
    }

    /// The pair of tokens of the session's present generation: the same however often it is asked for.
    fn signed_in(&self, session: &Session, now: Timestamp) -> Result<SignedIn, IssueError> {
        let expire_time = session.refresh_time.plus(self.lifetimes.access);
        let claims = AccessClaims {
            user_id: session.user_id,
            session_id: session.session_id,
            token_id: self.ports.refresh_tokens.access_token_id(session),
            issue_time: session.refresh_time,
            expire_time,
        };
        Ok(SignedIn {
            user_id: session.user_id,
            access_token: self.ports.issuer.issue(&claims)?,
            refresh_token: self.ports.refresh_tokens.derive(session),
            expires_in_seconds: (expire_time.unix_seconds() - now.unix_seconds()).max(0),
        })
    }

    /// The session of a token, if this server derived the token.
    async fn genuine_session(&self, token: &RefreshToken) -> Result<Option<Session>, StorageError> {
        let session = self.ports.sessions.find_session(token.session_id).await?;
        Ok(session.filter(|session| self.ports.refresh_tokens.proves(token, session)))
    }

    async fn end_session(&self, session_id: SessionId, now: Timestamp) -> Result<EndSession, StorageError> {
        let ended = self.ports.sessions.end_session(session_id, now).await?;
        if ended == EndSession::Ended {
            self.ports.revocations.end(session_id, now);
        }
        Ok(ended)
    }

    async fn end_sessions_of_user(
        &self,
        user_id: UserId,
        except: Option<SessionId>,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        for session_id in self.ports.sessions.end_sessions_of_user(user_id, except, now).await? {
            self.ports.revocations.end(session_id, now);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Service").finish_non_exhaustive()
    }
}
