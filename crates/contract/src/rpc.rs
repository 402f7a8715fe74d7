//! The table of RPCs: what the contract says of each, at hand without descriptors.

use std::collections::HashMap;
use std::sync::LazyLock;

use tonic::Code;

#[allow(
    clippy::doc_markdown,
    clippy::too_long_first_doc_paragraph,
    reason = "generated; the comments are those of proto/"
)]
mod table {
    use super::{FieldKind, FieldSpec, RpcDescription};

    include!(concat!(env!("OUT_DIR"), "/table.rs"));
}

use table::{REASON_CODES, TABLE};
pub use table::{Rpc, Service};

/// Codes that every RPC may answer, whether it declares them or not.
pub const COMMON_CODES: [Code; 7] = [
    Code::InvalidArgument,
    Code::Unauthenticated,
    Code::PermissionDenied,
    Code::ResourceExhausted,
    Code::DeadlineExceeded,
    Code::Cancelled,
    Code::Unavailable,
];

/// What the contract says of one RPC.
#[derive(Debug)]
#[non_exhaustive]
pub struct RpcDescription {
    /// The service it belongs to.
    pub service: Service,
    /// Its name: `Register`.
    pub method: &'static str,
    /// Its gRPC path: `/api.auth.v1.AuthService/Register`.
    pub path: &'static str,
    /// HTTP verb of its route.
    pub verb: &'static str,
    /// Path template of its route: `/v1/chats/{chat_id}/message`.
    pub template: &'static str,
    /// Its fields come as a JSON body, except for those in the path; otherwise from the query.
    pub has_body: bool,
    /// It takes no credential.
    pub is_public: bool,
    /// It answers a stream.
    pub is_streaming: bool,
    /// The codes it declares, besides the common ones.
    pub codes: &'static [Code],
    /// The fields of its request.
    pub fields: &'static [FieldSpec],
}

/// A field of a request. Requests are flat, so this is all there is to know.
#[derive(Debug)]
#[non_exhaustive]
pub struct FieldSpec {
    /// Name in the contract: `chat_id`.
    pub name: &'static str,
    /// Name in JSON: `chatId`.
    pub json_name: &'static str,
    /// What its values are.
    pub kind: FieldKind,
    /// It holds many values.
    pub is_repeated: bool,
}

/// What the values of a request's field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    Text,
    /// A 32-bit integer.
    Int32,
    /// A 64-bit integer, a string in JSON.
    Int64,
    /// True or false.
    Bool,
    /// One of these names, each with its number.
    Enum(&'static [(&'static str, i32)]),
}

impl Rpc {
    /// Finds an RPC by its gRPC path, as it stands in `:path`.
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        static BY_PATH: LazyLock<HashMap<&'static str, Rpc>> =
            LazyLock::new(|| Rpc::ALL.into_iter().map(|rpc| (rpc.path(), rpc)).collect());
        BY_PATH.get(path).copied()
    }

    /// All that the contract says of it.
    #[must_use]
    pub fn description(self) -> &'static RpcDescription {
        // One row per variant, in the same order: both are written by one loop.
        &TABLE[self as usize]
    }

    /// The service it belongs to.
    #[must_use]
    pub fn service(self) -> Service {
        self.description().service
    }

    /// Its name within the service: `Register`.
    #[must_use]
    pub fn method(self) -> &'static str {
        self.description().method
    }

    /// Its gRPC path: `/api.auth.v1.AuthService/Register`.
    #[must_use]
    pub fn path(self) -> &'static str {
        self.description().path
    }

    /// HTTP verb and path template of its route.
    #[must_use]
    pub fn route(self) -> (&'static str, &'static str) {
        (self.description().verb, self.description().template)
    }

    /// The codes it declares, besides [`COMMON_CODES`].
    #[must_use]
    pub fn codes(self) -> &'static [Code] {
        self.description().codes
    }

    /// Whether the contract lets it answer this code: declared, common or success.
    #[must_use]
    pub fn may_answer(self, code: Code) -> bool {
        code == Code::Ok || COMMON_CODES.contains(&code) || self.codes().contains(&code)
    }

    /// It takes no credential.
    #[must_use]
    pub fn is_public(self) -> bool {
        self.description().is_public
    }

    /// It answers a stream.
    #[must_use]
    pub fn is_streaming(self) -> bool {
        self.description().is_streaming
    }
}

/// The code that the contract gives to a reason, by the reason's name on the wire.
pub(crate) fn reason_code(name: &str) -> Code {
    REASON_CODES.iter().find(|(known, _)| *known == name).map_or(Code::Internal, |(_, code)| *code)
}
