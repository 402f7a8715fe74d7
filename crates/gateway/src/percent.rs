//! Percent-encoding, decoded strictly and exactly once.

/// Text whose percent-encoding is broken, or is not UTF-8 beneath it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Decodes a path segment: `+` is a plus.
pub(crate) fn decode_segment(text: &str) -> Result<String, Malformed> {
    decode(text, false)
}

/// Decodes a name or value of a query: `+` is a space.
pub(crate) fn decode_query(text: &str) -> Result<String, Malformed> {
    decode(text, true)
}

fn decode(text: &str, plus_is_space: bool) -> Result<String, Malformed> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = hex_digit(bytes.next())?;
                high << 4 | hex_digit(bytes.next())?
            }
            b'+' if plus_is_space => b' ',
            byte => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| Malformed)
}

fn hex_digit(byte: Option<u8>) -> Result<u8, Malformed> {
    match byte {
        Some(byte @ b'0'..=b'9') => Ok(byte - b'0'),
        Some(byte @ b'a'..=b'f') => Ok(byte - b'a' + 10),
        Some(byte @ b'A'..=b'F') => Ok(byte - b'A' + 10),
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_decoded_exactly_once() {
        assert_eq!(decode_segment("%252F+%d0%B6").as_deref(), Ok("%2F+ж"));
        assert_eq!(decode_query("a+b%2B").as_deref(), Ok("a b+"));
    }

    #[test]
    fn broken_encodings_are_refused() {
        for text in ["%", "%2", "%zz", "%+1", "%ff", "%c3%28", "a%"] {
            assert_eq!(decode_segment(text), Err(Malformed), "{text}");
        }
    }
}
