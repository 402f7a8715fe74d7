//! What a gateway calls instead of a service in its own process.

use std::time::Duration;

use async_trait::async_trait;
use duologue_contract::bridge::{Bridge, Fields, Reply};
use duologue_contract::context::{SERVICE_TOKEN, set_timeout};
use duologue_contract::{Rpc, Service};
use futures::StreamExt as _;
use tonic::{Request, Status};

use crate::failure::Outcome;
use crate::identity::ServiceIdentity;
use crate::retry::{Repeatable, retry};

/// Calls a service elsewhere through a bridge that was generated for it.
///
/// Calls that read, and opening a stream, are made again when a replica does not answer; others only if nobody has
/// heard of them. A stream that breaks ends with UNAVAILABLE, so that its reader resumes.
#[derive(Debug, Clone)]
pub struct RemoteBridge<B> {
    bridge: B,
    identity: ServiceIdentity,
    longest: Duration,
}

impl<B: Bridge> RemoteBridge<B> {
    /// Calls through this bridge, as this service: so it is believed whom it calls for. A unary call whose client sets no deadline is given up after `longest`, which must
    /// not be less than what the service itself allows.
    #[must_use]
    pub fn new(bridge: B, identity: ServiceIdentity, longest: Duration) -> Self {
        Self { bridge, identity, longest }
    }
}

#[async_trait]
impl<B: Bridge> Bridge for RemoteBridge<B> {
    fn service(&self) -> Service {
        self.bridge.service()
    }

    async fn call(&self, rpc: Rpc, request: Request<Fields>) -> Result<Reply, Status> {
        let (mut metadata, extensions, fields) = request.into_parts();
        if !rpc.is_streaming() && !metadata.contains_key("grpc-timeout") {
            set_timeout(&mut metadata, self.longest);
        }
        metadata.as_mut().insert(SERVICE_TOKEN, self.identity.token()?);
        // What is answered to GET changes nothing.
        let repeatable = if rpc.route().0 == "GET" { Repeatable::Yes } else { Repeatable::IfUnheard };
        let call = || {
            let request = Request::from_parts(metadata.clone(), extensions.clone(), fields.clone());
            self.bridge.call(rpc, request)
        };
        Ok(match retry(self.identity.budget(), repeatable, call).await? {
            Reply::Unary(json) => Reply::Unary(json),
            Reply::Streaming(items) => Reply::Streaming(items.map(|item| item.map_err(broken_off)).boxed()),
        })
    }
}

/// What the reader of a stream is told when it ends.
fn broken_off(status: Status) -> Status {
    Outcome::of(&status).status(status)
}
