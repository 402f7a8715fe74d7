//! The proxy: passes everything on, and spoils what comes back.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use http::{HeaderName, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::catalogue::Change;
use crate::door::{Door, Http, HttpRequest, HttpResponse, HttpStream};
use crate::target::Target;

/// A body of either kind: whole, or as it comes.
type Body = UnsyncBoxBody<Bytes, String>;

/// A proxy on this machine, which ends when it is dropped.
pub(super) struct Proxy {
    /// Where it listens.
    pub(super) address: String,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Listens in front of the REST door.
    pub(super) async fn start(target: &Target, change: Option<Change>) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let http = Http::new(target.addresses(Door::Rest), target.trust())?;
        let spoiler = Arc::new(Spoiler { http, change, kept: Mutex::default(), count: AtomicU64::new(0) });
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let spoiler = Arc::clone(&spoiler);
                let service = service_fn(move |request| {
                    let spoiler = Arc::clone(&spoiler);
                    async move { Ok::<_, Infallible>(spoiler.pass(request).await) }
                });
                connections.spawn(async move {
                    // Who leaves early has had what they wanted.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Ok(Self { address: format!("http://{address}"), _tasks: tasks })
    }
}

struct Spoiler {
    http: Http,
    change: Option<Change>,
    /// Answers that are given again.
    kept: Mutex<HashMap<String, HttpResponse>>,
    count: AtomicU64,
}

impl Spoiler {
    async fn pass(&self, request: Request<Incoming>) -> Response<Body> {
        let answered = async {
            let request = taken(request).await?;
            let key = match self.change {
                Some(Change::Kept(key)) => key(&request),
                _ => None,
            };
            let kept = key.as_ref().and_then(|key| self.kept.lock().get(key).cloned());
            if let Some(kept) = kept {
                return Ok(whole(&kept));
            }
            if let Some(Change::Twice(is_meant)) = self.change
                && is_meant(&request)
            {
                self.http.send(0, request.clone()).await?;
            }
            let stream = self.http.open(0, request.clone()).await?;
            let media_type = stream.headers.get("content-type").and_then(|value| value.to_str().ok());
            if media_type.is_some_and(|media_type| media_type.starts_with("text/event-stream")) {
                return Ok(self.events(stream));
            }
            let mut response = read(stream).await?;
            if let Some(Change::Reply(change)) = self.change {
                change(&request, &mut response, self.count.fetch_add(1, Ordering::Relaxed));
            }
            if let Some(key) = key.filter(|_| response.status == 200) {
                self.kept.lock().insert(key, response.clone());
            }
            Ok::<_, String>(whole(&response))
        };
        answered.await.unwrap_or_else(|error| {
            let mut response = Response::new(Full::from(error).map_err(never).boxed_unsync());
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response
        })
    }

    /// Passes events on as they come, each as the fault would have it.
    fn events(&self, stream: HttpStream) -> Response<Body> {
        let change = match self.change {
            Some(Change::Events(change)) => Some(change),
            _ => None,
        };
        let (status, headers) = (stream.status, stream.headers.clone());
        let mut before = Vec::new();
        let events = stream::unfold((stream, Vec::new()), |(mut stream, mut buffer)| async move {
            loop {
                if let Some(at) = buffer.windows(2).position(|two| two == b"\n\n") {
                    let event: Vec<u8> = buffer.drain(..at + 2).collect();
                    return Some((Ok(event), (stream, buffer)));
                }
                match stream.chunk().await {
                    Ok(Some(chunk)) => buffer.extend_from_slice(&chunk),
                    Ok(None) => return None,
                    Err(error) => return Some((Err(error), (stream, Vec::new()))),
                }
            }
        });
        let frames = events.map(move |event: Result<Vec<u8>, String>| {
            let event = event?;
            // A comment keeps the connection open, and is no item.
            let passed = match change.filter(|_| !event.starts_with(b":")) {
                Some(change) => {
                    before.push(event);
                    change(&mut before)
                }
                None => event,
            };
            Ok(Frame::data(Bytes::from(passed)))
        });
        dressed(status, &headers, StreamBody::new(frames).boxed_unsync())
    }
}

fn never(never: Infallible) -> String {
    match never {}
}

async fn taken(request: Request<Incoming>) -> Result<HttpRequest, String> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let mut passed = HttpRequest::new(parts.method.as_str(), path);
    for (name, value) in parts.headers.iter().filter(|(name, _)| is_passed(name)) {
        if let Ok(value) = value.to_str() {
            passed = passed.header(name.as_str(), value);
        }
    }
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    passed.body = (!body.is_empty()).then_some(body);
    Ok(passed)
}

async fn read(mut stream: HttpStream) -> Result<HttpResponse, String> {
    let mut body = Vec::new();
    while let Some(chunk) = stream.chunk().await? {
        body.extend_from_slice(&chunk);
    }
    Ok(HttpResponse { status: stream.status, headers: stream.headers, body: body.into() })
}

fn whole(response: &HttpResponse) -> Response<Body> {
    let body = Full::new(response.body.clone()).map_err(never).boxed_unsync();
    dressed(response.status, &response.headers, body)
}

fn dressed(status: u16, headers: &http::HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in headers.iter().filter(|(name, _)| is_passed(name)) {
        response.headers_mut().append(name.clone(), value.clone());
    }
    response
}

/// Whether a header is about the message, and not about the connection.
fn is_passed(name: &HeaderName) -> bool {
    !["connection", "content-length", "host", "keep-alive", "transfer-encoding"].contains(&name.as_str())
}
