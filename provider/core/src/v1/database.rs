//! `everest_database` and DatabaseCluster.

use everest_schemas::everest::{
    Backup, DatabaseCluster, DatabaseClusterSpec, EngineSpec, Monitoring, Proxy, Resources, Storage,
};
use everest_schemas::models::DatabaseModel;
use everest_schemas::{Field, StringMap};
use serde_json::{Value, json};

use super::{
    Identity, OwnedKeys, body, endpoint, filled, known_json, known_keys, named, observed_keys,
};
use crate::Operation;
use crate::facts::Seen;
use crate::readiness::{self, DatabaseSighting, Readiness};
use crate::upgrade::CrVersion;
use crate::{quantity, restart, semantic, upgrade};

/// The body that makes a database what the configuration says.
///
/// `data_source` is in it only on creation: sent again after Everest has
/// cleared it, it would restore again. See [`carry_data_source`] for updates.
/// A CR version that is followed is not in it: see [`upgrade::next`].
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

/// Keeps a data source that the cluster still holds in the body of an update.
///
/// It was sent by us, so an apply without it takes it out, and a restore that
/// has not begun never would. The object's resource version goes with it: if
/// Everest clears the data source meanwhile, the apply is answered with a
/// conflict instead of starting the restore again.
pub fn carry_data_source(body: &mut Value, current: &DatabaseCluster) {
    if !current.spec.data_source.is_known() {
        return;
    }
    body["spec"]["dataSource"] = known_json(&current.spec.data_source);
    if let Some(version) = &current.metadata.resource_version {
        body["metadata"]["resourceVersion"] = json!(version);
    }
}

/// Spells values that mean the same in the same way.
pub fn comparable(spec: &mut DatabaseClusterSpec) {
    canonical(spec);
    if let Some(type_) = spec
        .proxy
        .known_mut()
        .and_then(|proxy| proxy.expose.known_mut())
        .and_then(|expose| expose.type_.known_mut())
    {
        *type_ = semantic::expose_type(type_).to_owned();
    }
}

/// Spells quantities as Everest's own write-back would, so that it changes
/// nothing of ours. The way of exposure is sent as the user spells it: before
/// 1.12 Everest knew the older names alone, and a load balancer configuration
/// is only taken away under the name `internal`.
pub fn canonical(spec: &mut DatabaseClusterSpec) {
    if let Some(engine) = spec.engine.known_mut() {
        canonical_storage(&mut engine.storage);
        canonical_resources(&mut engine.resources);
    }
    if let Some(proxy) = spec.proxy.known_mut() {
        canonical_storage(&mut proxy.storage);
        canonical_resources(&mut proxy.resources);
    }
    if let Some(resources) = spec
        .monitoring
        .known_mut()
        .and_then(|monitoring| monitoring.resources.known_mut())
    {
        canonical_map(&mut resources.limits);
        canonical_map(&mut resources.requests);
    }
}

fn canonical_amount(amount: &mut Field<String>) {
    if let Some(text) = amount.known_mut() {
        *text = quantity::canonical(text);
    }
}

fn canonical_storage(storage: &mut Field<Storage>) {
    if let Some(storage) = storage.known_mut() {
        canonical_amount(&mut storage.size);
    }
}

fn canonical_resources(resources: &mut Field<Resources>) {
    if let Some(resources) = resources.known_mut() {
        canonical_amount(&mut resources.cpu);
        canonical_amount(&mut resources.memory);
        for list in [&mut resources.limits, &mut resources.requests] {
            if let Some(list) = list.known_mut() {
                canonical_amount(&mut list.cpu);
                canonical_amount(&mut list.memory);
            }
        }
    }
}

fn canonical_map(map: &mut StringMap) {
    map.known_mut()
        .into_iter()
        .flat_map(|map| map.values_mut())
        .for_each(canonical_amount);
}

/// The status of a database in one word; empty before Everest has seen it.
pub fn status(object: &DatabaseCluster) -> &str {
    let status = object.status.as_ref();
    status
        .and_then(|status| status.status.as_deref())
        .unwrap_or_default()
}

/// The name that Everest gives the Secret with the passwords of a database.
pub fn default_secret(database: &str) -> String {
    format!("everest-secrets-{database}")
}

/// The model of a database as the cluster holds it. What only the user knows
/// (protection, timeouts, the data source) is null.
pub fn observed(object: &DatabaseCluster, owned: &OwnedKeys) -> DatabaseModel {
    let (namespace, name) = named(&object.metadata);
    let status = object.status.clone().unwrap_or_default();
    let mut spec = object.spec.clone();
    drop_zeros(&mut spec);
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

/// Whether a database that nobody has just written to is ready.
fn looks_ready(object: &DatabaseCluster) -> bool {
    let sighting = DatabaseSighting {
        database: object,
        engine_cr: Seen::Unread,
        restore: None,
        import_job: None,
        written_generation: 0,
        steady_for: None,
        has_worked: false,
        creating: false,
        may_be_stale: false,
    };
    readiness::database(&sighting) == Readiness::Ready
        && readiness::missing_address(object).is_none()
}

/// Removes what Go clients write for nothing, so that it is not taken for
/// somebody's wish; `paused` and `retention_copies` get the zero that Go
/// leaves out, which is what their absence means.
fn drop_zeros(spec: &mut DatabaseClusterSpec) {
    spec.data_source = Field::Null;
    spec.paused = std::mem::take(&mut spec.paused).or(Field::Known(false));
    drop_if(&mut spec.allow_unsafe_configuration, |unsafe_| !unsafe_);
    drop_text(&mut spec.pod_scheduling_policy_name);
    if let Some(engine) = spec.engine.known_mut() {
        drop_engine(engine);
    }
    drop_block(&mut spec.proxy, drop_proxy);
    drop_block(&mut spec.backup, drop_backup);
    drop_block(&mut spec.monitoring, drop_monitoring);
    drop_block(&mut spec.engine_features, |features| {
        drop_block(&mut features.psmdb, |psmdb| {
            drop_text(&mut psmdb.split_horizon_dns_config_name);
        });
    });
}

fn drop_engine(engine: &mut EngineSpec) {
    for text in [
        &mut engine.config,
        &mut engine.cr_version,
        &mut engine.user_secrets_name,
        &mut engine.version,
    ] {
        drop_text(text);
    }
    drop_if(&mut engine.replicas, |replicas| *replicas == 0);
    drop_block(&mut engine.resources, drop_resources);
    drop_block(&mut engine.storage, |storage| drop_text(&mut storage.class));
}

fn drop_proxy(proxy: &mut Proxy) {
    drop_text(&mut proxy.config);
    drop_text(&mut proxy.type_);
    drop_if(&mut proxy.replicas, |replicas| *replicas == 0);
    drop_block(&mut proxy.resources, drop_resources);
    drop_block(&mut proxy.storage, |storage| {
        drop_amount(&mut storage.size);
        drop_text(&mut storage.class);
    });
    drop_block(&mut proxy.expose, |expose| {
        drop_text(&mut expose.type_);
        drop_text(&mut expose.load_balancer_config_name);
        drop_if(&mut expose.ip_source_ranges, Vec::is_empty);
    });
}

fn drop_backup(backup: &mut Backup) {
    drop_if(&mut backup.enabled, |enabled| !enabled);
    drop_if(&mut backup.schedules, Vec::is_empty);
    for schedule in backup.schedules.known_mut().into_iter().flatten() {
        schedule.retention_copies = schedule.retention_copies.or(Field::Known(0));
    }
    if let Some(pitr) = backup.pitr.known_mut() {
        drop_text(&mut pitr.backup_storage_name);
        drop_if(&mut pitr.upload_interval_sec, |interval| *interval == 0);
    }
    drop_if(&mut backup.pitr, |pitr| {
        pitr.enabled.known() != Some(&true)
            && pitr.backup_storage_name.is_null()
            && pitr.upload_interval_sec.is_null()
    });
}

fn drop_monitoring(monitoring: &mut Monitoring) {
    drop_text(&mut monitoring.monitoring_config_name);
    drop_block(&mut monitoring.resources, |resources| {
        drop_if(&mut resources.claims, Vec::is_empty);
        drop_if(&mut resources.limits, |map| map.is_empty());
        drop_if(&mut resources.requests, |map| map.is_empty());
    });
}

fn drop_resources(resources: &mut Resources) {
    drop_amount(&mut resources.cpu);
    drop_amount(&mut resources.memory);
    for list in [&mut resources.limits, &mut resources.requests] {
        drop_block(list, |list| {
            drop_amount(&mut list.cpu);
            drop_amount(&mut list.memory);
        });
    }
}

fn drop_if<T>(field: &mut Field<T>, is_nothing: impl FnOnce(&T) -> bool) {
    if field.known().is_some_and(is_nothing) {
        *field = Field::Null;
    }
}

fn drop_text(text: &mut Field<String>) {
    drop_if(text, String::is_empty);
}

fn drop_amount(amount: &mut Field<String>) {
    drop_if(amount, |text| {
        text.is_empty()
            || text
                .parse::<quantity::Quantity>()
                .is_ok_and(|amount| amount.is_zero())
    });
}

fn drop_block<T: Default + PartialEq>(block: &mut Field<T>, inside: impl FnOnce(&mut T)) {
    if let Some(block) = block.known_mut() {
        inside(block);
    }
    drop_if(block, |block| *block == T::default());
}

#[cfg(test)]
mod tests;
