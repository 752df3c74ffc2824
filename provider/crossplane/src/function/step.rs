//! The data of a request while it is answered.

use std::collections::{BTreeMap, BTreeSet};

use everest_core::facts::Planned;
use everest_core::v1;
use everest_schemas::function::Input;
use function_sdk_rust::proto::v1::{Ready, RunFunctionRequest, RunFunctionResponse};
use function_sdk_rust::{Error, request, resource, response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::composite::Composite;
use super::lookups::Lookups;
use super::place::{Lists, Place, lay_over};
use super::report::Report;

/// A request as it is being answered.
pub(super) struct Step<'a> {
    /// The request.
    pub(super) request: &'a RunFunctionRequest,
    /// The composite resource that the step composes for.
    pub(super) composite: Composite,
    /// The lookups.
    pub(super) lookups: Lookups<'a>,
    /// The report.
    pub(super) report: Report,
    /// The objects that are composed and that databases may refer to.
    pub(super) planned: Planned,
    /// The databases that are composed, by composed resource.
    pub(super) databases: BTreeMap<String, Database>,
    /// Everest objects that earlier steps desire, and all objects of this step, by composed
    /// resource.
    objects: BTreeMap<String, Desired>,
    /// The composed resources of earlier steps that are not to be created yet.
    withdrawn: BTreeSet<String>,
    /// The status for the composite resource.
    status: Value,
}

/// A desired object.
struct Desired {
    object: Value,
    ready: Option<bool>,
}

/// The data of a composed database that other objects need.
#[derive(Clone, Debug)]
pub(super) struct Database {
    /// Its name.
    pub(super) name: String,
    /// Its namespace.
    pub(super) namespace: String,
    /// Whether it exists.
    pub(super) exists: bool,
    /// Whether it is ready.
    pub(super) ready: bool,
}

/// An observed object does not have the schema of its kind. Its content is not shown, because it
/// may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this version of the function cannot read an object in the cluster: update the function's \
     package"
)]
pub(super) struct Unreadable;

impl<'a> Step<'a> {
    /// Begins the answer to a request.
    pub(super) fn new(request: &'a RunFunctionRequest, input: &Input) -> Self {
        let desired = request.desired.iter().flat_map(|state| &state.resources);
        let objects = desired
            .filter_map(|(name, desired)| {
                let object = resource::struct_to_json(desired.resource.as_ref()?);
                let everest =
                    object.get("apiVersion").and_then(Value::as_str) == Some(v1::API_VERSION);
                everest.then(|| {
                    let desired = Desired {
                        object,
                        ready: None,
                    };
                    (name.clone(), desired)
                })
            })
            .collect();
        Self {
            request,
            composite: Composite::of(request),
            lookups: Lookups::of(request, input.lookups.unwrap_or_default()),
            report: Report::without(&input.silence),
            planned: Planned::default(),
            databases: BTreeMap::new(),
            objects,
            withdrawn: BTreeSet::new(),
            status: Value::Null,
        }
    }

    /// The composed database that an object refers to by a member of its spec.
    pub(super) fn database_of(&self, object: &Value, member: &str) -> Option<&Database> {
        let namespace = object["metadata"]["namespace"].as_str();
        let namespace = self.composite.namespace().or(namespace);
        let name = object["spec"][member].as_str();
        let mut all = self.databases.values();
        all.find(|database| {
            name == Some(&*database.name) && namespace == Some(&*database.namespace)
        })
    }

    /// The desired Everest object of a composed resource.
    pub(super) fn desired(&self, resource: &str) -> Option<&Value> {
        self.objects.get(resource).map(|desired| &desired.object)
    }

    /// The names of all desired Everest objects of a kind.
    pub(super) fn desired_of(&self, kind: &str) -> Vec<String> {
        self.objects
            .iter()
            .filter(|(_, desired)| desired.object["kind"] == kind)
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// The names of all desired Everest objects.
    pub(super) fn everest_objects(&self) -> Vec<(String, String)> {
        self.objects
            .iter()
            .filter(|(_, desired)| desired.object["apiVersion"] == v1::API_VERSION)
            .map(|(name, desired)| {
                let kind = desired.object["kind"].as_str().unwrap_or_default();
                (name.clone(), kind.to_owned())
            })
            .collect()
    }

    /// Desires an object.
    pub(super) fn put(&mut self, resource: &str, object: Value, ready: bool) {
        let ready = Some(ready);
        self.objects
            .insert(resource.to_owned(), Desired { object, ready });
    }

    /// Takes back an object that an earlier step desires and that is not to be created yet.
    pub(super) fn withdraw(&mut self, resource: &str) {
        self.objects.remove(resource);
        self.withdrawn.insert(resource.to_owned());
    }

    /// The observed composed resources that are no longer desired, in order. Crossplane deletes
    /// them.
    pub(super) fn dropped(&self) -> Vec<String> {
        let observed = self.request.observed.iter();
        let mut names: Vec<String> = observed
            .flat_map(|state| state.resources.keys())
            .filter(|name| !self.objects.contains_key(*name))
            .filter(|name| {
                let mut earlier = self.request.desired.iter();
                !earlier.any(|state| state.resources.contains_key(*name))
            })
            .cloned()
            .collect();
        names.sort();
        names
    }

    /// Sets the readiness of an object that an earlier step desires.
    pub(super) fn judge(&mut self, resource: &str, ready: bool) {
        if let Some(desired) = self.objects.get_mut(resource) {
            desired.ready = Some(ready);
        }
    }

    /// The composed resource as the cluster has it.
    pub(super) fn observed<K: DeserializeOwned>(
        &self,
        resource: &str,
    ) -> Result<Option<K>, Unreadable> {
        match resource::get(request::observed_composed(self.request, resource)) {
            Ok(object) => Ok(Some(object)),
            Err(Error::MissingResource) => Ok(None),
            Err(_) => Err(Unreadable),
        }
    }

    /// The observed composed resource of any kind.
    pub(super) fn observed_object(&self, resource: &str) -> Option<Value> {
        let observed = request::observed_composed(self.request, resource)?;
        observed.resource.as_ref().map(resource::struct_to_json)
    }

    /// Returns true if an existing object that is not observed as composed belongs to someone else.
    /// Crossplane would take over an object without a controller.
    pub(super) fn is_foreign(&self, object: &Value) -> bool {
        let owners = object.pointer("/metadata/ownerReferences");
        let ours = owners
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .any(|owner| owner["controller"] == true && owner["uid"] == self.composite.uid());
        !ours
    }

    /// Lays a value over the status that the composite resource receives.
    pub(super) fn tell(&mut self, place: &Place, value: Value) {
        if self.status.is_null() {
            self.status = json!({});
        }
        place.lay(&mut self.status, value);
    }

    /// Builds the response. If the pipeline is stopped, the desired resources are those of the
    /// earlier steps.
    pub(super) fn into_response(self, mut response: RunFunctionResponse) -> RunFunctionResponse {
        self.report.write(&mut response);
        let stops = self.report.stops();
        let ready = self.report.is_ready() && !self.lookups.waiting();
        let sure = !self.lookups.waiting();
        response.requirements = self.lookups.into_requirements();
        if stops {
            return response;
        }
        if let Some(state) = response.desired.as_mut() {
            let withdrawn = &self.withdrawn;
            state.resources.retain(|name, _| !withdrawn.contains(name));
        }
        for (name, desired) in self.objects {
            let composed = response::desired_composed(&mut response, name);
            if let Value::Object(members) = &desired.object {
                composed.resource = Some(resource::json_to_struct(members));
            }
            if let Some(ready) = desired.ready {
                let ready = if ready && sure {
                    Ready::True
                } else {
                    Ready::False
                };
                resource::set_ready(composed, ready);
            }
        }
        let composite = response::desired_composite(&mut response);
        if let Value::Object(members) = self.status {
            let before = composite.resource.as_ref().map(resource::struct_to_json);
            let mut whole = before.unwrap_or_else(|| json!({}));
            lay_over(&mut whole, Value::Object(members), Lists::Replaced);
            if let Value::Object(members) = whole {
                composite.resource = Some(resource::json_to_struct(&members));
            }
        }
        if !ready {
            // Not all that is waited for is a composed resource already.
            resource::set_ready(composite, Ready::False);
        }
        response
    }
}
