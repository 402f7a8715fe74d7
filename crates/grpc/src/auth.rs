//! `api.auth.v1.AuthService`: accounts, sessions and keys.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duologue_contract::Rpc;
use duologue_contract::auth::auth_service_server::AuthService;
use duologue_contract::auth::{
    ChangePasswordRequest, ChangePasswordResponse, GetJwksRequest, JsonWebKeySet, Jwk, ListSessionsRequest,
    ListSessionsResponse, LoginRequest, LoginResponse, LogoutRequest, LogoutResponse, RefreshRequest,
    RefreshResponse, RegisterRequest, RegisterResponse, RevokeSessionRequest, RevokeSessionResponse, Session,
};
use duologue_domain::auth::{self, Email, LogoutScope, Password, PublicKey, RefreshToken, Service, SignedIn};
use duologue_domain::error::{InField as _, Together as _};
use duologue_domain::id::{Id as _, SessionId};
use duologue_domain::page::PageRequest;
use tonic::{Request, Response, Status};

use crate::entry::{Call, Entry};
use crate::limits::Account;
use crate::parse;

/// Binds `api.auth.v1.AuthService` to its use cases.
#[derive(Debug)]
pub struct AuthBinding {
    service: Arc<Service>,
    entry: Entry,
}

impl AuthBinding {
    /// A binding of these use cases, behind this entry.
    #[must_use]
    pub fn new(service: Service, entry: Entry) -> Self {
        Self { service: Arc::new(service), entry }
    }
}

#[async_trait]
impl AuthService for AuthBinding {
    async fn register(
        &self,
        request: Request<RegisterRequest>,
    ) -> Result<Response<RegisterResponse>, Status> {
        let (service, entry) = (self.service.clone(), self.entry.clone());
        let register = move |call, message: RegisterRequest| async move {
            let (email, password) = (
                message.email.parse::<Email>().in_field("email"),
                message.password.parse::<Password>().in_field("password"),
            )
                .together()?;
            entry.count_sign_in(Account::Email(&email), &call)?;
            let SignedIn { user_id, access_token, refresh_token, expires_in_seconds } =
                service.register(email, password).await?;
            Ok(RegisterResponse {
                user_id: user_id.to_text(),
                access_token,
                refresh_token,
                expires_in_seconds,
            })
        };
        self.entry.unary(Rpc::AuthRegister, request, register).await
    }

    async fn login(&self, request: Request<LoginRequest>) -> Result<Response<LoginResponse>, Status> {
        let (service, entry) = (self.service.clone(), self.entry.clone());
        let login = move |call, message: LoginRequest| async move {
            let (email, password) = (
                message.email.parse::<Email>().in_field("email"),
                Password::parse_existing(&message.password).in_field("password"),
            )
                .together()?;
            entry.count_sign_in(Account::Email(&email), &call)?;
            let SignedIn { user_id, access_token, refresh_token, expires_in_seconds } =
                service.login(&email, password).await?;
            Ok(LoginResponse { user_id: user_id.to_text(), access_token, refresh_token, expires_in_seconds })
        };
        self.entry.unary(Rpc::AuthLogin, request, login).await
    }

    async fn refresh(&self, request: Request<RefreshRequest>) -> Result<Response<RefreshResponse>, Status> {
        let service = self.service.clone();
        let refresh = move |_, message: RefreshRequest| async move {
            let token = RefreshToken::parse(&message.refresh_token).in_field("refresh_token")?;
            let SignedIn { user_id, access_token, refresh_token, expires_in_seconds } =
                service.refresh(token).await?;
            Ok(RefreshResponse {
                user_id: user_id.to_text(),
                access_token,
                refresh_token,
                expires_in_seconds,
            })
        };
        self.entry.unary(Rpc::AuthRefresh, request, refresh).await
    }

    async fn logout(&self, request: Request<LogoutRequest>) -> Result<Response<LogoutResponse>, Status> {
        let service = self.service.clone();
        let logout = move |call: Call, message: LogoutRequest| async move {
            let token = match message.refresh_token.as_str() {
                "" => None,
                text => Some(RefreshToken::parse(text).in_field("refresh_token")?),
            };
            let scope =
                if message.all_sessions { LogoutScope::AllSessions } else { LogoutScope::ThisSession };
            service.logout(&call.caller()?, token, scope).await?;
            Ok(LogoutResponse {})
        };
        self.entry.unary(Rpc::AuthLogout, request, logout).await
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        let service = self.service.clone();
        let list_sessions = move |call: Call, message: ListSessionsRequest| async move {
            let caller = call.caller()?;
            let page = PageRequest::parse(message.limit, message.cursor)?;
            let page = service.list_sessions(&caller, &page).await?;
            Ok(ListSessionsResponse {
                sessions: page.items.iter().map(|item| session(item, caller.session_id)).collect(),
                next_cursor: parse::next_cursor(page.next_cursor),
            })
        };
        self.entry.unary(Rpc::AuthListSessions, request, list_sessions).await
    }

    async fn revoke_session(
        &self,
        request: Request<RevokeSessionRequest>,
    ) -> Result<Response<RevokeSessionResponse>, Status> {
        let service = self.service.clone();
        let revoke_session = move |call: Call, message: RevokeSessionRequest| async move {
            let session_id = parse::id(&message.session_id, "session_id")?;
            service.revoke_session(&call.caller()?, session_id).await?;
            Ok(RevokeSessionResponse {})
        };
        self.entry.unary(Rpc::AuthRevokeSession, request, revoke_session).await
    }

    async fn change_password(
        &self,
        request: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        let (service, entry) = (self.service.clone(), self.entry.clone());
        let change_password = move |call: Call, message: ChangePasswordRequest| async move {
            let caller = call.caller()?;
            let (current, replacement) = (
                Password::parse_existing(&message.current_password).in_field("current_password"),
                message.new_password.parse::<Password>().in_field("new_password"),
            )
                .together()?;
            entry.count_sign_in(Account::User(caller.user_id), &call)?;
            service.change_password(&caller, current, replacement).await?;
            Ok(ChangePasswordResponse {})
        };
        self.entry.unary(Rpc::AuthChangePassword, request, change_password).await
    }

    async fn get_jwks(&self, request: Request<GetJwksRequest>) -> Result<Response<JsonWebKeySet>, Status> {
        let service = self.service.clone();
        let get_jwks = move |_, _: GetJwksRequest| async move {
            Ok(JsonWebKeySet { keys: service.public_keys().into_iter().map(jwk).collect() })
        };
        self.entry.unary(Rpc::AuthGetJwks, request, get_jwks).await
    }
}

fn session(session: &auth::Session, current: SessionId) -> Session {
    Session {
        session_id: session.session_id.to_text(),
        create_time: Some(parse::timestamp(session.create_time)),
        last_refresh_time: Some(parse::timestamp(session.refresh_time)),
        expire_time: Some(parse::timestamp(session.expire_time)),
        current: session.session_id == current,
    }
}

fn jwk(key: PublicKey) -> Jwk {
    Jwk {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x: URL_SAFE_NO_PAD.encode(key.bytes),
        kid: key.key_id,
        alg: "EdDSA".to_owned(),
        r#use: "sig".to_owned(),
    }
}
