//! Export of spans to a collector, by OTLP over gRPC.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tonic::Request;
use tonic::transport::Channel;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, LevelFilter};
use tracing_subscriber::registry::LookupSpan;

use crate::discreet::Discreet;

/// Whose spans are exported: those of the crates whose names begin so.
const OURS: &str = "duologue";

/// Whether a layer was ever made. Only a shortcut: what it spares would come to nothing without a layer.
static ON: AtomicBool = AtomicBool::new(false);

pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Where spans go, and whose they are.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Leads to the collector; made lazily, so that nobody waits for it.
    pub collector: Channel,
    /// `service.name`.
    pub service: String,
    /// What this process does among its like: `duologue.role`.
    pub role: String,
    /// The share of traces that begin here which is exported, from 0 to 1. Traces that come from elsewhere are exported
    /// if their sender says so.
    pub ratio: f64,
    /// How long the export of one batch may take.
    pub patience: Duration,
}

impl Settings {
    /// Exports every trace, and waits 10 seconds for each batch.
    #[must_use]
    pub fn new(collector: Channel, service: impl Into<String>, role: impl Into<String>) -> Self {
        let patience = Duration::from_secs(10);
        Self { collector, service: service.into(), role: role.into(), ratio: 1.0, patience }
    }
}

/// Spans cannot be exported, by what the `OTEL_…` variables of the environment say.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be exported")]
pub struct CannotExport(#[from] ExporterBuildError);

/// Some spans may not have reached the collector.
#[derive(Debug, thiserror::Error)]
pub enum NotFlushed {
    /// The collector took too long.
    #[error("the collector did not take the last spans in time")]
    TimedOut,
    /// The last batch was refused, or there is no thread to send it from.
    #[error("the collector did not take the last spans")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The layer that exports spans, and the handle by which they are flushed at the end.
///
/// Exported are our own crates' spans from INFO up, whatever the filter of the logs, with the fields of
/// [`ATTRIBUTES`](crate::ATTRIBUTES) alone. Events stay in the logs. At most 2,048 spans wait for the collector; while
/// it is away, newer ones are dropped.
///
/// A runtime of tokio must be there: it drives the channel.
pub fn layer<S>(settings: Settings) -> Result<(impl Layer<S> + Send + Sync + use<S>, Exporter), CannotExport>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let Settings { collector, service, role, ratio, patience } = settings;
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_channel(collector)
        .with_timeout(patience)
        // The exporter leaves the time-out to the channel, which is the caller's.
        .with_interceptor(move |mut request: Request<()>| {
            request.set_timeout(patience);
            Ok(request)
        })
        .build()?;
    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("duologue.role", role))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(Discreet(exporter))
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio))))
        .with_resource(resource)
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(OURS))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false)
        .with_filter(FilterFn::new(is_exported).with_max_level_hint(LevelFilter::INFO));
    ON.store(true, Ordering::Relaxed);
    Ok((layer, Exporter { provider }))
}

fn is_exported(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::INFO && metadata.target().starts_with(OURS)
}

/// Flushes the spans of a [`layer`].
#[derive(Debug)]
pub struct Exporter {
    provider: SdkTracerProvider,
}

impl Exporter {
    /// Exports what waits, and ends the export. Returns by the deadline, whatever the collector does.
    pub async fn shutdown(self, deadline: Duration) -> Result<(), NotFlushed> {
        let (done, ended) = tokio::sync::oneshot::channel();
        // A thread of its own, since a runtime does not end before its blocking tasks have.
        let flushing = move || {
            // Shutting down flushes as well, but does not tell whether the collector took it.
            let flushed = self.provider.force_flush();
            let ended = self.provider.shutdown_with_timeout(deadline);
            // Nobody listens after the deadline.
            let _ = done.send(flushed.and(ended));
        };
        std::thread::Builder::new()
            .name("flush-traces".to_owned())
            .spawn(flushing)
            .map_err(|error| NotFlushed::Failed(error.into()))?;
        match tokio::time::timeout(deadline, ended).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(OTelSdkError::Timeout(_)))) | Err(_) => Err(NotFlushed::TimedOut),
            Ok(Ok(Err(error))) => Err(NotFlushed::Failed(error.into())),
            Ok(Err(error)) => Err(NotFlushed::Failed(error.into())),
        }
    }
}
