//! Composition of the objects that databases refer to: backup storages and monitoring
//! configurations. Their credentials are in Secrets that exist: a composed Secret would show them in
//! the composite resource's pipeline.

use std::sync::LazyLock;

use everest_core::facts::Seen;
use everest_core::lifecycle::{Observable, ReadsSecret};
use everest_core::open_api::Reading;
use everest_core::rules::{Stage, Validate};
use everest_core::v1::{self, ObjectMapping, OwnedKeys};
use everest_schemas::everest::{BackupStorageSpec, MonitoringConfigSpec};
use everest_schemas::function::CompanionInput;
use everest_schemas::managed::ManagedModel;
use everest_schemas::models::{BackupStorageModel, MonitoringConfigModel};
use k8s_openapi::api::core::v1::Secret;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::identity::{self, Given, Identity, IdentityError, NameError};
use super::patches::{self, PatchError};
use super::place::{Lists, drop_nulls, lay_over};
use super::step::{Step, Unreadable};
use super::{facts, shape};

/// What to do about a name that belongs to something else.
const ADVICE: &str = "choose another name";

/// A kind of object that is composed beside databases.
pub(super) trait Companion:
    ManagedModel + Validate + ObjectMapping<Object: ReadsSecret + DeserializeOwned>
{
    /// The spec of the object.
    type Spec;
    /// The kind in messages.
    const CALLED: &'static str;
    /// The shape of a whole spec.
    fn shape() -> &'static Value;

    /// Adds what Everest requires and a composition may leave out.
    fn complete(spec: &mut Value) {
        let _ = spec;
    }
}

impl Companion for BackupStorageModel {
    type Spec = BackupStorageSpec;
    const CALLED: &'static str = "backup storage";

    fn shape() -> &'static Value {
        LazyLock::force(&shape::STORAGE_SPEC)
    }
}

impl Companion for MonitoringConfigModel {
    type Spec = MonitoringConfigSpec;
    const CALLED: &'static str = "monitoring configuration";

    fn shape() -> &'static Value {
        LazyLock::force(&shape::MONITORING_SPEC)
    }

    fn complete(spec: &mut Value) {
        if let Some(pmm) = spec.get_mut("pmm").and_then(Value::as_object_mut) {
            pmm.entry("image").or_insert_with(|| json!(""));
        }
    }
}

/// The reason why an object cannot be composed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum ComposeError {
    /// The name belongs to something else.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A name or namespace cannot be taken from the composite resource.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A value cannot be taken from the composite resource.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// The spec does not have the schema of its kind.
    #[error("{}", .0.join("; "))]
    Shape(Vec<String>),
    /// What is observed cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// Composes, checks and judges the objects of a kind: those of the input, and those that earlier
/// steps desire.
pub(super) fn run<M: Companion>(step: &mut Step<'_>, entries: &[CompanionInput<M::Spec>]) {
    for entry in entries {
        one::<M>(step, &entry.resource, Some(entry));
    }
    for resource in step.desired_of(M::EVEREST_KIND) {
        if !entries.iter().any(|entry| entry.resource == resource) {
            one::<M>(step, &resource, None);
        }
    }
}

fn one<M: Companion>(step: &mut Step<'_>, resource: &str, entry: Option<&CompanionInput<M::Spec>>) {
    if let Err(error) = compose::<M>(step, resource, entry) {
        step.report
            .refuse(format!("{} {resource:?}: {error}", M::CALLED));
    }
}

/// 1. The object of earlier steps, the input and the values of the patches are laid over each
///    other.
/// 2. The rules judge the values that will hold: the desired object laid over the observed one.
/// 3. A new object waits until a former one of its name is gone, and for its Secret, if Secrets are
///    looked up. Everest makes the object the owner of the Secret and deletes the Secret with it, so
///    the Secret may not be for something else.
/// 4. It is ready once it exists, because Everest reports no state of it.
fn compose<M: Companion>(
    step: &mut Step<'_>,
    resource: &str,
    entry: Option<&CompanionInput<M::Spec>>,
) -> Result<(), ComposeError> {
    let earlier = step.desired(resource).cloned();
    identity::refuse_other_kind(earlier.as_ref(), M::EVEREST_KIND, ADVICE)?;
    identity::refuse_other_observed(step, resource, (v1::API_VERSION, M::EVEREST_KIND))?;
    let observed: Option<M::Object> = step.observed(resource)?;
    let identity = identity::of(
        &step.composite,
        resource,
        entry.map(Given::from).unwrap_or_default(),
        earlier.as_ref(),
        observed.as_ref().map(Observable::metadata),
    )?;
    let spec = said::<M>(step, entry, earlier.as_ref())?;
    let mut object = earlier.unwrap_or_else(|| json!({}));
    object["apiVersion"] = json!(v1::API_VERSION);
    object["kind"] = json!(M::EVEREST_KIND);
    lay_over(
        &mut object["metadata"],
        json!({"name": identity.name, "namespace": identity.namespace}),
        Lists::Replaced,
    );
    object["spec"] = spec;

    let subject = format!("{} {resource:?} ({})", M::CALLED, identity.name);
    check::<M>(step, resource, &subject, &object, observed.as_ref())?;
    if observed.is_none() {
        let place = (&*identity.namespace, &*identity.name);
        let leaving = identity::refuse_taken(step, M::EVEREST_KIND, place, ADVICE)?;
        let fault = fault_of_secret::<M>(step, &identity, &object["spec"]);
        if let Some(waited) = leaving.or(fault) {
            step.report.wait_unwatched(format!("{subject}: {waited}"));
            step.withdraw(resource);
            return Ok(());
        }
        step.report.wait(format!("{subject}: it is being created"));
    }
    step.put(resource, object, observed.is_some());
    Ok(())
}

/// The spec from earlier steps, the input and the composite resource.
fn said<M: Companion>(
    step: &Step<'_>,
    entry: Option<&CompanionInput<M::Spec>>,
    earlier: Option<&Value>,
) -> Result<Value, ComposeError> {
    let mut spec = earlier
        .and_then(|object| object.get("spec"))
        .cloned()
        .unwrap_or_else(|| json!({}));
    // Whoever writes the object itself may know a later Everest.
    let reading = match earlier {
        Some(_) => Reading::OlderDefinition,
        None => Reading::Definition,
    };
    if let Some(entry) = entry {
        lay_over(&mut spec, Value::Object(entry.spec.clone()), Lists::ByName);
        patches::apply(&entry.patches, &step.composite, &mut spec)?;
    }
    drop_nulls(&mut spec);
    M::complete(&mut spec);
    let faults = shape::faults(M::shape(), &spec, "spec", reading);
    match faults.is_empty() {
        true => Ok(spec),
        false => Err(ComposeError::Shape(faults)),
    }
}

/// Checks the object against Everest's rules.
fn check<M: Companion>(
    step: &mut Step<'_>,
    resource: &str,
    subject: &str,
    object: &Value,
    observed: Option<&M::Object>,
) -> Result<(), ComposeError> {
    let none = OwnedKeys::default();
    let mut whole = observed
        .and_then(|_| step.observed_object(resource))
        .unwrap_or_else(|| json!({}));
    lay_over(&mut whole, object.clone(), Lists::Replaced);
    // The shape was checked, so that this fails for no reason that is known.
    let typed: M::Object = serde_json::from_value(whole).map_err(|_| Unreadable)?;
    let planned = M::observed(&typed, &none);
    let prior = observed.map(|observed| M::observed(observed, &none));
    let mut findings = planned.check_in_place(&planned, prior.as_ref());
    planned.note(&mut step.planned);
    let wanted = planned.wanted_of_cluster(prior.as_ref());
    let facts = facts::load(&mut step.lookups, &wanted, None);
    findings.extend(planned.check_cluster(prior.as_ref(), &facts, Stage::Plan));
    step.report.findings(subject, findings);
    Ok(())
}

/// What is wrong with the Secret that a spec names, as far as it is looked up.
fn fault_of_secret<M: Companion>(
    step: &mut Step<'_>,
    identity: &Identity,
    spec: &Value,
) -> Option<String> {
    if !step.lookups.kubernetes() {
        return None;
    }
    let name = spec["credentialsSecretName"].as_str()?;
    let namespace = Some(&*identity.namespace);
    let keys = <M::Object as ReadsSecret>::KEYS;
    match step.lookups.named::<Secret>(namespace, name) {
        Seen::Absent => Some(format!(
            "the namespace has no Secret {name:?} with its credentials; create it"
        )),
        Seen::Found(secret) if is_of_other_use(&secret, keys) => Some(format!(
            "the Secret {name:?} has none of the keys {}: it was made for something else, and \
             would be deleted with this {}; name another Secret",
            keys.join(" and "),
            M::CALLED,
        )),
        _ => None,
    }
}

/// Returns true if a Secret has content, but none of these keys.
fn is_of_other_use(secret: &Secret, keys: &[&str]) -> bool {
    let data = secret.data.as_ref();
    let data = data.filter(|data| !data.is_empty());
    data.is_some_and(|data| !keys.iter().any(|key| data.contains_key(*key)))
}
