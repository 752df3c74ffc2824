//! The lifecycles of the allowed versions of an engine: Everest makes the DatabaseEngine, and only
//! its list is ours.

use everest_schemas::everest::DatabaseEngine;
use everest_schemas::models::EngineVersionPolicyModel;
use serde_json::{Value, json};

use super::{
    Action, Agreed, Apply, HandOver, Lifecycle, Merge, ObjectRef, Observed, Query, Stopwatches,
};
use crate::Operation;
use crate::api::{ALLOWED_BEFORE, API_VERSION};
use crate::path::FieldPath;
use crate::v1::ObjectMapping;
use crate::v1::engine_version_policy::{allowed, is_applied_by, versions_before};

/// Sets the allowed versions of an engine.
///
/// 1. The DatabaseEngine is waited for: Everest makes it with the operator.
/// 2. A new policy does not take over a list that another one has set, unless it is the same list.
/// 3. The list is applied, with the list from before in an annotation. The one of the first apply
///    stays there.
#[derive(Clone, Debug)]
pub struct ApplyVersionPolicy {
    object: ObjectRef,
    body: Value,
    versions: Vec<String>,
    agreed: Agreed,
    is_new: bool,
    is_applied: bool,
}

impl ApplyVersionPolicy {
    /// Applies the list of a model, and overwrites what was `agreed`.
    pub fn of(model: &EngineVersionPolicyModel, agreed: Agreed) -> Self {
        let versions = model.allowed_versions.known().into_iter().flatten();
        Self {
            object: ObjectRef::of_model(model),
            body: model.desired(Operation::Update),
            versions: versions
                .filter_map(|version| version.known().cloned())
                .collect(),
            agreed,
            is_new: false,
            is_applied: false,
        }
    }

    /// The same for a policy that is created: no other one is taken over.
    #[must_use]
    pub fn created(mut self) -> Self {
        self.is_new = true;
        self
    }

    /// The reason why a new policy is refused for an engine, if it is.
    pub fn refusal(&self, engine: &DatabaseEngine) -> Option<String> {
        let is_managed = versions_before(&engine.metadata).is_some();
        let is_other = is_managed && allowed(engine) != self.versions;
        (self.is_new && is_other).then(|| {
            format!(
                "another policy has set its allowed versions to {}. Import that policy, or remove \
                 it first",
                allowed(engine).join(", ")
            )
        })
    }

    /// The body for an engine as it is, which it is accepted for alone.
    fn body_for(&self, engine: &DatabaseEngine) -> Value {
        let noted = engine.metadata.annotations.as_ref();
        let noted = noted.and_then(|annotations| annotations.get(ALLOWED_BEFORE).cloned());
        let before = noted.unwrap_or_else(|| json!(allowed(engine)).to_string());
        let mut body = at_version(self.body.clone(), engine);
        body["metadata"]["annotations"] = json!({ALLOWED_BEFORE: before});
        body
    }
}

impl Lifecycle for ApplyVersionPolicy {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "did not get the allowed versions"
    }

    fn wrote(&mut self, object: &ObjectRef, _: Option<i64>) {
        self.is_applied |= *object == self.object;
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        // Asked for after the apply as well: the outcome is the engine as it is then.
        let found = observed.object::<DatabaseEngine>(namespace, name)?;
        if self.is_applied {
            return Ok(Action::Done(()));
        }
        let Some(engine) = found else {
            return Ok(Action::Await(
                format!("{}, which Everest makes with the operator", self.object).into(),
            ));
        };
        if let Some(refusal) = self.refusal(engine) {
            return Ok(Action::Refuse {
                message: refusal.into(),
                attribute: Some(FieldPath::of("allowedVersions")),
            });
        }
        let body = self.body_for(engine);
        Ok(Action::Apply(Box::new(Apply {
            object: self.object.clone(),
            hand_over: Some(HandOver {
                planned: body.clone(),
                prior: body.clone(),
            }),
            body: body.into(),
            agreed: self.agreed.clone(),
        })))
    }
}

/// Takes the allowed versions of a policy back.
///
/// 1. Where no policy has changed the list, or the DatabaseEngine is gone, nothing is left to do.
/// 2. A list from before is written again, unless somebody else has changed the list since.
/// 3. Otherwise only our fields are let go of: without a list from before every version is allowed
///    again, and a list of somebody else's stays.
#[derive(Clone, Debug)]
pub struct RemoveVersionPolicy {
    object: ObjectRef,
    manager: String,
}

impl RemoveVersionPolicy {
    /// Removes the policy of a model that the field manager `manager` has applied.
    pub fn of(model: &EngineVersionPolicyModel, manager: &str) -> Self {
        Self {
            object: ObjectRef::of_model(model),
            manager: manager.to_owned(),
        }
    }
}

impl Lifecycle for RemoveVersionPolicy {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "did not get its former allowed versions"
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let found = observed.object::<DatabaseEngine>(namespace, name)?;
        let Some(engine) = found.filter(|found| found.metadata.deletion_timestamp.is_none()) else {
            return Ok(Action::Done(()));
        };
        let Some(before) = versions_before(&engine.metadata) else {
            return Ok(Action::Done(()));
        };
        let object = self.object.clone();
        if is_applied_by(engine, &self.manager) && !before.is_empty() {
            let body = json!({
                "metadata": {
                    "resourceVersion": engine.metadata.resource_version,
                    "annotations": {ALLOWED_BEFORE: null},
                },
                "spec": {"allowedVersions": before},
            });
            let body = body.into();
            return Ok(Action::Merge(vec![Merge { object, body }]));
        }
        if is_noted_by(engine, &self.manager) {
            let nothing = json!({"apiVersion": API_VERSION, "kind": "DatabaseEngine",
                "metadata": {"name": name, "namespace": namespace}});
            let body = at_version(nothing, engine);
            return Ok(Action::apply(object, body, Agreed::Everything));
        }
        // Another one has taken the annotation over, and takes the list back.
        Ok(Action::Done(()))
    }
}

/// Returns true if `manager` has applied the annotation with the list from before.
fn is_noted_by(engine: &DatabaseEngine, manager: &str) -> bool {
    let owned = crate::v1::managed_fields::owned_keys(&engine.metadata, manager);
    owned.annotations.contains(ALLOWED_BEFORE)
}

/// A body with the UID and the version of the engine that it was made from.
fn at_version(mut body: Value, engine: &DatabaseEngine) -> Value {
    let metadata = &engine.metadata;
    if let Some(uid) = &metadata.uid {
        body["metadata"]["uid"] = json!(uid);
    }
    if let Some(version) = &metadata.resource_version {
        body["metadata"]["resourceVersion"] = json!(version);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::ObjectKind;
    use crate::lifecycle::world::World;
    use everest_schemas::Engine;

    const NAME: &str = Engine::Pxc.operator();

    fn policy() -> EngineVersionPolicyModel {
        serde_json::from_value(json!({"namespace": "prod", "engine": "pxc",
            "allowedVersions": ["8.0.42-33.1"]}))
        .unwrap()
    }

    /// A world with an engine that has this list, and the note of what was before it.
    fn world(allowed: &Value, noted: Option<&str>) -> World {
        let annotations = noted.map(|noted| json!({ALLOWED_BEFORE: noted}));
        let fields = json!({"f:spec": {"f:allowedVersions": {}},
            "f:metadata": {"f:annotations": {format!("f:{ALLOWED_BEFORE}"): {}}}});
        let managed = json!([{"manager": "us", "operation": "Apply",
            "fieldsType": "FieldsV1", "fieldsV1": fields}]);
        let engine = json!({"metadata": {"name": NAME, "namespace": "prod", "uid": "u",
                "resourceVersion": "7", "annotations": annotations, "managedFields": managed},
            "spec": {"type": "pxc", "allowedVersions": allowed}});
        World::default().with(ObjectKind::DatabaseEngine, NAME, engine)
    }

    fn applied(action: Action) -> Value {
        match action {
            Action::Apply(apply) => apply.body.expose().clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_engine_that_is_not_there_yet_is_waited_for() {
        let mut world = World::default();
        let next = world.next(&mut ApplyVersionPolicy::of(&policy(), Agreed::Nothing).created());
        assert!(matches!(next, Action::Await(_)), "{next:?}");
    }

    #[test]
    fn the_list_from_before_the_first_apply_is_noted_and_stays() {
        let create = || ApplyVersionPolicy::of(&policy(), Agreed::Nothing).created();
        for (list, noted, expected) in [
            (json!(null), None, "[]"),
            (json!(["8.0.36-28.1"]), None, "[\"8.0.36-28.1\"]"),
            (json!(["8.0.42-33.1"]), Some("[\"1\"]"), "[\"1\"]"),
        ] {
            let body = applied(world(&list, noted).next(&mut create()));
            assert_eq!(body["metadata"]["annotations"][ALLOWED_BEFORE], expected);
            assert_eq!(body["metadata"]["resourceVersion"], "7");
            assert_eq!(body["metadata"]["uid"], "u");
            assert_eq!(
                body["spec"],
                json!({"allowedVersions": ["8.0.42-33.1"]}),
                "{list}"
            );
        }
        let mut again = create();
        again.wrote(&again.subject(), None);
        let done = world(&json!(["8.0.42-33.1"]), Some("[]")).next(&mut again);
        assert!(matches!(done, Action::Done(())), "{done:?}");
    }

    #[test]
    fn a_new_policy_takes_no_other_one_over_and_a_change_goes_on_with_its_own() {
        let mut world = world(&json!(["8.0.36-28.1"]), Some("[]"));
        let mut created = ApplyVersionPolicy::of(&policy(), Agreed::Everything).created();
        match world.next(&mut created) {
            Action::Refuse { message, .. } => {
                let told = message.render(crate::dialect::Dialect::Terraform);
                assert!(told.contains("8.0.36-28.1"), "{told}");
            }
            other => panic!("{other:?}"),
        }
        let mut changed = ApplyVersionPolicy::of(&policy(), Agreed::Everything);
        applied(world.next(&mut changed));
    }

    #[test]
    fn a_removal_restores_the_list_from_before() {
        let removal = |manager: &str| RemoveVersionPolicy::of(&policy(), manager);
        let ours = json!(["8.0.42-33.1"]);
        match world(&ours, Some("[\"8.0.36-28.1\"]")).next(&mut removal("us")) {
            Action::Merge(changes) => {
                let body = &changes[0].body;
                assert_eq!(
                    body.expose()["spec"],
                    json!({"allowedVersions": ["8.0.36-28.1"]})
                );
                assert!(body.expose()["metadata"]["annotations"][ALLOWED_BEFORE].is_null());
                assert_eq!(body.expose()["metadata"]["resourceVersion"], "7");
            }
            other => panic!("{other:?}"),
        }
        let body = applied(world(&ours, Some("[]")).next(&mut removal("us")));
        assert_eq!(body.get("spec"), None, "our field is let go of");
        for (mut world, manager) in [
            (world(&ours, None), "us"),
            (world(&ours, Some("[]")), "others"),
            (World::default(), "us"),
        ] {
            let done = world.next(&mut removal(manager));
            assert!(matches!(done, Action::Done(())), "{done:?}");
        }
    }
}
