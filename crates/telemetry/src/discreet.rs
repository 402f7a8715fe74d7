//! What leaves the process is listed here; everything else stays.

use std::time::Duration;

use opentelemetry::trace::Status;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter};

/// The fields of spans that are exported: none that could hold a secret, an e-mail address or the text of a message.
pub const ATTRIBUTES: [&str; 8] =
    ["attempt", "code", "peer", "reason", "request_id", "role", "rpc", "user_id"];

/// Exports spans without the fields that are not listed, and without events and words of errors.
#[derive(Debug)]
pub(crate) struct Discreet<E>(pub(crate) E);

impl<E: SpanExporter> SpanExporter for Discreet<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        for span in &mut batch {
            span.attributes.retain(|attribute| ATTRIBUTES.contains(&attribute.key.as_str()));
            span.events = SpanEvents::default();
            if let Status::Error { description } = &mut span.status {
                *description = "".into();
            }
        }
        self.0.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}
