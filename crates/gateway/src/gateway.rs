//! The way of a request through the gateway.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use duologue_contract::Rpc;
use duologue_contract::bridge::{Bridges, Fields, Reply};
use duologue_contract::context::set_timeout;
use duologue_contract::errors::{self, Reason};
use duologue_contract::resume::resume_after;
use duologue_telemetry::TraceContext;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, request};
use tokio::time::Instant;
use tonic::transport::server::TcpConnectInfo;
use tonic::{Code, Extensions};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use tracing::Instrument as _;

use crate::body::{self, BodyError};
use crate::error::Refusal;
use crate::routes::{self, Found, Parameters, Target};
use crate::stream::Framing;
use crate::{Config, address, decode, headers, pages, stream};

struct Gateway {
    bridges: Bridges,
    config: Config,
}

/// Every route of the contract in front of the bridges, with the gateway's own pages.
///
/// Routes of a service without a bridge answer UNIMPLEMENTED.
pub fn router(bridges: Bridges, config: Config) -> Router {
    let cors = cross_origin(&config);
    let gateway = Arc::new(Gateway { bridges, config });
    let router = Router::new().fallback(handle).with_state(gateway).layer(CatchPanicLayer::custom(on_panic));
    match cors {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

fn cross_origin(config: &Config) -> Option<CorsLayer> {
    if config.allowed_origins.is_empty() {
        return None;
    }
    let sent =
        ["authorization", "content-type", "grpc-timeout", "last-event-id", "traceparent", "tracestate"];
    let ours = ["x-request-id", "x-request-timeout"];
    let layer = CorsLayer::new()
        .allow_origin(config.allowed_origins.clone())
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers(sent.into_iter().chain(ours).map(HeaderName::from_static).collect::<Vec<_>>())
        .expose_headers(["x-request-id", "retry-after"].map(HeaderName::from_static))
        .max_age(Duration::from_mins(10));
    Some(layer)
}

fn on_panic(_: Box<dyn Any + Send>) -> Response<Body> {
    Refusal::from(Reason::Internal.status("Something is wrong on our side.")).into_response()
}

async fn handle(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response<Body> {
    let request_id = headers::request_id(request.headers());
    let span = tracing::info_span!(
        "rest",
        request_id = request_id.to_str().unwrap_or_default(),
        rpc = tracing::field::Empty
    );
    if let Some(received) = TraceContext::received(request.headers()) {
        duologue_telemetry::set_parent(&span, &received);
    }
    let answered = gateway.answer(request, &request_id).instrument(span).await;
    let mut response = answered.unwrap_or_else(Refusal::into_response);
    response.headers_mut().insert(headers::REQUEST_ID, request_id);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

impl Gateway {
    async fn answer(
        &self,
        request: Request<Body>,
        request_id: &HeaderValue,
    ) -> Result<Response<Body>, Refusal> {
        let arrived = Instant::now();
        let (parts, body) = request.into_parts();
        // Read before anything is refused: a body left unread would cost the client its connection.
        let body = body::read(&parts.headers, body, &self.config).await;
        if parts.uri.path_and_query().is_some_and(|url| url.as_str().len() > self.config.url_limit) {
            return Err(Reason::UrlTooLong.status("Path and query are too long.").into());
        }
        let (target, parameters) = match routes::find(parts.method.as_str(), parts.uri.path()) {
            Found::Route(target, parameters) => (target, parameters),
            Found::Options(allow) => return Ok(options(&allow)),
            Found::OtherVerbs(allow) => return Err(Refusal::method_not_allowed(allow)),
            Found::Malformed => {
                return Err(Refusal::malformed_request("The path is not percent-encoded UTF-8."));
            }
            Found::Nothing => return Err(Refusal::route_unknown()),
        };
        match target {
            Target::Page(page) => pages::respond(page, &self.config).await,
            Target::Rpc(rpc) => {
                tracing::Span::current().record("rpc", rpc.path());
                let call = Call { rpc, parts, parameters, body, arrived };
                call.run(self, request_id).await
            }
        }
    }
}

/// A request that has found its RPC.
struct Call {
    rpc: Rpc,
    parts: request::Parts,
    parameters: Parameters,
    body: Result<bytes::Bytes, BodyError>,
    arrived: Instant,
}

impl Call {
    async fn run(self, gateway: &Gateway, request_id: &HeaderValue) -> Result<Response<Body>, Refusal> {
        let Self { rpc, parts, parameters, body, arrived } = self;
        let config = &gateway.config;
        let mut metadata = headers::metadata(&parts.headers, request_id);
        let trace = TraceContext::received(&parts.headers);
        duologue_telemetry::inject(&tracing::Span::current(), trace.as_ref(), metadata.as_mut());
        if let Some(guard) = config.guard.as_ref().filter(|_| !rpc.is_public()) {
            guard.admit(rpc, &metadata).await?;
        }
        let timeout = headers::timeout(&parts.headers)
            .map_err(|_| Refusal::malformed_request("The time-out is not a number with a unit."))?;
        let body = body.map_err(|error| match error {
            BodyError::TooLarge => Refusal::body_too_large(config.body_limit),
            BodyError::TooSlow => Refusal::deadline_exceeded(),
            BodyError::Broken => Refusal::malformed_request("The body broke off."),
        })?;
        let query = parts.uri.query().unwrap_or_default();
        let mut fields = decode::request(rpc, parameters, query, &parts.headers, &body)?;
        if rpc.is_streaming() {
            resume(rpc, &parts.headers, &mut fields)?;
        }
        let Some(bridge) = gateway.bridges.to(rpc) else {
            return Err(Reason::MethodUnknown.status("This server does not offer the service.").into());
        };
        let deadline = timeout.and_then(|timeout| arrived.checked_add(timeout));
        let extensions = extensions(&parts, config);
        if let Some(deadline) = deadline {
            set_timeout(&mut metadata, deadline.saturating_duration_since(Instant::now()));
        }
        let request = tonic::Request::from_parts(metadata, extensions, fields);
        let called = bridge.call(rpc, request);
        let reply = match deadline {
            None => called.await,
            Some(deadline) => {
                let reply = tokio::time::timeout_at(deadline, called).await;
                reply.map_err(|_| Refusal::deadline_exceeded())?
            }
        };
        match reply {
            Ok(Reply::Unary(json)) => Ok(unary(rpc, json)),
            Ok(Reply::Streaming(items)) => {
                let framing = Framing::accepted(&parts.headers);
                Ok(stream::respond(items, framing, config.heartbeat, deadline))
            }
            // A connection's own time-out, which tonic calls a cancellation.
            Err(status) if status.code() == Code::Cancelled && errors::reason_of(&status).is_none() => {
                let is_late = deadline.is_some_and(|deadline| deadline <= Instant::now());
                Err(if is_late { Refusal::deadline_exceeded() } else { status.into() })
            }
            Err(status) => Err(status.into()),
        }
    }
}

/// Goes on where the client's event source was cut off.
fn resume(rpc: Rpc, headers: &HeaderMap, fields: &mut Fields) -> Result<(), Refusal> {
    let Some(point) = headers.get("last-event-id").filter(|point| !point.is_empty()) else { return Ok(()) };
    let invalid = || Refusal::invalid_field("Last-Event-ID", "has to be the id of an event of this stream");
    let point = point.to_str().map_err(|_| invalid())?;
    resume_after(rpc, point, fields).map_err(|_| invalid())
}

/// The client's address, where a service of tonic looks for it.
fn extensions(parts: &request::Parts, config: &Config) -> Extensions {
    let mut extensions = Extensions::new();
    if let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() {
        let client = address::client(*peer, &parts.headers, &config.trusted_proxies);
        extensions.insert(TcpConnectInfo { local_addr: None, remote_addr: Some(client) });
    }
    extensions
}

fn unary(rpc: Rpc, json: bytes::Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(json));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Keys are for everybody; all else is somebody's.
    let caching = if rpc == Rpc::AuthGetJwks { "public, max-age=60" } else { "no-store" };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

fn options(allow: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}
