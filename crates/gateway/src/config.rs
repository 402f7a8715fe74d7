//! What an operator decides, and what the server lends to the gateway.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use duologue_contract::Rpc;
use http::HeaderValue;
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::Network;

/// Limits, trust and hooks of a gateway.
#[derive(Clone)]
pub struct Config {
    /// Largest body taken, in bytes.
    pub body_limit: usize,
    /// How much of a body that is too large is read and thrown away, in bytes, so that the connection stays usable.
    pub drain_limit: usize,
    /// How long a client may take to send its body.
    pub body_timeout: Duration,
    /// Longest path and query taken, in bytes.
    pub url_limit: usize,
    /// Silence on a stream after which a comment or a blank line is sent.
    pub heartbeat: Duration,
    /// Proxies whose `x-forwarded-for` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Origins whose pages may call; none: CORS is off.
    pub allowed_origins: Vec<HeaderValue>,
    /// Asked by `GET /readyz`; none: always ready.
    pub readiness: Option<Arc<dyn Readiness>>,
    /// Asked before a request is decoded; none: the services decide alone.
    pub guard: Option<Arc<dyn Guard>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            body_limit: 64 * 1024,
            drain_limit: 16 * 1024 * 1024,
            body_timeout: Duration::from_secs(10),
            url_limit: 8 * 1024,
            heartbeat: Duration::from_secs(10),
            trusted_proxies: Vec::new(),
            allowed_origins: Vec::new(),
            readiness: None,
            guard: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("body_limit", &self.body_limit)
            .field("url_limit", &self.url_limit)
            .field("heartbeat", &self.heartbeat)
            .field("trusted_proxies", &self.trusted_proxies)
            .field("allowed_origins", &self.allowed_origins)
            .finish_non_exhaustive()
    }
}

/// Says whether everything that the server depends on answers.
#[async_trait]
pub trait Readiness: Send + Sync + 'static {
    /// Asks every dependency now.
    ///
    /// # Errors
    /// When one of them does not answer.
    async fn check(&self) -> Result<(), NotReady>;
}

/// Names the dependencies that do not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReady(pub Vec<String>);

/// Turns bad credentials away at the edge, before anything else of the request is looked at.
///
/// So a bad token is UNAUTHENTICATED even where the body is malformed as well. It is not asked for public RPCs, and the
/// service checks again: a guard may let everything pass.
#[async_trait]
pub trait Guard: Send + Sync + 'static {
    /// Lets a call pass by its metadata alone.
    ///
    /// # Errors
    /// The status to refuse the call with.
    async fn admit(&self, rpc: Rpc, metadata: &MetadataMap) -> Result<(), Status>;
}
