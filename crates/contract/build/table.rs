//! Writes `enum Rpc`, `enum Service` and their tables.

use std::fmt::Write as _;

use prost_reflect::{FieldDescriptor, Kind};

use crate::model::{Model, Rpc, Service};

pub(crate) fn write(model: &Model) -> String {
    let mut text = String::new();
    services(&mut text, model);
    rpcs(&mut text, model);
    reasons(&mut text, model);
    text
}

fn documented(text: &mut String, indent: &str, comment: &str) {
    for line in comment.lines() {
        let _ = writeln!(text, "{indent}/// {line}");
    }
}

fn services(text: &mut String, model: &Model) {
    text.push_str("/// A service of the contract.\n#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]\npub enum Service {\n");
    for service in &model.services {
        documented(text, "    ", &service.comment);
        let _ = writeln!(text, "    {},", service.short);
    }
    let all: Vec<_> = model.services.iter().map(|service| format!("Self::{}", service.short)).collect();
    let _ = write!(
        text,
        "}}\n\nimpl Service {{\n    /// Every service.\n    pub const ALL: [Self; {}] = [{}];\n\n    \
         /// Full name: `api.auth.v1.AuthService`.\n    #[must_use]\n    pub const fn name(self) -> &'static str {{\n        match self {{\n",
        all.len(),
        all.join(", ")
    );
    for service in &model.services {
        let _ = writeln!(
            text,
            "            Self::{} => \"{}.{}\",",
            service.short, service.package, service.name
        );
    }
    text.push_str("        }\n    }\n}\n\n");
}

fn rpcs(text: &mut String, model: &Model) {
    text.push_str("/// An RPC of the contract, with all that the contract says of it.\n#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]\npub enum Rpc {\n");
    for (_, rpc) in model.rpcs() {
        documented(text, "    ", &rpc.comment);
        let _ = writeln!(text, "    {},", rpc.variant);
    }
    let all: Vec<_> = model.rpcs().map(|(_, rpc)| format!("Self::{}", rpc.variant)).collect();
    let _ = write!(
        text,
        "}}\n\nimpl Rpc {{\n    /// Every RPC, in the order of the contract.\n    pub const ALL: [Self; {}] = [{}];\n}}\n\n\
         pub(super) static TABLE: [RpcDescription; {}] = [\n",
        all.len(),
        all.join(", "),
        all.len()
    );
    for (service, rpc) in model.rpcs() {
        description(text, service, rpc);
    }
    text.push_str("];\n\n");
}

fn description(text: &mut String, service: &Service, rpc: &Rpc) {
    let codes: Vec<_> =
        rpc.codes.iter().map(|(number, _)| format!("tonic::Code::{}", tonic_code(*number))).collect();
    let fields: Vec<_> = rpc.input.fields().map(|field| field_spec(&field)).collect();
    let _ = write!(
        text,
        "    RpcDescription {{\n        service: Service::{},\n        method: \"{}\",\n        path: \"/{}.{}/{}\",\n        \
         verb: \"{}\",\n        template: \"{}\",\n        has_body: {},\n        is_public: {},\n        is_streaming: {},\n        \
         codes: &[{}],\n        fields: &[{}],\n    }},\n",
        service.short,
        rpc.method,
        service.package,
        service.name,
        rpc.method,
        rpc.verb,
        rpc.template,
        rpc.has_body,
        rpc.is_public,
        rpc.is_streaming,
        codes.join(", "),
        fields.join(", "),
    );
}

fn field_spec(field: &FieldDescriptor) -> String {
    let kind = match field.kind() {
        Kind::String => "FieldKind::Text".to_owned(),
        Kind::Int32 => "FieldKind::Int32".to_owned(),
        Kind::Int64 => "FieldKind::Int64".to_owned(),
        Kind::Bool => "FieldKind::Bool".to_owned(),
        Kind::Enum(kind) => {
            let values: Vec<_> =
                kind.values().map(|value| format!("(\"{}\", {})", value.name(), value.number())).collect();
            format!("FieldKind::Enum(&[{}])", values.join(", "))
        }
        other => panic!("{}: requests are flat, {other:?} has no place in one", field.full_name()),
    };
    format!(
        "FieldSpec {{ name: \"{}\", json_name: \"{}\", kind: {kind}, is_repeated: {} }}",
        field.name(),
        field.json_name(),
        field.is_list()
    )
}

fn reasons(text: &mut String, model: &Model) {
    text.push_str("pub(super) static REASON_CODES: &[(&str, tonic::Code)] = &[\n");
    for reason in &model.reasons {
        let _ = writeln!(text, "    (\"{}\", tonic::Code::{}),", reason.name, tonic_code(reason.code));
    }
    text.push_str("];\n");
}

fn tonic_code(number: i32) -> &'static str {
    match number {
        0 => "Ok",
        1 => "Cancelled",
        2 => "Unknown",
        3 => "InvalidArgument",
        4 => "DeadlineExceeded",
        5 => "NotFound",
        6 => "AlreadyExists",
        7 => "PermissionDenied",
        8 => "ResourceExhausted",
        9 => "FailedPrecondition",
        10 => "Aborted",
        11 => "OutOfRange",
        12 => "Unimplemented",
        13 => "Internal",
        14 => "Unavailable",
        15 => "DataLoss",
        16 => "Unauthenticated",
        other => panic!("no status code has the number {other}"),
    }
}
