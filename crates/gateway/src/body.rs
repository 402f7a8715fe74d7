//! Reading a request's body, within limits of size and time.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;

use crate::Config;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLarge,
    TooSlow,
    Broken,
}

/// Reads the whole body. What is too large is read on to the drain limit, so that the connection stays usable.
pub(crate) async fn read(headers: &HeaderMap, body: Body, config: &Config) -> Result<Bytes, BodyError> {
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let is_too_large = announced.is_some_and(|length| length > config.body_limit as u64);
    if is_too_large && headers.contains_key(header::EXPECT) {
        // The client waits to be asked for the body; it is not.
        return Err(BodyError::TooLarge);
    }
    match tokio::time::timeout(config.body_timeout, collect(body, config)).await {
        Ok(result) => result,
        Err(_) if is_too_large => Err(BodyError::TooLarge),
        Err(_) => Err(BodyError::TooSlow),
    }
}

async fn collect(mut body: Body, config: &Config) -> Result<Bytes, BodyError> {
    let mut collected = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > config.drain_limit {
            return Err(BodyError::TooLarge);
        }
        if length <= config.body_limit {
            collected.extend_from_slice(&data);
        }
    }
    if length > config.body_limit { Err(BodyError::TooLarge) } else { Ok(collected.freeze()) }
}

/// Whether a body with these headers is JSON in UTF-8. Without a content type it is taken to be.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let is_plain = headers.get(header::CONTENT_ENCODING).is_none_or(|coding| coding == "identity");
    let Some(content_type) = headers.get(header::CONTENT_TYPE) else { return is_plain };
    let Ok(content_type) = content_type.to_str() else { return false };
    let mut parts = content_type.to_ascii_lowercase();
    parts.retain(|letter| !letter.is_ascii_whitespace() && letter != '"');
    let mut parts = parts.split(';');
    let essence = parts.next().unwrap_or_default();
    let is_json = essence == "application/json"
        || essence.strip_prefix("application/").is_some_and(|subtype| subtype.ends_with("+json"));
    let is_utf8 = parts
        .filter_map(|part| part.strip_prefix("charset="))
        .all(|charset| matches!(charset, "utf-8" | "utf8"));
    is_plain && is_json && is_utf8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Config {
        Config { body_limit: 4, drain_limit: 8, ..Config::default() }
    }

    #[tokio::test]
    async fn a_body_is_taken_up_to_the_limit_and_drained_beyond_it() {
        let read = async |text: &'static str| read(&HeaderMap::new(), Body::from(text), &small()).await;
        assert_eq!(read("1234").await, Ok(Bytes::from("1234")));
        assert_eq!(read("12345").await, Err(BodyError::TooLarge));
        assert_eq!(read("123456789").await, Err(BodyError::TooLarge));
    }

    #[test]
    fn only_json_in_utf8_is_json() {
        let is = |text: &'static str| {
            is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, http::HeaderValue::from_static(text))]))
        };
        for text in ["application/json", "Application/JSON; charset=\"UTF-8\"", "application/problem+json"] {
            assert!(is(text), "{text}");
        }
        for text in ["", "text/plain", "text/json", "application/jsonp", "application/json;charset=latin1"] {
            assert!(!is(text), "{text}");
        }
        assert!(is_json(&HeaderMap::new()));
    }
}
