//! REST in front of Duologue's services: the routes that the contract declares, and the rules of HTTP around them.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use duologue_contract::bridge::{Bridges, AuthRemote};
//! # fn example(channel: tonic::transport::Channel) -> axum::Router {
//! let bridges = Bridges::new().with(AuthRemote::new(channel));
//! duologue_gateway::router(bridges, duologue_gateway::Config::default())
//! # }
//! ```
//!
//! Serve the router with `into_make_service_with_connect_info::<SocketAddr>()`, so that services learn the client's
//! address. It reaches them as [`tonic::transport::server::TcpConnectInfo`], as on a connection of their own.
//!
//! What a request goes through, in this order: length of the URL, body, route, verb, [`Guard`], content type, JSON,
//! service. Everything that is refused on the way is answered as `google.rpc.Status` JSON, like the errors of services.

mod address;
mod body;
mod config;
mod decode;
mod error;
mod fields;
mod gateway;
mod headers;
mod pages;
mod percent;
mod routes;
mod stream;

pub use address::{InvalidNetwork, Network};
pub use config::{Config, Guard, NotReady, Readiness};
pub use gateway::router;
