//! One connection, from its first byte to its last.

use std::net::SocketAddr;
use std::time::Duration;

use http::{Extensions, Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tower::{Service, ServiceExt as _};

use crate::counted::Counted;
use crate::{Drain, Ends, ListenerConfig};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What answers requests: any tower service over HTTP that can be cloned for each of them.
pub trait Answer: Clone + Send + 'static {
    /// The body of its answers.
    type Body: Body<Data: Send, Error: Into<BoxError>> + Send + 'static;

    /// Answers one request.
    fn answer(
        self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Self::Body>, BoxError>> + Send + 'static;
}

impl<S, B> Answer for S
where
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Body = B;

    async fn answer(self, request: Request<Incoming>) -> Result<Response<B>, BoxError> {
        self.oneshot(request).await.map_err(Into::into)
    }
}

/// How much of an answer waits for a slow reader inside the transport, in bytes.
const SEND_BUFFER: usize = 64 * 1024;

/// How many calls that were cancelled before they were looked at may wait at once: a client may have many, and an
/// attacker no more than this.
const CANCELLED_AT_ONCE: usize = 256;

/// The least that the header of an HTTP/1 request may take; hyper does not go below.
const HTTP1_BUFFER: usize = 8 * 1024;

/// One connection that is about to be served.
pub(crate) struct Connection<S> {
    service: S,
    builder: Builder<TokioExecutor>,
    ends: Ends,
    /// Begins when the listener has closed.
    closing: Drain,
    handshake: Duration,
}

impl<S: Answer> Connection<S> {
    pub(crate) fn new(
        service: S,
        config: &ListenerConfig,
        closing: Drain,
        socket: &TcpStream,
        peer: SocketAddr,
    ) -> Self {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "small packets will be delayed");
        }
        let ends = Ends { local: socket.local_addr().ok(), peer };
        Self { service, builder: builder(config), ends, closing, handshake: config.handshake }
    }

    /// Serves the connection until its peer leaves, by itself or because it is asked to.
    pub(crate) async fn serve<T>(self, stream: T, proven: Extensions)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { service, builder, ends, closing, handshake } = self;
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().extend(proven.clone());
            request.extensions_mut().insert(ends);
            service.clone().answer(request)
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

fn builder(config: &ListenerConfig) -> Builder<TokioExecutor> {
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
