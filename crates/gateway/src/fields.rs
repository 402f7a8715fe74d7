//! Values of a request's fields, checked against their kinds, so that a refusal names the field.

use duologue_contract::bridge::Fields;
use duologue_contract::{FieldKind, FieldSpec, Rpc};
use serde_json::Value;

use crate::error::Refusal;

const NOT_TEXT: &str = "has to be a string";
const NOT_INT32: &str = "has to be an integer of 32 bits";
const NOT_INT64: &str = "has to be an integer of 64 bits";
const NOT_BOOL: &str = "has to be true or false";
const NOT_ENUM: &str = "has to be one of the names that the contract lists";
const NOT_LIST: &str = "has to be an array";
const TWICE: &str = "is given more than once";

/// The field with this name, in either spelling.
fn find(rpc: Rpc, name: &str) -> Option<&'static FieldSpec> {
    rpc.description().fields.iter().find(|field| field.name == name || field.json_name == name)
}

/// Takes a value from the query. Unknown names are ignored.
pub(crate) fn add_query(rpc: Rpc, fields: &mut Fields, name: &str, text: String) -> Result<(), Refusal> {
    let Some(field) = find(rpc, name) else { return Ok(()) };
    let value = from_text(field.kind, text).map_err(|rule| Refusal::invalid_field(field.name, rule))?;
    if field.is_repeated {
        if let Value::Array(values) = fields.entry(field.name).or_insert_with(|| Value::Array(Vec::new())) {
            values.push(value);
        }
        return Ok(());
    }
    match fields.insert(field.name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(Refusal::invalid_field(field.name, TWICE)),
    }
}

/// Takes a value from the path, which wins over one from anywhere else.
pub(crate) fn set_path(rpc: Rpc, fields: &mut Fields, name: &str, text: String) -> Result<(), Refusal> {
    let Some(field) = find(rpc, name) else { return Ok(()) };
    let value = from_text(field.kind, text).map_err(|rule| Refusal::invalid_field(field.name, rule))?;
    fields.insert(field.name.to_owned(), value);
    Ok(())
}

/// Takes the values of a body. Unknown names are ignored, null is absent.
pub(crate) fn from_body(
    rpc: Rpc,
    body: Fields,
    is_in_path: impl Fn(&str) -> bool,
) -> Result<Fields, Refusal> {
    let mut fields = Fields::new();
    for (name, value) in body {
        let Some(field) = find(rpc, &name).filter(|field| !is_in_path(field.name)) else { continue };
        if value.is_null() {
            continue;
        }
        let value = checked(field, value).map_err(|rule| Refusal::invalid_field(field.name, rule))?;
        if fields.insert(field.name.to_owned(), value).is_some() {
            return Err(Refusal::invalid_field(field.name, TWICE));
        }
    }
    Ok(fields)
}

fn checked(field: &FieldSpec, value: Value) -> Result<Value, &'static str> {
    match (field.is_repeated, value) {
        (false, value) => from_json(field.kind, value),
        (true, Value::Array(values)) => values
            .into_iter()
            .map(|value| from_json(field.kind, value))
            .collect::<Result<_, _>>()
            .map(Value::Array),
        (true, _) => Err(NOT_LIST),
    }
}

fn from_text(kind: FieldKind, text: String) -> Result<Value, &'static str> {
    match kind {
        FieldKind::Text => Ok(Value::String(text)),
        FieldKind::Int32 => text.parse::<i32>().map(Value::from).map_err(|_| NOT_INT32),
        FieldKind::Int64 => text.parse::<i64>().map(Value::from).map_err(|_| NOT_INT64),
        FieldKind::Bool => text.parse::<bool>().map(Value::from).map_err(|_| NOT_BOOL),
        FieldKind::Enum(values) => {
            let number = text.parse::<i32>().ok();
            enumerated(values, |name, value| name == text || Some(value) == number)
        }
    }
}

fn from_json(kind: FieldKind, value: Value) -> Result<Value, &'static str> {
    match (kind, value) {
        (FieldKind::Text, value @ Value::String(_)) | (FieldKind::Bool, value @ Value::Bool(_)) => Ok(value),
        (FieldKind::Text, _) => Err(NOT_TEXT),
        (FieldKind::Bool, _) => Err(NOT_BOOL),
        (FieldKind::Int32 | FieldKind::Int64, Value::String(text)) => from_text(kind, text),
        (FieldKind::Int32, value) => {
            integer(&value).and_then(|number| i32::try_from(number).ok()).map(Value::from).ok_or(NOT_INT32)
        }
        (FieldKind::Int64, value) => integer(&value).map(Value::from).ok_or(NOT_INT64),
        (FieldKind::Enum(values), Value::String(text)) => enumerated(values, |name, _| name == text),
        (FieldKind::Enum(values), value) => {
            let number = integer(&value).ok_or(NOT_ENUM)?;
            enumerated(values, |_, value| i64::from(value) == number)
        }
    }
}

/// An integer, also where it is written as `1.0` or `1e2`, as proto3 JSON allows.
fn integer(value: &Value) -> Option<i64> {
    /// 2 to the power of 53: up to it every integer is a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_i64().or_else(|| {
        let float = value.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= EXACT)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole, and within what a float holds exactly"
        )]
        Some(float as i64)
    })
}

fn enumerated(values: &[(&str, i32)], is_it: impl Fn(&str, i32) -> bool) -> Result<Value, &'static str> {
    let found = values.iter().find(|(name, value)| is_it(name, *value));
    found.map(|(name, _)| Value::String((*name).to_owned())).ok_or(NOT_ENUM)
}
