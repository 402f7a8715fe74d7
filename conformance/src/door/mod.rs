//! The doors of a deployment: one call, written once, goes through gRPC or through REST.

mod call;
mod failure;
mod grpc;
mod http;
mod json;
mod live;
mod rest;
mod tls;

use std::fmt;

use duologue_contract::Rpc;
use serde::{Deserialize, Serialize};

pub use call::{Call, DynamicCall, Fields, TYPED};
pub use failure::{Failure, FieldViolation, canonical_http_status, code_name};
pub use grpc::Grpc;
pub use http::{Http, HttpRequest, HttpResponse, HttpStream};
pub use json::{descriptor, failure_of_status_json, percent_encoded, rest_request};
pub use live::{Live, Next, StreamFraming};
pub use rest::{Rest, answer};
pub use tls::Trust;

/// The way into a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// The gRPC port.
    Grpc,
    /// The gateway's HTTP port.
    Rest,
}

impl Door {
    /// Both doors.
    pub const ALL: [Self; 2] = [Self::Grpc, Self::Rest];

    /// Its name in ids and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Rest => "rest",
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What a call shows to prove who makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing.
    None,
    /// `authorization: Bearer` and this token.
    Bearer(String),
    /// These values of `authorization`, as they are.
    Raw(Vec<String>),
}

impl Credential {
    /// The values of the `authorization` header.
    #[must_use]
    pub fn values(&self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::Bearer(token) => vec![format!("Bearer {token}")],
            Self::Raw(values) => values.clone(),
        }
    }
}

/// Everything about a call but its message.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// Who calls.
    pub credential: Credential,
    /// Which of the given addresses is called; counted modulo their number.
    pub replica: usize,
    /// The deadline that the server is told, in milliseconds (`grpc-timeout`, `x-request-timeout`).
    pub deadline_ms: Option<u64>,
    /// More headers (REST) or metadata (gRPC).
    pub headers: Vec<(String, String)>,
}

impl Envelope {
    /// A call by this caller, to the first address.
    #[must_use]
    pub fn by(credential: impl Into<Credential>) -> Self {
        Self { credential: credential.into(), replica: 0, deadline_ms: None, headers: Vec::new() }
    }

    /// To another of the given addresses.
    #[must_use]
    pub fn to_replica(mut self, replica: usize) -> Self {
        self.replica = replica;
        self
    }

    /// With a deadline.
    #[must_use]
    pub fn within_ms(mut self, deadline_ms: u64) -> Self {
        self.deadline_ms = Some(deadline_ms);
        self
    }

    /// With one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl<C: Into<Credential>> From<C> for Envelope {
    fn from(credential: C) -> Self {
        Self::by(credential)
    }
}

/// A request in both of its forms.
#[derive(Debug, Clone)]
pub struct Payload {
    /// What is called.
    pub rpc: Rpc,
    /// Its binary form.
    pub bytes: Vec<u8>,
    /// Its JSON form.
    pub fields: Fields,
}

/// A reply in the form of its door.
#[derive(Debug, Clone)]
pub enum Body {
    /// Binary protobuf.
    Binary(bytes::Bytes),
    /// JSON.
    Json(serde_json::Value),
}

/// What came back, and how.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The reply or the refusal.
    pub outcome: Result<Body, Box<Failure>>,
    /// Status of the HTTP response, through REST.
    pub http_status: Option<u16>,
    /// Headers of the response (REST) or metadata (gRPC), as far as they are text.
    pub headers: Vec<(String, String)>,
    /// What is wrong with the form of the answer.
    pub deviations: Vec<String>,
}
