//! Answers without what no two servers share.

use std::collections::BTreeMap;

use regex_lite::{Captures, Regex};
use serde_json::{Map, Value, json};

/// Makes UIDs and generated names alike: the first that is met, the second, and so on.
pub(crate) struct Names {
    namespace: String,
    uids: BTreeMap<String, String>,
    uid: Regex,
    time: Regex,
    generated: Regex,
    version: Regex,
}

impl Names {
    pub(crate) fn new(namespace: &str) -> Self {
        let regex = |text: &str| Regex::new(text).unwrap();
        Self {
            namespace: namespace.to_owned(),
            uids: BTreeMap::new(),
            uid: regex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
            time: regex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z"),
            generated: regex("generated-[a-z0-9]{5}"),
            version: regex("resource version: [0-9]+ \\([0-9]+\\)"),
        }
    }

    pub(crate) fn answer(&mut self, value: Value) -> Value {
        let mut value = self.normal(value);
        Self::sorted_message(&mut value);
        value
    }

    fn normal(&mut self, value: Value) -> Value {
        match value {
            Value::Object(members) => {
                let members = members.into_iter().filter_map(|(name, member)| {
                    let member = match name.as_str() {
                        "resourceVersion" | "continue" if member != "" => json!("some"),
                        "causes" => sorted(self.normal(member)),
                        // Times are whole seconds, and the order follows from them: it depends on
                        // when a second ends.
                        "managedFields" => sorted(self.normal(member)),
                        // The size of a list that has a selector is not told the same by all.
                        "remainingItemCount" | "selfLink" => return None,
                        _ => self.normal(member),
                    };
                    Some((self.text(&name), member))
                });
                let members: BTreeMap<String, Value> = members.collect();
                Value::Object(members.into_iter().collect::<Map<_, _>>())
            }
            Value::Array(elements) => elements
                .into_iter()
                .map(|element| self.normal(element))
                .collect(),
            Value::String(text) => json!(self.text(&text)),
            other => other,
        }
    }

    /// An answer with its causes in order: servers name them in any.
    fn sorted_message(body: &mut Value) {
        let causes = body["details"]["causes"].as_array().map_or(0, Vec::len);
        if causes < 2 || body["reason"] != "Invalid" {
            return;
        }
        if let Some((head, rest)) = body["message"]
            .as_str()
            .and_then(|text| text.split_once(": ["))
        {
            let mut parts: Vec<&str> = rest.trim_end_matches(']').split(", ").collect();
            parts.sort_unstable();
            body["message"] = json!(format!("{head}: {}", parts.join(", ")));
        }
    }

    fn text(&mut self, text: &str) -> String {
        let text = text.replace(&self.namespace, "NS");
        let text = self.time.replace_all(&text, "TIME");
        let text = self.generated.replace_all(&text, "generated-XXXXX");
        let text = self.version.replace_all(&text, "resource version");
        let uids = &mut self.uids;
        let text = self.uid.replace_all(&text, |found: &Captures<'_>| {
            let next = format!("UID-{}", uids.len() + 1);
            uids.entry(found[0].to_owned()).or_insert(next).clone()
        });
        text.into_owned()
    }
}

fn sorted(list: Value) -> Value {
    match list {
        Value::Array(mut elements) => {
            elements.sort_by_key(Value::to_string);
            Value::Array(elements)
        }
        other => other,
    }
}
