//! Writes messages as proto3 JSON.
//!
//! What a gateway answers is mostly this: a page of messages is ten kilobytes of JSON around a microsecond of work. So
//! it is written straight into the answer, each name ready-made, each text copied whole where nothing in it has to be
//! escaped. Reading is left to serde, which the messages implement both ways; a test holds either kind of JSON
//! against prost-reflect's.

use crate::Timestamp;

/// Room that is made for a message at first.
const ROOM: usize = 512;

/// A message that can be written as proto3 JSON: names in lowerCamelCase, 64-bit integers as texts, enums by name.
///
/// ```
/// use duologue_contract::chat::ListMessagesResponse;
/// use duologue_contract::json::WriteJson as _;
///
/// let page = ListMessagesResponse { messages: Vec::new(), next_cursor: Some("\"".to_owned()) };
/// assert_eq!(page.to_json(), br#"{"messages":[],"nextCursor":"\""}"#);
/// ```
pub trait WriteJson {
    /// Appends the JSON.
    fn write_json(&self, json: &mut Vec<u8>);

    /// The JSON by itself.
    fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(ROOM);
        self.write_json(&mut json);
        json
    }
}

impl WriteJson for String {
    fn write_json(&self, json: &mut Vec<u8>) {
        // Without leaving early, so that many bytes are looked at in one step.
        let escaped = self.bytes().fold(0, |found, byte| {
            found | u8::from(byte < b' ') | u8::from(byte == b'"') | u8::from(byte == b'\\')
        });
        if escaped == 0 {
            json.reserve(self.len() + 2);
            json.push(b'"');
            json.extend_from_slice(self.as_bytes());
            json.push(b'"');
        } else {
            number_or_text(self.as_str(), json);
        }
    }
}

impl WriteJson for i32 {
    fn write_json(&self, json: &mut Vec<u8>) {
        number_or_text(self, json);
    }
}

/// As a text: a float, which is all that JavaScript has, does not hold every one of them.
impl WriteJson for i64 {
    fn write_json(&self, json: &mut Vec<u8>) {
        json.push(b'"');
        number_or_text(self, json);
        json.push(b'"');
    }
}

impl WriteJson for bool {
    fn write_json(&self, json: &mut Vec<u8>) {
        json.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl WriteJson for Timestamp {
    fn write_json(&self, json: &mut Vec<u8>) {
        json.push(b'"');
        json.extend_from_slice(self.spelled().as_bytes());
        json.push(b'"');
    }
}

impl<T: WriteJson> WriteJson for Vec<T> {
    fn write_json(&self, json: &mut Vec<u8>) {
        json.push(b'[');
        for (place, item) in self.iter().enumerate() {
            if place > 0 {
                json.push(b',');
            }
            item.write_json(json);
        }
        json.push(b']');
    }
}

/// What serde writes of a number or a text, which cannot fail into memory.
fn number_or_text<T: serde::Serialize + ?Sized>(value: &T, json: &mut Vec<u8>) {
    let written = serde_json::to_writer(json, value);
    debug_assert!(written.is_ok(), "memory takes every number and text");
}

/// An object that is being written.
struct Object<'a> {
    json: &'a mut Vec<u8>,
    /// What stands before the next field.
    separator: u8,
}

impl<'a> Object<'a> {
    fn begin(json: &'a mut Vec<u8>) -> Self {
        Self { json, separator: b'{' }
    }

    /// Adds a field; `key` is its name in quotation marks, and a colon.
    fn field(&mut self, key: &'static str, value: &impl WriteJson) {
        self.key(key);
        value.write_json(self.json);
    }

    fn field_if_present(&mut self, key: &'static str, value: Option<&impl WriteJson>) {
        if let Some(value) = value {
            self.field(key, value);
        }
    }

    /// Adds a value of an enum by its name; one that the contract does not know has only its number.
    fn name(&mut self, key: &'static str, number: i32, name: Option<&'static str>) {
        self.key(key);
        match name {
            Some(name) => {
                self.json.push(b'"');
                self.json.extend_from_slice(name.as_bytes());
                self.json.push(b'"');
            }
            None => number.write_json(self.json),
        }
    }

    fn key(&mut self, key: &'static str) {
        self.json.push(std::mem::replace(&mut self.separator, b','));
        self.json.extend_from_slice(key.as_bytes());
    }

    fn end(self) {
        if self.separator == b'{' {
            self.json.push(b'{');
        }
        self.json.push(b'}');
    }
}

include!(concat!(env!("OUT_DIR"), "/json.rs"));
