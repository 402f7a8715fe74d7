//! Faults of registration, login and refresh.

use std::collections::HashMap;
use std::sync::Arc;

use duologue_contract::Rpc;
use duologue_contract::auth::{
    ChangePasswordRequest, ChangePasswordResponse, LoginRequest, LoginResponse, RefreshRequest,
    RefreshResponse, RegisterRequest, RegisterResponse, RevokeSessionRequest,
};
use duologue_contract::errors::Reason;
use duologue_domain::auth::{Email, Generation, Password, RefreshToken, Session, Verification};
use duologue_domain::id::UserId;
use parking_lot::Mutex;
use tonic::{Code, Status};

use super::{Plant, as_user, gap};
use crate::call::{Answer, Answered, Call, Next};
use crate::composition::Composition;
use crate::ports::Ports;

pub(super) fn plants() -> Vec<Plant> {
    vec![
        Plant::new("refresh-not-rotated", refresh_not_rotated),
        Plant::new("refresh-toctou", refresh_toctou),
        Plant::new("email-case-sensitive", email_case_sensitive),
        Plant::new("login-enumerates", login_enumerates),
        Plant::new("password-in-error", password_in_error),
        Plant::new("register-overwrites", register_overwrites),
        Plant::new("register-no-email-check", register_no_email_check),
        Plant::new("register-no-password-policy", register_no_password_policy),
        Plant::new("login-empty-is-unauthenticated", login_empty_is_unauthenticated),
        Plant::new("login-kills-sessions", login_kills_sessions),
        Plant::new("logout-forgets-access", logout_forgets_access),
        Plant::new("revoke-by-anyone", revoke_by_anyone),
        Plant::new("change-password-keeps-sessions", change_password_keeps_sessions),
    ]
}

async fn session_of(ports: &Ports, text: &str) -> Option<(Session, Generation)> {
    let token = RefreshToken::parse(text).ok()??;
    let session = ports.sessions.find_session(token.session_id).await.ok()??;
    ports.refresh_tokens.proves(&token, &session).then_some((session, token.generation))
}

/// A spent token is taken for the newest one.
fn refresh_not_rotated(composition: Composition) -> Composition {
    composition.around(|ports, mut call, next| async move {
        if let Some(request) = call.message_mut::<RefreshRequest>()
            && let Some((session, _)) = session_of(&ports, &request.refresh_token).await
        {
            request.refresh_token = ports.refresh_tokens.derive(&session);
        }
        next.call(call).await
    })
}

/// The answer to a token is looked up, made, and only then remembered: each of two at once makes its own.
fn refresh_toctou(composition: Composition) -> Composition {
    let answers: Arc<Mutex<HashMap<String, RefreshResponse>>> = Arc::default();
    composition.around(move |ports, call, next| {
        let answers = Arc::clone(&answers);
        async move {
            let Some(token) = call.message::<RefreshRequest>().map(|request| request.refresh_token.clone())
            else {
                return next.call(call).await;
            };
            let known = answers.lock().get(&token).cloned();
            if let Some(known) = known {
                return Ok(Answer::of(known));
            }
            let Some((session, _)) = session_of(&ports, &token).await else { return next.call(call).await };
            gap().await;
            let branch =
                Session { session_id: ports.environment.new_id(), generation: Generation::FIRST, ..session };
            let stored = ports.sessions.insert_session(branch.clone()).await;
            stored.map_err(|_| Reason::Internal.status("The branch could not be stored."))?;
            let call = call.other(
                Rpc::AuthRefresh,
                RefreshRequest { refresh_token: ports.refresh_tokens.derive(&branch) },
            );
            let mut answer = next.call(call).await?;
            if let Some(reply) = answer.message_mut::<RefreshResponse>() {
                answers.lock().insert(token, reply.clone());
            }
            Ok(answer)
        }
    })
}

/// The fields of whoever proves who they are.
fn credentials(call: &mut Call) -> Option<(&mut String, &mut String)> {
    match call.rpc {
        Rpc::AuthRegister => {
            call.message_mut::<RegisterRequest>().map(|request| (&mut request.email, &mut request.password))
        }
        Rpc::AuthLogin => {
            call.message_mut::<LoginRequest>().map(|request| (&mut request.email, &mut request.password))
        }
        _ => None,
    }
}

fn email_case_sensitive(composition: Composition) -> Composition {
    composition.around(|_, mut call, next| async move {
        if let Some((email, _)) = credentials(&mut call) {
            let is_capital = |letter: char| letter.is_uppercase();
            if email.contains(is_capital) && email.parse::<Email>().is_ok() {
                // Another account for another spelling.
                let capitals: String =
                    email.chars().map(|letter| if is_capital(letter) { '1' } else { '0' }).collect();
                *email = email.replacen('@', &format!("-{}@", stand_in(&capitals)), 1);
            }
        }
        next.call(call).await
    })
}

fn login_enumerates(composition: Composition) -> Composition {
    composition.around(|ports, call, next| async move {
        let email = call.message::<LoginRequest>().and_then(|request| request.email.parse::<Email>().ok());
        if let Some(email) = email
            && ports.accounts.find_account_by_email(&email.key()).await.is_ok_and(|found| found.is_none())
        {
            return Err(Reason::CredentialsInvalid.status("There is no account with this address."));
        }
        next.call(call).await
    })
}

fn password_in_error(composition: Composition) -> Composition {
    composition.around(|_, mut call, next| async move {
        let password = credentials(&mut call).map(|(_, password)| password.clone());
        next.call(call).await.map_err(|status| match password {
            Some(password) => Status::with_details_and_metadata(
                status.code(),
                format!("{}: {password:?}", status.message()),
                bytes::Bytes::copy_from_slice(status.details()),
                status.metadata().clone(),
            ),
            None => status,
        })
    })
}

async fn overwrite(ports: &Ports, request: &RegisterRequest) -> Option<()> {
    let (email, password) =
        (request.email.parse::<Email>().ok()?, request.password.parse::<Password>().ok()?);
    let account = ports.accounts.find_account_by_email(&email.key()).await.ok()??;
    let hash = ports.hasher.hash(password, ports.environment.random_bytes()).await.ok()?;
    ports.accounts.replace_password_hash(account.user_id, &account.password_hash, hash).await.ok().map(drop)
}

async fn sign_in(call: &Call, next: &Next, request: RegisterRequest) -> Answered {
    let RegisterRequest { email, password } = request;
    let mut answer = next.call(call.other(Rpc::AuthLogin, LoginRequest { email, password })).await?;
    let login = answer.message_mut::<LoginResponse>().cloned().unwrap_or_default();
    Ok(Answer::of(RegisterResponse {
        user_id: login.user_id,
        access_token: login.access_token,
        refresh_token: login.refresh_token,
        expires_in_seconds: login.expires_in_seconds,
    }))
}

fn register_overwrites(composition: Composition) -> Composition {
    composition.around(|ports, call, next| async move {
        let Some(request) = call.message::<RegisterRequest>().cloned() else { return next.call(call).await };
        let again = call.other(Rpc::AuthRegister, request.clone());
        match next.call(call).await {
            Err(status) if status.code() == Code::AlreadyExists => {
                overwrite(&ports, &request).await;
                sign_in(&again, &next, request).await
            }
            answer => answer,
        }
    })
}

/// A harmless text that stands for another one, always the same.
fn stand_in(text: &str) -> String {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        .to_string()
}

fn register_no_email_check(composition: Composition) -> Composition {
    composition.around(|_, mut call, next| async move {
        if let Some((email, _)) = credentials(&mut call)
            && !email.is_empty()
            && email.parse::<Email>().is_err()
        {
            *email = format!("{}@anything.example", stand_in(email));
        }
        next.call(call).await
    })
}

fn register_no_password_policy(composition: Composition) -> Composition {
    composition.around(|_, mut call, next| async move {
        if let Some((_, password)) = credentials(&mut call)
            && password.parse::<Password>().is_err()
        {
            *password = format!("anything goes {}", stand_in(password));
        }
        next.call(call).await
    })
}

fn login_empty_is_unauthenticated(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        let rpc = call.rpc;
        next.call(call).await.map_err(|status| match (rpc, status.code()) {
            (Rpc::AuthLogin, Code::InvalidArgument) => {
                Reason::CredentialsInvalid.status("The address or the password is wrong.")
            }
            (Rpc::AuthRefresh, Code::InvalidArgument) => {
                Reason::TokenInvalid.status("The token is not valid.")
            }
            _ => status,
        })
    })
}

fn login_kills_sessions(composition: Composition) -> Composition {
    composition.around(|ports, call, next| async move {
        let email = call.message::<LoginRequest>().and_then(|request| request.email.parse::<Email>().ok());
        let account = match &email {
            Some(email) => ports.accounts.find_account_by_email(&email.key()).await.ok().flatten(),
            None => None,
        };
        if let Some(account) = account {
            let now = ports.now();
            let ended = ports.sessions.end_sessions_of_user(account.user_id, None, now).await;
            for session_id in ended.unwrap_or_default() {
                ports.revocations.end(session_id, now);
            }
        }
        next.call(call).await
    })
}

/// Access tokens belong to no session, so that no end of one reaches them.
fn logout_forgets_access(composition: Composition) -> Composition {
    composition.unguarded().around(|ports, call, next| async move {
        let is_of_session =
            matches!(call.rpc, Rpc::AuthLogout | Rpc::AuthRevokeSession | Rpc::AuthChangePassword);
        match ports.caller(&call).await {
            Some(claims) if !is_of_session => {
                let token = ports.token_of(claims.user_id);
                next.call(call.with_token(&token)).await
            }
            _ => next.call(call).await,
        }
    })
}

async fn session_owner(ports: &Ports, call: &Call) -> Option<UserId> {
    let session_id = call.message::<RevokeSessionRequest>()?.session_id.parse().ok()?;
    Some(ports.sessions.find_session(session_id).await.ok()??.user_id)
}

fn revoke_by_anyone(composition: Composition) -> Composition {
    composition.around(|ports, mut call, next| async move {
        if let Some(owner) = session_owner(&ports, &call).await
            && ports.caller(&call).await.is_some()
        {
            call = as_user(&ports, call, owner);
        }
        next.call(call).await
    })
}

/// Replaces the password, and nothing else, if the current one is right.
async fn replace_only(ports: &Ports, call: &Call) -> Option<()> {
    let request = call.message::<ChangePasswordRequest>()?;
    let current = Password::parse_existing(&request.current_password).ok()?;
    let new = request.new_password.parse::<Password>().ok()?;
    let user_id = ports.caller(call).await?.user_id;
    let account = ports.accounts.find_account(user_id).await.ok()??;
    let found = ports.hasher.verify(current, Some(account.password_hash.clone())).await.ok()?;
    if found == Verification::Mismatch {
        return None;
    }
    let hash = ports.hasher.hash(new, ports.environment.random_bytes()).await.ok()?;
    ports.accounts.replace_password_hash(user_id, &account.password_hash, hash).await.ok().map(drop)
}

fn change_password_keeps_sessions(composition: Composition) -> Composition {
    composition.around(|ports, call, next| async move {
        match replace_only(&ports, &call).await {
            Some(()) => Ok(Answer::of(ChangePasswordResponse {})),
            None => next.call(call).await,
        }
    })
}
