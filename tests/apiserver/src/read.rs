//! Reading objects and lists of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::kind::Kind;
use crate::request::Asked;
use crate::selector::Selector;
use crate::state::{Key, State};
use crate::system_fields::versioned;

impl State {
    /// Answers a GET of one object.
    pub(crate) fn read(&self, kind: &Kind, asked: &Asked) -> Result<(u16, Value), Failure> {
        let key = Key::new(kind, &asked.namespace, &asked.name);
        match self.get(&key) {
            Some(object) => Ok((200, versioned(kind, object.clone()))),
            None => Err(Failure::not_found(kind, &asked.name)),
        }
    }

    /// Answers a GET of a list, or of a page of it.
    pub(crate) fn list(&self, kind: &Kind, asked: &Asked) -> Result<(u16, Value), Failure> {
        let selector = Selector::of(asked, kind)?;
        let (version, after) = match asked.parameter("continue") {
            "" => (self.version, String::new()),
            token => self.resumed(token)?,
        };
        let all = self.listed(kind, &asked.namespace, version);
        let mut items: Vec<Value> = all
            .into_iter()
            .filter(|object| selector.matches(object) && place(object) > after)
            .map(|object| versioned(kind, object))
            .collect();
        let mut metadata = json!({"resourceVersion": version.to_string()});
        if kind.is_custom {
            metadata["continue"] = json!("");
        } else {
            // Lists of Kubernetes' own kinds say once what they are of.
            for item in items.iter_mut().filter_map(Value::as_object_mut) {
                item.remove("kind");
                item.remove("apiVersion");
            }
        }
        let limit: usize = asked.parameter("limit").parse().unwrap_or_default();
        if limit > 0 && items.len() > limit {
            let left = items.split_off(limit).len();
            let last = items.last().map(place).unwrap_or_default();
            metadata["continue"] = json!(token(version, &last));
            let is_plain = asked.parameter("labelSelector").is_empty()
                && asked.parameter("fieldSelector").is_empty();
            if is_plain {
                metadata["remainingItemCount"] = json!(left);
            }
        }
        Ok((
            200,
            json!({"kind": format!("{}List", kind.name), "apiVersion": kind.api_version(),
                "metadata": metadata, "items": items}),
        ))
    }

    /// The version and the place that a page goes on from.
    fn resumed(&self, text: &str) -> Result<(u64, String), Failure> {
        let read = STANDARD.decode(text).ok();
        let read: Option<Value> = read.and_then(|read| serde_json::from_slice(&read).ok());
        let Some(read) = read else {
            return Err(Failure::bad_request(
                "invalid continue token: continue key is not valid",
            ));
        };
        let after = read["start"].as_str().unwrap_or_default().to_owned();
        match read["rv"].as_u64() {
            Some(version) if version < self.horizon => Err(self.expired_page(&after)),
            Some(version) => Ok((version, after)),
            None => Ok((self.version, after)),
        }
    }

    /// The refusal of a page whose list has expired.
    pub(crate) fn expired_page(&self, after: &str) -> Failure {
        let mut failure = Failure::expired(
            "The provided continue parameter is too old to display a consistent list result. You \
             can start a new list without the continue parameter, or use the continue token in \
             this response to retrieve the remainder of the results. Continuing with the provided \
             token results in an inconsistent list - objects that were created, modified, or \
             deleted between the time the first chunk was returned and now may show up in the \
             list.",
        );
        let token = json!({"v": "meta.k8s.io/v1", "rv": Value::Null, "start": after});
        failure.resume = Some(STANDARD.encode(token.to_string()));
        failure
    }
}

/// Where a page begins that goes on after an object.
fn place(object: &Value) -> String {
    let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
    format!("{}/{}", text("namespace"), text("name"))
}

fn token(version: u64, after: &str) -> String {
    let token = json!({"v": "meta.k8s.io/v1", "rv": version, "start": after});
    STANDARD.encode(token.to_string())
}

/// An object without anything but its metadata.
pub(crate) fn metadata_only(mut value: Value) -> Value {
    let strip = |object: &mut Value| {
        *object = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": object["metadata"]});
    };
    if let Some(items) = value.get_mut("items").and_then(Value::as_array_mut) {
        items.iter_mut().for_each(strip);
        value["kind"] = json!("PartialObjectMetadataList");
        value["apiVersion"] = json!("meta.k8s.io/v1");
    } else if value["kind"] != "Status" {
        strip(&mut value);
    }
    value
}
