//! The definitions of the engine operators' kinds.

use serde_json::{Value, json};

use crate::engine::Engine;
use crate::kinds::Kind;

/// CustomResourceDefinitions of all kinds of all engines. They keep whatever is written: what
/// the fields mean is the simulator's business.
pub fn engine_definitions() -> Vec<Value> {
    Engine::ALL.into_iter().flat_map(of_engine).collect()
}

/// Those of one engine.
pub fn of_engine(engine: Engine) -> [Value; 3] {
    [
        engine.cluster_kind(),
        engine.backup_kind(),
        engine.restore_kind(),
    ]
    .map(of_kind)
}

fn of_kind(kind: &Kind) -> Value {
    let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd_name()},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {
                "kind": kind.name,
                "listKind": format!("{}List", kind.name),
                "plural": kind.plural,
                "singular": kind.name.to_lowercase(),
            },
            "versions": [{
                "name": kind.version,
                "served": true,
                "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {"spec": open, "status": open},
                }},
            }],
        },
    })
}
