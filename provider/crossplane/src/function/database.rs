//! Composition of a database, with its check, readiness and status.

mod readiness;
mod secret;
mod spec;

use everest_core::api::RESTART;
use everest_core::rules::{Stage, Validate};
use everest_core::v1;
use everest_core::{Operation, computed, upgrade};
use everest_schemas::everest::DatabaseCluster;
use everest_schemas::function::DatabaseInput;
use everest_schemas::models::DatabaseModel;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::facts;
use super::identity::{self, Given, NameError};
use super::patches::PatchError;
use super::place::{Lists, Place, PlaceError, lay_over};
use super::step::{Database, Step, Unreadable};

/// The kind of a database.
const KIND: &str = "DatabaseCluster";

/// What to do about a name that something else has in the cluster.
const TAKEN: &str = "choose another name, or import it with a managed resource";

/// The reason why a database cannot be composed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum ComposeError {
    /// The name belongs to something else.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Neither the input nor an earlier step has a spec.
    #[error(
        "the database has no spec; set spec or patches, or compose a DatabaseCluster with this \
         name in an earlier step"
    )]
    Nothing,
    /// A name or namespace cannot be taken from the composite resource.
    #[error(transparent)]
    Identity(#[from] identity::IdentityError),
    /// A value cannot be taken from the composite resource.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// The spec does not have the schema of a DatabaseCluster.
    #[error("{}", .0.join("; "))]
    Shape(Vec<String>),
    /// What is observed cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The composition sets an annotation that has to be set only once.
    #[error(
        "the annotation {RESTART} cannot be composed: Everest removes it after a restart, and \
         Crossplane would set it again, so the database would restart endlessly; set it on the \
         DatabaseCluster by hand"
    )]
    Restart,
    /// The path for the status is malformed.
    #[error("statusTo: {0}; correct the composition")]
    StatusTo(PlaceError),
    /// The path for the status is not below `status`.
    #[error(
        "statusTo: {0:?} is not below status, the only part of a composite resource that a \
         function can write; use status.database, for example"
    )]
    NotStatus(String),
}

/// Composes, checks and judges one database.
pub(super) fn run(step: &mut Step<'_>, resource: &str, entry: Option<&DatabaseInput>) {
    if let Err(error) = compose(step, resource, entry) {
        step.report
            .refuse(format!("database {resource:?}: {error}"));
    }
}

/// 1. The object of earlier steps, the input and the values of the patches are laid over each
///    other.
/// 2. The name is the observed one, the configured one or a derived one.
/// 3. The desired object has only the configured values, so that the values that Everest writes
///    into the spec stay Everest's. Sizes and versions that someone else has raised and taken over
///    are omitted.
/// 4. The rules judge the values that will hold: the desired object laid over the observed one.
/// 5. Readiness, the connection Secret and the status follow from what is
///    observed.
fn compose(
    step: &mut Step<'_>,
    resource: &str,
    entry: Option<&DatabaseInput>,
) -> Result<(), ComposeError> {
    let earlier = step.desired(resource).cloned();
    identity::refuse_other_kind(
        earlier.as_ref(),
        KIND,
        "choose another name for the database",
    )?;
    identity::refuse_other_observed(step, resource, (v1::API_VERSION, KIND))?;
    let observed: Option<DatabaseCluster> = step.observed(resource)?;
    let identity = identity::of(
        &step.composite,
        resource,
        entry.map(Given::from).unwrap_or_default(),
        earlier.as_ref(),
        observed.as_ref().map(|observed| &observed.metadata),
    )?;
    let mut said = spec::said(&step.composite, entry, earlier.as_ref())?;
    let subject = format!("database {resource:?} ({})", identity.name);
    // The type of a spec has no spec without a size.
    let mut whole = said.clone();
    let mut raised = Vec::new();
    if let Some(observed) = &observed {
        let configured = model(&identity, spec::typed(&said)?);
        let findings = spec::give_way(&mut said, configured, observed);
        raised.extend(findings.iter().map(|finding| finding.path.clone()));
        for path in &raised {
            spec::complete(&mut whole, path, observed);
        }
        step.report.findings(&subject, findings);
    }

    let mut object = earlier.unwrap_or_else(|| json!({}));
    object["apiVersion"] = json!(v1::API_VERSION);
    object["kind"] = json!(KIND);
    lay_over(
        &mut object["metadata"],
        metadata(&identity, entry),
        Lists::Replaced,
    );
    if object
        .pointer("/metadata/annotations")
        .is_some_and(|keys| keys.get(RESTART).is_some())
    {
        return Err(ComposeError::Restart);
    }
    object["spec"] = said.clone();
    let configured = model(&identity, spec::typed(&whole)?);
    let (operation, planned, is_half) = match &observed {
        None => (Operation::Create, configured, false),
        Some(observed) => {
            let towards = upgrade::towards(&configured, observed);
            (Operation::Update, towards.model, towards.is_half)
        }
    };
    let canonical = v1::database::desired(&planned, operation);
    lay_over(
        &mut object["spec"],
        canonical["spec"].clone(),
        Lists::ByPosition,
    );
    for path in &raised {
        spec::omit(&mut object["spec"], path);
    }
    if let Some(engine) = object
        .pointer_mut("/spec/engine")
        .and_then(Value::as_object_mut)
        && engine.get("crVersion").and_then(Value::as_str) == Some(upgrade::RECOMMENDED)
    {
        engine.remove("crVersion");
    }
    if is_half {
        step.report.wait(format!(
            "{subject}: the engine version changes after the database has the CR version of its \
             operator"
        ));
    }

    let mut leaving = None;
    let state = match &observed {
        None => {
            let place = (&*identity.namespace, &*identity.name);
            leaving = identity::refuse_taken(step, KIND, place, TAKEN)?;
            check(step, &subject, &planned, None, None);
            if identity.derived {
                step.report.note(format!(
                    "{subject}: its name is the composite resource's name, shortened to Everest's \
                     limit of {} characters, with a hash to make it unique; set name or nameFrom \
                     to choose another",
                    everest_core::name::LIMIT
                ));
            }
            match &leaving {
                Some(leaving) => step.report.wait_unwatched(format!("{subject}: {leaving}")),
                None => step.report.wait(format!("{subject}: it is being created")),
            }
            None
        }
        Some(observed) => {
            spec::leave_alone(&mut object["spec"], observed);
            if let Some(version) = spec::carry_data_source(&mut object, &said, observed) {
                object["metadata"]["resourceVersion"] = version;
            }
            let prior = v1::database::observed(observed, &v1::OwnedKeys::default());
            let after = spec::after(observed, &object["spec"])?;
            let after = v1::database::observed(&after, &v1::OwnedKeys::default());
            check(step, &subject, &after, Some(&prior), Some(observed));
            let changes = !computed::database::affected(&prior, &after).is_empty();
            Some((observed, changes))
        }
    };
    spec::warn_of_schedules(step, &subject, &planned);

    let ready = state
        .is_some_and(|(observed, changes)| readiness::judge(step, &subject, observed, changes));
    let secret = match entry.and_then(|entry| entry.connection_secret.as_ref()) {
        Some(wish) => Some(secret::compose(
            step,
            resource,
            wish,
            &identity,
            observed.as_ref(),
        )?),
        None => None,
    };
    if let Some(to) = entry.and_then(|entry| entry.status_to.as_ref()) {
        let place = Place::writable(to).map_err(ComposeError::StatusTo)?;
        if !place.is_below("status") {
            return Err(ComposeError::NotStatus(to.clone()));
        }
        let status = status(&identity, observed.as_ref(), ready, secret.as_deref());
        step.tell(&place, status);
    }
    match leaving {
        Some(_) => step.withdraw(resource),
        None => step.put(resource, object, ready),
    }
    step.databases.insert(
        resource.to_owned(),
        Database {
            name: identity.name,
            namespace: identity.namespace,
            exists: observed.is_some(),
            ready,
        },
    );
    Ok(())
}

/// The metadata of the object, with the input's labels and annotations.
fn metadata(identity: &identity::Identity, entry: Option<&DatabaseInput>) -> Value {
    let mut metadata = json!({"name": identity.name, "namespace": identity.namespace});
    if let Some(entry) = entry {
        for (name, keys) in [
            ("labels", &entry.labels),
            ("annotations", &entry.annotations),
        ] {
            if !keys.is_empty() {
                metadata[name] = json!(keys);
            }
        }
    }
    metadata
}

fn model(
    identity: &identity::Identity,
    spec: everest_schemas::everest::DatabaseClusterSpec,
) -> DatabaseModel {
    DatabaseModel {
        namespace: identity.namespace.as_str().into(),
        name: identity.name.as_str().into(),
        spec: spec.into(),
        ..DatabaseModel::default()
    }
}

/// Checks Everest's rules, with and without the cluster.
fn check(
    step: &mut Step<'_>,
    subject: &str,
    planned: &DatabaseModel,
    prior: Option<&DatabaseModel>,
    observed: Option<&DatabaseCluster>,
) {
    let mut findings = planned.check_in_place(planned, prior);
    findings.extend(planned.check_time(prior, Timestamp::now()));
    let wanted = planned.wanted_of_cluster(prior);
    let mut facts = facts::load(&mut step.lookups, &wanted, observed);
    if let Some(namespace) = &wanted.namespace {
        facts.planned = step.planned.within(namespace);
    }
    // What is missing may be composed by another step of the pipeline, so that it is a warning as in
    // a plan.
    findings.extend(planned.check_cluster(prior, &facts, Stage::Plan));
    step.report.findings(subject, findings);
}

/// The status of a database for the composite resource.
fn status(
    identity: &identity::Identity,
    observed: Option<&DatabaseCluster>,
    ready: bool,
    secret: Option<&str>,
) -> Value {
    let mut status = json!({
        "name": identity.name,
        "namespace": identity.namespace,
        "ready": ready,
    });
    if let Some(observed) = observed {
        let model = v1::database::observed(observed, &v1::OwnedKeys::default());
        for (name, text) in [
            ("state", &model.status),
            ("message", &model.message),
            ("hostname", &model.hostname),
            ("credentialsSecretName", &model.credentials_secret_name),
            ("recommendedCrVersion", &model.recommended_cr_version),
        ] {
            if let Some(text) = text.known_str() {
                status[name] = json!(text);
            }
        }
        if let Some(port) = model.port.known() {
            status["port"] = json!(port);
        }
    }
    if let Some(secret) = secret {
        status["connectionSecretName"] = json!(secret);
    }
    status
}
