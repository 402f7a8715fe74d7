//! Logs, metrics and traces.
//!
//! Nothing that is secret or private is ever logged: no password, token, e-mail address or message text.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use duologue_gateway::{NotReady, Readiness};
use duologue_remote::endpoint;
use duologue_telemetry::Exporter;
use duologue_tls::Connector;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::Config;
use crate::settings::LogFormat;

/// Upper bounds of the latency histograms, in seconds.
const LATENCY_BUCKETS: [f64; 12] =
    [0.000_1, 0.000_25, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0];

/// How often the exporter tidies up what nobody asks for.
const UPKEEP: Duration = Duration::from_secs(5);

/// Sends logs to standard error from now on, and traces to a collector if there is one.
pub(crate) fn install(config: &Config, connector: &Connector) -> anyhow::Result<Option<Exporter>> {
    let filter = &config.log;
    let filter = EnvFilter::try_new(filter).with_context(|| format!("the log filter {filter:?}"))?;
    let logs = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let logs = match config.log_format {
        LogFormat::Pretty => logs.boxed(),
        LogFormat::Json => logs.json().flatten_event(true).boxed(),
    };
    let (traces, exporter) = match &config.otlp_endpoint {
        None => (None, None),
        Some(url) => {
            let collector = endpoint(url).context("otlp-endpoint")?;
            let collector = collector.connect_with_connector_lazy(connector.clone());
            let settings = duologue_telemetry::Settings::new(collector, "duologue", config.roles.to_string());
            let (layer, exporter) = duologue_telemetry::layer(settings).context("otlp-endpoint")?;
            (Some(layer), Some(exporter))
        }
    };
    tracing_subscriber::registry()
        .with(traces)
        .with(logs.with_filter(filter))
        .try_init()
        .map_err(|error| anyhow::anyhow!("logs cannot be set up: {error}"))?;
    Ok(exporter)
}

/// Records metrics from now on.
pub(crate) fn install_metrics() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCY_BUCKETS)
        .context("the buckets of the latency histograms")?
        .install_recorder()
        .context("metrics cannot be recorded")
}

/// Answers `GET /metrics`, `GET /healthz` (the process lives) and `GET /readyz` (its storage answers, and it stays).
pub(crate) fn admin_router(handle: PrometheusHandle, readiness: Arc<dyn Readiness>) -> Router {
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut interval = tokio::time::interval(UPKEEP);
        loop {
            interval.tick().await;
            upkeep.run_upkeep();
        }
    });
    let ready = move || async move {
        match readiness.check().await {
            Ok(()) => (StatusCode::OK, "ready".to_owned()),
            Err(NotReady(because)) => (StatusCode::SERVICE_UNAVAILABLE, because.join(", ")),
        }
    };
    Router::new()
        .route("/metrics", get(move || std::future::ready(handle.render())))
        .route("/healthz", get(|| std::future::ready("alive")))
        .route("/readyz", get(ready))
}
