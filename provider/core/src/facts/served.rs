//! The members of Everest's kinds that a cluster serves: releases of Everest differ in them, under the
//! same version of the API.

use std::collections::BTreeMap;

use serde_json::Value;

/// The deepest nesting of schemas; anything deeper is not judged.
const DEPTH: usize = 32;

/// The kinds of an API group as a cluster defines them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServedKinds {
    /// The members of the spec by kind.
    kinds: BTreeMap<String, Members>,
}

/// The members that a schema lists.
#[derive(Clone, Debug, PartialEq)]
enum Members {
    /// Any value.
    Any,
    /// An object with these members and no others.
    Listed(BTreeMap<String, Members>),
    /// A list or a map whose elements have these.
    Each(Box<Members>),
}

/// A part of an object that the cluster does not serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// The whole kind.
    Kind,
    /// A member, by its path in the object, such as `spec.engine.resources.limits`.
    Member(String),
}

impl ServedKinds {
    /// The kinds of an API server's OpenAPI v3 document for one version of a group; `None` if it is
    /// no such document.
    pub fn of_document(document: &Value) -> Option<Self> {
        let schemas = document.pointer("/components/schemas")?.as_object()?;
        let kinds = schemas.values().flat_map(|schema| {
            let kinds = schema["x-kubernetes-group-version-kind"].as_array();
            let names = kinds.into_iter().flatten();
            names.filter_map(|kind| Some((kind["kind"].as_str()?.to_owned(), spec(schema))))
        });
        Some(Self {
            kinds: kinds.collect(),
        })
    }

    /// The kind of a CustomResourceDefinition, as its served versions define it; `None` if it serves
    /// none.
    pub fn of_definition(definition: &Value) -> Option<Self> {
        let kind = definition.pointer("/spec/names/kind")?.as_str()?;
        let versions = definition.pointer("/spec/versions")?.as_array()?;
        let served = versions.iter().find(|version| version["served"] == true)?;
        let schema = &served["schema"]["openAPIV3Schema"];
        Some(Self {
            kinds: [(kind.to_owned(), spec(schema))].into(),
        })
    }

    /// Returns true if the cluster serves the member of a kind's spec with these names; without
    /// names, the kind. The elements of lists and maps have no name. What a schema leaves open is
    /// served.
    pub fn has(&self, kind: &str, names: &[String]) -> bool {
        let Some(mut members) = self.kinds.get(kind) else {
            return false;
        };
        for name in names {
            while let Members::Each(elements) = members {
                members = elements;
            }
            members = match members {
                Members::Listed(listed) => match listed.get(name) {
                    Some(member) => member,
                    None => return false,
                },
                Members::Any | Members::Each(_) => return true,
            };
        }
        true
    }

    /// The parts of a body for the API server that the cluster does not serve, without what is below
    /// them.
    pub fn lacking(&self, body: &Value) -> Vec<Lacking> {
        let kind = body["kind"].as_str().unwrap_or_default();
        let Some(members) = self.kinds.get(kind) else {
            return vec![Lacking::Kind];
        };
        let mut paths = Vec::new();
        members.lacking(&body["spec"], "spec", &mut paths);
        paths.sort_unstable();
        paths.into_iter().map(Lacking::Member).collect()
    }
}

fn spec(schema: &Value) -> Members {
    Members::of(&schema["properties"]["spec"], DEPTH)
}

impl Members {
    fn of(schema: &Value, depth: usize) -> Self {
        if depth == 0 || schema["x-kubernetes-preserve-unknown-fields"] == true {
            return Self::Any;
        }
        if let Some(properties) = schema["properties"].as_object() {
            let members = properties.iter();
            let members = members.map(|(name, below)| (name.clone(), Self::of(below, depth - 1)));
            return Self::Listed(members.collect());
        }
        let elements = ["items", "additionalProperties"].iter();
        match elements
            .map(|below| &schema[below])
            .find(|below| below.is_object())
        {
            Some(below) => Self::Each(Box::new(Self::of(below, depth - 1))),
            None => Self::Any,
        }
    }

    fn lacking(&self, value: &Value, place: &str, found: &mut Vec<String>) {
        match (self, value) {
            (Self::Listed(members), Value::Object(values)) => {
                for (name, value) in values.iter().filter(|(_, value)| !value.is_null()) {
                    let place = format!("{place}.{name}");
                    match members.get(name) {
                        Some(members) => members.lacking(value, &place, found),
                        None => found.push(place),
                    }
                }
            }
            (Self::Each(members), Value::Array(values)) => {
                for (index, value) in values.iter().enumerate() {
                    members.lacking(value, &format!("{place}[{index}]"), found);
                }
            }
            (Self::Each(members), Value::Object(values)) => {
                for (key, value) in values {
                    members.lacking(value, &format!("{place}.{key}"), found);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Value {
        json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "engine": {"type": "object", "properties": {"type": {"type": "string"}}},
            "schedules": {"type": "array", "items": {"type": "object",
                "properties": {"name": {"type": "string"}}}},
            "affinity": {"type": "object", "additionalProperties": {"type": "object",
                "properties": {"weight": {"type": "integer"}}}},
            "config": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                "properties": {"a": {"type": "string"}}},
            "anything": {"type": "object"},
        }}}})
    }

    fn document() -> Value {
        let mut schema = schema();
        schema["x-kubernetes-group-version-kind"] =
            json!([{"group": "example.org", "kind": "Thing", "version": "v1"}]);
        json!({"openapi": "3.0.0", "components": {"schemas": {"org.example.v1.Thing": schema,
            "org.example.v1.Part": {"type": "object"}}}})
    }

    fn definition() -> Value {
        json!({"spec": {"names": {"kind": "Thing"}, "versions": [
            {"name": "v0", "served": false, "schema": {"openAPIV3Schema": {"type": "object"}}},
            {"name": "v1", "served": true, "schema": {"openAPIV3Schema": schema()}}]}})
    }

    #[test]
    fn what_a_cluster_lacks_is_told_once_and_not_below() {
        let of_definition = ServedKinds::of_definition(&definition()).unwrap();
        let served = ServedKinds::of_document(&document()).unwrap();
        assert_eq!(served, of_definition, "both say the same");
        let body = json!({"kind": "Thing", "metadata": {"name": "a"}, "spec": {
            "engine": {"type": "pxc", "novel": {"deep": 1}, "absent": null},
            "schedules": [{"name": "a"}, {"name": "b", "novel": 1}],
            "affinity": {"proxy": {"weight": 1, "novel": 1}},
            "config": {"anything": {"at": "all"}},
            "anything": {"at": "all"},
            "novel": true,
        }});
        let found = served.lacking(&body);
        let members = [
            "spec.affinity.proxy.novel",
            "spec.engine.novel",
            "spec.novel",
            "spec.schedules[1].novel",
        ];
        assert_eq!(found, members.map(|path| Lacking::Member(path.to_owned())));
        assert_eq!(served.lacking(&json!({"kind": "Thing"})), []);
        for (path, is_served) in [
            ("engine.type", true),
            ("engine.novel", false),
            ("schedules.name", true),
            ("affinity.weight", true),
            ("affinity.novel", false),
            ("config.anything", true),
            ("novel", false),
        ] {
            let names: Vec<_> = path.split('.').map(str::to_owned).collect();
            assert_eq!(served.has("Thing", &names), is_served, "{path}");
        }
        assert!(served.has("Thing", &[]) && !served.has("Other", &[]));
        assert_eq!(served.lacking(&json!({"kind": "Other"})), [Lacking::Kind]);
    }

    #[test]
    fn what_is_no_description_of_kinds_says_nothing() {
        assert_eq!(ServedKinds::of_document(&json!({"paths": {}})), None);
        assert_eq!(ServedKinds::of_document(&json!("404 page not found")), None);
        assert_eq!(ServedKinds::of_definition(&json!({"spec": {}})), None);
        let mut unserved = definition();
        unserved["spec"]["versions"][1]["served"] = json!(false);
        assert_eq!(ServedKinds::of_definition(&unserved), None);
    }
}
