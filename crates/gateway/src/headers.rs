//! Headers of a request: what goes on to the service, its id and its deadline.

use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::metadata::MetadataMap;

/// The name of the header that follows a request everywhere.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The metadata of the call.
pub(crate) fn metadata(headers: &HeaderMap, request_id: &HeaderValue) -> MetadataMap {
    let mut forwarded = HeaderMap::new();
    // All values reach the service, so that it can refuse two where one belongs.
    for value in headers.get_all(AUTHORIZATION) {
        forwarded.append(AUTHORIZATION, value.clone());
    }
    forwarded.insert(REQUEST_ID, request_id.clone());
    MetadataMap::from_headers(forwarded)
}

/// The client's own id of the request, if it is short and visible ASCII, or else a new one.
pub(crate) fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_sane =
        |id: &HeaderValue| (1..=128).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic);
    if let Some(id) = headers.get(REQUEST_ID).filter(|id| is_sane(id)) {
        return id.clone();
    }
    let id = uuid::Uuid::now_v7().hyphenated().to_string();
    HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("-"))
}

/// A deadline that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MalformedTimeout;

/// How long the client wants to wait: the shorter of `grpc-timeout` and `x-request-timeout`.
pub(crate) fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, MalformedTimeout> {
    let read = |name: &str, parse: fn(&str) -> Option<Duration>| match headers.get(name) {
        None => Ok(None),
        Some(value) => value.to_str().ok().and_then(parse).map(Some).ok_or(MalformedTimeout),
    };
    let grpc = read("grpc-timeout", grpc_timeout)?;
    let ours = read("x-request-timeout", request_timeout)?;
    Ok(grpc.into_iter().chain(ours).min())
}

/// At most eight digits and a unit, as gRPC has it: `500m` is half a second.
fn grpc_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let is_number = (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = is_number.then(|| digits.parse().ok()).flatten()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3_600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Seconds, or a number with its unit: `2`, `1.5`, `2s`, `500ms`.
fn request_timeout(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let is_number =
        (1..=12).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = is_number.then(|| number.parse().ok()).flatten()?;
    Duration::try_from_secs_f64(number * unit).ok().filter(|timeout| !timeout.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_in_both_notations() {
        assert_eq!(grpc_timeout("500m"), Some(Duration::from_millis(500)));
        assert_eq!(grpc_timeout("99999999H"), Some(Duration::from_hours(99_999_999)));
        assert_eq!(request_timeout("2"), Some(Duration::from_secs(2)));
        assert_eq!(request_timeout("1.5s"), Some(Duration::from_millis(1_500)));
        assert_eq!(request_timeout("500ms"), Some(Duration::from_millis(500)));
        for text in ["", "1", "m", "1x", "-1S", "123456789S", "1.5S", "é"] {
            assert_eq!(grpc_timeout(text), None, "{text}");
        }
        for text in ["", "s", "ms", "-1", "1e9", "1m", "nan", "inf", ".", "0", "1.2.3", " 1"] {
            assert_eq!(request_timeout(text), None, "{text}");
        }
    }

    #[test]
    fn the_shorter_timeout_counts() {
        let headers = HeaderMap::from_iter([
            (HeaderName::from_static("grpc-timeout"), HeaderValue::from_static("3S")),
            (HeaderName::from_static("x-request-timeout"), HeaderValue::from_static("2")),
        ]);
        assert_eq!(timeout(&headers), Ok(Some(Duration::from_secs(2))));
        assert_eq!(timeout(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn a_sane_request_id_is_kept_and_any_other_replaced() {
        let id = |text: &str| {
            let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_str(text).unwrap())]);
            request_id(&headers).to_str().unwrap().to_owned()
        };
        assert_eq!(id("a-1"), "a-1");
        assert_eq!(id(&"x".repeat(128)).len(), 128);
        for text in ["", "a b", &"x".repeat(129)] {
            assert_eq!(id(text).len(), 36, "{text}");
        }
    }
}
