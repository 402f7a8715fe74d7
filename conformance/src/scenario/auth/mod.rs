//! Auth: registration, login, refresh, sessions, tokens.

mod login;
mod refresh;
mod register;
mod sessions;
mod tokens;

use std::time::{Duration, Instant};

use duologue_contract::Service;
use duologue_contract::auth::ListSessionsRequest;
use tonic::Code;

use super::Scenario;
use crate::door::Credential;
use crate::world::{CallResult, Outcome, World};
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    [registration(), login_and_refresh(), tokens_and_sessions()].concat()
}

fn registration() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "auth.register_login",
            "Register and Login MUST answer one and the same user_id and different, working tokens.",
            cells![AuthRegister: Ok, AuthLogin: Ok],
            run!(register::register_login),
        ),
        Scenario::must(
            "auth.register_duplicate_email",
            "A second Register with an e-mail address MUST answer ALREADY_EXISTS and MUST NOT change the password.",
            cells![AuthRegister: AlreadyExists],
            run!(register::duplicate_email),
        ),
        Scenario::must(
            "auth.register_email_case_fold",
            "E-mail addresses that differ in case only MUST be one account.",
            cells![AuthRegister: AlreadyExists],
            run!(register::email_case_fold),
        ),
        Scenario::must(
            "auth.register_invalid_email",
            "Register MUST refuse what is no e-mail address with INVALID_ARGUMENT and MUST NOT make an account of it.",
            cells![AuthRegister: InvalidArgument],
            run!(register::invalid_email),
        ),
        Scenario::must(
            "auth.register_invalid_password",
            "Register MUST refuse passwords of fewer than 8 or more than 128 scalar values, and very common ones, with INVALID_ARGUMENT.",
            cells![AuthRegister: InvalidArgument],
            run!(register::invalid_password),
        ),
        Scenario::must(
            "auth.register_race",
            "Of concurrent registrations with one e-mail address exactly one MUST succeed; only its password MUST log in.",
            cells![AuthRegister: Ok, AuthRegister: AlreadyExists],
            run!(register::race),
        ),
    ]
}

fn login_and_refresh() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "auth.login_wrong_password",
            "Login with a wrong password MUST answer UNAUTHENTICATED.",
            cells![AuthLogin: Unauthenticated],
            run!(login::wrong_password),
        ),
        Scenario::must(
            "auth.login_unknown_email_same_answer",
            "Login MUST answer alike for an unknown e-mail address and for a wrong password.",
            cells![AuthLogin: Unauthenticated],
            run!(login::unknown_email_same_answer),
        ),
        Scenario::must(
            "auth.login_malformed",
            "Login MUST answer INVALID_ARGUMENT to an empty e-mail address or password.",
            cells![AuthLogin: InvalidArgument],
            run!(login::malformed),
        ),
        Scenario::must(
            "auth.login_password_72_bytes",
            "Passwords that share their first 72 bytes MUST be different passwords.",
            cells![AuthLogin: Unauthenticated],
            run!(login::password_72_bytes),
        ),
        Scenario::must(
            "auth.login_password_unicode",
            "A password MUST be compared byte for byte, never normalised.",
            cells![AuthLogin: Ok],
            run!(login::password_unicode),
        ),
        Scenario::should(
            "auth.login_is_not_exclusive",
            "A second Login SHOULD leave the first session as it is.",
            cells![AuthLogin: Ok],
            run!(login::is_not_exclusive),
        ),
        Scenario::must(
            "auth.refresh_rotates",
            "Refresh MUST answer a new pair; a token that is two generations old MUST be UNAUTHENTICATED.",
            cells![AuthRefresh: Ok, AuthRefresh: Unauthenticated],
            run!(refresh::rotates),
        ),
        Scenario::must(
            "auth.refresh_race",
            "Concurrent Refreshes with one token MUST all answer the same successor.",
            cells![AuthRefresh: Ok],
            run!(refresh::race),
        ),
        Scenario::must(
            "auth.refresh_reuse_revokes_family",
            "Using a refresh token that is two generations old MUST end its session within 2 seconds and no other.",
            cells![AuthRefresh: Unauthenticated],
            run!(refresh::reuse_revokes_family),
        ),
        Scenario::must(
            "auth.refresh_token_kinds_not_interchangeable",
            "An access token MUST NOT refresh, and a refresh token MUST NOT be a bearer token.",
            cells![AuthRefresh: Unauthenticated],
            run!(refresh::kinds_not_interchangeable),
        ),
        Scenario::must(
            "auth.refresh_malformed",
            "Refresh MUST answer INVALID_ARGUMENT to an empty token and UNAUTHENTICATED to an invented one.",
            cells![AuthRefresh: InvalidArgument],
            run!(refresh::malformed),
        ),
    ]
}

fn tokens_and_sessions() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "auth.identity_from_token",
            "The caller MUST be the subject of the access token, whatever else the call says.",
            cells![SocialSendFriendRequest: Ok, SocialListRequests: Ok],
            run!(tokens::identity_from_token),
        )
        .uses(&[Service::User]),
        Scenario::must(
            "auth.tampered_token",
            "A token that was changed, not signed, or signed by anybody else MUST be UNAUTHENTICATED.",
            cells![ChatListUserChats: Unauthenticated],
            run!(tokens::tampered),
        ),
        Scenario::must(
            "auth.expired_token",
            "An expired access token MUST be UNAUTHENTICATED (TOKEN_EXPIRED), and Refresh MUST still work.",
            cells![ChatListUserChats: Unauthenticated],
            run!(tokens::expired),
        ),
        Scenario::should(
            "auth.bearer_parsing",
            "An authorization header in an odd form SHOULD be read or refused, and never be an internal error.",
            cells![ChatListUserChats: Unauthenticated],
            run!(tokens::bearer_parsing),
        ),
        Scenario::must(
            "auth.errors_do_not_leak",
            "An error MUST NOT show a password, a token, an e-mail address, SQL, a path or a stack.",
            cells![AuthLogin: Unauthenticated],
            run!(tokens::errors_do_not_leak),
        ),
        Scenario::must(
            "auth.logout",
            "Logout MUST end the session at once for its refresh tokens and within 2 seconds for all else, and no other session.",
            cells![AuthLogout: Ok, AuthRefresh: Unauthenticated],
            run!(sessions::logout),
        ),
        Scenario::must(
            "auth.jwks_verifies",
            "Every access token MUST verify with the published key of its kid and with no other, and no private key MUST be published.",
            cells![AuthGetJwks: Ok],
            run!(tokens::jwks_verifies),
        ),
        Scenario::must(
            "auth.sessions",
            "ListSessions MUST list the caller's living sessions, and RevokeSession MUST end one of them and nobody else's.",
            cells![AuthListSessions: Ok, AuthRevokeSession: Ok, AuthRevokeSession: NotFound],
            run!(sessions::list_and_revoke),
        ),
        Scenario::must(
            "auth.change_password",
            "ChangePassword MUST demand the current password, replace it, and end all other sessions.",
            cells![AuthChangePassword: Ok, AuthChangePassword: Unauthenticated, AuthChangePassword: InvalidArgument],
            run!(sessions::change_password),
        ),
    ]
}

/// How long a session may outlive its end, with some tolerance for a busy machine.
const REVOCATION: Duration = Duration::from_millis(2_500);

/// Calls an RPC that needs a credential and nothing else.
async fn knock(world: &World, credential: impl Into<Credential>) -> CallResult<()> {
    let request = ListSessionsRequest { limit: 1, cursor: None };
    world.call(credential.into(), &request).await.map(|_| ())
}

/// Asserts that a credential opens an authenticated RPC.
async fn opens(world: &World, credential: impl Into<Credential>, what: &str) {
    let knocked = knock(world, credential).await;
    world.check(knocked.is_ok(), || format!("{what} must open an authenticated RPC, but: {knocked:?}"));
}

/// Asserts that a credential is refused.
async fn is_refused(world: &World, credential: impl Into<Credential>, what: &str) {
    let knocked = knock(world, credential).await;
    let is_refused = matches!(&knocked, Err(failure) if failure.code == Code::Unauthenticated);
    world.check(is_refused, || {
        format!("{what} must be UNAUTHENTICATED, but the answer was {}", told(&knocked))
    });
}

/// Waits until an access token is dead, and asserts that it was in time.
async fn dies(world: &World, token: &str, what: &str) -> Outcome {
    let began = Instant::now();
    loop {
        match knock(world, token).await {
            Err(failure) if failure.code == Code::Unauthenticated => {
                let took = began.elapsed();
                world.check(took <= REVOCATION, || format!("{what} died after {} ms", took.as_millis()));
                return Ok(());
            }
            _ if began.elapsed() > REVOCATION => {
                world.check(false, || {
                    format!("{what} still lives {} ms after its end", began.elapsed().as_millis())
                });
                return Ok(());
            }
            // The contract gives two seconds: ask now and then, not as fast as possible.
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn told(result: &CallResult<()>) -> String {
    result.as_ref().map_or_else(ToString::to_string, |()| "OK".to_owned())
}
