//! `everest_database` and DatabaseCluster.

use everest_schemas::everest::{DataImportS3, DatabaseCluster, DatabaseClusterSpec, Expose};
use everest_schemas::models::DatabaseModel;
use everest_schemas::{Field, Tree};
use serde_json::{Value, json};

use super::credentials::Credentials;
use super::object_mapping::{ObjectMapping, in_a_namespace};
use super::{
    Identity, OwnedKeys, body, endpoint, filled, known_json, known_keys, named, observed_keys,
};
use crate::Operation;
use crate::facts::Seen;
use crate::readiness::{self, DatabaseObservation, Readiness};
use crate::upgrade::CrVersion;
use crate::{restart, schema, semantic, upgrade, zero};

/// The body of a server-side apply for a database.
///
/// `data_source` is in it only at creation: if it were sent again after Everest has cleared it,
/// Everest would restore again. See [`carry_data_source`] for updates. A `cr_version` of
/// `recommended` is not in it: see [`upgrade::next`].
pub fn desired(model: &DatabaseModel, operation: Operation) -> Value {
    let mut spec = model.spec.known().cloned().unwrap_or_default();
    canonical(&mut spec);
    if operation == Operation::Update {
        spec.data_source = Field::Null;
    }
    if let Some(engine) = spec.engine.known_mut()
        && engine.cr_version.known_str() == Some(upgrade::RECOMMENDED)
    {
        engine.cr_version = Field::Null;
    }
    if let Some(schedules) = spec
        .backup
        .known_mut()
        .and_then(|backup| backup.schedules.known_mut())
    {
        for schedule in schedules {
            schedule.enabled = schedule.enabled.or(Field::Known(true));
        }
    }
    let identity = Identity {
        kind: "DatabaseCluster",
        namespace: &model.namespace,
        name: &model.name,
    };
    body(
        &identity,
        known_keys(&model.labels),
        known_keys(&model.annotations),
        known_json(&spec),
    )
}

/// What is planned with the write-only keys of its import, which the configuration alone holds: in
/// the body they stand where the others would.
pub fn with_import_keys(planned: &DatabaseModel, config: &DatabaseModel) -> DatabaseModel {
    let mut planned = planned.clone();
    let mut config = config.clone();
    if let (Some(s3), Some(given)) = (import_s3(&mut planned), import_s3(&mut config))
        && given.access_key_id_wo.is_known()
    {
        s3.access_key_id = std::mem::take(&mut given.access_key_id_wo);
        s3.secret_access_key = std::mem::take(&mut given.secret_access_key_wo);
    }
    planned
}

fn import_s3(model: &mut DatabaseModel) -> Option<&mut DataImportS3> {
    let source = model.spec.known_mut()?.data_source.known_mut()?;
    let import = source.data_import.known_mut()?;
    import.source.known_mut()?.s3.known_mut()
}

/// Keeps a data source that the cluster still holds in the body of an update.
///
/// The field is ours, so an apply without it would remove it, and a restore that has not begun
/// would never begin. The body then names the object's resource version: if Everest clears the data
/// source meanwhile, the apply ends in a conflict instead of starting the restore again.
pub fn carry_data_source(body: &mut Value, current: &DatabaseCluster) {
    if !current.spec.data_source.is_known() {
        return;
    }
    body["spec"]["dataSource"] = known_json(&current.spec.data_source);
    if let Some(version) = &current.metadata.resource_version {
        body["metadata"]["resourceVersion"] = json!(version);
    }
}

/// Puts values that mean the same into one spelling.
pub fn comparable(spec: &mut DatabaseClusterSpec) {
    respell(spec, |_| true);
}

/// Spells quantities as Everest's write-back would, so that the write-back changes none of our
/// fields. The exposure type is sent as the user spells it: before 1.12, Everest knew only the
/// older names, and a load balancer configuration can be removed only under the name `internal`.
pub fn canonical(spec: &mut DatabaseClusterSpec) {
    respell(spec, |kind| kind == "quantity");
}

/// The name of an exposure inside the cluster under which alone the definition lets go of a load
/// balancer configuration.
const RELEASING: &str = "internal";

/// Spells the exposure of a change as `config` does, where the word decides: a load balancer
/// configuration can be removed only under the name `internal`. A plan otherwise keeps the
/// `ClusterIP` of the state, which means the same, and the removal would be refused whatever is
/// configured.
///
/// Source: everest-operator, CEL on `spec.proxy.expose` of the DatabaseCluster.
pub fn spell_exposure(config: &DatabaseModel, prior: &DatabaseModel, planned: &mut DatabaseModel) {
    let held = expose(prior).and_then(|held| held.load_balancer_config_name.known_str());
    let is_held = held.is_some_and(|name| !name.is_empty());
    let asked = expose(config).filter(|asked| is_held && names_no_config(asked));
    let asked = asked.map(|asked| &asked.type_);
    let Some(asked) = asked.filter(|asked| asked.known_str() == Some(RELEASING)) else {
        return;
    };
    let proxy = planned
        .spec
        .known_mut()
        .and_then(|spec| spec.proxy.known_mut());
    if let Some(planned) = proxy.and_then(|proxy| proxy.expose.known_mut())
        // A name that is no longer configured is not known in a plan.
        && (planned.load_balancer_config_name.is_unknown() || names_no_config(planned))
    {
        planned.type_.clone_from(asked);
    }
}

fn expose(model: &DatabaseModel) -> Option<&Expose> {
    model.spec.known()?.proxy.known()?.expose.known()
}

fn names_no_config(expose: &Expose) -> bool {
    let name = &expose.load_balancer_config_name;
    !name.is_unknown() && name.known_str().is_none_or(str::is_empty)
}

fn respell(spec: &mut DatabaseClusterSpec, which: impl Fn(&str) -> bool) {
    schema::edit(spec, |place, value| {
        if let (Some(kind), Some(text)) = (place.semantic(), value.text())
            && which(kind)
        {
            *value = Tree::Leaf(semantic::canonical(kind, text).into());
        }
    });
}

/// The status of a database in one word; empty before Everest has seen it.
pub fn status(object: &DatabaseCluster) -> &str {
    let status = object.status.as_ref();
    status
        .and_then(|status| status.status.as_deref())
        .unwrap_or_default()
}

/// Notes the keys of the bucket that the first data is imported from, if it is, for the rules.
pub fn give_import_keys(model: &mut DatabaseModel, keys: &Credentials) {
    let spec = model.spec.known_mut();
    let source = spec.and_then(|spec| spec.data_source.known_mut());
    let import = source.and_then(|source| source.data_import.known_mut());
    let s3 = import.and_then(|import| import.source.known_mut()?.s3.known_mut());
    if let (Some(s3), [id, secret]) = (s3, &*keys.0) {
        s3.access_key_id = Field::Known(id.clone());
        s3.secret_access_key = Field::Known(secret.clone());
    }
}

/// The name that Everest gives the Secret with the passwords of a database.
pub fn default_secret(database: &str) -> String {
    format!("everest-secrets-{database}")
}

/// The model of a database as the cluster holds it. Values that are only in the configuration
/// (protection, timeouts, the data source) are null.
pub fn observed(object: &DatabaseCluster, owned: &OwnedKeys) -> DatabaseModel {
    let (namespace, name) = named(&object.metadata);
    let status = object.status.clone().unwrap_or_default();
    let mut spec = without_zeros(&object.spec);
    if restart::is_running(object) {
        // Only what runs can be restarted, so it runs afterwards.
        spec.paused = Field::Known(false);
    }
    let mut annotations = observed_keys(object.metadata.annotations.as_ref(), &owned.annotations);
    restart::untrack(&mut annotations);

    let secret = spec
        .engine
        .known()
        .and_then(|engine| engine.user_secrets_name.known().cloned())
        .or_else(|| name.known_str().map(default_secret));
    let recommended = match upgrade::cr_version(Some(&status)) {
        CrVersion::Pending(version) => version.into(),
        CrVersion::Passing | CrVersion::Current => Field::Null,
    };
    if let Some(engine) = spec.engine.known_mut() {
        // Where the spec leaves it to the operator, the status says which it is.
        engine.cr_version =
            std::mem::take(&mut engine.cr_version).or(filled(status.cr_version.as_ref()));
    }
    let endpoints = endpoint::of(&status);
    let hostname = match &endpoints[..] {
        [only] => Field::Known(only.host.clone()),
        _ => Field::Null,
    };
    let hosts: Vec<_> = endpoints
        .iter()
        .map(|endpoint| Field::Known(endpoint.to_string()))
        .collect();
    DatabaseModel {
        namespace,
        name,
        spec: Field::Known(spec),
        labels: observed_keys(object.metadata.labels.as_ref(), &owned.labels),
        annotations,
        ready: Field::Known(looks_ready(object)),
        status: filled(status.status.as_ref()),
        message: filled(status.message.as_ref()),
        hostname,
        hosts: Some(hosts).filter(|hosts| !hosts.is_empty()).into(),
        port: status.port.filter(|port| *port != 0).map(i64::from).into(),
        credentials_secret_name: secret.into(),
        cr_version: filled(status.cr_version.as_ref()),
        recommended_cr_version: recommended,
        uid: filled(object.metadata.uid.as_ref()),
        ..DatabaseModel::default()
    }
}

/// Returns true if a database is ready, provided that it was not just written to.
fn looks_ready(object: &DatabaseCluster) -> bool {
    unready(object).is_none()
}

/// The reason why a database is not ready, provided that it was not just written to.
pub fn unready(object: &DatabaseCluster) -> Option<String> {
    let observation = DatabaseObservation {
        database: object,
        engine_cr: Seen::Unread,
        restore: None,
        import_job: None,
        running_import: Seen::Unread,
        written_generation: 0,
        steady_for: None,
        has_worked: false,
        creating: false,
        may_be_stale: false,
    };
    match readiness::database(&observation) {
        Readiness::Ready => readiness::missing_address(object),
        Readiness::Pending(why) | Readiness::Failed(why) => Some(why),
    }
}

/// Puts point-in-time recovery that is off into what was observed of a database that is imported.
/// Everest writes it as a zero, so that it counts for nothing else; but a configuration may say it,
/// and would differ.
pub fn keep_switched_off(observed: &mut DatabaseModel, object: &DatabaseCluster) {
    let backup = object.spec.backup.known();
    let pitr = backup.and_then(|backup| backup.pitr.known());
    let is_off = pitr.is_some_and(|pitr| pitr.enabled.known() == Some(&false));
    let Some(spec) = observed.spec.known_mut().filter(|_| is_off) else {
        return;
    };
    let mut backup = spec.backup.known().cloned().unwrap_or_default();
    let mut pitr = backup.pitr.known().cloned().unwrap_or_default();
    pitr.enabled = Field::Known(false);
    backup.pitr = Field::Known(pitr);
    spec.backup = Field::Known(backup);
}

/// The spec without Go's zeros; `paused` and `retention_copies` have the zero
/// that Go leaves out, which is what their absence means.
fn without_zeros(spec: &DatabaseClusterSpec) -> DatabaseClusterSpec {
    let mut spec = spec.clone();
    zero::drop(&mut spec);
    spec.paused = std::mem::take(&mut spec.paused).or(Field::Known(false));
    let schedules = spec.backup.known_mut().map(|backup| &mut backup.schedules);
    for schedule in schedules.and_then(Field::known_mut).into_iter().flatten() {
        schedule.retention_copies = schedule.retention_copies.or(Field::Known(0));
    }
    spec
}

impl ObjectMapping for DatabaseModel {
    type Object = DatabaseCluster;

    const LASTING: &'static [&'static str] = &[
        "engine.crVersion",
        "engine.replicas",
        "engine.storage",
        "engine.type",
        "engine.userSecretsName",
        "engine.version",
        "engineFeatures.psmdb.splitHorizonDnsConfigName",
        "proxy.storage",
        "proxy.type",
        "sharding",
    ];

    const SWITCHES: &'static [&'static str] = &["backup.pitr.enabled"];

    in_a_namespace!();

    fn force_conflicts(&self) -> &Field<bool> {
        &self.force_conflicts
    }

    fn desired(&self, operation: Operation) -> Value {
        desired(self, operation)
    }

    fn observed(object: &DatabaseCluster, owned: &OwnedKeys) -> Self {
        observed(object, owned)
    }
}

#[cfg(test)]
mod tests;
