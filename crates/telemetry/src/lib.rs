//! Traces across processes: W3C trace context, and export by OTLP when asked for.
//!
//! Without [`layer`] nothing is exported, and what remains is that a [`TraceContext`] that came with a request goes on
//! with the requests that follow from it, as it came. With it, spans of ours go to a collector, and the context that
//! goes on names the span that sends it.
//!
//! ```
//! use duologue_telemetry::TraceContext;
//! use http::HeaderMap;
//!
//! fn serve(received: &HeaderMap) -> HeaderMap {
//!     let received = TraceContext::received(received);
//!     let span = tracing::info_span!("call");
//!     if let Some(received) = &received {
//!         duologue_telemetry::set_parent(&span, received); // before the span is entered
//!     }
//!     let mut sent = HeaderMap::new();
//!     duologue_telemetry::inject(&span, received.as_ref(), &mut sent);
//!     sent
//! }
//! # let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap();
//! # let received = HeaderMap::from_iter([(http::HeaderName::from_static("traceparent"), trace)]);
//! # assert_eq!(serve(&received), received);
//! ```

mod context;
mod discreet;
mod export;

pub use context::{TraceContext, inject, set_parent};
pub use discreet::ATTRIBUTES;
pub use export::{CannotExport, Exporter, NotFlushed, Settings, layer};
