//! With a collector.

use std::time::Duration;

use duologue_telemetry::{NotFlushed, Settings, TraceContext, inject, layer, set_parent};
use http::{HeaderMap, HeaderValue};
use opentelemetry_proto::tonic::trace::v1::Span as ExportedSpan;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tracing::{Span, debug_span, error, info_span};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::collector::{Collector, Exported, pairs, settings, within};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn received(flags: &str) -> TraceContext {
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", format!("00-{TRACE}-{PARENT}-{flags}").parse().unwrap());
    headers.append("tracestate", HeaderValue::from_static("vendor=1"));
    headers.append("tracestate", HeaderValue::from_static("other=2"));
    TraceContext::received(&headers).unwrap()
}

fn injected(span: &Span, received: Option<&TraceContext>) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([(
        http::HeaderName::from_static("tracestate"),
        HeaderValue::from_static("stale=1"),
    )]);
    inject(span, received, &mut headers);
    headers
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Does something while spans are exported, and flushes them.
async fn exporting<T>(settings: Settings, work: impl FnOnce() -> T) -> T {
    let (layer, exporter) = layer(settings).unwrap();
    let outcome = tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
    within(exporter.shutdown(Duration::from_mins(1))).await.unwrap();
    outcome
}

fn spans(exported: Vec<Exported>) -> Vec<ExportedSpan> {
    exported.into_iter().map(|exported| exported.span).collect()
}

#[tokio::test]
async fn a_span_arrives_as_the_child_of_the_one_that_was_received() {
    let mut collector = Collector::start().await;
    exporting(collector.settings.clone(), || {
        let span = info_span!("call", rpc = "/a/b");
        set_parent(&span, &received("01"));
        span.in_scope(|| info_span!("step").in_scope(|| ()));
    })
    .await;
    let exported = collector.exported();
    let resource = &exported[0].resource;
    for (key, value) in [("service.name", "duologue"), ("duologue.role", "chat")] {
        assert!(resource.contains(&(key.to_owned(), value.to_owned())), "{resource:?}");
    }
    let [step, call] = &spans(exported)[..] else { panic!("not two spans") };
    assert_eq!((call.name.as_str(), step.name.as_str()), ("call", "step"));
    assert_eq!((hex(&call.trace_id), hex(&call.parent_span_id)), (TRACE.to_owned(), PARENT.to_owned()));
    assert_eq!(call.trace_state, "vendor=1,other=2");
    assert_eq!((&step.trace_id, &step.parent_span_id), (&call.trace_id, &call.span_id));
}

#[tokio::test]
async fn what_goes_on_names_the_span_that_sends_it() {
    let mut collector = Collector::start().await;
    let sent = exporting(collector.settings.clone(), || {
        let span = info_span!("call");
        let received = received("01");
        set_parent(&span, &received);
        injected(&span, Some(&received))
    })
    .await;
    let [call] = &spans(collector.exported())[..] else { panic!("not one span") };
    let expected = format!("00-{TRACE}-{}-01", hex(&call.span_id));
    assert_eq!(sent["traceparent"], expected);
    assert_eq!(sent.get_all("tracestate").iter().collect::<Vec<_>>(), ["vendor=1,other=2"]);
}

#[tokio::test]
async fn without_a_context_a_trace_begins() {
    let mut collector = Collector::start().await;
    let sent = exporting(collector.settings.clone(), || injected(&info_span!("call"), None)).await;
    let [call] = &spans(collector.exported())[..] else { panic!("not one span") };
    let expected = format!("00-{}-{}-01", hex(&call.trace_id), hex(&call.span_id));
    assert_eq!(sent["traceparent"], expected);
    assert_eq!((call.parent_span_id.len(), sent.get("tracestate")), (0, None));
}

#[tokio::test]
async fn a_malformed_context_begins_a_trace() {
    let mut collector = Collector::start().await;
    let malformed = HeaderMap::from_iter([(
        http::HeaderName::from_static("traceparent"),
        HeaderValue::from_static("00-00000000000000000000000000000000-b7ad6b7169203331-01"),
    )]);
    exporting(collector.settings.clone(), || {
        set_parent(&info_span!("call"), &TraceContext::received(&malformed).unwrap());
    })
    .await;
    let [call] = &spans(collector.exported())[..] else { panic!("not one span") };
    assert_eq!(call.parent_span_id.len(), 0);
}

#[tokio::test]
async fn a_trace_that_its_sender_does_not_record_is_not_exported_and_goes_on() {
    let mut collector = Collector::start().await;
    let sent = exporting(collector.settings.clone(), || {
        let span = info_span!("call");
        let received = received("00");
        set_parent(&span, &received);
        injected(&span, Some(&received))
    })
    .await;
    let sent = sent["traceparent"].to_str().unwrap();
    assert!(sent.starts_with(&format!("00-{TRACE}-")) && sent.ends_with("-00"), "{sent}");
    assert!(collector.exported().is_empty());
}

#[tokio::test]
async fn a_share_of_the_traces_that_begin_here_is_exported() {
    let mut collector = Collector::start().await;
    let none = Settings { ratio: 0.0, ..collector.settings.clone() };
    exporting(none, || {
        drop(info_span!("ours"));
        let span = info_span!("theirs");
        set_parent(&span, &received("01"));
    })
    .await;
    let names: Vec<_> = spans(collector.exported()).into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["theirs"]);
}

#[tokio::test]
async fn nothing_private_leaves() {
    let mut collector = Collector::start().await;
    exporting(collector.settings.clone(), || {
        let failure = std::io::Error::other("hunter2");
        let failure = &failure as &(dyn std::error::Error + 'static);
        let span = info_span!(
            "call",
            rpc = "/a/b",
            request_id = "r",
            text = "hunter2",
            password = "hunter2",
            failure,
            otel.status_code = "ERROR",
            otel.status_description = "hunter2",
        );
        span.in_scope(|| error!(failure, "hunter2"));
    })
    .await;
    let exported = collector.exported();
    assert!(!format!("{exported:?}").contains("hunter2"), "{exported:?}");
    let [call] = &spans(exported)[..] else { panic!("not one span") };
    let mut attributes = pairs(call.attributes.clone());
    attributes.sort();
    let expected = [("request_id".to_owned(), "r".to_owned()), ("rpc".to_owned(), "/a/b".to_owned())];
    assert_eq!(attributes, expected);
    assert!(call.events.is_empty());
    assert_eq!(call.status.as_ref().map(|status| status.code), Some(2), "an error is still one");
}

#[tokio::test]
async fn only_our_own_spans_from_info_up_are_exported() {
    let mut collector = Collector::start().await;
    exporting(collector.settings.clone(), || {
        drop(debug_span!("detail"));
        drop(info_span!(target: "h2", "foreign"));
        drop(info_span!(target: "duologue_grpc::entry", "ours"));
    })
    .await;
    let names: Vec<_> = spans(collector.exported()).into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["ours"]);
}

#[tokio::test]
async fn a_span_that_is_not_exported_passes_on_what_was_received() {
    let collector = Collector::start().await;
    let received = received("01");
    let sent = exporting(collector.settings.clone(), || injected(&Span::none(), Some(&received))).await;
    assert_eq!(TraceContext::received(&sent), Some(received));
}

#[tokio::test]
async fn a_collector_that_refuses_spans_is_told_of() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = settings(format!("http://{}", listener.local_addr().unwrap()));
    // It knows no service at all.
    let routes = tonic::service::Routes::default();
    let serving = Server::builder().add_routes(routes).serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);
    let (layer, exporter) = layer(settings).unwrap();
    let ours = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(ours, || drop(info_span!("call")));
    let flushed = within(exporter.shutdown(Duration::from_mins(1))).await;
    assert!(matches!(flushed, Err(NotFlushed::Failed(_))), "{flushed:?}");
}

#[tokio::test]
async fn a_dead_collector_does_not_hold_the_end() {
    // Connections are made, and nothing is ever answered.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = settings(format!("http://{}", silent.local_addr().unwrap()));
    let settings = Settings { patience: Duration::from_hours(1), ..settings };
    let (layer, exporter) = layer(settings).unwrap();
    let ours = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(ours, || drop(info_span!("call")));
    let flushed = within(exporter.shutdown(Duration::from_millis(50))).await;
    assert!(matches!(flushed, Err(NotFlushed::TimedOut)), "{flushed:?}");
}
