//! Writes the OpenAPI 3.1 document: every route with its comments, its security and every error that it can answer.

use std::collections::BTreeMap;

use heck::ToLowerCamelCase;
use prost_reflect::{Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use crate::model::{Model, Rpc, Service};
use crate::schemas;

/// Codes that every RPC may answer.
const COMMON: [(i32, &str); 7] = [
    (3, "INVALID_ARGUMENT"),
    (16, "UNAUTHENTICATED"),
    (7, "PERMISSION_DENIED"),
    (8, "RESOURCE_EXHAUSTED"),
    (4, "DEADLINE_EXCEEDED"),
    (1, "CANCELLED"),
    (14, "UNAVAILABLE"),
];

/// Reasons that every RPC may give for the common codes.
const SHARED_REASONS: [&str; 13] = [
    "INVALID_FIELD",
    "MALFORMED_JSON",
    "MALFORMED_REQUEST",
    "RATE_LIMITED",
    "DEADLINE_EXCEEDED",
    "CANCELLED",
    "STORAGE_UNAVAILABLE",
    "DEPENDENCY_UNAVAILABLE",
    "DRAINING",
    "NOT_YOURS",
    "TOKEN_INVALID",
    "TOKEN_EXPIRED",
    "SESSION_REVOKED",
];

pub(crate) fn write(model: &Model) -> String {
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Duologue",
            "version": model.version,
            "summary": "The backend of a mini-messenger with one-to-one chats.",
            "description": "Generated from the contract in `proto/`. JSON is proto3 JSON: 64-bit integers are strings, \
                both spellings of a field's name are read, unknown fields are ignored. Every error is a \
                google.rpc.Status.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }],
        "tags": model.services.iter()
            .map(|service| json!({ "name": service.name, "description": service.comment }))
            .collect::<Vec<_>>(),
        "paths": paths(model),
        "components": {
            "securitySchemes": { "bearer": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "The access token that Register, Login or Refresh answered.",
            } },
            "schemas": schemas(model),
        },
    });
    format!("{document:#}\n")
}

fn paths(model: &Model) -> Map<String, Value> {
    let mut paths = Map::new();
    for (service, rpc) in model.rpcs() {
        let path = paths.entry(&rpc.template).or_insert_with(|| json!({}));
        path[rpc.verb.to_lowercase()] = operation(model, service, rpc);
    }
    paths
}

fn operation(model: &Model, service: &Service, rpc: &Rpc) -> Value {
    let summary = rpc.comment.split_once(". ").map_or(rpc.comment.as_str(), |(first, _)| first);
    let summary = summary.lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let mut operation = json!({
        "operationId": rpc.variant.to_lower_camel_case(),
        "tags": [service.name],
        "summary": summary.trim_end_matches('.'),
        "description": rpc.comment,
        "parameters": parameters(rpc),
        "responses": responses(model, rpc),
    });
    if rpc.has_body {
        let in_path = rpc.path_fields();
        let required = rpc.input.fields().any(|field| !in_path.iter().any(|name| name == field.name()));
        operation["requestBody"] = json!({
            "required": required,
            "content": { "application/json": { "schema": schemas::object(&rpc.input, &in_path) } },
        });
    }
    if rpc.is_public {
        operation["security"] = json!([]);
    }
    operation
}

fn parameters(rpc: &Rpc) -> Vec<Value> {
    let in_path = rpc.path_fields();
    let mut parameters = Vec::new();
    for field in rpc.input.fields() {
        let is_in_path = in_path.iter().any(|name| name == field.name());
        if !is_in_path && rpc.has_body {
            continue;
        }
        let mut schema = schemas::described(&field);
        let description = schema["description"].take();
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("description");
        }
        parameters.push(json!({
            "name": if is_in_path { field.name() } else { field.json_name() },
            "in": if is_in_path { "path" } else { "query" },
            "required": is_in_path,
            "description": description,
            "schema": schema,
        }));
    }
    if rpc.is_streaming {
        parameters.push(json!({
            "name": "Last-Event-ID",
            "in": "header",
            "required": false,
            "description": "The `id` of the last Server-Sent Event received: resumes after it, whatever the query says.",
            "schema": { "type": "string" },
        }));
    }
    parameters
}

fn responses(model: &Model, rpc: &Rpc) -> Map<String, Value> {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), success(rpc));
    let mut by_status: BTreeMap<u16, Vec<(i32, &str)>> = BTreeMap::new();
    let declared = rpc.codes.iter().map(|(number, name)| (*number, name.as_str()));
    for (number, name) in COMMON.into_iter().chain(declared) {
        let needs_token = matches!(number, 7 | 16) && rpc.is_public;
        let is_declared = rpc.codes.iter().any(|(declared, _)| *declared == number);
        let codes = by_status.entry(http_status(number)).or_default();
        if (!needs_token || is_declared) && !codes.iter().any(|(known, _)| *known == number) {
            codes.push((number, name));
        }
    }
    by_status.retain(|_, codes| !codes.is_empty());
    for (status, codes) in by_status {
        responses.insert(status.to_string(), failure(model, rpc, &codes));
    }
    if rpc.has_body {
        responses.insert("413".to_owned(), at_the_door("RESOURCE_EXHAUSTED", "BODY_TOO_LARGE"));
        responses.insert("415".to_owned(), at_the_door("INVALID_ARGUMENT", "MEDIA_TYPE_UNSUPPORTED"));
    }
    responses
}

fn success(rpc: &Rpc) -> Value {
    let schema = schemas::reference(&rpc.output);
    if !rpc.is_streaming {
        return json!({ "description": "Done.", "content": { "application/json": { "schema": schema } } });
    }
    json!({
        "description": "The stream. Headers come at once; a comment or a blank line at least every 15 seconds.",
        "content": {
            "text/event-stream": { "schema": {
                "type": "string",
                "description": format!(
                    "Server-Sent Events: `data` is one {}, `id` resumes after it. An event named `error` carries a \
                     Status and is the last.", rpc.output.name()),
            } },
            "application/x-ndjson": { "schema": {
                "type": "object",
                "description": "One object a line; a line with `error` is the last.",
                "properties": { "result": schema, "error": { "$ref": "#/components/schemas/Status" } },
            } },
        },
    })
}

fn failure(model: &Model, rpc: &Rpc, codes: &[(i32, &str)]) -> Value {
    let mut sentences = Vec::new();
    let mut all = Vec::new();
    for (number, name) in codes {
        let reasons = reasons(model, rpc, *number);
        let listed = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
        sentences.push(format!("{name}{listed}."));
        all.extend(reasons);
    }
    let names: Vec<_> = codes.iter().map(|(_, name)| *name).collect();
    let mut response = json!({
        "description": sentences.join(" "),
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Status" } } },
        "x-codes": names,
        "x-reasons": all,
    });
    if codes.iter().any(|(number, _)| *number == 8) {
        response["headers"] = json!({ "Retry-After": {
            "description": "Seconds to wait, where waiting helps.",
            "schema": { "type": "integer" },
        } });
    }
    response
}

/// Reasons with this code that the RPC's comment names, that its fields bring along, or that all share.
fn reasons<'model>(model: &'model Model, rpc: &Rpc, code: i32) -> Vec<&'model str> {
    let is_word = |name: &str| {
        rpc.comment
            .split(|letter: char| !(letter.is_ascii_uppercase() || letter == '_'))
            .any(|word| word == name)
    };
    let has = |field: &str| rpc.input.get_field_by_name(field).is_some();
    let applies = |name: &str| match name {
        "CURSOR_INVALID" => has("cursor"),
        "TOO_MANY_STREAMS" => rpc.is_streaming,
        "HASHING_BUSY" | "PASSWORD_TOO_COMMON" => has("password") || has("new_password"),
        "NOT_A_MEMBER" => has("chat_id"),
        _ => is_word(name) || SHARED_REASONS.contains(&name),
    };
    let reasons = model.reasons.iter().filter(|reason| reason.code == code && applies(&reason.name));
    reasons.map(|reason| reason.name.as_str()).collect()
}

fn at_the_door(code: &str, reason: &str) -> Value {
    json!({
        "description": format!("{code}: {reason}."),
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Status" } } },
        "x-codes": [code],
        "x-reasons": [reason],
    })
}

fn schemas(model: &Model) -> Map<String, Value> {
    let mut found: BTreeMap<String, MessageDescriptor> = BTreeMap::new();
    for (_, rpc) in model.rpcs() {
        collect(&rpc.output, &mut found);
    }
    let mut schemas: Map<_, _> =
        found.into_iter().map(|(name, message)| (name, schemas::object(&message, &[]))).collect();
    let reasons: Vec<_> =
        model.reasons.iter().filter(|reason| reason.code != 0).map(|reason| reason.name.clone()).collect();
    schemas.extend(schemas::errors(&reasons));
    schemas
}

fn collect(message: &MessageDescriptor, found: &mut BTreeMap<String, MessageDescriptor>) {
    if message.package_name() == "google.protobuf"
        || found.insert(schemas::name(message), message.clone()).is_some()
    {
        return;
    }
    for field in message.fields() {
        if let Kind::Message(inner) = field.kind() {
            collect(&inner, found);
        }
    }
}

fn http_status(code: i32) -> u16 {
    match code {
        1 => 499,
        3 | 9 | 11 => 400,
        4 => 504,
        5 => 404,
        6 | 10 => 409,
        7 => 403,
        8 => 429,
        12 => 501,
        14 => 503,
        16 => 401,
        _ => 500,
    }
}
