//! Calls whose messages are just bytes.

use duologue_contract::Rpc;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use bytes::{Buf as _, BufMut as _};

#[derive(Debug, Default)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining()).to_vec()))
    }
}

/// Calls a path with these bytes as the message, and these values as credentials.
pub(crate) async fn call(
    channel: &Channel,
    path: &'static str,
    authorization: &[&str],
    message: Vec<u8>,
) -> Result<Response<()>, Status> {
    let mut request = Request::new(message);
    for value in authorization {
        let value: MetadataValue<Ascii> = value.parse().expect("metadata");
        request.metadata_mut().append("authorization", value);
    }
    send(channel, path, request).await
}

/// Sends a request of bytes. A stream counts as answered once its headers came.
pub(crate) async fn send(
    channel: &Channel,
    path: &'static str,
    request: Request<Vec<u8>>,
) -> Result<Response<()>, Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
    let streaming = Rpc::from_path(path).is_some_and(Rpc::is_streaming);
    let path = PathAndQuery::from_static(path);
    if streaming {
        client.server_streaming(request, path, Bytes).await.map(|response| response.map(drop))
    } else {
        client.unary(request, path, Bytes).await.map(|response| response.map(drop))
    }
}
