//! Without a collector.

use duologue_telemetry::{TraceContext, inject, set_parent};
use http::HeaderMap;
use tracing::{Span, info_span};

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

/// What goes on when a request came with these headers, over headers that held something stale.
fn passed_on(received: &HeaderMap) -> HeaderMap {
    let context = TraceContext::received(received);
    let span = info_span!("call");
    if let Some(context) = &context {
        set_parent(&span, context);
    }
    let mut sent = headers(&[("x-request-id", "r")]);
    inject(&span, context.as_ref(), &mut sent);
    sent.remove("x-request-id").unwrap();
    sent
}

#[test]
fn what_came_goes_on_as_it_came() {
    let traces: [&[(&str, &str)]; 4] = [
        &[("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")],
        &[
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("tracestate", "vendor=1"),
            ("tracestate", "other=2"),
        ],
        // A version of tomorrow, and words that mean nothing to us.
        &[("traceparent", "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-brings")],
        &[("traceparent", "t"), ("tracestate", "s")],
    ];
    for trace in traces {
        let received = headers(trace);
        assert_eq!(passed_on(&received), received);
    }
}

#[test]
fn where_nothing_came_nothing_goes_on() {
    assert_eq!(passed_on(&headers(&[])), headers(&[]));
    assert_eq!(passed_on(&headers(&[("tracestate", "vendor=1")])), headers(&[]));
}

#[test]
fn two_parents_are_none() {
    let received = headers(&[("traceparent", "a"), ("traceparent", "b")]);
    assert_eq!(TraceContext::received(&received), None);
}

#[test]
fn what_goes_on_replaces_what_stood_there() {
    let received = headers(&[("traceparent", "t")]);
    let mut sent = headers(&[("traceparent", "stale"), ("tracestate", "stale")]);
    inject(&Span::none(), TraceContext::received(&received).as_ref(), &mut sent);
    assert_eq!(sent, received);
}
