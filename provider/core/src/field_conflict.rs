//! Values that another field manager has taken over.

pub mod removal;

use serde_json::Value;

use crate::object_path;
use crate::path::FieldPath;
use crate::semantic;
use crate::v1::convergence;

/// The field managers of everest-operator: its name, and the name of its binary, which Kubernetes
/// uses if a client gives no name. Its write-backs are never a conflict.
const OPERATORS: [&str; 2] = ["everest-operator", "manager"];

/// A value that another field manager owns and that an apply would overwrite with a different one.
#[derive(Clone, Debug, PartialEq)]
pub struct ConflictingField {
    /// The path in the model.
    pub path: FieldPath,
    /// The field manager that holds it.
    pub manager: String,
    /// The current value.
    pub theirs: Value,
    /// The value to be written.
    pub ours: Value,
    /// True if the plan showed the change: its state had the current value.
    pub shown: bool,
}

/// Returns the values of `body`, an apply by `manager`, that conflict with `live`, the object as it
/// is. `prior` is the body made from the state that the plan started from; null if there is no
/// plan.
///
/// Only the values in the body are compared. A value that the object has already, in whatever
/// spelling, is no conflict. A different value is a conflict if another manager owns it, except for
/// 1. everest-operator's write-backs, which are defaults;
/// 2. values that someone wrote once (`Update`) and that `manager` has applied since: nobody
///    changed them after that;
/// 3. values that someone wrote once into an object that `manager` has never applied: the object
///    was imported, and its former owner no longer manages it. A manager that applies (`Apply`)
///    would set its value again, so its values do conflict.
///
/// A list is one value; elements that have names are compared by name.
pub fn conflicting_fields(
    live: &Value,
    body: &Value,
    prior: &Value,
    manager: &str,
) -> Vec<ConflictingField> {
    let owners = Owners::of(live, manager);
    let mut found = Vec::new();
    for part in ["/spec", "/metadata/labels", "/metadata/annotations"] {
        if let Some(ours) = body.pointer(part) {
            let mut path = part.split('/').skip(1).map(str::to_owned).collect();
            let (live, prior) = (live.pointer(part), prior.pointer(part));
            compare(live, ours, prior, &owners, &mut path, &mut found);
        }
    }
    found
}

/// Returns true if a field manager other than everest-operator's owns the value at `path`, such as
/// `engine.config`, in the spec of `live`.
pub fn is_said(live: &Value, path: &str) -> bool {
    let path: Vec<_> = std::iter::once("spec")
        .chain(path.split('.'))
        .map(str::to_owned)
        .collect();
    owners(live)
        .iter()
        .any(|owner| !OPERATORS.contains(&owner.name) && owner.owns(&path))
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
    /// True if the manager has ever applied the object.
    claimed: bool,
}

impl<'a> Owners<'a> {
    fn of(live: &'a Value, manager: &'a str) -> Self {
        let owners = owners(live);
        Owners {
            claimed: owners.iter().any(|owner| owner.is_ours(manager)),
            owners,
            manager,
        }
    }

    /// The manager that contests the value at `path`, if there is one.
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

/// The owners of fields outside the status.
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
    prior: Option<&Value>,
    owners: &Owners<'_>,
    path: &mut Vec<String>,
    found: &mut Vec<ConflictingField>,
) {
    if let Value::Object(members) = ours {
        for (name, member) in members {
            path.push(name.clone());
            let live = live.and_then(|live| live.get(name));
            let prior = prior.and_then(|prior| prior.get(name));
            compare(live, member, prior, owners, path, found);
            path.pop();
        }
        return;
    }
    let Some(theirs) = live.filter(|theirs| !theirs.is_null() && !same(theirs, ours, path)) else {
        return;
    };
    if let Some(manager) = owners.rival(path) {
        found.push(ConflictingField {
            path: object_path::of_names(path),
            manager: manager.to_owned(),
            theirs: theirs.clone(),
            ours: ours.clone(),
            shown: prior.is_some_and(|prior| same(theirs, prior, path)),
        });
    }
}

/// Returns true if both values mean the same: they are equal, or spelled differently at a `path`
/// where spelling does not matter, or lists with the same content.
pub(crate) fn same(left: &Value, right: &Value, path: &[String]) -> bool {
    let path: Vec<_> = match path {
        [spec, path @ ..] if spec == "spec" => path.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let spelled = |left: &str, right: &str| {
        semantic::of_spec(&path).is_some_and(|kind| semantic::equal(kind, left, right))
    };
    match (left, right) {
        (Value::String(left), Value::String(right)) => left == right || spelled(left, right),
        (left, right) => left == right || convergence::is_same(left, right, &path),
    }
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
        conflicting_fields(live, &body, &Value::Null, US)
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
    fn texts_that_are_no_amounts_are_compared_as_texts() {
        let theirs = json!({"metadata": {"labels": {"v": "1.1"}, "managedFields": [
                ours(json!({})),
                {"manager": "kubectl-label", "operation": "Update", "fieldsV1":
                    {"f:metadata": {"f:labels": {"f:v": {}}}}},
                entry("ui", "Update", json!({"f:engine": {"f:version": {}}})),
            ]},
            "spec": {"engine": {"version": "16.1"}}});
        let body = json!({"metadata": {"labels": {"v": "1.10"}},
            "spec": {"engine": {"version": "16.10"}}});
        let fields: Vec<_> = conflicting_fields(&theirs, &body, &Value::Null, US)
            .into_iter()
            .map(|c| c.path.to_string())
            .collect();
        assert_eq!(fields, ["engine.version", "labels[\"v\"]"]);
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
    fn a_change_is_shown_if_the_state_had_what_is_there() {
        let owners = [ours(json!({})), entry("kubectl-edit", "Update", memory())];
        let live = live("4G", &owners);
        let body = |size: &str| json!({"spec": {"engine": {"resources": {"memory": size}}}});
        for (prior, shown) in [
            (body("4G"), true),
            (body("4000M"), true),
            (body("3G"), false),
            (body("2G"), false),
            (json!({"spec": {"engine": {}}}), false),
            (Value::Null, false),
        ] {
            let found = conflicting_fields(&live, &body("2G"), &prior, US);
            assert_eq!(found.len(), 1, "{prior}");
            assert_eq!(found[0].shown, shown, "{prior}");
        }
    }

    #[test]
    fn schedules_in_another_order_or_without_their_zeros_are_no_conflict() {
        let schedule = |name: &str, hour: u8| {
            json!({"name": name, "enabled": true, "schedule": format!("0 {hour} * * *"),
                "backupStorageName": "s3", "retentionCopies": 0})
        };
        let (a, b) = (schedule("a", 1), schedule("b", 3));
        let mut bare = a.clone();
        bare.as_object_mut().unwrap().remove("retentionCopies");
        let conflicting_fields = |theirs: Value| {
            let live = json!({
                "metadata": {"managedFields": [
                    ours(json!({})),
                    entry("everest-server", "Update", json!({"f:backup": {"f:schedules": {}}}))]},
                "spec": {"backup": {"schedules": theirs}}});
            let body = json!({"spec": {"backup": {"schedules": [a, b]}}});
            super::conflicting_fields(&live, &body, &Value::Null, US).len()
        };
        assert_eq!(conflicting_fields(json!([b, bare])), 0);
        assert_eq!(conflicting_fields(json!([schedule("b", 4), bare])), 1);
        assert_eq!(conflicting_fields(json!([b])), 1, "one is missing");
        assert_eq!(
            conflicting_fields(json!([b, a, schedule("c", 1)])),
            1,
            "one more"
        );
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
        let fields: Vec<_> = conflicting_fields(&live, &body, &Value::Null, US)
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
