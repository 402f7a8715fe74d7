//! The codes of `api.auth.v1`.

use duologue_contract::Rpc;
use duologue_contract::auth::{
    ChangePasswordRequest, GetJwksRequest, ListSessionsRequest, LoginRequest, LogoutRequest, RefreshRequest,
    RegisterRequest, RevokeSessionRequest,
};
use duologue_contract::errors::Reason;

use crate::outcome::Seen;
use crate::world::{PASSWORD, World};

pub(super) async fn auth(world: &World, seen: &mut Seen) {
    let register = RegisterRequest { email: "ada@example.org".to_owned(), password: PASSWORD.to_owned() };
    let login = LoginRequest { email: "ADA@example.org".to_owned(), password: PASSWORD.to_owned() };
    let mut open = world.auth();
    let ada = seen.ok(Rpc::AuthRegister, open.register(register.clone()).await);
    seen.refused(Rpc::AuthRegister, open.register(register.clone()).await, Reason::EmailTaken);
    let common = RegisterRequest { password: "password1".to_owned(), email: "b@example.org".to_owned() };
    seen.refused(Rpc::AuthRegister, open.register(common).await, Reason::PasswordTooCommon);
    let second = seen.ok(Rpc::AuthLogin, open.login(login.clone()).await);
    assert_eq!(second.user_id, ada.user_id);
    let wrong = LoginRequest { password: "wrong".to_owned(), ..login.clone() };
    let unknown = LoginRequest { email: "nobody@example.org".to_owned(), ..wrong.clone() };
    let wrong = seen.refused(Rpc::AuthLogin, open.login(wrong).await, Reason::CredentialsInvalid);
    let unknown = seen.refused(Rpc::AuthLogin, open.login(unknown).await, Reason::CredentialsInvalid);
    assert_eq!((wrong.message(), wrong.details()), (unknown.message(), unknown.details()));
    let empty = open.login(LoginRequest::default()).await;
    seen.refused(Rpc::AuthLogin, empty, Reason::InvalidField);
    let spent = RefreshRequest { refresh_token: second.refresh_token.clone() };
    let refreshed = seen.ok(Rpc::AuthRefresh, open.refresh(spent).await);
    let garbage = RefreshRequest { refresh_token: "garbage".to_owned() };
    seen.refused(Rpc::AuthRefresh, open.refresh(garbage).await, Reason::TokenInvalid);
    seen.refused(Rpc::AuthRefresh, open.refresh(RefreshRequest::default()).await, Reason::InvalidField);
    assert!(!seen.ok(Rpc::AuthGetJwks, open.get_jwks(GetJwksRequest {}).await).keys.is_empty());

    let mut user = world.stranger().await;
    (user.user_id, user.access_token) = (ada.user_id, refreshed.access_token);
    let mut signed = user.auth();
    let sessions = seen.ok(Rpc::AuthListSessions, signed.list_sessions(ListSessionsRequest::default()).await);
    assert_eq!(sessions.sessions.iter().filter(|session| session.current).count(), 1);
    let other = sessions.sessions.into_iter().find(|session| !session.current).expect("another session");
    let revoke = RevokeSessionRequest { session_id: other.session_id };
    seen.ok(Rpc::AuthRevokeSession, signed.revoke_session(revoke.clone()).await);
    seen.refused(Rpc::AuthRevokeSession, signed.revoke_session(revoke).await, Reason::SessionNotFound);
    let change = ChangePasswordRequest {
        current_password: PASSWORD.to_owned(),
        new_password: "another one".to_owned(),
    };
    seen.ok(Rpc::AuthChangePassword, signed.change_password(change.clone()).await);
    seen.refused(Rpc::AuthChangePassword, signed.change_password(change).await, Reason::CredentialsInvalid);
    seen.ok(Rpc::AuthLogout, signed.logout(LogoutRequest::default()).await);
    seen.ok(Rpc::AuthLogout, signed.logout(LogoutRequest::default()).await);
    let after = signed.list_sessions(ListSessionsRequest::default()).await;
    seen.refused(Rpc::AuthListSessions, after, Reason::SessionRevoked);
}
