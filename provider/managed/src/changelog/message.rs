//! The messages of the change log's service, as they go over the wire.

use std::collections::HashMap;

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Timestamp, Value};

/// A request with one entry.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SendChangeLogRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) entry: Option<ChangeLogEntry>,
}

/// One change.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ChangeLogEntry {
    #[prost(message, optional, tag = "1")]
    pub(super) timestamp: Option<Timestamp>,
    #[prost(string, tag = "2")]
    pub(super) provider: String,
    #[prost(string, tag = "3")]
    pub(super) api_version: String,
    #[prost(string, tag = "4")]
    pub(super) kind: String,
    #[prost(string, tag = "5")]
    pub(super) name: String,
    #[prost(string, tag = "6")]
    pub(super) external_name: String,
    #[prost(enumeration = "OperationType", tag = "7")]
    pub(super) operation: i32,
    #[prost(message, optional, tag = "8")]
    pub(super) snapshot: Option<Struct>,
    #[prost(string, optional, tag = "9")]
    pub(super) error_message: Option<String>,
    #[prost(map = "string, string", tag = "10")]
    pub(super) additional_details: HashMap<String, String>,
}

/// The operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub(super) enum OperationType {
    Unspecified = 0,
    Create = 1,
    Update = 2,
    Delete = 3,
}

/// The answer, which says nothing.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct SendChangeLogResponse {}

/// JSON as protobuf has it.
pub(super) fn value(json: serde_json::Value) -> Value {
    let kind = match json {
        serde_json::Value::Null => Kind::NullValue(0),
        serde_json::Value::Bool(truth) => Kind::BoolValue(truth),
        serde_json::Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        serde_json::Value::String(text) => Kind::StringValue(text),
        serde_json::Value::Array(values) => Kind::ListValue(ListValue {
            values: values.into_iter().map(value).collect(),
        }),
        serde_json::Value::Object(members) => Kind::StructValue(Struct {
            fields: members
                .into_iter()
                .map(|(name, member)| (name, value(member)))
                .collect(),
        }),
    };
    Value { kind: Some(kind) }
}
