//! A collector that keeps what it gets.

use std::time::Duration;

use duologue_telemetry::Settings;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};
use tonic::{Request, Response, Status, async_trait};

/// What hangs fails.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), future)
        .await
        .unwrap_or_else(|_| panic!("this takes for ever"))
}

/// A span with what the collector was told of its process.
#[derive(Debug)]
pub(crate) struct Exported {
    pub(crate) resource: Vec<(String, String)>,
    pub(crate) span: Span,
}

pub(crate) struct Collector {
    pub(crate) settings: Settings,
    exported: mpsc::UnboundedReceiver<Exported>,
}

struct Service(mpsc::UnboundedSender<Exported>);

#[async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for of_resource in request.into_inner().resource_spans {
            let resource = pairs(of_resource.resource.unwrap_or_default().attributes);
            for span in of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans) {
                self.0.send(Exported { resource: resource.clone(), span }).unwrap();
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// Attributes with the text of their values.
pub(crate) fn pairs(attributes: Vec<KeyValue>) -> Vec<(String, String)> {
    let text = |value: Option<Value>| match value {
        Some(Value::StringValue(text)) => text,
        other => format!("{other:?}"),
    };
    let pair = |pair: KeyValue| (pair.key, text(pair.value.and_then(|value| value.value)));
    attributes.into_iter().map(pair).collect()
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let (sender, exported) = mpsc::unbounded_channel();
        let serving = Server::builder()
            .add_service(TraceServiceServer::new(Service(sender)))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serving);
        Self { settings: settings(uri), exported }
    }

    /// All that has arrived.
    pub(crate) fn exported(&mut self) -> Vec<Exported> {
        std::iter::from_fn(|| self.exported.try_recv().ok()).collect()
    }
}

pub(crate) fn settings(uri: String) -> Settings {
    Settings::new(Endpoint::from_shared(uri).unwrap().connect_lazy(), "duologue", "chat")
}
