//! What is served, as clients ask for it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::request::Asked;
use crate::state::State;

const VERBS: [&str; 8] = [
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "create",
    "update",
    "watch",
];

impl State {
    /// Answers a request that is for no resource.
    pub(crate) fn discover(&self, asked: &Asked) -> Result<(u16, Value), Failure> {
        let not_found = || Failure::new(404, "", "404 page not found\n");
        let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
        let found = match parts.as_slice() {
            ["version"] => json!({"major": "1", "minor": "34", "gitVersion": "v1.34.1",
                "platform": "linux/amd64"}),
            ["livez" | "readyz" | "healthz"] => json!("ok"),
            ["api"] => json!({"kind": "APIVersions", "versions": ["v1"],
                "serverAddressByClientCIDRs": []}),
            ["api", version] => self.resources("", version).ok_or_else(not_found)?,
            ["apis"] => {
                let groups: Vec<Value> = self
                    .groups()
                    .iter()
                    .filter_map(|group| self.group(group))
                    .collect();
                json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
            }
            ["apis", group] => {
                let mut found = self.group(group).ok_or_else(not_found)?;
                found["kind"] = json!("APIGroup");
                found["apiVersion"] = json!("v1");
                found
            }
            ["openapi", "v3", "apis", group, version] => {
                self.document(group, version).ok_or_else(not_found)?
            }
            ["apis", group, version] => self.resources(group, version).ok_or_else(not_found)?,
            _ => return Err(not_found()),
        };
        Ok((200, found))
    }

    fn groups(&self) -> BTreeSet<&str> {
        let groups = self.kinds.iter().map(|kind| kind.group.as_str());
        groups.filter(|group| !group.is_empty()).collect()
    }

    fn group(&self, name: &str) -> Option<Value> {
        let versions = self.kinds.iter().filter(|kind| kind.group == name);
        let versions: BTreeSet<&str> = versions.map(|kind| kind.version.as_str()).collect();
        let versions: Vec<Value> = versions
            .iter()
            .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
            .collect();
        let preferred = versions.first()?.clone();
        Some(json!({"name": name, "versions": versions, "preferredVersion": preferred}))
    }

    /// The OpenAPI v3 document of a group's version: the schemas of its kinds, without paths.
    fn document(&self, group: &str, version: &str) -> Option<Value> {
        let kinds = self.kinds.iter();
        let schemas: serde_json::Map<String, Value> = kinds
            .filter(|kind| kind.group == group && kind.version == version)
            .map(|kind| {
                let mut schema = kind.schema.as_deref().cloned().unwrap_or_default();
                schema["x-kubernetes-group-version-kind"] =
                    json!([{"group": group, "version": version, "kind": kind.name}]);
                (format!("{group}.{version}.{}", kind.name), schema)
            })
            .collect();
        (!schemas.is_empty()).then(|| {
            json!({"openapi": "3.0.0", "info": {"title": "Kubernetes"}, "paths": {},
                "components": {"schemas": schemas}})
        })
    }

    fn resources(&self, group: &str, version: &str) -> Option<Value> {
        let mut resources = Vec::new();
        let mut group_version = None;
        for kind in &self.kinds {
            if kind.group != group || kind.version != version {
                continue;
            }
            group_version = Some(kind.api_version());
            resources.push(
                json!({"name": kind.plural, "singularName": kind.name.to_lowercase(),
                "namespaced": kind.namespaced, "kind": kind.name, "verbs": VERBS}),
            );
            if kind.has_status {
                resources.push(json!({"name": format!("{}/status", kind.plural),
                    "singularName": "", "namespaced": kind.namespaced, "kind": kind.name,
                    "verbs": ["get", "patch", "update"]}));
            }
        }
        Some(json!({"kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": group_version?, "resources": resources}))
    }
}
