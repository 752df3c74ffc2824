//! Refusals, in the words of the API server.

use serde_json::{Value, json};

use crate::kind::{Kind, qualified};

/// A failure that is answered with a Status.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) code: u16,
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) details: Box<Value>,
    /// `metadata.continue` of the Status.
    pub(crate) resume: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.to_owned(),
            message: message.into(),
            details: Box::default(),
            resume: None,
        }
    }

    fn of(mut self, kind: &Kind, name: &str) -> Self {
        *self.details = named(&kind.plural, &kind.group, name);
        self
    }

    pub(crate) fn with_causes(mut self, causes: Vec<Value>) -> Self {
        if self.details.is_null() {
            *self.details = json!({});
        }
        self.details["causes"] = Value::Array(causes);
        self
    }

    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} not found", kind.resource());
        Self::new(404, "NotFound", message).of(kind, name)
    }

    pub(crate) fn no_namespace(name: &str) -> Self {
        let message = format!("namespaces {name:?} not found");
        let mut failure = Self::new(404, "NotFound", message);
        *failure.details = named("namespaces", "", name);
        failure
    }

    /// A path that nothing is served at in a group that is served.
    pub(crate) fn no_resource() -> Self {
        let message = "the server could not find the requested resource";
        let mut failure = Self::new(404, "NotFound", message);
        *failure.details = json!({});
        failure
    }

    pub(crate) fn exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", kind.resource());
        Self::new(409, "AlreadyExists", message).of(kind, name)
    }

    /// A write that lost against another one.
    pub(crate) fn conflict(resource: &str, group: &str, name: &str, why: &str) -> Self {
        let qualified = qualified(resource, group);
        let message = format!("Operation cannot be fulfilled on {qualified} {name:?}: {why}");
        let mut failure = Self::new(409, "Conflict", message);
        *failure.details = named(resource, group, name);
        failure
    }

    pub(crate) fn outdated(kind: &Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        Self::conflict(&kind.plural, &kind.group, name, why)
    }

    pub(crate) fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        Self::forbidden_resource(&kind.plural, &kind.group, name, why)
    }

    pub(crate) fn forbidden_resource(resource: &str, group: &str, name: &str, why: &str) -> Self {
        let what = qualified(resource, group);
        let message = match name {
            "" => format!("{what} is forbidden: {why}"),
            name => format!("{what} {name:?} is forbidden: {why}"),
        };
        let mut failure = Self::new(403, "Forbidden", message);
        *failure.details = named(resource, group, name);
        failure
    }

    pub(crate) fn terminating(kind: &Kind, namespace: &str, name: &str) -> Self {
        let why = format!(
            "unable to create new content in namespace {namespace} because it is being terminated"
        );
        let cause = json!({"reason": "NamespaceTerminating",
            "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace"});
        Self::forbidden(kind, name, &why).with_causes(vec![cause])
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn internal(message: &str) -> Self {
        let text = format!("Internal error occurred: {message}");
        Self::new(500, "InternalError", text).with_causes(vec![json!({"message": message})])
    }

    /// A failure of the server that it has no reason for.
    pub(crate) fn internal_plain(message: &str) -> Self {
        Self::new(500, "", message)
    }

    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// An object of which fields are wrong.
    pub(crate) fn invalid(kind: &Kind, name: &str, wrong: &[Wrong]) -> Self {
        Self::invalid_named(&kind.name, &kind.group, name, wrong)
    }

    pub(crate) fn invalid_named(kind: &str, group: &str, name: &str, wrong: &[Wrong]) -> Self {
        let mut texts: Vec<String> = Vec::new();
        for text in wrong.iter().map(Wrong::text) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let all = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let message = format!("{} {name:?} is invalid: {all}", qualified(kind, group));
        let mut failure = Self::new(422, "Invalid", message);
        *failure.details = named(kind, group, name);
        failure.with_causes(wrong.iter().map(Wrong::cause).collect())
    }

    /// The Status.
    pub(crate) fn body(&self) -> Value {
        let mut status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": "Failure", "message": self.message});
        if let Some(resume) = &self.resume {
            status["metadata"]["continue"] = json!(resume);
        }
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        if !self.details.is_null() {
            status["details"] = (*self.details).clone();
        }
        status["code"] = json!(self.code);
        status
    }
}

fn named(kind: &str, group: &str, name: &str) -> Value {
    let mut details = json!({});
    for (key, value) in [("name", name), ("group", group), ("kind", kind)] {
        if !value.is_empty() {
            details[key] = json!(value);
        }
    }
    details
}

/// A field that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wrong {
    pub(crate) field: String,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

impl Wrong {
    fn new(field: &str, reason: &'static str, message: String) -> Self {
        Self {
            field: field.to_owned(),
            reason,
            message,
        }
    }

    pub(crate) fn value(field: &str, value: &Value, why: &str) -> Self {
        let message = format!("Invalid value: {}: {why}", shown(value));
        Self::new(field, "FieldValueInvalid", message)
    }

    /// A value that breaks a rule: what is made of others is not shown.
    pub(crate) fn by_rule(field: &str, value: &Value, why: &str) -> Self {
        match value {
            Value::Object(_) => {
                Self::new(field, "FieldValueInvalid", format!("Invalid value: {why}"))
            }
            value => Self::value(field, value, why),
        }
    }

    pub(crate) fn of_type(field: &str, value: &Value, type_: &str) -> Self {
        let is = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let message =
            format!("Invalid value: \"{is}\": {field} in body must be of type {type_}: \"{is}\"");
        Self::new(field, "FieldValueTypeInvalid", message)
    }

    pub(crate) fn required(field: &str, why: &str) -> Self {
        let message = match why {
            "" => "Required value".to_owned(),
            why => format!("Required value: {why}"),
        };
        Self::new(field, "FieldValueRequired", message)
    }

    pub(crate) fn unsupported(field: &str, value: &Value, supported: &[Value]) -> Self {
        let supported: Vec<String> = supported.iter().map(Value::to_string).collect();
        let message = format!(
            "Unsupported value: {}: supported values: {}",
            shown(value),
            supported.join(", ")
        );
        Self::new(field, "FieldValueNotSupported", message)
    }

    pub(crate) fn duplicate(field: &str, value: &str) -> Self {
        Self::new(
            field,
            "FieldValueDuplicate",
            format!("Duplicate value: {value}"),
        )
    }

    pub(crate) fn too_long(field: &str, most: u64) -> Self {
        Self::new(
            field,
            "FieldValueTooLong",
            format!("Too long: may not be more than {most} bytes"),
        )
    }

    pub(crate) fn forbidden(field: &str, why: &str) -> Self {
        Self::new(field, "FieldValueForbidden", format!("Forbidden: {why}"))
    }

    /// The same of a part of an object, which texts do not name.
    pub(crate) fn within(mut self, part: &str) -> Self {
        self.field = match self.field.as_str() {
            "" => part.to_owned(),
            field => format!("{part}.{field}"),
        };
        self
    }

    /// Returns true if rules in CEL are not looked at because of it.
    pub(crate) fn stops_rules(&self) -> bool {
        [
            "FieldValueNotSupported",
            "FieldValueRequired",
            "FieldValueTooLong",
            "FieldValueTypeInvalid",
        ]
        .contains(&self.reason)
    }

    pub(crate) fn rules_unchecked() -> Self {
        let why = "some validation rules were not checked because the object was invalid; correct \
                   the existing errors to complete validation";
        Self::value("<nil>", &Value::Null, why)
    }

    fn text(&self) -> String {
        format!("{}: {}", self.field, self.message)
    }

    fn cause(&self) -> Value {
        json!({"reason": self.reason, "message": self.message, "field": self.field})
    }
}

/// A value as Go's `%v` and `%q` show it in messages.
fn shown(value: &Value) -> String {
    value.to_string()
}
