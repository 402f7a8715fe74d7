//! Writes how each message is written as proto3 JSON: every field with its name ready, straight into the answer's bytes.

use std::fmt::Write as _;

use heck::ToSnakeCase as _;
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use crate::model::{Model, rust_name};

pub(crate) fn write(model: &Model) -> String {
    let mut text = String::new();
    for message in &model.messages {
        let (area, name) = (area(message.package_name()), rust_name(message));
        let _ = writeln!(
            text,
            "impl WriteJson for crate::{area}::{name} {{\n    fn write_json(&self, json: &mut Vec<u8>) {{"
        );
        let mutable = if message.fields().len() == 0 { "" } else { "mut " };
        let _ = writeln!(text, "        let {mutable}object = Object::begin(json);");
        for field in message.fields() {
            let _ = writeln!(text, "        {}", statement(&field));
        }
        text.push_str("        object.end();\n    }\n}\n\n");
    }
    text
}

/// What writes one field. Fields without presence are written always, others where they are present.
fn statement(field: &FieldDescriptor) -> String {
    let (name, key) = (field.name(), format!("\"\\\"{}\\\":\"", field.json_name()));
    // The one field whose name is a word of Rust.
    let member = if name == "use" { "r#use" } else { name };
    match field.kind() {
        Kind::Enum(names) => {
            let names = enum_path(&names);
            format!(
                "object.name({key}, self.{member}, {names}::try_from(self.{member}).ok().map(|value| value.as_str_name()));"
            )
        }
        _ if field.supports_presence() => format!("object.field_if_present({key}, self.{member}.as_ref());"),
        _ => format!("object.field({key}, &self.{member});"),
    }
}

/// `api.social.v1` is `social`.
fn area(package: &str) -> &str {
    package.split('.').nth(1).unwrap_or_default()
}

/// The path of the Rust enum that prost makes of an enum.
fn enum_path(names: &EnumDescriptor) -> String {
    let area = area(names.package_name());
    let within = names.parent_message().map(|message: MessageDescriptor| message.name().to_snake_case());
    let within = within.map_or_else(String::new, |within| format!("{within}::"));
    format!("crate::{area}::{within}{}", names.name())
}
