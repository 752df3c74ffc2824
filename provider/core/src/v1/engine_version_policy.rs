//! `everest_engine_version_policy` and the allowed versions of a DatabaseEngine.
//!
//! Everest makes the object, so its name follows from the engine. The list that was there before
//! ours is kept in an annotation of the object.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use everest_schemas::everest::DatabaseEngine;
use everest_schemas::models::EngineVersionPolicyModel;
use everest_schemas::{Engine, Field};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use super::{Identity, ObjectMapping, OwnedKeys, body, known_json, managed_fields};
use crate::Operation;
use crate::api::ALLOWED_BEFORE;

/// The names of the DatabaseEngines, in the order of the engines.
static NAMES: LazyLock<[Field<String>; Engine::ALL.len()]> =
    LazyLock::new(|| Engine::ALL.map(|engine| Field::from(engine.operator())));

impl ObjectMapping for EngineVersionPolicyModel {
    type Object = DatabaseEngine;

    fn namespace(&self) -> Option<&Field<String>> {
        Some(&self.namespace)
    }

    /// An engine that is none is its own name, so that no other object is meant.
    fn name(&self) -> &Field<String> {
        let engine = self.engine.known_str();
        let named = NAMES.iter().zip(Engine::ALL);
        let mut found = named.filter(|(_, each)| Some(each.as_str()) == engine);
        found.next().map_or(&self.engine, |(name, _)| name)
    }

    fn at(namespace: Field<String>, name: Field<String>) -> Self {
        let engine = name.map(|name| match Engine::from_operator(&name) {
            Some(engine) => engine.as_str().to_owned(),
            None => name,
        });
        Self {
            namespace,
            engine,
            ..Self::default()
        }
    }

    fn force_conflicts(&self) -> &Field<bool> {
        &self.force_conflicts
    }

    fn desired(&self, _: Operation) -> Value {
        let identity = Identity {
            kind: "DatabaseEngine",
            namespace: &self.namespace,
            name: self.name(),
        };
        let none = BTreeMap::new;
        let spec = json!({"allowedVersions": known_json(&self.allowed_versions)});
        body(&identity, none(), none(), known_json(&spec))
    }

    fn observed(object: &DatabaseEngine, _: &OwnedKeys) -> Self {
        let metadata = &object.metadata;
        let name = metadata.name.clone().into();
        let before = versions_before(metadata);
        Self {
            allowed_versions: match allowed(object).as_slice() {
                [] => Field::Null,
                versions => listed(versions),
            },
            previous_versions: before.map_or(Field::Null, |versions| listed(&versions)),
            ..Self::at(metadata.namespace.clone().into(), name)
        }
    }
}

/// The allowed versions of an engine; none if all are.
pub fn allowed(engine: &DatabaseEngine) -> Vec<String> {
    let versions = engine.spec.allowed_versions.known().into_iter().flatten();
    versions
        .filter_map(|version| version.known().cloned())
        .collect()
}

/// The versions that were allowed before a policy, none if all were; `None` if no policy has changed
/// the list.
pub fn versions_before(metadata: &ObjectMeta) -> Option<Vec<String>> {
    let noted = metadata.annotations.as_ref()?.get(ALLOWED_BEFORE)?;
    // What cannot be read was written by somebody else, and restricts nothing.
    Some(serde_json::from_str(noted).unwrap_or_default())
}

/// Returns true if the list of an engine is one that `manager` has applied.
pub fn is_applied_by(engine: &DatabaseEngine, manager: &str) -> bool {
    let mut applied = managed_fields::applied(&engine.metadata, |name| name == manager);
    applied.any(|fields| fields["f:spec"].get("f:allowedVersions").is_some())
}

fn listed(versions: &[String]) -> Field<Vec<Field<String>>> {
    let versions = versions.iter().cloned().map(Field::Known);
    Field::Known(versions.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_the_list_of_the_engine_that_it_names() {
        let model: EngineVersionPolicyModel = serde_json::from_value(json!({"namespace": "prod",
            "engine": "pxc", "allowedVersions": ["8.0.42-33.1"]}))
        .unwrap();
        let mut object = model.desired(Operation::Create);
        assert_eq!(object["metadata"]["name"], Engine::Pxc.operator());
        assert_eq!(
            object["spec"],
            json!({"allowedVersions": ["8.0.42-33.1"]}),
            "nothing else becomes ours"
        );
        object["spec"]["type"] = json!("pxc");
        object["metadata"]["annotations"] = json!({ALLOWED_BEFORE: "[\"8.0.36-28.1\"]"});
        let object = serde_json::from_value(object).unwrap();
        let seen = EngineVersionPolicyModel::observed(&object, &OwnedKeys::default());
        assert_eq!(seen.engine, "pxc".into());
        assert_eq!(seen.allowed_versions, model.allowed_versions);
        assert_eq!(seen.previous_versions, listed(&["8.0.36-28.1".to_owned()]));
    }

    #[test]
    fn an_engine_without_a_list_has_no_policy() {
        let object = json!({"metadata": {"namespace": "prod", "name": Engine::Psmdb.operator()},
            "spec": {"type": "psmdb", "allowedVersions": []}});
        let object = serde_json::from_value(object).unwrap();
        let seen = EngineVersionPolicyModel::observed(&object, &OwnedKeys::default());
        assert_eq!(seen.engine, "psmdb".into());
        assert!(seen.allowed_versions.is_null() && seen.previous_versions.is_null());
    }
}
