//! From a request's fields to verb, path, query and body, and from Status JSON to a failure.

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use duologue_contract::{FILE_DESCRIPTOR_SET, Rpc};
use prost_reflect::{DescriptorPool, MethodDescriptor};
use serde_json::Value;
use tonic::Code;

use super::{Failure, FieldViolation, Fields, HttpRequest};

/// What the descriptor set says of an RPC.
#[must_use]
pub fn descriptor(rpc: Rpc) -> Option<MethodDescriptor> {
    static POOL: LazyLock<Option<DescriptorPool>> =
        LazyLock::new(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET).ok());
    let service = POOL.as_ref()?.get_service_by_name(rpc.service().name())?;
    service.methods().find(|method| method.name() == rpc.method())
}

/// Encodes everything but unreserved characters.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The request that a route's template makes of these fields.
#[must_use]
pub fn rest_request(rpc: Rpc, fields: &Fields) -> HttpRequest {
    let description = rpc.description();
    let mut rest = fields.clone();
    let mut path = String::new();
    let mut template = description.template;
    while let Some((before, after)) = template.split_once('{') {
        let (variable, after) = after.split_once('}').unwrap_or((after, ""));
        let json_name = description.fields.iter().find(|field| field.name == variable);
        let json_name = json_name.map_or(variable, |field| field.json_name);
        let value = rest.remove(json_name).unwrap_or_default();
        path.push_str(before);
        path.push_str(&percent_encoded(&plain(&value)));
        template = after;
    }
    path.push_str(template);
    if description.has_body {
        return HttpRequest::new(description.verb, path).json(Bytes::from(Value::Object(rest).to_string()));
    }
    HttpRequest::new(description.verb, path + &query(rpc, &rest))
}

fn query(rpc: Rpc, fields: &Fields) -> String {
    let input = descriptor(rpc).map(|method| method.input());
    let has_presence = |json_name: &str| {
        let field = input.as_ref().and_then(|input| input.get_field_by_json_name(json_name));
        field.is_some_and(|field| field.supports_presence())
    };
    let mut pairs = Vec::new();
    for (name, value) in fields {
        let values =
            if let Value::Array(values) = value { values.as_slice() } else { std::slice::from_ref(value) };
        for value in values {
            let text = plain(value);
            let is_default = matches!(text.as_str(), "" | "0" | "false") && !value.is_null();
            if !is_default || has_presence(name) || fields[name].is_array() {
                pairs.push(format!("{name}={}", percent_encoded(&text)));
            }
        }
    }
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Reads `google.rpc.Status` as JSON; an error says what about it is no such thing.
pub fn failure_of_status_json(status: &Value) -> Result<Failure, String> {
    let number = status.get("code").and_then(Value::as_i64).ok_or("the error has no numeric `code`")?;
    let code = i32::try_from(number).ok().filter(|number| (1..=16).contains(number));
    let code = Code::from(code.ok_or("`code` of the error is not the number of a code")?);
    let message = status.get("message").and_then(Value::as_str).ok_or("the error has no `message`")?;
    let mut failure = Failure::new(code, message);
    failure.raw = status.to_string();
    let details = status.get("details").and_then(Value::as_array).ok_or("the error has no `details`")?;
    for detail in details {
        let kind = detail.get("@type").and_then(Value::as_str).ok_or("a detail has no `@type`")?;
        match kind.rsplit('/').next() {
            Some("google.rpc.ErrorInfo") => error_info(&mut failure, detail),
            Some("google.rpc.BadRequest") => bad_request(&mut failure, detail),
            Some("google.rpc.RetryInfo") => {
                let delay =
                    detail.get("retryDelay").and_then(Value::as_str).and_then(|text| text.strip_suffix('s'));
                let seconds =
                    delay.and_then(|text| text.parse().ok()).ok_or("`retryDelay` is not a duration")?;
                failure.retry_after = Duration::try_from_secs_f64(seconds).ok();
            }
            _ => {}
        }
    }
    Ok(failure)
}

fn error_info(failure: &mut Failure, detail: &Value) {
    let text = |name: &str| detail.get(name).and_then(Value::as_str).map(str::to_owned);
    failure.reason = text("reason");
    failure.domain = text("domain");
    let metadata = detail.get("metadata").and_then(Value::as_object).into_iter().flatten();
    failure.metadata = metadata.map(|(key, value)| (key.clone(), plain(value))).collect();
}

fn bad_request(failure: &mut Failure, detail: &Value) {
    let violations = detail.get("fieldViolations").and_then(Value::as_array).into_iter().flatten();
    let text = |violation: &Value, name: &str| plain(violation.get(name).unwrap_or(&Value::Null));
    failure.violations = violations
        .map(|violation| FieldViolation {
            field: text(violation, "field"),
            description: text(violation, "description"),
        })
        .collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_variable_is_encoded_and_the_rest_goes_into_the_query() {
        let fields = serde_json::json!({ "chatId": "a/ü", "limit": 0, "cursor": "", "order": "MESSAGE_ORDER_OLDEST_FIRST" });
        let Value::Object(fields) = fields else { unreachable!("an object") };
        let request = rest_request(Rpc::ChatListMessages, &fields);
        assert_eq!(request.method, "GET");
        assert_eq!(
            request.path_and_query,
            "/v1/chats/a%2F%C3%BC/messages?cursor=&order=MESSAGE_ORDER_OLDEST_FIRST"
        );
    }

    #[test]
    fn a_body_holds_what_is_not_in_the_path() {
        let fields = serde_json::json!({ "chatId": "c", "text": "t" });
        let Value::Object(fields) = fields else { unreachable!("an object") };
        let request = rest_request(Rpc::ChatSendMessage, &fields);
        assert_eq!(request.path_and_query, "/v1/chats/c/message");
        assert_eq!(request.body.as_deref(), Some(br#"{"text":"t"}"#.as_slice()));
    }

    #[test]
    fn status_json_without_details_is_refused() {
        let status = serde_json::json!({ "code": 5, "message": "No." });
        assert_eq!(failure_of_status_json(&status), Err("the error has no `details`".to_owned()));
    }
}
