//! Calls a service by [`Rpc`], with JSON in and JSON out: what a gateway needs, whichever way the service is reached.
//!
//! Two bridges are generated for each service: `AuthInProcess` straight to an implementation of the server trait, and
//! `AuthRemote` through a connection.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _};
use http::HeaderValue;
use http_body::Body as HttpBody;
use serde::de::DeserializeOwned;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::transport::server::TcpConnectInfo;
use tonic::{Request, Response, Status};

use crate::context::FORWARDED_FOR;
use crate::errors::Reason;
use crate::json::WriteJson;
use crate::resume::ResumePoint;
use crate::{Rpc, Service};

/// The fields of a request as JSON, by either spelling of their names.
pub type Fields = serde_json::Map<String, serde_json::Value>;

/// A service that can be called by [`Rpc`].
#[async_trait]
pub trait Bridge: Send + Sync + 'static {
    /// The service at the other end.
    fn service(&self) -> Service;

    /// Calls an RPC of that service.
    ///
    /// Metadata and extensions of the request reach the service as they are. Dropping the future, or the stream that it
    /// answered, drops the call.
    async fn call(&self, rpc: Rpc, request: Request<Fields>) -> Result<Reply, Status>;
}

/// What carries calls to a service elsewhere: a channel, or whatever chooses between several.
///
/// It is the bound that the generated clients have, for a future that may be sent.
pub trait Connection:
    GrpcService<
        Body,
        ResponseBody: HttpBody<Data = Bytes, Error: Into<BoxError> + Send> + Send + 'static,
        Error: Into<BoxError>,
        Future: Send,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<C> Connection for C where
    C: GrpcService<
            Body,
            ResponseBody: HttpBody<Data = Bytes, Error: Into<BoxError> + Send> + Send + 'static,
            Error: Into<BoxError>,
            Future: Send,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What an RPC answered.
pub enum Reply {
    /// One message, as JSON.
    Unary(Bytes),
    /// Many messages, until the stream ends or fails.
    Streaming(BoxStream<'static, Result<Item, Status>>),
}

impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unary(_) => "Unary",
            Self::Streaming(_) => "Streaming",
        })
    }
}

/// One message of a stream.
#[derive(Debug, Clone)]
pub struct Item {
    /// The message as JSON.
    pub json: Bytes,
    /// Where the stream goes on after it; see [`crate::resume`].
    pub resume_point: String,
}

/// The services that a gateway reaches, at most one bridge for each.
#[derive(Clone, Default)]
pub struct Bridges {
    bridges: [Option<Arc<dyn Bridge>>; Service::ALL.len()],
}

impl Bridges {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a bridge, in place of an earlier one to the same service.
    #[must_use]
    pub fn with(mut self, bridge: impl Bridge) -> Self {
        let service = bridge.service();
        self.bridges[service as usize] = Some(Arc::new(bridge));
        self
    }

    /// The bridge to the service that the RPC belongs to.
    #[must_use]
    pub fn to(&self, rpc: Rpc) -> Option<&Arc<dyn Bridge>> {
        self.bridges[rpc.service() as usize].as_ref()
    }
}

impl fmt::Debug for Bridges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.bridges.iter().flatten().map(|bridge| bridge.service())).finish()
    }
}

include!(concat!(env!("OUT_DIR"), "/bridges.rs"));

async fn unary<In, Out, Call, Reached>(request: Request<Fields>, call: Call) -> Result<Reply, Status>
where
    In: DeserializeOwned,
    Out: WriteJson,
    Call: FnOnce(Request<In>) -> Reached,
    Reached: Future<Output = Result<Response<Out>, Status>>,
{
    let answer = call(typed(request)?).await?;
    Ok(Reply::Unary(answer.get_ref().to_json().into()))
}

async fn streaming<In, Out, Messages, Call, Reached>(
    request: Request<Fields>,
    call: Call,
) -> Result<Reply, Status>
where
    In: DeserializeOwned,
    Out: WriteJson + ResumePoint,
    Messages: Stream<Item = Result<Out, Status>> + Send + 'static,
    Call: FnOnce(Request<In>) -> Reached,
    Reached: Future<Output = Result<Response<Messages>, Status>>,
{
    let messages = call(typed(request)?).await?.into_inner();
    let items = messages.map(|message| {
        let message = message?;
        Ok(Item { json: message.to_json().into(), resume_point: message.resume_point() })
    });
    Ok(Reply::Streaming(items.boxed()))
}

fn typed<In: DeserializeOwned>(request: Request<Fields>) -> Result<Request<In>, Status> {
    let (metadata, extensions, fields) = request.into_parts();
    // The parser's own words may quote the value, which may be a password.
    let message = serde_json::from_value(serde_json::Value::Object(fields))
        .map_err(|_| Reason::MalformedJson.status("The body is not the JSON of the request."))?;
    Ok(Request::from_parts(metadata, extensions, message))
}

/// Tells the service at the other end whom the call is made for.
fn outbound(mut request: Request<Fields>) -> Request<Fields> {
    let peer = request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
    let peer = peer.map(|peer| peer.ip().to_string()).and_then(|address| HeaderValue::try_from(address).ok());
    if let Some(address) = peer {
        request.metadata_mut().as_mut().insert(FORWARDED_FOR, address);
    }
    request
}

fn elsewhere() -> Status {
    Reason::Internal.status("The call was sent to the wrong service.")
}
