//! Puts a request together from path, query and body.

use bytes::Bytes;
use duologue_contract::Rpc;
use duologue_contract::bridge::Fields;
use http::HeaderMap;
use serde_json::Value;

use crate::body;
use crate::error::Refusal;
use crate::fields;
use crate::percent::decode_query;
use crate::routes::Parameters;

/// The fields of a request, from everywhere they may stand.
pub(crate) fn request(
    rpc: Rpc,
    parameters: Parameters,
    query: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Fields, Refusal> {
    let is_in_path = |name: &str| parameters.iter().any(|(parameter, _)| *parameter == name);
    let mut fields = if rpc.description().has_body {
        from_body(rpc, headers, body, is_in_path)?
    } else {
        from_query(rpc, query)?
    };
    for (name, value) in parameters {
        fields::set_path(rpc, &mut fields, name, value)?;
    }
    Ok(fields)
}

fn from_query(rpc: Rpc, query: &str) -> Result<Fields, Refusal> {
    let mut fields = Fields::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text| {
            decode_query(text)
                .map_err(|_| Refusal::malformed_request("The query is not percent-encoded UTF-8."))
        };
        fields::add_query(rpc, &mut fields, &decoded(name)?, decoded(value)?)?;
    }
    Ok(fields)
}

fn from_body(
    rpc: Rpc,
    headers: &HeaderMap,
    body: &Bytes,
    is_in_path: impl Fn(&str) -> bool,
) -> Result<Fields, Refusal> {
    if body.is_empty() && rpc.description().fields.iter().all(|field| is_in_path(field.name)) {
        return Ok(Fields::new());
    }
    if !body.is_empty() && !body::is_json(headers) {
        return Err(Refusal::media_type_unsupported());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => fields::from_body(rpc, object, is_in_path),
        _ => Err(Refusal::malformed_json()),
    }
}
