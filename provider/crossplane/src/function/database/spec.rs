//! The spec of a composed database: the configured values, without those that Everest chooses.

use everest_core::finding::Finding;
use everest_core::open_api::Reading;
use everest_core::path::FieldPath;
use everest_core::rules::Validate;
use everest_core::v1::{self, managed_fields};
use everest_schemas::Engine;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterSpec};
use everest_schemas::function::DatabaseInput;
use everest_schemas::models::DatabaseModel;
use serde_json::{Value, json};

use super::{ComposeError, RESTART};
use crate::function::composite::Composite;
use crate::function::patches;
use crate::function::place::{Lists, drop_nulls, lay_over};
use crate::function::shape;
use crate::function::step::Step;

/// Field managers by which Crossplane applies what it composes.
const MANAGERS: &str = "apiextensions.crossplane.io/composed";

/// The spec from earlier steps, the input and the composite resource.
pub(super) fn said(
    composite: &Composite,
    entry: Option<&DatabaseInput>,
    earlier: Option<&Value>,
) -> Result<Value, ComposeError> {
    let mut spec = earlier
        .and_then(|object| object.get("spec"))
        .cloned()
        .unwrap_or_else(|| json!({}));
    let mut reading = Reading::OlderDefinition;
    if let Some(entry) = entry {
        if earlier.is_none() {
            if entry.spec.is_empty() && entry.patches.is_empty() {
                return Err(ComposeError::Nothing);
            }
            // Whoever writes the object itself may know a later Everest.
            reading = Reading::Definition;
        }
        lay_over(&mut spec, Value::Object(entry.spec.clone()), Lists::ByName);
        patches::apply(&entry.patches, composite, &mut spec)?;
    }
    drop_nulls(&mut spec);
    let faults = shape::faults(&shape::DATABASE_SPEC, &spec, "spec", reading);
    if faults.is_empty() {
        Ok(spec)
    } else {
        Err(ComposeError::Shape(faults))
    }
}

/// The spec as its type.
pub(super) fn typed(spec: &Value) -> Result<DatabaseClusterSpec, ComposeError> {
    // The shape was checked, so that this fails for no reason that is known.
    serde_json::from_value(spec.clone())
        .map_err(|_| ComposeError::Shape(vec!["the spec is none of a DatabaseCluster".to_owned()]))
}

/// Removes sizes and versions that someone else has raised and taken over from the spec, with a
/// warning for each.
pub(super) fn give_way(
    said: &mut Value,
    mut configured: DatabaseModel,
    observed: &DatabaseCluster,
) -> Vec<Finding> {
    let is_ours =
        |path: &FieldPath| owned(observed).is_some_and(|owned| managed_fields::holds(owned, path));
    let there = v1::database::observed(observed, &v1::OwnedKeys::default());
    let raised = configured.give_way(&there, &is_ours);
    for finding in &raised {
        omit(said, &finding.path);
    }
    raised
}

/// Removes the value at a path.
pub(super) fn omit(spec: &mut Value, path: &FieldPath) {
    let names = names(path);
    if let Some((last, above)) = names.split_last()
        && let Some(members) = above
            .iter()
            .try_fold(spec, |at, name| at.get_mut(name))
            .and_then(Value::as_object_mut)
    {
        members.remove(last);
    }
}

/// Adds the observed value at a path.
pub(super) fn complete(spec: &mut Value, path: &FieldPath, observed: &DatabaseCluster) {
    let names = names(path);
    let live = serde_json::to_value(&observed.spec).unwrap_or_default();
    if let Some(value) = names.iter().try_fold(&live, |at, name| at.get(name)) {
        *names.iter().fold(spec, |at, name| &mut at[name]) = value.clone();
    }
}

fn names(path: &FieldPath) -> Vec<String> {
    path.to_string().split('.').map(str::to_owned).collect()
}

/// Removes values that must not be written now: a restart stops and starts the database by the same
/// field `paused` that a composition may set.
pub(super) fn leave_alone(spec: &mut Value, observed: &DatabaseCluster) {
    let annotations = observed.metadata.annotations.as_ref();
    let restarting = annotations.is_some_and(|keys| keys.contains_key(RESTART));
    if let Some(spec) = spec.as_object_mut() {
        if restarting {
            spec.remove("paused");
        }
        spec.remove("dataSource");
    }
}

/// Keeps a data source that the cluster still holds, because an apply without it would remove it
/// before the restore begins. Returns the resource version to send with it, so that the apply
/// fails, instead of restoring again, if Everest has cleared the data source meanwhile.
pub(super) fn carry_data_source(
    object: &mut Value,
    said: &Value,
    observed: &DatabaseCluster,
) -> Option<Value> {
    let source = observed.spec.data_source.known()?;
    let ours = said.get("dataSource").is_some()
        || owned(observed).is_some_and(|owned| owned.get("f:dataSource").is_some());
    if !ours {
        return None;
    }
    let mut body = json!({"metadata": {}});
    v1::database::carry_data_source(&mut body, observed);
    object["spec"]["dataSource"] = body["spec"]["dataSource"].take();
    // Everest never clears an import, so that nothing can be repeated.
    source
        .data_import
        .is_null()
        .then(|| body["metadata"]["resourceVersion"].take())
        .filter(|version| !version.is_null())
}

/// The database as it will be: the desired object laid over the observed one, without fields that
/// Crossplane owns and no longer desires.
pub(super) fn after(
    observed: &DatabaseCluster,
    desired: &Value,
) -> Result<DatabaseCluster, ComposeError> {
    let mut spec = serde_json::to_value(&observed.spec).unwrap_or_default();
    if let Some(owned) = owned(observed) {
        withdraw(&mut spec, owned, Some(desired));
    }
    lay_over(&mut spec, desired.clone(), Lists::Replaced);
    let mut after = observed.clone();
    after.spec = typed(&spec)?;
    Ok(after)
}

/// The fields of the spec that Crossplane owns by `managedFields`.
fn owned(observed: &DatabaseCluster) -> Option<&Value> {
    managed_fields::applied_spec(&observed.metadata, |name| name.starts_with(MANAGERS))
}

/// Removes from `live` the fields that are owned and not desired.
fn withdraw(live: &mut Value, owned: &Value, desired: Option<&Value>) {
    let Some(members) = live.as_object_mut() else {
        return;
    };
    members.retain(|name, member| {
        let Some(owned) = owned.get(format!("f:{name}")) else {
            return true;
        };
        let desired = desired.and_then(|desired| desired.get(name));
        let leaf = owned
            .as_object()
            .is_none_or(|owned| !owned.keys().any(|key| key.starts_with("f:")));
        if leaf {
            return desired.is_some();
        }
        withdraw(member, owned, desired);
        member.as_object().is_none_or(|left| !left.is_empty())
    });
}

/// Warns that scheduled backups are created by Everest, so that a composition cannot protect them.
pub(super) fn warn_of_schedules(step: &mut Step<'_>, subject: &str, planned: &DatabaseModel) {
    let Some(spec) = planned.spec.known() else {
        return;
    };
    let engine = spec.engine.known().and_then(|engine| engine.type_.known());
    let scheduled = spec
        .backup
        .known()
        .and_then(|backup| backup.schedules.known())
        .is_some_and(|schedules| {
            schedules
                .iter()
                .any(|schedule| schedule.enabled.known() != Some(&false))
        });
    // PostgreSQL's operator leaves the bucket alone.
    if scheduled && engine != Some(&Engine::Postgresql) {
        step.report.warn(
            "scheduled-backups",
            format!(
                "{subject}: backup.schedules: Everest creates the scheduled backups, so a \
                 composition cannot protect them: when the composite resource is deleted, their \
                 data in the bucket is deleted too. To keep the data, add the finalizer \
                 everest.percona.com/dbb-storage-protection to these backups first, or use the \
                 Database managed resource, which does that. To suppress this warning, set \
                 silence: [scheduled-backups] in the input."
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_that_somebody_else_has_raised_is_not_composed_and_one_of_ours_is() {
        let observed = |owned: Value| -> DatabaseCluster {
            serde_json::from_value(json!({"metadata": {"name": "orders", "managedFields": [
                {"manager": "apiextensions.crossplane.io/composed/abc", "operation": "Apply",
                 "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:engine": owned}}}]},
                "spec": {"engine": {"type": "pxc", "storage": {"size": "20Gi"}}}}))
            .unwrap()
        };
        let left = |owned: Value| {
            let mut said = json!({"engine": {"type": "pxc", "storage": {"size": "10Gi"}}});
            let configured = DatabaseModel {
                spec: typed(&said).unwrap().into(),
                ..DatabaseModel::default()
            };
            let raised = give_way(&mut said, configured, &observed(owned));
            (said["engine"]["storage"].clone(), raised.len())
        };
        assert_eq!(left(json!({"f:type": {}})), (json!({}), 1));
        assert_eq!(
            left(json!({"f:storage": {"f:size": {}}})),
            (json!({"size": "10Gi"}), 0)
        );
    }
}
