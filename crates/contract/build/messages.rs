//! `Debug` for messages that hold secrets: what must not reach a log prints as `…`.

use std::fmt::Write as _;

use heck::ToSnakeCase;
use prost_reflect::MessageDescriptor;

use crate::model::rust_name;

/// Fields whose values stay out of logs.
fn is_secret(field: &str) -> bool {
    let word = |word: &str| field.split('_').any(|part| part == word);
    word("password") || word("token") || word("email") || word("text")
}

pub(crate) fn is_secretive(message: &MessageDescriptor) -> bool {
    message.fields().any(|field| is_secret(field.name()))
}

pub(crate) fn debug_without_secrets(messages: &[&MessageDescriptor]) -> String {
    let mut text = String::new();
    for message in messages {
        let area = message.package_name().split('.').nth(1).unwrap_or_default();
        let name = rust_name(message);
        let _ = write!(
            text,
            "impl ::core::fmt::Debug for crate::{area}::{name} {{\n    \
             fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{\n        \
             formatter.debug_struct(\"{name}\")"
        );
        for field in message.fields() {
            let field = field.name().to_snake_case();
            if is_secret(&field) {
                let _ = write!(text, ".field(\"{field}\", &\"…\")");
            } else {
                let _ = write!(text, ".field(\"{field}\", &self.{field})");
            }
        }
        text.push_str(".finish()\n    }\n}\n");
    }
    text
}
