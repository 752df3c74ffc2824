//! The rule for attributes that cannot be changed in place, as the schemas of the models have them.
//!
//! Terraform replaces the object instead. The other front ends cannot, so they refuse the change,
//! and the take-over of an object that differs.

use std::collections::BTreeSet;

use everest_schemas::Tree;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::findings::Findings;
use super::table::general::IMMUTABLE;
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::schema::{self, Place};
use crate::semantic;
use crate::text::Text;
use crate::v1::convergence;

/// A finding, with both values, for each attribute that differs and cannot be changed.
pub(super) fn check<M: Serialize + JsonSchema + 'static>(planned: &M, prior: &M) -> Vec<Finding> {
    let mut findings = Findings::default();
    let (Ok(planned), Ok(prior)) = (Tree::of(planned), Tree::of(prior)) else {
        return Vec::new();
    };
    for place in replaced::<M>(&planned, &prior) {
        let value = |tree| schema::value_at::<M>(tree, &place.path);
        let mut leaves = Vec::new();
        leaves_of::<M>(value(&prior), value(&planned), &place.path, &mut leaves);
        for (path, held, wanted) in leaves {
            let summary = Text::from(&path).and(format!(
                " cannot be changed: {} in the cluster, {} here",
                shown(held),
                shown(wanted)
            ));
            findings.error(&IMMUTABLE, path, summary);
        }
    }
    findings.into_findings()
}

/// Returns true if a change replaces the object.
pub(super) fn replaces<M: Serialize + JsonSchema + 'static>(planned: &M, prior: &M) -> bool {
    match (Tree::of(planned), Tree::of(prior)) {
        (Ok(planned), Ok(prior)) => !replaced::<M>(&planned, &prior).is_empty(),
        _ => false,
    }
}

/// The attributes whose change replaces the object. If the server has chosen a value that is not
/// known, setting one is refused by another rule. Attributes that only the front end has are not
/// the object's.
fn replaced<M: JsonSchema + 'static>(planned: &Tree, prior: &Tree) -> Vec<&'static Place> {
    schema::places::<M>()
        .iter()
        .filter(|place| place.says("x-force-new") && !place.says("x-local"))
        .filter(|place| {
            let value = |tree| schema::value_at::<M>(tree, &place.path);
            let (now, before) = (value(planned), value(prior));
            let is_chosen = place.says("x-computed") && !place.says("x-unfilled");
            let is_known = *now != Tree::Unknown && *before != Tree::Unknown;
            let mut leaves = Vec::new();
            leaves_of::<M>(before, now, &place.path, &mut leaves);
            is_known && !leaves.is_empty() && !(is_chosen && is_missing(before))
        })
        .collect()
}

fn is_missing(value: &Tree) -> bool {
    *value == Tree::Null || value.text() == Some("")
}

/// A value that differs: its path, the value before, and the value now.
type Leaf<'a> = (FieldPath, &'a Tree, &'a Tree);

/// Finds the values that differ, within objects.
fn leaves_of<'a, M: JsonSchema + 'static>(
    held: &'a Tree,
    wanted: &'a Tree,
    path: &FieldPath,
    found: &mut Vec<Leaf<'a>>,
) {
    const NONE: &Tree = &Tree::Null;
    let members = |tree: &'a Tree| match tree {
        Tree::Map(members) => Some(members),
        _ => None,
    };
    let (held_members, wanted_members) = (members(held), members(wanted));
    if held_members.is_none() && wanted_members.is_none() {
        if !is_same::<M>(held, wanted, path) {
            found.push((path.clone(), held, wanted));
        }
        return;
    }
    let both = [held_members, wanted_members];
    let names: BTreeSet<&String> = both.iter().flatten().flat_map(|all| all.keys()).collect();
    for name in names {
        let [held, wanted] = both.map(|all| all.and_then(|all| all.get(name)).unwrap_or(NONE));
        leaves_of::<M>(held, wanted, &path.field(name), found);
    }
}

fn is_same<M: JsonSchema + 'static>(held: &Tree, wanted: &Tree, path: &FieldPath) -> bool {
    if let (Some(held), Some(wanted)) = (held.text(), wanted.text())
        && let Some(kind) = schema::semantic::<M>(&schema::names(path))
    {
        return semantic::equal(kind, wanted, held);
    }
    held == wanted || (is_missing(held) && is_missing(wanted))
}

/// A value in a few words.
fn shown(value: &Tree) -> String {
    let value: Value = value.clone().into_model().unwrap_or_default();
    convergence::shown(&value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::rules::Validate;
    use everest_schemas::managed::ManagedModel;
    use everest_schemas::models::{BackupModel, DatabaseModel, RestoreModel};
    use serde_json::json;

    fn told<M: ManagedModel + Validate>(planned: Value, prior: Value) -> Vec<String> {
        let model = |mut value: Value| -> M {
            let members = value.as_object_mut().unwrap();
            for name in M::SHAPE.required.iter().chain(&["namespace", "name"]) {
                members.entry(*name).or_insert(Value::Null);
            }
            serde_json::from_value(value).unwrap()
        };
        let findings = model(planned).check_immutable(&model(prior));
        let told = findings
            .iter()
            .map(|one| one.summary.render(Dialect::ManagedResource));
        let mut told: Vec<_> = told.collect();
        told.sort();
        told
    }

    #[test]
    fn every_member_that_differs_is_named_with_both_values() {
        assert_eq!(
            told::<BackupModel>(
                json!({"databaseName": "orders", "backupStorageName": "s3"}),
                json!({"databaseName": "billing", "backupStorageName": "minio"}),
            ),
            [
                "spec.forProvider.backupStorageName cannot be changed: minio in the cluster, s3 here",
                "spec.forProvider.databaseName cannot be changed: billing in the cluster, orders here",
            ]
        );
        assert_eq!(
            told::<RestoreModel>(
                json!({"backupName": "nightly", "pitr": {"date": "2026-01-01T00:00:00Z"}}),
                json!({"backupSource": {"path": "a/b", "backupStorageName": "s3"}}),
            ),
            [
                "spec.forProvider.backupName cannot be changed: nothing in the cluster, nightly here",
                "spec.forProvider.backupSource.backupStorageName cannot be changed: s3 in the \
                 cluster, nothing here",
                "spec.forProvider.backupSource.path cannot be changed: a/b in the cluster, nothing \
                 here",
                "spec.forProvider.pitr.date cannot be changed: nothing in the cluster, \
                 2026-01-01T00:00:00Z here",
            ]
        );
    }

    #[test]
    fn values_that_mean_the_same_are_no_change() {
        let same = [
            (json!({"backupName": ""}), json!({})),
            (
                json!({"pitr": {"date": "2026-01-01T02:00:00+02:00"}}),
                json!({"pitr": {"date": "2026-01-01T00:00:00Z"}}),
            ),
            (
                json!({"triggers": {"drill": "2"}}),
                json!({"triggers": {"drill": "1"}}),
            ),
        ];
        for (planned, prior) in same {
            assert_eq!(told::<RestoreModel>(planned, prior), [""; 0]);
        }
    }

    #[test]
    fn a_value_that_is_not_known_yet_is_no_change() {
        let at = |name: everest_schemas::Field<String>| DatabaseModel {
            name,
            ..DatabaseModel::default()
        };
        let unknown = at(everest_schemas::Field::Unknown);
        assert_eq!(check(&unknown, &at("orders".into())), []);
        assert!(replaces(&at("billing".into()), &at("orders".into())));
    }
}
