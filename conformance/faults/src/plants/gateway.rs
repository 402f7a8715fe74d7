//! Faults of the REST door: layers around its HTTP.

use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use axum::middleware::Next;
use bytes::Bytes;
use duologue_contract::Rpc;
use duologue_contract::user::UpdateProfileRequest;
use futures::{StreamExt as _, stream};
use serde_json::{Map, Value};

use super::Plant;
use crate::composition::Composition;

/// More than any body here.
const LARGEST: usize = 32 * 1024 * 1024;

/// The routes that the specification names.
const NAMED: [Rpc; 6] = [
    Rpc::AuthRegister,
    Rpc::AuthLogin,
    Rpc::UserGetProfileById,
    Rpc::UserSearchByNickname,
    Rpc::SocialSendFriendRequest,
    Rpc::ChatSendMessage,
];

pub(super) fn plants() -> Vec<Plant> {
    vec![
        Plant::new("rest-conflict-as-400", |composition| composition.rest_layer(conflict_as_400)),
        Plant::new("rest-drops-optional-presence", rest_drops_optional_presence),
        Plant::new("rest-stream-buffered", |composition| composition.rest_layer(buffered)),
        Plant::new("rest-body-beats-path", |composition| composition.rest_layer(body_beats_path)),
        Plant::each("rest-route-missing", NAMED, |composition, rpc| {
            composition.rest_layer(move |request, next| route_missing(rpc, request, next))
        }),
        Plant::new("json-unknown-field-refused", |composition| composition.rest_layer(unknown_field_refused)),
        Plant::new("path-decoded-twice", |composition| composition.rest_layer(path_decoded_twice)),
        Plant::new("query-limit-ignored", |composition| composition.rest_layer(query_limit_ignored)),
        Plant::new("sse-id-missing", |composition| composition.rest_layer(sse_id_missing)),
        Plant::new("html-404", |composition| composition.rest_layer(html_404)),
    ]
}

async fn conflict_as_400(request: Request<Body>, next: Next) -> Response<Body> {
    let mut response = next.run(request).await;
    if response.status() == StatusCode::CONFLICT {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    response
}

/// JSON without presence: an empty text is as good as none.
fn rest_drops_optional_presence(composition: Composition) -> Composition {
    use duologue_conformance::door::Door;
    composition.around(|_, mut call, next| async move {
        let is_rest = call.door == Door::Rest;
        if let Some(request) = call.message_mut::<UpdateProfileRequest>().filter(|_| is_rest) {
            request.bio = request.bio.take().filter(|text| !text.is_empty());
            request.avatar_url = request.avatar_url.take().filter(|text| !text.is_empty());
        }
        next.call(call).await
    })
}

fn is_stream(response: &Response<Body>) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    matches!(kind, Some(b"text/event-stream" | b"application/x-ndjson"))
}

/// A frame leaves when the next one comes.
async fn buffered(request: Request<Body>, next: Next) -> Response<Body> {
    let response = next.run(request).await;
    if !is_stream(&response) {
        return response;
    }
    response.map(|body| {
        let frames = body.into_data_stream().chunks(2).flat_map(stream::iter);
        Body::from_stream(frames)
    })
}

async fn whole(body: Body) -> Bytes {
    to_bytes(body, LARGEST).await.unwrap_or_default()
}

fn fields(body: &Bytes) -> Option<Map<String, Value>> {
    serde_json::from_slice(body).ok()
}

fn with_path(uri: &Uri, path: &str) -> Uri {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{path}{query}").parse().unwrap_or_else(|_| uri.clone())
}

async fn body_beats_path(request: Request<Body>, next: Next) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let body = whole(body).await;
    let named = fields(&body).and_then(|fields| {
        let named = fields.get("chatId").or_else(|| fields.get("chat_id"))?;
        Some(named.as_str()?.to_owned())
    });
    if parts.method == Method::POST
        && parts.uri.path().starts_with("/v1/chats/")
        && let Some(chat_id) = named
    {
        parts.uri = with_path(&parts.uri, &format!("/v1/chats/{chat_id}/message"));
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// Whether a request is for the route of an RPC.
fn is_for(rpc: Rpc, request: &Request<Body>) -> bool {
    let (verb, template) = rpc.route();
    let (path, segments) = (request.uri().path().split('/'), template.split('/'));
    request.method().as_str() == verb
        && path.clone().count() == segments.clone().count()
        && segments.zip(path).all(|(segment, part)| segment.starts_with('{') || segment == part)
}

async fn route_missing(rpc: Rpc, mut request: Request<Body>, next: Next) -> Response<Body> {
    if is_for(rpc, &request) {
        *request.uri_mut() = Uri::from_static("/v1/no/such/route");
    }
    next.run(request).await
}

async fn unknown_field_refused(request: Request<Body>, next: Next) -> Response<Body> {
    let rpc = Rpc::ALL.into_iter().find(|rpc| is_for(*rpc, &request));
    let (parts, body) = request.into_parts();
    let mut body = whole(body).await;
    let is_known = |name: &String| {
        let fields = rpc.map_or(&[][..], |rpc| rpc.description().fields);
        fields.iter().any(|field| field.name == name || field.json_name == name)
    };
    if fields(&body).is_some_and(|fields| !fields.keys().all(is_known)) {
        // What a strict parser makes of it.
        body = Bytes::from_static(b"{");
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

async fn path_decoded_twice(mut request: Request<Body>, next: Next) -> Response<Body> {
    let path = request.uri().path().replace("%25", "%");
    *request.uri_mut() = with_path(request.uri(), &path);
    next.run(request).await
}

async fn query_limit_ignored(mut request: Request<Body>, next: Next) -> Response<Body> {
    if let Some(query) = request.uri().query() {
        let kept: Vec<_> = query.split('&').filter(|pair| !pair.starts_with("limit=")).collect();
        let path = format!("{}?{}", request.uri().path(), kept.join("&"));
        *request.uri_mut() = path.parse().unwrap_or_else(|_| request.uri().clone());
    }
    next.run(request).await
}

/// The events of the frames without their ids.
async fn sse_id_missing(request: Request<Body>, next: Next) -> Response<Body> {
    let response = next.run(request).await;
    if !is_stream(&response) {
        return response;
    }
    response.map(|body| {
        let frames = body.into_data_stream().map(|frame| {
            frame.map(|frame| {
                let text = String::from_utf8_lossy(&frame);
                let kept = text.split_inclusive('\n').filter(|line| !line.starts_with("id:"));
                Bytes::from(kept.collect::<String>())
            })
        });
        Body::from_stream(frames)
    })
}

async fn html_404(request: Request<Body>, next: Next) -> Response<Body> {
    let is_anonymous = !request.headers().contains_key(AUTHORIZATION);
    let is_route = Rpc::ALL.into_iter().any(|rpc| {
        let path = request.uri().path();
        rpc.route().1.split('/').nth(2) == path.split('/').nth(2)
    });
    let response = next.run(request).await;
    if response.status() != StatusCode::NOT_FOUND || (is_route && !is_anonymous) {
        return response;
    }
    let mut page = Response::new(Body::from("<h1>404 page not found</h1>"));
    *page.status_mut() = StatusCode::NOT_FOUND;
    page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    page
}
