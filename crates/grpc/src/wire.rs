//! What the transport itself answers, put into the contract's words.
//!
//! Bindings answer with a reason. What never reaches one (an unknown method, bytes that are no message, a message that
//! is too large, a request that never ends) is answered by tonic in words of its own: this layer replaces them.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use duologue_contract::Rpc;
use duologue_contract::context::REQUEST_ID;
use duologue_contract::errors::Reason;
use http::{HeaderValue, Request, Response, header};
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::{Service, ServiceExt as _};

use crate::entry::Entry;
use crate::status::Refusal;

/// The entry keeps the deadline; this much later the request itself has not come to an end.
const GRACE: Duration = Duration::from_millis(250);

/// The routes of all services, whose every answer is in the contract's words.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    routes: Routes,
    entry: Entry,
}

/// What is kept of a request that is about to be consumed.
struct Asked {
    rpc: Option<Rpc>,
    credentials: Vec<HeaderValue>,
}

impl Wire {
    pub(crate) fn new(routes: Routes, entry: Entry) -> Self {
        Self { routes, entry }
    }

    async fn answer(self, mut request: Request<Body>) -> Response<Body> {
        let request_id = self.entry.request_id(request.headers());
        request.headers_mut().insert(REQUEST_ID, request_id.clone());
        let asked = Asked::of(&request);
        let patience = self.entry.patience(request.headers()).saturating_add(GRACE);
        let mut response = match tokio::time::timeout(patience, self.routes.oneshot(request)).await {
            Ok(Ok(response)) => self.entry.in_our_words(&asked, response).await,
            Ok(Err(never)) => match never {},
            Err(_) => self.entry.unserved(&asked, Refusal::deadline_exceeded().into_status()),
        };
        response.headers_mut().insert(REQUEST_ID, request_id);
        response
    }
}

impl Service<Request<Body>> for Wire {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The routes are always ready, and asked once more when they are called.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.answer(request).await) })
    }
}

impl Asked {
    fn of(request: &Request<Body>) -> Self {
        let rpc = Rpc::from_path(request.uri().path());
        let credentials = request.headers().get_all(header::AUTHORIZATION).iter().cloned().collect();
        Self { rpc, credentials }
    }
}

impl Entry {
    /// The response, unless the transport made it: then what the contract says instead.
    async fn in_our_words(&self, asked: &Asked, response: Response<Body>) -> Response<Body> {
        let headers = response.headers();
        let code = headers.get(Status::GRPC_STATUS).map(|code| Code::from_bytes(code.as_bytes()));
        let Some(code) = code.filter(|code| *code != Code::Ok) else { return response };
        if headers.contains_key(Status::GRPC_STATUS_DETAILS) {
            return response;
        }
        let Some(status) = replacement(code, asked.rpc) else { return response };
        // A call without a good credential learns nothing else, even if its message cannot be read.
        let status = match asked.rpc {
            Some(rpc) => {
                let credentials = asked.credentials.iter().cloned();
                let headers = credentials.map(|value| (header::AUTHORIZATION, value)).collect();
                let metadata = MetadataMap::from_headers(headers);
                self.admit(rpc, &metadata).await.err().unwrap_or(status)
            }
            None => status,
        };
        let accepted = headers.get("grpc-accept-encoding").cloned();
        let mut replaced = self.unserved(asked, status);
        accepted.map(|accepted: HeaderValue| replaced.headers_mut().insert("grpc-accept-encoding", accepted));
        replaced
    }

    fn unserved(&self, asked: &Asked, status: Status) -> Response<Body> {
        if let Some(rpc) = asked.rpc {
            self.count_unserved(rpc, status.code());
        }
        status.into_http()
    }
}

/// What the contract says where the transport says `code`.
fn replacement(code: Code, rpc: Option<Rpc>) -> Option<Status> {
    match code {
        Code::OutOfRange | Code::ResourceExhausted => {
            Some(Reason::MessageTooLarge.status("the message is larger than the server takes"))
        }
        Code::Unimplemented if rpc.is_none() => Some(Reason::MethodUnknown.status("there is no such method")),
        // Of an RPC that exists, it is the encoding of its message that is not implemented.
        Code::Unimplemented | Code::Internal | Code::Unknown | Code::InvalidArgument | Code::DataLoss => {
            Some(Reason::MalformedMessage.status("the message cannot be decoded"))
        }
        Code::Cancelled => Some(Reason::Cancelled.status("the client left")),
        Code::DeadlineExceeded => Some(Refusal::deadline_exceeded().into_status()),
        // Health and reflection answer in their own protocols.
        _ => None,
    }
}
