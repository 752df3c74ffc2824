//! Values that another field manager has taken over.

use serde_json::Value;

use crate::path::FieldPath;
use crate::{quantity, semantic};

/// The field managers of everest-operator: its name, and that of its binary, which Kubernetes
/// takes where a client gives no name. What it writes back is never a quarrel.
const OPERATORS: [&str; 2] = ["everest-operator", "manager"];

/// A value that somebody else holds and that an apply would overwrite with another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Contested {
    /// Where it stands in the model.
    pub path: FieldPath,
    /// The field manager that holds it.
    pub manager: String,
    /// What is there.
    pub theirs: Value,
    /// What would be written.
    pub ours: Value,
}

/// What of `body`, an apply by `manager`, is contested in `live`, the object as it is.
///
/// Only what the body says is compared, by value first: a value that is there already, however
/// it is spelled, is no quarrel. One that differs is contested if another manager owns it, but
/// for
/// 1. everest-operator's write-backs, which are defaults;
/// 2. what somebody wrote once (`Update`) and `manager` has applied since: nobody changed it
///    after that;
/// 3. what somebody wrote once into an object that `manager` has never applied: it was
///    imported, and who wrote it gave it over. One who applies it would come back.
///
/// A list is one value.
pub fn contested(live: &Value, body: &Value, manager: &str) -> Vec<Contested> {
    let owners = owners(live);
    let owners = Owners {
        claimed: owners.iter().any(|owner| owner.is_ours(manager)),
        owners,
        manager,
    };
    let mut found = Vec::new();
    for part in ["/spec", "/metadata/labels", "/metadata/annotations"] {
        if let Some(ours) = body.pointer(part) {
            let mut path = part.split('/').skip(1).map(str::to_owned).collect();
            compare(live.pointer(part), ours, &owners, &mut path, &mut found);
        }
    }
    found
}

/// The path in the model of one in the object: the spec's members are the model's own, and
/// labels and annotations are maps.
fn model_path(path: &[String]) -> FieldPath {
    match path {
        [metadata, map, key] if metadata == "metadata" => FieldPath::of(map).key(key),
        _ => path
            .iter()
            .skip(1)
            .fold(FieldPath::root(), |path, name| path.field(name)),
    }
}

struct Owner<'a> {
    name: &'a str,
    applies: bool,
    fields: &'a Value,
}

impl Owner<'_> {
    fn is_ours(&self, manager: &str) -> bool {
        self.applies && self.name == manager
    }

    fn owns(&self, path: &[String]) -> bool {
        let fields = path
            .iter()
            .try_fold(self.fields, |fields, name| fields.get(format!("f:{name}")));
        fields.is_some()
    }
}

struct Owners<'a> {
    owners: Vec<Owner<'a>>,
    manager: &'a str,
    /// Whether the manager has ever applied the object.
    claimed: bool,
}

impl Owners<'_> {
    /// Who contests the value at `path`, if anybody.
    fn rival(&self, path: &[String]) -> Option<&str> {
        let mut owners = self.owners.iter().filter(|owner| owner.owns(path));
        let ours = self
            .owners
            .iter()
            .any(|owner| owner.is_ours(self.manager) && owner.owns(path));
        let given_over = ours || !self.claimed;
        owners
            .find(|owner| {
                owner.name != self.manager
                    && !OPERATORS.contains(&owner.name)
                    && (owner.applies || !given_over)
            })
            .map(|owner| owner.name)
    }
}

/// Who owns what outside the status.
fn owners(live: &Value) -> Vec<Owner<'_>> {
    let entries = live.pointer("/metadata/managedFields");
    entries
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|entry| entry["subresource"].as_str().unwrap_or_default().is_empty())
        .filter_map(|entry| {
            Some(Owner {
                name: entry["manager"].as_str()?,
                applies: entry["operation"] == "Apply",
                fields: entry.get("fieldsV1")?,
            })
        })
        .collect()
}

fn compare(
    live: Option<&Value>,
    ours: &Value,
    owners: &Owners<'_>,
    path: &mut Vec<String>,
    found: &mut Vec<Contested>,
) {
    if let Value::Object(members) = ours {
        for (name, member) in members {
            path.push(name.clone());
            let inside = live.and_then(|live| live.get(name));
            compare(inside, member, owners, path, found);
            path.pop();
        }
        return;
    }
    let Some(theirs) = live.filter(|theirs| !theirs.is_null() && !same(theirs, ours)) else {
        return;
    };
    if let Some(manager) = owners.rival(path) {
        found.push(Contested {
            path: model_path(path),
            manager: manager.to_owned(),
            theirs: theirs.clone(),
            ours: ours.clone(),
        });
    }
}

/// Equal, or another spelling of the same amount or way of exposure.
pub fn same(left: &Value, right: &Value) -> bool {
    let spelled = |left: &str, right: &str| {
        quantity::equal(left, right) || semantic::expose_type(left) == semantic::expose_type(right)
    };
    left == right
        || matches!((left.as_str(), right.as_str()), (Some(left), Some(right)) if spelled(left, right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const US: &str = "terraform-provider-everest";

    fn entry(manager: &str, operation: &str, spec: Value) -> Value {
        json!({"manager": manager, "operation": operation, "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": spec}})
    }

    fn live(size: &str, owners: &[Value]) -> Value {
        json!({"metadata": {"managedFields": owners},
            "spec": {"engine": {"resources": {"memory": size}, "config": "theirs"}}})
    }

    fn memory() -> Value {
        json!({"f:engine": {"f:resources": {"f:memory": {}}}})
    }

    fn of(live: &Value, ours: &str) -> Vec<String> {
        let body = json!({"spec": {"engine": {"resources": {"memory": ours}}}});
        contested(live, &body, US)
            .iter()
            .map(|c| format!("{} {} {} {}", c.path, c.manager, c.theirs, c.ours))
            .collect()
    }

    fn ours(spec: Value) -> Value {
        entry(US, "Apply", spec)
    }

    #[test]
    fn a_value_that_another_took_over_is_named_with_its_manager_and_both_values() {
        let live = live(
            "4G",
            &[
                ours(json!({"f:engine": {"f:type": {}}})),
                entry("kubectl-edit", "Update", memory()),
            ],
        );
        assert_eq!(
            of(&live, "2G"),
            ["engine.resources.memory kubectl-edit \"4G\" \"2G\""]
        );
    }

    #[test]
    fn values_come_before_owners() {
        let owners = [ours(json!({})), entry("argocd", "Apply", memory())];
        assert_eq!(of(&live("1Gi", &owners), "1024Mi"), [""; 0]);
        assert_eq!(of(&live("2Gi", &owners), "1024Mi").len(), 1);
    }

    #[test]
    fn what_the_operator_wrote_back_is_nobodys() {
        for operator in OPERATORS {
            let live = live(
                "4G",
                &[ours(json!({})), entry(operator, "Update", memory())],
            );
            assert_eq!(of(&live, "2G"), [""; 0]);
        }
    }

    #[test]
    fn what_nobody_owns_is_free() {
        assert_eq!(of(&live("4G", &[]), "2G"), [""; 0]);
    }

    #[test]
    fn what_we_have_applied_since_is_ours_to_change_unless_another_applies_it_too() {
        let edited = entry("kubectl-edit", "Update", memory());
        assert_eq!(of(&live("4G", &[ours(memory()), edited]), "2G"), [""; 0]);
        let applied = entry("argocd", "Apply", memory());
        assert_eq!(of(&live("4G", &[ours(memory()), applied]), "2G").len(), 1);
    }

    #[test]
    fn an_imported_object_is_given_over_unless_another_applies_it() {
        let made = entry("kubectl-client-side-apply", "Update", memory());
        assert_eq!(of(&live("4G", &[made]), "2G"), [""; 0]);
        let applied = entry("kubectl", "Apply", memory());
        assert_eq!(of(&live("4G", &[applied]), "2G").len(), 1);
    }

    #[test]
    fn a_status_is_not_the_spec_and_our_own_updates_are_ours() {
        let mut status = entry("other", "Update", memory());
        status["subresource"] = json!("status");
        let live = live(
            "4G",
            &[ours(json!({})), status, entry(US, "Update", memory())],
        );
        assert_eq!(of(&live, "2G"), [""; 0]);
    }

    #[test]
    fn labels_and_whole_lists_are_compared() {
        let live = json!({
            "metadata": {"labels": {"team": "a", "free": "x"}, "managedFields": [
                ours(json!({})),
                {"manager": "kubectl-label", "operation": "Update", "fieldsV1":
                    {"f:metadata": {"f:labels": {"f:team": {}}}}},
                entry("ui", "Update", json!({"f:backup": {"f:schedules": {}}})),
            ]},
            "spec": {"backup": {"schedules": [{"name": "nightly"}]}}});
        let body = json!({"metadata": {"labels": {"team": "b", "free": "y"}},
            "spec": {"backup": {"schedules": [{"name": "weekly"}]}}});
        let fields: Vec<_> = contested(&live, &body, US)
            .into_iter()
            .map(|c| (c.path.to_string(), c.manager))
            .collect();
        assert_eq!(
            fields,
            [
                ("backup.schedules".to_owned(), "ui".to_owned()),
                ("labels[\"team\"]".to_owned(), "kubectl-label".to_owned())
            ]
        );
    }
}
