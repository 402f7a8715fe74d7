//! Calls through gRPC, with plain bytes: one client for every RPC.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use duologue_contract::Rpc;
use http::Uri;
use http::uri::PathAndQuery;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, KeyAndValueRef, MetadataMap};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tonic_types::StatusExt as _;
use tower::Service as _;

use super::tls::{Within, connector};
use super::{Answer, Body, Door, Envelope, Failure, FieldViolation, Payload, Trust};
use crate::target::Target;

/// The gRPC door of a deployment, with connections of its own.
#[derive(Debug, Clone)]
pub struct Grpc {
    channels: Vec<Channel>,
}

impl Grpc {
    /// Connects, when first used, to each of the addresses.
    pub fn new(target: &Target) -> Result<Self, String> {
        let channel = |address: &String| channel(address, target.trust());
        let addresses = target.addresses(Door::Grpc).iter();
        Ok(Self { channels: addresses.map(channel).collect::<Result<_, _>>()? })
    }

    fn client(&self, replica: usize) -> Result<tonic::client::Grpc<Channel>, Box<Failure>> {
        let channel = self.channels.get(replica % self.channels.len().max(1));
        let channel = channel.ok_or_else(|| Box::new(Failure::transport(Code::Unavailable, "no address")))?;
        Ok(tonic::client::Grpc::new(channel.clone()))
    }

    /// Calls an RPC that answers once.
    pub async fn call(&self, payload: &Payload, envelope: &Envelope) -> Answer {
        self.call_path(payload.rpc.path(), Bytes::from(payload.bytes.clone()), envelope).await
    }

    /// Calls any path with any bytes.
    pub async fn call_path(&self, path: &'static str, bytes: Bytes, envelope: &Envelope) -> Answer {
        let result = async {
            let mut client = self.client(envelope.replica)?;
            client.ready().await.map_err(|error| unreachable(&error))?;
            let request = request(bytes, envelope)?;
            let path = PathAndQuery::from_static(path);
            client.unary(request, path, BytesCodec).await.map_err(|status| Box::new(failure(&status)))
        };
        match result.await {
            Ok(response) => Answer {
                headers: texts(response.metadata()),
                outcome: Ok(Body::Binary(response.into_inner())),
                http_status: None,
                deviations: Vec::new(),
            },
            Err(failure) => Answer {
                outcome: Err(failure),
                http_status: None,
                headers: Vec::new(),
                deviations: Vec::new(),
            },
        }
    }

    /// Opens a stream; answers as soon as the response headers are there.
    pub async fn open(
        &self,
        rpc: Rpc,
        bytes: Vec<u8>,
        envelope: &Envelope,
    ) -> Result<Streaming<Bytes>, Box<Failure>> {
        let mut client = self.client(envelope.replica)?;
        client.ready().await.map_err(|error| unreachable(&error))?;
        let request = request(Bytes::from(bytes), envelope)?;
        let path = PathAndQuery::from_static(rpc.path());
        let response = client.server_streaming(request, path, BytesCodec).await;
        Ok(response.map_err(|status| Box::new(failure(&status)))?.into_inner())
    }
}

/// A connection that is made when it is first used.
fn channel(address: &str, trust: Option<&Trust>) -> Result<Channel, String> {
    let endpoint = |address: String| {
        let endpoint = Endpoint::from_shared(address).map_err(|error| error.to_string())?;
        Ok::<_, String>(endpoint.connect_timeout(Duration::from_secs(5)))
    };
    let Some(host) = address.strip_prefix("https://") else {
        return Ok(endpoint(address.to_owned())?.connect_lazy());
    };
    // The channel takes what is connected as it is; TLS is the connector's part.
    let origin: Uri = address.parse().map_err(|error| format!("{address}: {error}"))?;
    let (connector, secure) = (connector(trust, Within::Http2)?, origin.clone());
    let connector = tower::service_fn(move |_: Uri| {
        let (mut connector, secure) = (connector.clone(), secure.clone());
        async move {
            std::future::poll_fn(|context| connector.poll_ready(context)).await?;
            connector.call(secure).await
        }
    });
    Ok(endpoint(format!("http://{host}"))?.origin(origin).connect_with_connector_lazy(connector))
}

fn unreachable(error: &tonic::transport::Error) -> Box<Failure> {
    Box::new(Failure::transport(Code::Unavailable, format!("cannot connect: {error:?}")))
}

fn request(bytes: Bytes, envelope: &Envelope) -> Result<Request<Bytes>, Box<Failure>> {
    let mut request = Request::new(bytes);
    let metadata = request.metadata_mut();
    let authorization =
        envelope.credential.values().into_iter().map(|value| ("authorization".to_owned(), value));
    for (name, value) in authorization.chain(envelope.headers.iter().cloned()) {
        let name = AsciiMetadataKey::from_bytes(name.as_bytes());
        let value = AsciiMetadataValue::try_from(value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(Box::new(Failure::transport(Code::Unknown, "a header that gRPC cannot carry")));
        };
        metadata.append(name, value);
    }
    if let Some(milliseconds) = envelope.deadline_ms {
        request.set_timeout(Duration::from_millis(milliseconds));
    }
    Ok(request)
}

fn texts(metadata: &MetadataMap) -> Vec<(String, String)> {
    let text = |entry: KeyAndValueRef<'_>| match entry {
        KeyAndValueRef::Ascii(key, value) => Some((key.to_string(), value.to_str().ok()?.to_owned())),
        KeyAndValueRef::Binary(..) => None,
    };
    metadata.iter().filter_map(text).collect()
}

/// Reads a gRPC status.
pub(crate) fn failure(status: &Status) -> Failure {
    let mut failure = Failure::new(status.code(), status.message());
    // tonic keeps the source of what it made itself; what a server sent has none.
    failure.is_transport = std::error::Error::source(status).is_some();
    let details = status.get_error_details();
    if let Some(info) = details.error_info() {
        failure.reason = Some(info.reason.clone());
        failure.domain = Some(info.domain.clone());
        failure.metadata = info.metadata.clone().into_iter().collect();
    }
    if let Some(request) = details.bad_request() {
        let violations = request.field_violations.iter().map(|violation| FieldViolation {
            field: violation.field.clone(),
            description: violation.description.clone(),
        });
        failure.violations = violations.collect();
    }
    failure.retry_after = details.retry_info().and_then(|info| info.retry_delay);
    failure.raw = format!("{} {}", status.message(), String::from_utf8_lossy(status.details()));
    failure
}

/// Passes messages as the bytes that they are.
#[derive(Debug, Clone, Copy, Default)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length)))
    }
}
