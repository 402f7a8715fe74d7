//! What a call carries from service to service: its name, its trace and its deadline.
//!
//! Whoever serves a call runs it in the [`CallContext`] that it came with; whoever calls another service on its behalf
//! writes the context that it runs in into the metadata. So one name and one trace lead through all of it, and nobody
//! works on what nobody waits for any more.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use tonic::metadata::MetadataMap;

/// Names a request, in and out, in every log line and across hops.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The headers of W3C Trace Context.
pub const TRACE_CONTEXT: [HeaderName; 2] =
    [HeaderName::from_static("traceparent"), HeaderName::from_static("tracestate")];

/// The token of the service that passes a call on, so that it is believed whom it passes it on for.
pub const SERVICE_TOKEN: HeaderName = HeaderName::from_static("x-duologue-service");

/// Whom a gateway passes a call on for: their address.
pub const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How long the caller still waits, in gRPC's own notation.
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// What a call carries from service to service.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    request_id: Option<HeaderValue>,
    /// The headers of [`TRACE_CONTEXT`], and no others.
    trace: HeaderMap,
    deadline: Option<Instant>,
}

tokio::task_local! {
    static CURRENT: CallContext;
}

impl CallContext {
    /// The context of a request with these headers, whose answer is waited for until `deadline`.
    #[must_use]
    pub fn of(headers: &HeaderMap, request_id: &HeaderValue, deadline: Option<Instant>) -> Self {
        let mut trace = HeaderMap::new();
        for name in TRACE_CONTEXT {
            for value in headers.get_all(&name) {
                trace.append(name.clone(), value.clone());
            }
        }
        Self { request_id: Some(request_id.clone()), trace, deadline }
    }

    /// The context that this runs in; an empty one outside of any call.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// Runs a future in this context.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// How long the caller still waits; nothing where it never said.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Writes the context into the metadata of a call that waits no longer than `longest`, and tells how long it waits.
    pub fn write(&self, metadata: &mut MetadataMap, longest: Duration) -> Duration {
        let headers = metadata.as_mut();
        for (name, value) in &self.trace {
            headers.insert(name, value.clone());
        }
        if let Some(request_id) = &self.request_id {
            headers.insert(REQUEST_ID, request_id.clone());
        }
        let wait = self.left().map_or(longest, |left| left.min(longest));
        set_timeout(metadata, wait);
        wait
    }
}

/// Tells the service how long there is left, in gRPC's own notation.
pub fn set_timeout(metadata: &mut MetadataMap, left: Duration) {
    let micros = left.as_micros();
    let text = if micros <= 99_999_999 {
        format!("{micros}u")
    } else {
        format!("{}S", left.as_secs().min(99_999_999))
    };
    if let Ok(value) = HeaderValue::try_from(text) {
        metadata.as_mut().insert(TIMEOUT, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_on_behalf_of_another_carries_its_name_and_its_trace_and_no_more_time_than_is_left() {
        let headers = HeaderMap::from_iter([
            (TRACE_CONTEXT[0].clone(), HeaderValue::from_static("00-a-b-01")),
            (HeaderName::from_static("authorization"), HeaderValue::from_static("Bearer secret")),
        ]);
        let deadline = Instant::now() + Duration::from_secs(3);
        let context = CallContext::of(&headers, &HeaderValue::from_static("r-1"), Some(deadline));
        context
            .scope(async {
                tokio::time::advance(Duration::from_secs(1)).await;
                let mut metadata = MetadataMap::new();
                let wait = CallContext::current().write(&mut metadata, Duration::from_secs(5));
                let headers = metadata.into_headers();
                assert_eq!(headers[REQUEST_ID], "r-1");
                assert_eq!(headers["traceparent"], "00-a-b-01");
                assert_eq!(headers["grpc-timeout"], "2000000u");
                assert_eq!(wait, Duration::from_secs(2));
                assert!(!headers.contains_key("authorization"), "the identity of a caller is not passed on");
            })
            .await;
    }

    #[test]
    fn outside_of_any_call_only_the_longest_wait_is_told() {
        let mut metadata = MetadataMap::new();
        CallContext::current().write(&mut metadata, Duration::from_millis(250));
        let headers = metadata.into_headers();
        assert_eq!(headers.len(), 1);
        assert_eq!(headers["grpc-timeout"], "250000u");
    }
}
