//! Restarting a database on request.
//!
//! everest-operator restarts a database that has the annotation [`RESTART`]: it sets `paused`,
//! waits until the database has stopped, unsets `paused` and removes the annotation. The annotation
//! is written once and not tracked. [`RESTARTED_FOR`] keeps the trigger, so that a restart is not
//! repeated after an apply that was killed before its state was saved.

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::DatabaseModel;
use everest_schemas::{Field, StringMap};
use serde_json::{Value, json};

pub use crate::api::{RESTART, RESTARTED_FOR};

/// Returns true if a change of an existing database asks for a restart. A trigger that is not known
/// yet counts; a database that the same change starts needs no restart.
pub fn is_asked(prior: &DatabaseModel, planned: &DatabaseModel) -> bool {
    let changed = match &planned.restart_trigger {
        Field::Null => false,
        Field::Unknown => true,
        Field::Known(trigger) => prior.restart_trigger.known() != Some(trigger),
    };
    changed && !(is_paused(prior) == Some(true) && is_paused(planned) == Some(false))
}

/// The value of `paused` in a model.
pub fn is_paused(model: &DatabaseModel) -> Option<bool> {
    model.spec.known()?.paused.known().copied()
}

/// Returns true while Everest restarts the database, so that its `paused` means nothing.
pub fn is_running(database: &DatabaseCluster) -> bool {
    annotation(database, RESTART).is_some()
}

/// The write for a restart, in addition to the change itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing to do: no restart is requested, or it was already started.
    Nothing,
    /// The body of a merge patch that begins a restart.
    Begin(Value),
    /// The body of a merge patch that removes the last trigger, so that the same trigger restarts
    /// again later.
    Forget(Value),
}

/// The step of a change from `prior` to `planned` of `live`.
pub fn step(prior: &DatabaseModel, planned: &DatabaseModel, live: &DatabaseCluster) -> Step {
    let remembered = annotation(live, RESTARTED_FOR);
    match planned.restart_trigger.known() {
        Some(trigger) if is_asked(prior, planned) && remembered != Some(trigger) => Step::Begin(
            annotations(json!({RESTART: "true", RESTARTED_FOR: trigger})),
        ),
        None if planned.restart_trigger.is_null() && remembered.is_some() => {
            Step::Forget(annotations(json!({ RESTARTED_FOR: null })))
        }
        _ => Step::Nothing,
    }
}

/// The trigger of the last restart of a database.
pub fn restarted_for(database: &DatabaseCluster) -> Option<&str> {
    annotation(database, RESTARTED_FOR).map(String::as_str)
}

/// The body of a merge patch that records the trigger without a restart, because a database that
/// was just created or is being started needs none. For front ends without a state. `None` if the
/// trigger is recorded already, or there is none.
pub fn note(model: &DatabaseModel, live: &DatabaseCluster) -> Option<Value> {
    let trigger = model.restart_trigger.known_str()?;
    (restarted_for(live) != Some(trigger)).then(|| annotations(json!({ RESTARTED_FOR: trigger })))
}

/// Keeps `paused` in the body of an apply as Everest has set it during a restart.
///
/// The body then names the object's resource version: if Everest changes the object meanwhile, the
/// apply ends in a conflict instead of disturbing the restart.
pub fn leave_paused(body: &mut Value, current: &DatabaseCluster) {
    if !is_running(current) || body["spec"].get("paused").is_none() {
        return;
    }
    body["spec"]["paused"] = json!(current.spec.paused.known() == Some(&true));
    if let Some(version) = &current.metadata.resource_version {
        body["metadata"]["resourceVersion"] = json!(version);
    }
}

/// Removes the annotations of restarts from a model.
pub fn untrack(annotations: &mut StringMap) {
    if let Some(known) = annotations.known_mut() {
        known.remove(RESTART);
        known.remove(RESTARTED_FOR);
        if known.is_empty() {
            *annotations = Field::Null;
        }
    }
}

fn annotations(keys: Value) -> Value {
    json!({"metadata": {"annotations": keys}})
}

fn annotation<'a>(database: &'a DatabaseCluster, key: &str) -> Option<&'a String> {
    database.metadata.annotations.as_ref()?.get(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(trigger: Field<String>, paused: bool) -> DatabaseModel {
        let mut model: DatabaseModel =
            serde_json::from_value(json!({"namespace": "prod", "name": "orders",
                "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}, "paused": paused}}))
            .unwrap();
        model.restart_trigger = trigger;
        model
    }

    fn live(annotations: Value) -> DatabaseCluster {
        serde_json::from_value(json!({
            "apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
            "metadata": {"name": "orders", "resourceVersion": "7", "annotations": annotations},
            "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}, "paused": true}}))
        .unwrap()
    }

    #[test]
    fn another_value_restarts_and_so_does_the_first_one() {
        let asked = |before: Field<String>, now: Field<String>| {
            is_asked(&model(before, false), &model(now, false))
        };
        assert!(asked("a".into(), "b".into()));
        assert!(asked(Field::Null, "a".into()));
        assert!(asked("a".into(), Field::Unknown));
        assert!(!asked("a".into(), "a".into()));
        assert!(!asked("a".into(), Field::Null));
        assert!(!asked(Field::Null, Field::Null));
    }

    #[test]
    fn a_database_that_is_started_is_not_restarted_too() {
        let prior = model("a".into(), true);
        assert!(!is_asked(&prior, &model("b".into(), false)));
        assert!(is_asked(&prior, &model("b".into(), true)));
    }

    #[test]
    fn a_restart_is_begun_once_for_each_trigger() {
        let (prior, planned) = (model("a".into(), false), model("b".into(), false));
        let begun = Step::Begin(json!({"metadata": {"annotations":
            {RESTART: "true", RESTARTED_FOR: "b"}}}));
        assert_eq!(step(&prior, &planned, &live(json!({}))), begun);
        let before = live(json!({RESTARTED_FOR: "a"}));
        assert_eq!(step(&prior, &planned, &before), begun);
        // A killed apply has written it, and its state never was.
        let killed = live(json!({RESTARTED_FOR: "b"}));
        assert_eq!(step(&prior, &planned, &killed), Step::Nothing);
        assert_eq!(step(&planned, &planned, &live(json!({}))), Step::Nothing);
    }

    #[test]
    fn a_trigger_that_was_removed_restarts_when_it_comes_again() {
        let (with, without) = (model("a".into(), false), model(Field::Null, false));
        let restarted = live(json!({RESTARTED_FOR: "a"}));
        assert_eq!(
            step(&with, &without, &restarted),
            Step::Forget(json!({"metadata": {"annotations": {RESTARTED_FOR: null}}}))
        );
        assert_eq!(step(&with, &without, &live(json!({}))), Step::Nothing);
        assert!(matches!(
            step(&without, &with, &live(json!({}))),
            Step::Begin(_)
        ));
    }

    #[test]
    fn a_trigger_is_noted_once_and_without_a_restart() {
        let noted = json!({"metadata": {"annotations": {RESTARTED_FOR: "a"}}});
        let wanted = model("a".into(), false);
        assert_eq!(note(&wanted, &live(json!({}))), Some(noted));
        assert_eq!(note(&wanted, &live(json!({RESTARTED_FOR: "a"}))), None);
        assert_eq!(note(&model(Field::Null, false), &live(json!({}))), None);
    }

    #[test]
    fn paused_is_everests_while_it_restarts() {
        let body = || json!({"metadata": {}, "spec": {"paused": false}});
        let mut during = body();
        leave_paused(&mut during, &live(json!({RESTART: "true"})));
        assert_eq!(
            during,
            json!({"metadata": {"resourceVersion": "7"}, "spec": {"paused": true}})
        );
        let mut after = body();
        leave_paused(&mut after, &live(json!({})));
        assert_eq!(after, body());
    }

    #[test]
    fn what_a_restart_writes_is_not_tracked() {
        let keys = |keys: &[&str]| -> StringMap {
            let pairs = keys.iter().map(|key| ((*key).to_owned(), "x".into()));
            Field::Known(pairs.collect())
        };
        let mut all = keys(&[RESTART, RESTARTED_FOR, "mine"]);
        untrack(&mut all);
        assert_eq!(all, keys(&["mine"]));
        let mut only = keys(&[RESTART]);
        untrack(&mut only);
        assert!(only.is_null());
    }
}
