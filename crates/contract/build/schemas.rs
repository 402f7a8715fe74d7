//! JSON Schemas of messages, by the rules of proto3 JSON.

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use crate::model::comment;

/// The name of a message's schema.
pub(crate) fn name(message: &MessageDescriptor) -> String {
    message.full_name().trim_start_matches("api.").replace(".v1.", ".")
}

pub(crate) fn reference(message: &MessageDescriptor) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", name(message)) })
}

/// An object without the fields that `leave_out` names.
pub(crate) fn object(message: &MessageDescriptor, leave_out: &[String]) -> Value {
    let fields = message.fields().filter(|field| !leave_out.iter().any(|name| name == field.name()));
    let properties: Map<_, _> =
        fields.map(|field| (field.json_name().to_owned(), described(&field))).collect();
    let text = comment(message.parent_file().file_descriptor_proto(), message.path());
    json!({ "type": "object", "description": text, "properties": properties })
}

/// The schema of a field with the comment above it.
pub(crate) fn described(field: &FieldDescriptor) -> Value {
    let mut schema = schema(field);
    let parent = field.parent_message();
    let text = comment(parent.parent_file().file_descriptor_proto(), field.path());
    if let Some(object) = schema.as_object_mut() {
        object.insert("description".to_owned(), Value::String(text));
    }
    schema
}

fn schema(field: &FieldDescriptor) -> Value {
    let one = match field.kind() {
        Kind::String => json!({ "type": "string" }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Int32 => json!({ "type": "integer", "format": "int32" }),
        Kind::Int64 => json!({ "type": "string", "format": "int64", "pattern": "^-?[0-9]+$" }),
        Kind::Enum(kind) => enumeration(&kind),
        Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => {
            json!({ "type": "string", "format": "date-time" })
        }
        Kind::Message(message) => reference(&message),
        other => panic!("{}: {other:?} has no schema yet", field.full_name()),
    };
    if field.is_list() { json!({ "type": "array", "items": one }) } else { one }
}

fn enumeration(kind: &EnumDescriptor) -> Value {
    json!({ "type": "string", "enum": kind.values().map(|value| value.name().to_owned()).collect::<Vec<_>>() })
}

/// What every error looks like.
pub(crate) fn errors(reasons: &[String]) -> [(String, Value); 2] {
    let detail = json!({
        "type": "object",
        "description": "One of google.rpc.ErrorInfo (always there), google.rpc.BadRequest and google.rpc.RetryInfo.",
        "required": ["@type"],
        "properties": {
            "@type": { "type": "string", "enum": [
                "type.googleapis.com/google.rpc.ErrorInfo",
                "type.googleapis.com/google.rpc.BadRequest",
                "type.googleapis.com/google.rpc.RetryInfo",
            ] },
            "reason": { "type": "string", "enum": reasons, "description": "ErrorInfo: why, to switch on." },
            "domain": { "type": "string", "const": "duologue", "description": "ErrorInfo: whose reason." },
            "metadata": {
                "type": "object",
                "additionalProperties": { "type": "string" },
                "description": "ErrorInfo: values that belong to the reason.",
            },
            "fieldViolations": {
                "type": "array",
                "description": "BadRequest: each field that breaks its rule.",
                "items": { "type": "object", "properties": {
                    "field": { "type": "string" },
                    "description": { "type": "string" },
                } },
            },
            "retryDelay": { "type": "string", "description": "RetryInfo: how long to wait, such as `1.500s`." },
        },
    });
    let status = json!({
        "type": "object",
        "description": "google.rpc.Status: every error has this shape.",
        "required": ["code", "message", "details"],
        "properties": {
            "code": { "type": "integer", "description": "Number of the gRPC status code." },
            "message": { "type": "string", "description": "For people; never to switch on." },
            "details": { "type": "array", "description": "What there is to know, by type.", "items": { "$ref": "#/components/schemas/ErrorDetail" } },
        },
    });
    [("Status".to_owned(), status), ("ErrorDetail".to_owned(), detail)]
}
