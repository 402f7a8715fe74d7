//! Errors as `google.rpc.Status` JSON with the canonical HTTP status.

use std::time::Duration;

use axum::body::Body;
use duologue_contract::errors::{self, Reason};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// A refusal: the status, and what HTTP adds to it.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: Status,
    http: StatusCode,
    allow: Option<String>,
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        let status = explained(status);
        Self { http: http_status(status.code()), status, allow: None }
    }
}

impl Refusal {
    /// There is no such path.
    pub(crate) fn route_unknown() -> Self {
        Reason::RouteUnknown.status("There is nothing at this path.").into()
    }

    /// The path has other verbs.
    pub(crate) fn method_not_allowed(allow: String) -> Self {
        let status = Reason::MethodNotAllowed.status("The path does not have this verb.");
        Self { status, http: StatusCode::METHOD_NOT_ALLOWED, allow: Some(allow) }
    }

    /// The body is larger than the limit, in bytes.
    pub(crate) fn body_too_large(limit: usize) -> Self {
        let error = Reason::BodyTooLarge.error("The body is too large.");
        let status = error.with("limit_bytes", limit.to_string()).status();
        Self { status, http: StatusCode::PAYLOAD_TOO_LARGE, allow: None }
    }

    /// The body is something else than JSON.
    pub(crate) fn media_type_unsupported() -> Self {
        let status = Reason::MediaTypeUnsupported.status("The body has to be application/json in UTF-8.");
        Self { status, http: StatusCode::UNSUPPORTED_MEDIA_TYPE, allow: None }
    }

    /// The body is not a JSON object.
    pub(crate) fn malformed_json() -> Self {
        Reason::MalformedJson.status("The body is not a JSON object.").into()
    }

    /// Path, query, header or the framing of the body cannot be read.
    pub(crate) fn malformed_request(message: &'static str) -> Self {
        Reason::MalformedRequest.status(message).into()
    }

    /// A value does not fit its field.
    pub(crate) fn invalid_field(field: &str, rule: &'static str) -> Self {
        Reason::InvalidField.error("A field is not valid.").violation(field, rule).status().into()
    }

    /// The deadline passed.
    pub(crate) fn deadline_exceeded() -> Self {
        Reason::DeadlineExceeded.status("The deadline passed.").into()
    }

    /// The response to send.
    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(status_json(&self.status).to_string()));
        *response.status_mut() = self.http;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(allow) = self.allow.and_then(|allow| HeaderValue::try_from(allow).ok()) {
            headers.insert(ALLOW, allow);
        }
        if self.http == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after_seconds(&self.status, self.http) {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Status JSON of an error inside a stream.
pub(crate) fn stream_error(status: Status) -> Value {
    status_json(&explained(status))
}

/// Gives a reason to a status that has none: it comes from a transport, whose words are not for clients.
fn explained(status: Status) -> Status {
    // By its domain: a newer service may have reasons that this gateway does not know.
    if status.get_details_error_info().is_some_and(|info| info.domain == errors::DOMAIN) {
        return status;
    }
    let second = Duration::from_secs(1);
    match status.code() {
        Code::Cancelled => Reason::Cancelled.status("The call was cancelled."),
        Code::DeadlineExceeded => Reason::DeadlineExceeded.status("The deadline passed."),
        Code::Unavailable => {
            Reason::DependencyUnavailable.error("A service does not answer.").retry_after(second).status()
        }
        Code::ResourceExhausted => Reason::MessageTooLarge.status("The message is too large."),
        Code::Unimplemented => Reason::MethodUnknown.status("The service does not have this RPC."),
        Code::InvalidArgument => Reason::MalformedMessage.status("The request could not be read."),
        Code::Unauthenticated => Reason::TokenInvalid.status("The credential is missing or not valid."),
        Code::Internal | Code::Unknown => Reason::Internal.status("Something is wrong on our side."),
        // Ours, but without a reason: pass it on as it is.
        _ => status,
    }
}

fn status_json(status: &Status) -> Value {
    let found = status.get_error_details();
    let mut details = Vec::new();
    if let Some(info) = found.error_info() {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": info.reason,
            "domain": info.domain,
            "metadata": info.metadata,
        }));
    }
    if let Some(request) = found.bad_request() {
        let violations = request.field_violations.iter();
        let violations = violations
            .map(|violation| json!({ "field": violation.field, "description": violation.description }))
            .collect::<Vec<_>>();
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": violations,
        }));
    }
    if let Some(delay) = found.retry_info().and_then(|info| info.retry_delay) {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": duration(delay),
        }));
    }
    json!({ "code": i32::from(status.code()), "message": status.message(), "details": details })
}

/// `google.protobuf.Duration` in JSON: `1s`, `1.500s`.
fn duration(delay: Duration) -> String {
    let (seconds, nanos) = (delay.as_secs(), delay.subsec_nanos());
    match nanos {
        0 => format!("{seconds}s"),
        _ if nanos % 1_000_000 == 0 => format!("{seconds}.{:03}s", nanos / 1_000_000),
        _ if nanos % 1_000 == 0 => format!("{seconds}.{:06}s", nanos / 1_000),
        _ => format!("{seconds}.{nanos:09}s"),
    }
}

/// Whole seconds to wait, where waiting helps.
fn retry_after_seconds(status: &Status, http: StatusCode) -> Option<u64> {
    let waiting_helps = matches!(http, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
        && errors::reason_of(status) != Some(Reason::MessageTooLarge);
    let delay = status.get_details_retry_info().and_then(|info| info.retry_delay).unwrap_or_default();
    let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    waiting_helps.then_some(seconds.max(1))
}

fn http_status(code: Code) -> StatusCode {
    let number = match code {
        Code::Ok => 200,
        Code::Cancelled => 499,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::DeadlineExceeded => 504,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::PermissionDenied => 403,
        Code::Unauthenticated => 401,
        Code::ResourceExhausted => 429,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
    };
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
