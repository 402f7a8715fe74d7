//! Duologue over gRPC: thin bindings of the contract to the use cases, and what every call passes on its way.
//!
//! * [`Entry`] is what each call passes, through whichever door it came: request id, tracing, metrics, deadline,
//!   authentication, rate limits. Both doors call the same [`Services`], so nothing gets around it.
//! * [`Services`] implements the contract's server traits: parse, call the use case, map. No rule lives here.
//! * [`access`] is the one table of who may call what; an RPC without a row does not build.
//! * [`status_of`] is the one function from a domain failure to a status.
//! * [`Server`] listens: gRPC, gRPC-Web, health and reflection on one port, with every limit set, and a drain that ends
//!   in time whatever its peers do.

mod access;
mod auth;
mod chat;
mod entry;
mod internal;
mod limits;
mod notification;
mod parse;
mod server;
mod services;
mod social;
mod status;
mod stream;
mod user;
mod wire;

pub use access::{Access, Right, access};
pub use auth::AuthBinding;
pub use chat::ChatBinding;
pub use duologue_listener::{Acceptor, Drain, Plaintext};
pub use entry::{Entry, EntryConfig};
pub use internal::Internal;
pub use limits::{Limits, Rate};
pub use notification::NotificationBinding;
pub use server::{BrokenDescriptors, Elsewhere, Server, ServerConfig};
pub use services::{Domain, Services};
pub use social::SocialBinding;
pub use status::status_of;
pub use user::UserBinding;
