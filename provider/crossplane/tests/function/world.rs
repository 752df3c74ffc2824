//! A stand-in for Crossplane around the function: it observes, looks up what
//! is required until nothing new is asked for, and applies what is desired.

use std::collections::{BTreeMap, BTreeSet};

use everest_crossplane::function::respond;
use function_sdk_rust::proto::v1::resource_selector::Match;
use function_sdk_rust::proto::v1::{
    Ready, RequestMeta, Resource, ResourceSelector, Resources, RunFunctionRequest,
    RunFunctionResponse, Severity, State,
};
use function_sdk_rust::resource::{json_to_struct, struct_to_json};
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};
use test_apiserver::ApiServer;

use crate::rights::may_look_up;

/// The key of an object: kind, namespace and name.
pub type Key = (String, String, String);

/// A cluster with one composite resource.
pub struct World {
    /// The composite resource.
    pub composite: Value,
    /// The step's input.
    pub input: Value,
    /// The objects that an earlier step desires, by composed resource.
    pub earlier: BTreeMap<String, Value>,
    /// The context from an earlier step.
    pub context: Value,
    /// All objects. What is changed of them is there with the next reconciliation.
    pub objects: BTreeMap<Key, Value>,
    /// The composed resources that exist.
    pub composed: BTreeMap<String, Key>,
    /// The server to which they are applied.
    server: ApiServer,
    /// The paths of the objects that the server was given.
    stored: BTreeSet<String>,
}

/// The field manager of composed resources.
const MANAGER: &str = "apiextensions.crossplane.io/composed/0123456789abcdef";

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
            server: ApiServer::new()
                .with_everest()
                .with_engines()
                .with_managed(),
            stored: BTreeSet::new(),
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
                    Some(Match::MatchLabels(wanted)) => {
                        wanted.labels.iter().all(|(label, value)| {
                            object["metadata"]["labels"][label.as_str()] == value.as_str()
                        })
                    }
                    None => panic!("Crossplane 2.1 cannot look up without a match"),
                }
        });
        Resources {
            items: items.map(proto).collect(),
        }
    }

    /// Answers, and applies the answer as Crossplane would.
    pub fn reconcile(&mut self) -> Answer {
        self.store();
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
        self.store();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        for (resource, mut object) in desired {
            // Crossplane composes into the namespace of the composite resource.
            let namespace = &mut object["metadata"]["namespace"];
            if namespace.is_null() {
                *namespace = self.composite["metadata"]["namespace"].clone();
            }
            object["metadata"]["ownerReferences"] = json!([{
                "apiVersion": self.composite["apiVersion"], "kind": self.composite["kind"],
                "name": self.composite["metadata"]["name"],
                "uid": self.composite["metadata"]["uid"], "controller": true,
            }]);
            runtime.block_on(composed(&self.server, &object));
            self.composed.insert(resource, key(&object));
        }
        self.look();
        if let Some(status) = answer.status() {
            merge(&mut self.composite["status"], &status);
        }
    }

    /// Gives the server the objects as they are here, and takes their versions.
    fn store(&mut self) {
        let here: BTreeMap<String, &Value> = self
            .objects
            .values()
            .map(|object| (self.server.path_of(object).expect("a kind"), object))
            .collect();
        for path in self.stored.iter().filter(|path| !here.contains_key(*path)) {
            self.server.remove(path);
        }
        for (path, object) in here {
            if self.server.get(&path).as_ref() != Some(object) {
                self.server.put(object.clone());
            }
        }
        self.look();
    }

    /// Takes up how the objects are now.
    fn look(&mut self) {
        let all = self.server.all();
        let mut objects = BTreeMap::new();
        self.stored.clear();
        for (path, object) in all {
            let key = key(&object);
            let is_composed = self.composed.values().any(|composed| *composed == key);
            if is_composed || self.objects.contains_key(&key) {
                self.stored.insert(path);
                objects.insert(key, object);
            }
        }
        self.objects = objects;
    }
}

/// Applies a composed resource as Crossplane does.
async fn composed(server: &ApiServer, object: &Value) {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (group, version) = text("/apiVersion")
        .split_once('/')
        .unwrap_or(("", text("/apiVersion")));
    let path = server.path_of(object).expect("a kind that is served");
    let plural = path.rsplit('/').nth(1).expect("a plural");
    let kind = GroupVersionKind::gvk(group, version, text("/kind"));
    let resource = ApiResource::from_gvk_with_plural(&kind, plural);
    let api: Api<DynamicObject> = match text("/metadata/namespace") {
        "" => Api::all_with(server.client(), &resource),
        namespace => {
            let path = format!("/api/v1/namespaces/{namespace}");
            if server.get(&path).is_none() {
                server.put(json!({"apiVersion": "v1", "kind": "Namespace",
                    "metadata": {"name": namespace}}));
            }
            Api::namespaced_with(server.client(), namespace, &resource)
        }
    };
    let params = PatchParams::apply(MANAGER).force();
    api.patch(text("/metadata/name"), &params, &Patch::Apply(object))
        .await
        .expect("Crossplane can apply what is desired");
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

/// The function's response.
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

    /// Returns true if a desired object is reported as ready.
    pub fn is_ready(&self, resource: &str) -> bool {
        let state = self.0.desired.as_ref().expect("a desired state");
        state.resources[resource].ready() == Ready::True
    }

    /// Returns true if Crossplane would report the composite resource as ready.
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
