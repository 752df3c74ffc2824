//! Who undoes updates of an external object.

use everest_core::Operation;
use everest_core::field_conflict::{ConflictingField, conflicting_fields};
use everest_core::v1::ObjectMapping;
use everest_schemas::managed::ManagedModel;
use serde_json::Value;

use crate::provider::error::ReconcileError;
use crate::provider::kind::{Kind, Scene};

/// Who changes which fields of the external object back.
///
/// # Errors
/// If the object cannot be read.
pub(super) async fn by<K: Kind>(
    scene: &Scene<'_, K>,
    shown: &str,
) -> Result<String, ReconcileError> {
    let found = scene.requests().get(scene.name).await?;
    let live = serde_json::to_value(found).unwrap_or(Value::Null);
    let wanted = scene.config.desired(Operation::Update);
    let manager = scene.cluster().field_manager();
    let conflicts = conflicting_fields(&live, &wanted, &Value::Null, manager);
    Ok(subject(shown, K::Model::KIND, &conflicts))
}

/// Who changes what.
fn subject(shown: &str, kind: &str, conflicts: &[ConflictingField]) -> String {
    let mut managers: Vec<_> = conflicts.iter().map(|found| &*found.manager).collect();
    managers.sort_unstable();
    managers.dedup();
    let paths: Vec<_> = conflicts
        .iter()
        .map(|found| found.path.to_string())
        .collect();
    match managers.as_slice() {
        [] => format!("someone else than this {kind} changes {shown} back"),
        managers => format!(
            "the field manager {} changes {} of {shown} back",
            managers.join(" and "),
            paths.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use everest_core::path::FieldPath;
    use serde_json::json;

    use super::*;

    #[test]
    fn who_changes_a_field_back_is_named_with_it() {
        let conflict = |manager: &str, path: &str| ConflictingField {
            path: FieldPath::of(path),
            manager: manager.to_owned(),
            theirs: json!(5),
            ours: json!(3),
            shown: false,
        };
        let both = [
            conflict("argocd", "engine.replicas"),
            conflict("argocd", "engine.storage.size"),
        ];
        let shown = "DatabaseCluster shop/orders";
        assert_eq!(
            subject(shown, "Database", &both),
            "the field manager argocd changes engine.replicas, engine.storage.size of \
             DatabaseCluster shop/orders back"
        );
        assert_eq!(
            subject(shown, "Database", &[]),
            "someone else than this Database changes DatabaseCluster shop/orders back"
        );
    }
}
