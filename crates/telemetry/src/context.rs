//! The trace context of W3C, in and out.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::export;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The trace that a request belongs to, in its sender's words. Cheap to clone, and not looked into before it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    traceparent: HeaderValue,
    tracestate: Vec<HeaderValue>,
}

impl TraceContext {
    /// What a request says of its trace; `None` if nothing, or two things at once.
    #[must_use]
    pub fn received(headers: &HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all(TRACEPARENT).iter();
        let traceparent = parents.next()?.clone();
        if parents.next().is_some() {
            return None;
        }
        Some(Self { traceparent, tracestate: headers.get_all(TRACESTATE).iter().cloned().collect() })
    }

    /// The span that sent the request, if its name is well-formed.
    fn parse(&self) -> Option<Context> {
        let states: Vec<_> = self.tracestate.iter().filter_map(|state| state.to_str().ok()).collect();
        let fields = Fields { traceparent: self.traceparent.to_str().ok()?, tracestate: &states.join(",") };
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &fields);
        context.has_active_span().then_some(context)
    }

    fn write(&self, headers: &mut HeaderMap) {
        headers.insert(TRACEPARENT, self.traceparent.clone());
        headers.remove(TRACESTATE);
        for state in &self.tracestate {
            headers.append(TRACESTATE, state.clone());
        }
    }
}

/// Makes a span the child of the one that sent the request. It must not have been entered.
///
/// What is malformed begins a trace of its own, as W3C has it. Without export this does nothing.
pub fn set_parent(span: &Span, received: &TraceContext) {
    if !export::is_on() {
        return;
    }
    if let Some(parent) = received.parse()
        && let Err(error) = span.set_parent(parent)
    {
        tracing::debug!(%error, "a span has no place in the trace that it was received with");
    }
}

/// Tells whoever receives these headers to which trace they belong.
///
/// They name the span if it is exported or could have been; otherwise, and without export, they say what was received,
/// byte for byte. Where there is neither, they are left alone.
pub fn inject(span: &Span, received: Option<&TraceContext>, headers: &mut HeaderMap) {
    if export::is_on() {
        let context = span.context();
        if context.span().span_context().is_valid() {
            headers.remove(TRACESTATE);
            TraceContextPropagator::new().inject_context(&context, &mut Headers(headers));
            return;
        }
    }
    if let Some(received) = received {
        received.write(headers);
    }
}

/// The two fields, for reading.
struct Fields<'a> {
    traceparent: &'a str,
    tracestate: &'a str,
}

impl Extractor for Fields<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => Some(self.traceparent),
            "tracestate" => Some(self.tracestate),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

/// Headers, for writing.
struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        if value.is_empty() {
            return;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}
