//! Kinds that are served.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::schema::{self, Node};

/// A kind as one version of its group serves it.
#[derive(Clone, Debug)]
pub struct Kind {
    /// API group, empty for the core group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Name, as `DatabaseCluster`.
    pub name: String,
    /// Plural, as in paths.
    pub plural: String,
    /// Returns true if its objects are in namespaces.
    pub namespaced: bool,
    pub(crate) has_status: bool,
    pub(crate) counts_generations: bool,
    /// Returns true for kinds that a CustomResourceDefinition defines.
    pub(crate) is_custom: bool,
    /// A deletion is answered with the object even when it is gone at once.
    pub(crate) returns_deleted: bool,
    pub(crate) schema: Option<Arc<Value>>,
}

impl Kind {
    /// A kind of which nothing but its place is known; its objects may hold anything.
    pub fn new(group: &str, version: &str, name: &str, plural: &str, namespaced: bool) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            name: name.to_owned(),
            plural: plural.to_owned(),
            namespaced,
            has_status: false,
            counts_generations: false,
            is_custom: true,
            returns_deleted: false,
            schema: Some(Arc::new(schema::complete(
                json!({"x-kubernetes-preserve-unknown-fields": true}),
            ))),
        }
    }

    /// The kind with a status subresource.
    #[must_use]
    pub fn with_status(mut self) -> Self {
        self.has_status = true;
        self
    }

    /// The kinds that a CustomResourceDefinition defines, one a version that is served.
    pub fn defined_by(definition: &Value) -> Vec<Self> {
        let spec = &definition["spec"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let versions = spec["versions"].as_array().into_iter().flatten();
        versions
            .filter(|version| version["served"] == true)
            .map(|version| {
                let schema = version["schema"]["openAPIV3Schema"].clone();
                let schema = match schema {
                    Value::Null => json!({"x-kubernetes-preserve-unknown-fields": true}),
                    schema => schema,
                };
                let (names, group) = (&spec["names"], text(&spec["group"]));
                Self {
                    has_status: version["subresources"].get("status").is_some(),
                    counts_generations: true,
                    schema: Some(Arc::new(schema::complete(schema))),
                    ..Self::new(
                        &group,
                        &text(&version["name"]),
                        &text(&names["kind"]),
                        &text(&names["plural"]),
                        spec["scope"] == "Namespaced",
                    )
                }
            })
            .collect()
    }

    /// `group/version`, or the version alone for the core group.
    pub fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// `plural.group`, or the plural alone for the core group.
    pub fn resource(&self) -> String {
        qualified(&self.plural, &self.group)
    }

    pub(crate) fn node(&self) -> Node<'_> {
        Node::of(self.schema.as_deref())
    }

    /// The path at which an object of the kind is served.
    pub fn path(&self, namespace: &str, name: &str) -> String {
        let root = match self.group.as_str() {
            "" => format!("/api/{}", self.version),
            group => format!("/apis/{group}/{}", self.version),
        };
        match self.namespaced {
            true => format!("{root}/namespaces/{namespace}/{}/{name}", self.plural),
            false => format!("{root}/{}/{name}", self.plural),
        }
    }
}

pub(crate) fn qualified(name: &str, group: &str) -> String {
    match group {
        "" => name.to_owned(),
        group => format!("{name}.{group}"),
    }
}
