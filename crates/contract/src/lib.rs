//! Duologue's contract, generated once from `proto/` for everybody who speaks it.
//!
//! One module per service holds its messages, its client and its server trait: [`auth`], [`user`], [`social`],
//! [`chat`], [`notification`]. All messages read and write proto3 JSON by serde, and [`json`] writes it
//! faster. [`Rpc`] is the table of all RPCs:
//! paths, routes, declared codes. [`errors`] makes statuses with reasons. [`bridge`] calls services by [`Rpc`] with
//! JSON in and out, in this process or through a connection. [`context`] is what a call carries from service to service.

#![expect(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "the generators write them, and which lints their code trips differs by version"
)]

pub mod bridge;
pub mod context;
pub mod errors;
pub mod json;
pub mod resume;
mod rpc;
mod timestamp;

pub use rpc::{COMMON_CODES, FieldKind, FieldSpec, Rpc, RpcDescription, Service};
pub use timestamp::{InvalidTimestamp, Timestamp};

/// The compiled contract, a `google.protobuf.FileDescriptorSet`, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));

/// The OpenAPI 3.1 document of every route, as JSON.
#[must_use]
pub const fn openapi() -> &'static str {
    include_str!(concat!(env!("OUT_DIR"), "/openapi.json"))
}

macro_rules! area {
    ($(#[doc = $doc:literal])* $area:ident) => {
        $(#[doc = $doc])*
        #[allow(missing_docs, clippy::all, clippy::pedantic, reason = "generated; documented by the comments in proto/")]
        pub mod $area {
            include!(concat!(env!("OUT_DIR"), "/api.", stringify!($area), ".v1.rs"));
            include!(concat!(env!("OUT_DIR"), "/api.", stringify!($area), ".v1.serde.rs"));
        }
    };
}

area! {
    /// Accounts, sessions and the keys that access tokens are verified with.
    auth
}
area! {
    /// Profiles, and finding people by nickname.
    user
}
area! {
    /// Friend requests and friendships.
    social
}
area! {
    /// One-to-one chats, their messages, and following them live.
    chat
}
area! {
    /// What happened to a user while they were away.
    notification
}

/// What the services of one deployment ask each other; no part of the public contract.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "generated; documented by the comments in proto/"
)]
pub mod internal {
    include!(concat!(env!("OUT_DIR"), "/internal.v1.rs"));
}

mod debug {
    include!(concat!(env!("OUT_DIR"), "/messages.rs"));
}
