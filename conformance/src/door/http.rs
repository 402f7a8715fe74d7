//! A thin HTTP/1.1 client: requests as they are given, keep-alive, bodies whole or in pieces.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::tls::{Connector, Trust, Within, connector};

/// A request in HTTP's own terms.
#[derive(Debug, Clone, Default)]
pub struct HttpRequest {
    /// Verb; `GET` when empty.
    pub method: String,
    /// Path and query, already encoded.
    pub path_and_query: String,
    /// Headers, in order.
    pub headers: Vec<(String, String)>,
    /// Body, if there is one.
    pub body: Option<Bytes>,
}

impl HttpRequest {
    /// A request without body.
    #[must_use]
    pub fn new(method: &str, path_and_query: impl Into<String>) -> Self {
        let method = method.to_owned();
        Self { method, path_and_query: path_and_query.into(), headers: Vec::new(), body: None }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a body that says of itself that it is JSON.
    #[must_use]
    pub fn json(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", "application/json")
    }
}

/// A response in HTTP's own terms.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl HttpResponse {
    /// A header as text; empty when there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<serde_json::Value, String> {
        serde_json::from_slice(&self.body).map_err(|error| error.to_string())
    }
}

/// A response whose body is still coming.
#[derive(Debug)]
pub struct HttpStream {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    body: Incoming,
}

impl HttpStream {
    /// The next piece of the body; `None` at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(format!("{error:?}")),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

/// HTTP/1.1 connections to the REST addresses of a deployment.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client<Connector, Full<Bytes>>,
    bases: Vec<String>,
}

impl Http {
    /// Connects, when first used, to each of the addresses.
    pub fn new(addresses: &[String], trust: Option<&Trust>) -> Result<Self, String> {
        for address in addresses {
            let uri: Uri = address.parse().map_err(|error| format!("{address}: {error}"))?;
            if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.authority().is_none() {
                return Err(format!("{address}: not an address like http://127.0.0.1:8080"));
            }
        }
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_idle_timeout(Duration::from_secs(30)).pool_timer(TokioTimer::new());
        let bases = addresses.iter().map(|address| address.trim_end_matches('/').to_owned()).collect();
        Ok(Self { client: builder.build(connector(trust, Within::Http1)?), bases })
    }

    /// Sends a request and reads the whole response.
    pub async fn send(&self, replica: usize, request: HttpRequest) -> Result<HttpResponse, String> {
        let stream = self.open(replica, request).await?;
        let body = stream.body.collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
        Ok(HttpResponse { status: stream.status, headers: stream.headers, body })
    }

    /// Sends a request and answers as soon as the response headers are there.
    pub async fn open(&self, replica: usize, request: HttpRequest) -> Result<HttpStream, String> {
        let base = self.bases.get(replica % self.bases.len().max(1)).ok_or("no address")?;
        let uri = format!("{base}{}", request.path_and_query);
        let method: Method = request.method.parse().map_err(|_| "not a verb".to_owned())?;
        let mut builder = Request::builder().method(method).uri(uri);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let message = builder.body(Full::new(request.body.unwrap_or_default()));
        let message = message.map_err(|error| error.to_string())?;
        let response = self.client.request(message).await.map_err(|error| format!("{error:?}"))?;
        let (parts, body) = response.into_parts();
        Ok(HttpStream { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}
