//! A whole messenger before it is served, for faults to be planted in.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum::middleware::{self, Next as NextLayer};
use duologue_conformance::target::Capability;
use duologue_domain::auth::{Lifetimes, Revocations};
use futures::future::BoxFuture;

use crate::call::{Answered, Call, Next};
use crate::ports::Ports;

/// What stands around every RPC.
pub type Around = Arc<dyn Fn(Call, Next) -> BoxFuture<'static, Answered> + Send + Sync>;

pub(crate) type Layer = Box<dyn FnOnce(Router) -> Router + Send>;

/// How a messenger is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// One replica, until it is dropped.
    Single,
    /// A second replica over the same storage, which hears of the first by polling alone.
    Doubled,
    /// An operator kills it and starts it again, when asked to: what was on its way is lost, what is stored stays.
    Restartable,
}

/// A whole messenger before it is served.
pub struct Composition {
    /// What the use cases stand on.
    pub ports: Ports,
    /// The REST door asks the entry about credentials before it reads a request.
    pub is_guarded: bool,
    /// How it is run.
    pub operation: Operation,
    /// Replicas ask the storage for news.
    pub polls: bool,
    /// What the deployment can show.
    pub capabilities: Vec<(Capability, String)>,
    pub(crate) around: Option<Around>,
    pub(crate) rest_layers: Vec<Layer>,
    pub(crate) grpc_layers: Vec<Layer>,
}

impl Composition {
    /// A messenger without any fault.
    pub fn sound(lifetimes: Lifetimes) -> anyhow::Result<Self> {
        let seconds = lifetimes.access.as_secs();
        let short = (seconds <= 60).then(|| (Capability::ShortAccessTokens, seconds.to_string()));
        Ok(Self {
            ports: Ports::sound(lifetimes)?,
            is_guarded: true,
            operation: Operation::Single,
            polls: true,
            capabilities: short.into_iter().collect(),
            around: None,
            rest_layers: Vec::new(),
            grpc_layers: Vec::new(),
        })
    }

    /// With `around` around every RPC, through both doors. There is one: a second takes the place of the first.
    #[must_use]
    pub fn around<F, Served>(mut self, around: F) -> Self
    where
        F: Fn(Ports, Call, Next) -> Served + Send + Sync + 'static,
        Served: Future<Output = Answered> + Send + 'static,
    {
        let ports = self.ports.clone();
        self.around = Some(Arc::new(move |call, next| Box::pin(around(ports.clone(), call, next))));
        self
    }

    /// With the REST door's credentials looked at by the services alone, behind what stands around them.
    #[must_use]
    pub fn unguarded(mut self) -> Self {
        self.is_guarded = false;
        self
    }

    /// With access tokens that live this long, which the deployment declares.
    #[must_use]
    pub fn with_access_seconds(mut self, seconds: u64) -> Self {
        let access = Duration::from_secs(seconds);
        self.ports.lifetimes.access = access;
        self.ports.revocations = Revocations::new(self.ports.hub.clone(), access);
        self.capabilities.push((Capability::ShortAccessTokens, seconds.to_string()));
        self
    }

    /// With an operator who kills it and starts it again, when asked to.
    #[must_use]
    pub fn restartable(self) -> Self {
        Self { operation: Operation::Restartable, ..self }
    }

    /// With `layer` around the HTTP of the REST door.
    #[must_use]
    pub fn rest_layer<F, Served>(mut self, layer: F) -> Self
    where
        F: Fn(Request<Body>, NextLayer) -> Served + Clone + Send + Sync + 'static,
        Served: Future<Output = Response<Body>> + Send + 'static,
    {
        self.rest_layers.push(Box::new(|router| router.layer(middleware::from_fn(layer))));
        self
    }

    /// With `layer` around the HTTP/2 of the gRPC door.
    #[must_use]
    pub fn grpc_layer<F, Served>(mut self, layer: F) -> Self
    where
        F: Fn(Request<Body>, NextLayer) -> Served + Clone + Send + Sync + 'static,
        Served: Future<Output = Response<Body>> + Send + 'static,
    {
        self.grpc_layers.push(Box::new(|router| router.layer(middleware::from_fn(layer))));
        self
    }
}
