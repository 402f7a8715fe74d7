//! One connection, from its first byte to its last.

use std::net::SocketAddr;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tonic::transport::server::{Connected as _, TcpConnectInfo};
use tower::ServiceExt as _;

use super::counted::Counted;
use super::{ServerConfig, Stack};
use crate::drain::Drain;

/// How much of an answer waits for a slow reader inside the transport, in bytes.
const SEND_BUFFER: usize = 64 * 1024;

/// How many calls that were cancelled before they were looked at may wait at once: a client may have many, and an
/// attacker no more than this.
const CANCELLED_AT_ONCE: usize = 256;

/// The least that the header of an HTTP/1 request may take; hyper does not go below.
const HTTP1_BUFFER: usize = 8 * 1024;

/// One connection that is about to be served.
pub(super) struct Connection {
    stack: Stack,
    builder: Builder<TokioExecutor>,
    info: TcpConnectInfo,
    /// Begins when the listener has closed.
    closing: Drain,
    handshake: Duration,
}

impl Connection {
    pub(super) fn new(
        stack: Stack,
        config: &ServerConfig,
        closing: Drain,
        socket: &TcpStream,
        peer: SocketAddr,
    ) -> Self {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "small packets will be delayed");
        }
        let info = TcpConnectInfo { remote_addr: Some(peer), ..socket.connect_info() };
        Self { stack, builder: builder(config), info, closing, handshake: config.handshake }
    }

    /// Serves the connection until its peer leaves, by itself or because it is asked to.
    pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let Self { stack, builder, info, closing, handshake } = self;
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(info.clone());
            stack.clone().oneshot(request)
        });
        let (stream, received) = Counted::new(stream);
        let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
        let mut leaving = std::pin::pin!(closing.begun());
        let mut introduction = std::pin::pin!(tokio::time::sleep(handshake));
        let (mut is_introduced, mut is_leaving) = (false, false);
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(error, "a connection ended badly");
                    }
                    return;
                }
                () = introduction.as_mut(), if !is_introduced => {
                    is_introduced = received.is_introduction();
                    if !is_introduced {
                        // Nothing else would ever give up on a peer that says nothing.
                        tracing::debug!("a peer did not introduce itself in time");
                        return;
                    }
                }
                () = leaving.as_mut(), if !is_leaving => {
                    is_leaving = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

fn builder(config: &ServerConfig) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    let header_bytes = usize::try_from(config.header_bytes).unwrap_or(usize::MAX);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(config.handshake)
        .max_buf_size(header_bytes.max(HTTP1_BUFFER));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(config.streams_per_connection)
        .max_header_list_size(config.header_bytes)
        .max_pending_accept_reset_streams(CANCELLED_AT_ONCE)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(config.keep_alive_interval)
        .keep_alive_timeout(config.keep_alive_timeout);
    builder
}
