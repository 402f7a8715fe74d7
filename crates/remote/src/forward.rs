//! gRPC passed on to where the service is, message by message, without looking into any.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use duologue_contract::bridge::Connection;
use duologue_contract::context::{FORWARDED_FOR, SERVICE_TOKEN};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body as HttpBody, Frame};
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::server::TcpConnectInfo;
use tower::Service;

use crate::failure::Outcome;
use crate::identity::ServiceIdentity;

/// Stands for the service `S` and passes its calls on over a connection, as this service.
///
/// Streams pass through as they come, and a client that leaves takes its call with it. Where the other end does not
/// answer, or breaks off, the client is told UNAVAILABLE.
pub struct Forward<S, C> {
    connection: C,
    identity: ServiceIdentity,
    service: PhantomData<fn() -> S>,
}

impl<S, C> Forward<S, C> {
    /// Passes calls on over this connection.
    #[must_use]
    pub fn new(connection: C, identity: ServiceIdentity) -> Self {
        Self { connection, identity, service: PhantomData }
    }
}

impl<S, C: Clone> Clone for Forward<S, C> {
    fn clone(&self) -> Self {
        Self::new(self.connection.clone(), self.identity.clone())
    }
}

impl<S, C> fmt::Debug for Forward<S, C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Forward").finish_non_exhaustive()
    }
}

impl<S: NamedService, C> NamedService for Forward<S, C> {
    const NAME: &'static str = S::NAME;
}

impl<S, C: Connection<Future: 'static>> Service<Request<Body>> for Forward<S, C> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A connection that is not ready fails the call, in words that the client understands.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let (mut connection, token) = (self.connection.clone(), self.identity.token());
        Box::pin(async move {
            let passed_on = async {
                introduce(&mut request, token?);
                let ready = std::future::poll_fn(|context| connection.poll_ready(context)).await;
                ready.map_err(|error| Status::from_error(error.into()))?;
                connection.call(request).await.map_err(|error| Status::from_error(error.into()))
            };
            Ok(match passed_on.await {
                Ok(response) => {
                    response.map(|body| Body::new(Unbroken { body: Box::pin(body), is_over: false }))
                }
                Err(status) => Outcome::of(&status).status(status).into_http(),
            })
        })
    }
}

/// Says for whom the call is passed on, and who passes it on.
fn introduce(request: &mut Request<Body>, token: HeaderValue) {
    let peer = request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
    let address = peer.and_then(|peer| HeaderValue::try_from(peer.ip().to_string()).ok());
    let headers = request.headers_mut();
    // What the client itself says of its address, nobody is to believe.
    headers.remove(FORWARDED_FOR);
    if let Some(address) = address {
        headers.insert(FORWARDED_FOR, address);
    }
    headers.insert(SERVICE_TOKEN, token);
}

/// An answer that ends with a status even where its connection breaks.
struct Unbroken<B> {
    body: Pin<Box<B>>,
    is_over: bool,
}

impl<B> HttpBody for Unbroken<B>
where
    B: HttpBody<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.body.as_mut().poll_frame(context)) {
            Some(Ok(frame)) => Some(Ok(frame)),
            Some(Err(error)) => {
                self.is_over = true;
                let status = Status::from_error(error.into());
                let mut trailers = HeaderMap::new();
                let told = Outcome::of(&status).status(status).add_header(&mut trailers);
                Some(told.map(|()| Frame::trailers(trailers)))
            }
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }
}
