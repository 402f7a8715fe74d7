//! The bearer token of a call.

use duologue_domain::auth::error::AuthenticateError;
use tonic::metadata::MetadataMap;

/// The token in the one `authorization` value: `Bearer`, in any case, one space, and the token.
pub(crate) fn bearer(metadata: &MetadataMap) -> Result<&str, AuthenticateError> {
    let mut values = metadata.get_all("authorization").iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(AuthenticateError::TokenInvalid);
    };
    let credential = value.to_str().ok().and_then(|value| value.split_once(' '));
    match credential {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && is_token(token) => Ok(token),
        _ => Err(AuthenticateError::TokenInvalid),
    }
}

/// Whether the text is a `b64token` of RFC 6750, so without any space.
fn is_token(text: &str) -> bool {
    let allowed = |byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-'..=b'/' | b'_' | b'~' | b'+' | b'=');
    // Without leaving early, so that many bytes are looked at in one step: tokens are long, and good.
    let others = text.bytes().fold(0, |found, byte| found | u8::from(!allowed(byte)));
    !text.is_empty() && others == 0
}

#[cfg(test)]
mod tests {
    use tonic::metadata::MetadataValue;

    use super::*;

    fn read(values: &[&[u8]]) -> Option<String> {
        let mut headers = http::HeaderMap::new();
        for value in values {
            headers.append("authorization", http::HeaderValue::from_bytes(value).expect("a header value"));
        }
        bearer(&MetadataMap::from_headers(headers)).ok().map(ToOwned::to_owned)
    }

    #[test]
    fn only_one_bearer_with_one_space_is_a_credential() {
        for good in ["Bearer a.b-c_d", "bearer a.b-c_d", "BEARER a.b-c_d"] {
            assert_eq!(read(&[good.as_bytes()]).as_deref(), Some("a.b-c_d"), "{good:?}");
        }
        let bad: [&[&[u8]]; 14] = [
            &[],
            &[b""],
            &[b"B"],
            &[b"Bearer"],
            &[b"Bearer "],
            &[b"Bearer  a"],
            &[b"Bearer a "],
            &[b"Bearer a b"],
            &[b" Bearer a"],
            &[b"Bearer\ta"],
            &[b"Basic a"],
            &[b"a"],
            &[b"Bearer \xff\xfe"],
            &[b"Bearer a", b"Bearer a"],
        ];
        for values in bad {
            assert_eq!(read(values), None, "{values:?}");
        }
    }

    #[test]
    fn a_binary_value_is_no_credential() {
        let mut metadata = MetadataMap::new();
        metadata.insert_bin("authorization-bin", MetadataValue::from_bytes(b"Bearer a"));
        assert!(bearer(&metadata).is_err());
    }
}
