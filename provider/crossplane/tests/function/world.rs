//! A stand-in for Crossplane around the function: it observes, looks up what
//! is required until nothing new is asked for, and applies what is desired.

use std::collections::BTreeMap;

use everest_crossplane::function::respond;
use function_sdk_rust::proto::v1::resource_selector::Match;
use function_sdk_rust::proto::v1::{
    Ready, RequestMeta, Resource, ResourceSelector, Resources, RunFunctionRequest,
    RunFunctionResponse, Severity, State,
};
use function_sdk_rust::resource::{json_to_struct, struct_to_json};
use serde_json::{Value, json};

use crate::rights::may_look_up;

/// What identifies an object: kind, namespace and name.
pub type Key = (String, String, String);

/// A cluster with one composite resource.
pub struct World {
    /// The composite resource.
    pub composite: Value,
    /// The step's input.
    pub input: Value,
    /// What an earlier step desires, by composed resource.
    pub earlier: BTreeMap<String, Value>,
    /// What an earlier step put into the context.
    pub context: Value,
    /// All objects.
    pub objects: BTreeMap<Key, Value>,
    /// The composed resources that exist.
    pub composed: BTreeMap<String, Key>,
    versions: u64,
}

/// The key of an object.
pub fn key(object: &Value) -> Key {
    let text = |pointer: &str| {
        let text = object.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    (
        text("/kind"),
        text("/metadata/namespace"),
        text("/metadata/name"),
    )
}

fn proto(object: &Value) -> Resource {
    Resource {
        resource: object.as_object().map(json_to_struct),
        ..Resource::default()
    }
}

impl World {
    /// A cluster with a composite resource and nothing else.
    pub fn new(composite: Value, input: Value) -> Self {
        let mut composite = composite;
        composite["metadata"]["uid"] = json!("00000000-0000-0000-0000-000000000001");
        Self {
            composite,
            input,
            earlier: BTreeMap::new(),
            context: json!({}),
            objects: BTreeMap::new(),
            composed: BTreeMap::new(),
            versions: 100,
        }
    }

    /// Puts an object into the cluster.
    pub fn add(&mut self, object: Value) -> &mut Self {
        self.objects.insert(key(&object), object);
        self
    }

    /// A composed resource as the cluster has it.
    pub fn object(&mut self, resource: &str) -> &mut Value {
        let key = self.composed.get(resource).expect("it is composed");
        self.objects.get_mut(key).expect("it exists")
    }

    /// The name of a composed object.
    pub fn name(&mut self, resource: &str) -> String {
        let name = self.object(resource)["metadata"]["name"].as_str();
        name.expect("it has a name").to_owned()
    }

    /// The first call of a reconciliation.
    pub fn request(&self) -> RunFunctionRequest {
        let observed = self
            .composed
            .iter()
            .filter_map(|(resource, key)| Some((resource.clone(), proto(self.objects.get(key)?))));
        let desired = self
            .earlier
            .iter()
            .map(|(resource, object)| (resource.clone(), proto(object)));
        RunFunctionRequest {
            meta: Some(RequestMeta {
                tag: "t".to_owned(),
                ..RequestMeta::default()
            }),
            observed: Some(State {
                composite: Some(proto(&self.composite)),
                resources: observed.collect(),
            }),
            desired: Some(State {
                composite: None,
                resources: desired.collect(),
            }),
            input: self.input.as_object().map(json_to_struct),
            context: self.context.as_object().map(json_to_struct),
            ..RunFunctionRequest::default()
        }
    }

    /// What the function answers once everything it asks for is looked up. A
    /// second lookup would mean that it asks depending on answers.
    pub fn respond(&self) -> RunFunctionResponse {
        let mut request = self.request();
        let first = respond(&request);
        let Some(requirements) = first.requirements.clone() else {
            return first;
        };
        if first
            .results
            .iter()
            .any(|result| result.severity() == Severity::Fatal)
        {
            return first;
        }
        for (name, selector) in &requirements.resources {
            may_look_up(selector);
            let found = self.look_up(selector);
            request.required_resources.insert(name.clone(), found);
        }
        let second = respond(&request);
        if Answer(second.clone()).fatal().is_none() {
            assert_eq!(
                second.requirements,
                Some(requirements),
                "what is asked for does not depend on answers"
            );
        }
        assert_eq!(
            second,
            respond(&request),
            "the same request, the same response"
        );
        second
    }

    fn look_up(&self, selector: &ResourceSelector) -> Resources {
        let namespace = selector.namespace.clone().unwrap_or_default();
        let items = self.objects.values().filter(|object| {
            let key = key(object);
            object["apiVersion"] == selector.api_version.as_str()
                && key.0 == selector.kind
                && key.1 == namespace
                && match &selector.r#match {
                    Some(Match::MatchName(name)) => key.2 == *name,
                    Some(Match::MatchLabels(labels)) => labels.labels.is_empty(),
                    None => panic!("Crossplane 2.1 cannot look up without a match"),
                }
        });
        Resources {
            items: items.map(proto).collect(),
        }
    }

    /// Answers, and applies the answer as Crossplane would.
    pub fn reconcile(&mut self) -> Answer {
        let answer = Answer(self.respond());
        if answer.fatal().is_none() {
            self.apply(&answer);
        }
        answer
    }

    fn apply(&mut self, answer: &Answer) {
        let desired = answer.desired();
        for (resource, key) in self.composed.clone() {
            if !desired.contains_key(&resource) {
                self.objects.remove(&key);
                self.composed.remove(&resource);
            }
        }
        for (resource, object) in desired {
            let key = key(&object);
            let live = self.objects.entry(key.clone()).or_insert_with(
                || json!({"metadata": {"uid": format!("uid-of-{}", key.2), "generation": 0}}),
            );
            let before = live["spec"].clone();
            if let Some(version) = object.pointer("/metadata/resourceVersion") {
                assert_eq!(live.pointer("/metadata/resourceVersion"), Some(version));
            }
            merge(live, &object);
            withdraw(live, &object);
            live["metadata"]["ownerReferences"] = json!([{
                "controller": true, "uid": self.composite["metadata"]["uid"],
            }]);
            if live["spec"] != before {
                let generation = live["metadata"]["generation"].as_i64().unwrap_or_default();
                live["metadata"]["generation"] = json!(generation + 1);
                self.versions += 1;
                live["metadata"]["resourceVersion"] = json!(self.versions.to_string());
            }
            self.composed.insert(resource, key);
        }
        if let Some(status) = answer.status() {
            merge(&mut self.composite["status"], &status);
        }
    }
}

/// Server-side apply, as far as these tests need it: what was applied before
/// and is no longer, goes.
fn withdraw(live: &mut Value, desired: &Value) {
    let applied = live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"].clone();
    drop_owned(&mut live["spec"], &applied, Some(&desired["spec"]));
    live["metadata"]["managedFields"] = json!([{
        "manager": "apiextensions.crossplane.io/composed/0123456789abcdef",
        "operation": "Apply",
        "apiVersion": desired["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": fields(&desired["spec"])},
    }]);
}

fn fields(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (format!("f:{name}"), fields(member)))
            .collect(),
        _ => json!({}),
    }
}

fn drop_owned(live: &mut Value, applied: &Value, desired: Option<&Value>) {
    let (Some(live), Some(applied)) = (live.as_object_mut(), applied.as_object()) else {
        return;
    };
    for (name, below) in applied {
        let name = name.trim_start_matches("f:");
        let desired = desired.and_then(|desired| desired.get(name));
        if desired.is_none() && below.as_object().is_some_and(serde_json::Map::is_empty) {
            live.remove(name);
        } else if let Some(live) = live.get_mut(name) {
            drop_owned(live, below, desired);
        }
    }
}

/// Lays a value over another; lists are replaced.
pub fn merge(base: &mut Value, value: &Value) {
    match (base, value) {
        (Value::Object(base), Value::Object(members)) => {
            for (name, member) in members {
                merge(base.entry(name).or_insert(Value::Null), member);
            }
        }
        (base, value) => *base = value.clone(),
    }
}

/// What the function answered.
pub struct Answer(pub RunFunctionResponse);

impl Answer {
    /// The fatal result.
    pub fn fatal(&self) -> Option<&str> {
        self.messages(Severity::Fatal).into_iter().next()
    }

    /// The messages of the results of a severity.
    pub fn messages(&self, severity: Severity) -> Vec<&str> {
        let results = self.0.results.iter();
        results
            .filter(|result| result.severity() == severity)
            .map(|result| result.message.as_str())
            .collect()
    }

    /// All desired objects, by composed resource.
    pub fn desired(&self) -> BTreeMap<String, Value> {
        let state = self.0.desired.iter().flat_map(|state| &state.resources);
        state
            .map(|(name, desired)| {
                (
                    name.clone(),
                    struct_to_json(desired.resource.as_ref().expect("an object")),
                )
            })
            .collect()
    }

    /// A desired object.
    pub fn object(&self, resource: &str) -> Value {
        self.desired().remove(resource).expect("it is desired")
    }

    /// Whether a desired object is said to be ready.
    pub fn is_ready(&self, resource: &str) -> bool {
        let state = self.0.desired.as_ref().expect("a desired state");
        state.resources[resource].ready() == Ready::True
    }

    /// Whether Crossplane would call the composite resource ready.
    pub fn all_ready(&self) -> bool {
        let state = self.0.desired.as_ref().expect("a desired state");
        let composite = state.composite.as_ref().map(Resource::ready);
        match composite {
            Some(Ready::True) => true,
            Some(Ready::False) => false,
            _ => state
                .resources
                .values()
                .all(|desired| desired.ready() == Ready::True),
        }
    }

    /// The status that the composite resource receives.
    pub fn status(&self) -> Option<Value> {
        let composite = self.0.desired.as_ref()?.composite.as_ref()?;
        Some(struct_to_json(composite.resource.as_ref()?)["status"].clone())
    }

    /// Status, reason and message of a condition.
    pub fn condition(&self, type_: &str) -> (bool, &str, &str) {
        let mut conditions = self.0.conditions.iter();
        let found = conditions
            .find(|condition| condition.r#type == type_)
            .expect("it is set");
        let is_true = found.status == 2;
        (
            is_true,
            &found.reason,
            found.message.as_deref().unwrap_or_default(),
        )
    }

    /// Seconds after which the function is called again at the latest.
    pub fn ttl(&self) -> i64 {
        let meta = self.0.meta.as_ref().expect("a meta");
        meta.ttl.as_ref().expect("a time to live").seconds
    }
}
