//! The small deployment. Its bugs: e-mail addresses are compared with their case, and an unknown one is not found.

use std::collections::HashMap;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duologue_contract::auth::auth_service_server::{AuthService, AuthServiceServer};
use duologue_contract::auth::{
    ChangePasswordRequest, ChangePasswordResponse, GetJwksRequest, JsonWebKeySet, Jwk, ListSessionsRequest,
    ListSessionsResponse, LoginRequest, LoginResponse, LogoutRequest, LogoutResponse, RefreshRequest,
    RefreshResponse, RegisterRequest, RegisterResponse, RevokeSessionRequest, RevokeSessionResponse,
};
use duologue_contract::errors::Reason;
use parking_lot::Mutex;
use tonic::{Request, Response, Status};

/// Serves on a port of its own and answers its address.
pub(crate) async fn serve() -> std::io::Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let key = Ed25519KeyPair::generate().map_err(|_| std::io::Error::other("no key"))?;
    let service = AuthServiceServer::new(SmallAuth { key, state: Mutex::default() });
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    tokio::spawn(tonic::transport::Server::builder().add_service(service).serve_with_incoming(incoming));
    Ok(format!("http://{address}"))
}

struct SmallAuth {
    key: Ed25519KeyPair,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Password and user by e-mail address.
    accounts: HashMap<String, (String, String)>,
    /// User by refresh token, and the token it was spent for.
    refresh_tokens: HashMap<String, (String, Option<String>)>,
    counter: u64,
}

impl State {
    fn number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }
}

const LIFE_SECONDS: i64 = 900;

impl SmallAuth {
    fn access_token(&self, user_id: &str, number: u64) -> String {
        let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let header = part(serde_json::json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "k" }));
        let claims =
            part(serde_json::json!({ "sub": user_id, "jti": number.to_string(), "exp": 4_102_444_800_u64 }));
        let signature = self.key.sign(format!("{header}.{claims}").as_bytes());
        format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn verified(&self, request: &tonic::metadata::MetadataMap) -> Result<(), Status> {
        let refused = || Reason::TokenInvalid.status("The credential is missing or not valid.");
        let token = request.get("authorization").and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(refused)?;
        let (signed, signature) = token.rsplit_once('.').ok_or_else(refused)?;
        let expected = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        if expected == signature { Ok(()) } else { Err(refused()) }
    }

    fn session(&self, state: &mut State, user_id: &str) -> (String, String) {
        let number = state.number();
        let refresh_token = format!("refresh-token-{number}-{}", self.access_token(user_id, number).len());
        state.refresh_tokens.insert(refresh_token.clone(), (user_id.to_owned(), None));
        (self.access_token(user_id, number), refresh_token)
    }
}

fn present(fields: [(&str, &str); 2]) -> Result<(), Status> {
    let missing = fields.iter().filter(|(_, value)| value.is_empty());
    let error = Reason::InvalidField.error("A field is not valid.");
    let mut count = 0;
    let error = missing.fold(error, |error, (field, _)| {
        count += 1;
        error.violation(field, "must not be empty")
    });
    if count == 0 { Ok(()) } else { Err(error.status()) }
}

#[async_trait::async_trait]
impl AuthService for SmallAuth {
    async fn register(
        &self,
        request: Request<RegisterRequest>,
    ) -> Result<Response<RegisterResponse>, Status> {
        let RegisterRequest { email, password } = request.into_inner();
        present([("email", email.trim_end_matches(['.', ' '])), ("password", &password)])?;
        if email.trim().len() != email.len() || email.ends_with('.') {
            return Err(Reason::InvalidField
                .error("A field is not valid.")
                .violation("email", "no address")
                .status());
        }
        let mut state = self.state.lock();
        if state.accounts.contains_key(&email) {
            return Err(Reason::EmailTaken.status("The address has an account."));
        }
        let user_id = format!("01900000-0000-7000-8000-{:012x}", state.number());
        state.accounts.insert(email, (password, user_id.clone()));
        let (access_token, refresh_token) = self.session(&mut state, &user_id);
        Ok(Response::new(RegisterResponse {
            user_id,
            access_token,
            refresh_token,
            expires_in_seconds: LIFE_SECONDS,
        }))
    }

    async fn login(&self, request: Request<LoginRequest>) -> Result<Response<LoginResponse>, Status> {
        let LoginRequest { email, password } = request.into_inner();
        present([("email", &email), ("password", &password)])?;
        let mut state = self.state.lock();
        let Some((expected, user_id)) = state.accounts.get(&email).cloned() else {
            return Err(Reason::UserNotFound.status("There is no such user."));
        };
        if expected != password {
            return Err(Reason::CredentialsInvalid.status("The credentials are not right."));
        }
        let (access_token, refresh_token) = self.session(&mut state, &user_id);
        Ok(Response::new(LoginResponse {
            user_id,
            access_token,
            refresh_token,
            expires_in_seconds: LIFE_SECONDS,
        }))
    }

    async fn refresh(&self, request: Request<RefreshRequest>) -> Result<Response<RefreshResponse>, Status> {
        let spent = request.into_inner().refresh_token;
        let refused = || Reason::CredentialsInvalid.status("The credentials are not right.");
        let mut state = self.state.lock();
        let (user_id, successor) = state.refresh_tokens.get(&spent).cloned().ok_or_else(refused)?;
        let (access_token, mut refresh_token) = self.session(&mut state, &user_id);
        if let Some(successor) = successor {
            let is_newest = state.refresh_tokens.get(&successor).is_some_and(|(_, spent)| spent.is_none());
            if !is_newest {
                return Err(refused());
            }
            refresh_token = successor;
        }
        state.refresh_tokens.insert(spent, (user_id.clone(), Some(refresh_token.clone())));
        Ok(Response::new(RefreshResponse {
            user_id,
            access_token,
            refresh_token,
            expires_in_seconds: LIFE_SECONDS,
        }))
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        self.verified(request.metadata())?;
        Ok(Response::new(ListSessionsResponse::default()))
    }

    async fn get_jwks(&self, _: Request<GetJwksRequest>) -> Result<Response<JsonWebKeySet>, Status> {
        let x = URL_SAFE_NO_PAD.encode(self.key.public_key());
        Ok(Response::new(JsonWebKeySet { keys: vec![Jwk { kid: "k".to_owned(), x, ..Default::default() }] }))
    }

    async fn logout(&self, _: Request<LogoutRequest>) -> Result<Response<LogoutResponse>, Status> {
        Err(Status::unimplemented("later"))
    }

    async fn revoke_session(
        &self,
        _: Request<RevokeSessionRequest>,
    ) -> Result<Response<RevokeSessionResponse>, Status> {
        Err(Status::unimplemented("later"))
    }

    async fn change_password(
        &self,
        _: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        Err(Status::unimplemented("later"))
    }
}
