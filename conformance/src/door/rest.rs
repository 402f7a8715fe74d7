//! Calls through REST: the contract's own routes, and what HTTP promises of every response.

use serde_json::Value;
use tonic::Code;

use super::{
    Answer, Body, Door, Envelope, Failure, Fields, Http, HttpRequest, HttpResponse, HttpStream, Payload,
    StreamFraming, failure_of_status_json, rest_request,
};
use crate::target::Target;
use duologue_contract::Rpc;

/// The REST door of a deployment, with connections of its own.
#[derive(Debug, Clone)]
pub struct Rest {
    http: Http,
}

impl Rest {
    /// Connects, when first used, to each of the addresses.
    pub fn new(target: &Target) -> Result<Self, String> {
        Ok(Self { http: Http::new(target.addresses(Door::Rest), target.trust())? })
    }

    /// The client below, for requests that no route makes.
    #[must_use]
    pub const fn http(&self) -> &Http {
        &self.http
    }

    /// Calls an RPC that answers once.
    pub async fn call(&self, payload: &Payload, envelope: &Envelope) -> Answer {
        let request = dressed(rest_request(payload.rpc, &payload.fields), envelope);
        match self.http.send(envelope.replica, request).await {
            Ok(response) => answer(&response),
            Err(text) => Answer {
                outcome: Err(Box::new(Failure::transport(Code::Unavailable, text))),
                http_status: None,
                headers: Vec::new(),
                deviations: Vec::new(),
            },
        }
    }

    /// Opens a stream; answers as soon as the response headers are there.
    pub async fn open(
        &self,
        rpc: Rpc,
        fields: &Fields,
        envelope: &Envelope,
        framing: StreamFraming,
    ) -> Result<HttpStream, Answer> {
        let request = dressed(rest_request(rpc, fields), envelope).header("accept", framing.media_type());
        let transport = |text: String| Answer {
            outcome: Err(Box::new(Failure::transport(Code::Unavailable, text))),
            http_status: None,
            headers: Vec::new(),
            deviations: Vec::new(),
        };
        let mut stream = self.http.open(envelope.replica, request).await.map_err(transport)?;
        if stream.status == 200 {
            return Ok(stream);
        }
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = stream.chunk().await {
            body.extend_from_slice(&chunk);
        }
        Err(answer(&HttpResponse { status: stream.status, headers: stream.headers, body: body.into() }))
    }
}

fn dressed(mut request: HttpRequest, envelope: &Envelope) -> HttpRequest {
    for value in envelope.credential.values() {
        request = request.header("authorization", &value);
    }
    for (name, value) in &envelope.headers {
        request = request.header(name, value);
    }
    match envelope.deadline_ms {
        Some(milliseconds) => request.header("x-request-timeout", &format!("{milliseconds}ms")),
        None => request,
    }
}

/// Reads a response; what HTTP and the contract promise of its form and it does not keep are its deviations.
#[must_use]
pub fn answer(response: &HttpResponse) -> Answer {
    let mut deviations = Vec::new();
    let media_type = response.header("content-type").split(';').next().unwrap_or_default().trim();
    if media_type != "application/json" {
        deviations.push(format!("content-type is {media_type:?}, not application/json"));
    }
    let json = response.json();
    let outcome = match (response.status, json) {
        (200, Ok(json)) => Ok(Body::Json(json)),
        (200, Err(error)) => {
            deviations.push(format!("the body of a success is not JSON: {error}"));
            Ok(Body::Json(Value::Null))
        }
        (status, json) => {
            let failure = json.and_then(|json| failure_of_status_json(&json));
            let mut failure = failure.unwrap_or_else(|error| {
                deviations.push(format!("the body of HTTP {status} is not google.rpc.Status JSON: {error}"));
                Failure::new(code_of_http(status), String::from_utf8_lossy(&response.body))
            });
            failure.http_status = Some(status);
            Err(Box::new(failure))
        }
    };
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    let headers = response.headers.iter().filter_map(text).collect();
    Answer { outcome, http_status: Some(response.status), headers, deviations }
}

/// The best guess at a code where the body does not say it.
fn code_of_http(status: u16) -> Code {
    match status {
        400 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        409 => Code::AlreadyExists,
        429 => Code::ResourceExhausted,
        499 => Code::Cancelled,
        405 | 501 => Code::Unimplemented,
        502 | 503 => Code::Unavailable,
        504 => Code::DeadlineExceeded,
        500 => Code::Internal,
        _ => Code::Unknown,
    }
}
