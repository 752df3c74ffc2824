//! Rules for `everest_database`.

mod backup;
mod change;
mod engine;
mod final_backup;
mod online;
mod origin;
mod proxy;
mod restart;
mod sharding;

use everest_schemas::everest::{DatabaseClusterSpec, Resources, Storage};
use everest_schemas::models::DatabaseModel;
use everest_schemas::{Engine, Field};
use jiff::Timestamp;

use super::finder::{Finder, differ, is_missing};
use super::pitr;
use super::table::general::{IMMUTABLE, NAME};
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::text::Text;
use crate::{name, outputs};

pub(super) use backup::MOST_PG_STORAGES;
pub use final_backup::{check_destruction, check_destruction_online};
pub use online::check_online;
pub(super) use origin::{backup_source, pitr_date};

/// What a configuration of a database can never be: quantities that are none,
/// timeouts that are none.
pub fn check_syntax(config: &DatabaseModel) -> Vec<Finding> {
    let mut finder = Finder::default();
    finder.timeouts(&config.timeouts);
    final_backup::check(config, &mut finder);
    if let Some(spec) = config.spec.known() {
        quantities(spec, &mut finder);
    }
    finder.into_findings()
}

/// What Everest forbids a database to be or to become.
///
/// A change that replaces the database is judged as a creation. `planned` is
/// what will hold: the configuration at creation, else the plan.
pub fn check(planned: &DatabaseModel, prior: Option<&DatabaseModel>) -> Vec<Finding> {
    let prior = prior.filter(|prior| replacing(planned, prior).is_empty());
    let mut finder = Finder::default();
    state(planned, &mut finder);
    let Some(prior) = prior else {
        creation(planned, &mut finder);
        return finder.into_findings();
    };
    let mut before = Finder::default();
    state(prior, &mut before);
    change::check(planned, prior, &mut finder);
    restart::check(planned, prior, &mut finder);
    finder.since(&before.into_findings(), writes(planned, prior))
}

/// Whether a change writes the DatabaseCluster, and not the provider's own attributes alone.
fn writes(planned: &DatabaseModel, prior: &DatabaseModel) -> bool {
    !outputs::database::affected(prior, planned).is_empty()
        || planned.labels != prior.labels
        || planned.annotations != prior.annotations
}

/// What the first data of a new database cannot be at this time.
pub fn check_time(
    planned: &DatabaseModel,
    prior: Option<&DatabaseModel>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut finder = Finder::default();
    let is_new = prior.is_none_or(|prior| !replacing(planned, prior).is_empty());
    if let Some(date) = planned
        .spec
        .known()
        .filter(|_| is_new)
        .and_then(origin::moment)
    {
        let path = FieldPath::of("dataSource.pitr.date");
        pitr::past(path, Some(date), now, &mut finder);
    }
    finder.into_findings()
}

/// A finding for each attribute that a change would have to replace the
/// database for: for front ends that cannot replace.
pub fn check_immutable(planned: &DatabaseModel, prior: &DatabaseModel) -> Vec<Finding> {
    let mut finder = Finder::default();
    for path in replacing(planned, prior) {
        let summary = Text::from(&path).and(" cannot be changed");
        finder.broken(&IMMUTABLE, path, summary);
    }
    finder.into_findings()
}

/// The attributes whose change replaces the database.
fn replacing(planned: &DatabaseModel, prior: &DatabaseModel) -> Vec<FieldPath> {
    let mut paths = Vec::new();
    let mut note = |changed: bool, path: &str| {
        if changed {
            paths.push(FieldPath::of(path));
        }
    };
    note(differ(&planned.namespace, &prior.namespace), "namespace");
    note(differ(&planned.name, &prior.name), "name");
    if let (Some(now), Some(before)) = (planned.spec.known(), prior.spec.known()) {
        if let (Some(now), Some(before)) = (now.engine.known(), before.engine.known()) {
            note(differ(&now.type_, &before.type_), "engine.type");
            if let (Some(now), Some(before)) = (now.storage.known(), before.storage.known()) {
                note(other_class(now, before), "engine.storage.class");
            }
        }
        if let (Some(now), Some(before)) = (now.proxy.known(), before.proxy.known())
            && let (Some(now), Some(before)) = (now.storage.known(), before.storage.known())
        {
            note(other_class(now, before), "proxy.storage.class");
        }
        note(
            differ(&split_horizon(now), &split_horizon(before)),
            "engineFeatures.psmdb.splitHorizonDnsConfigName",
        );
    }
    paths
}

/// Whether a volume that has a class would have another. Where it is not known which class it has,
/// naming one is refused: see [`change`].
fn other_class(now: &Storage, before: &Storage) -> bool {
    !is_missing(&before.class) && differ(&now.class, &before.class)
}

/// Rules that judge a database as it stands.
fn state(model: &DatabaseModel, finder: &mut Finder) {
    let Some(spec) = model.spec.known() else {
        return;
    };
    engine::check(spec, finder);
    proxy::check(spec, finder);
    backup::check(spec, finder);
    sharding::check(spec, finder);
}

/// Rules that only hold for a new database.
fn creation(model: &DatabaseModel, finder: &mut Finder) {
    if let Some(text) = model.name.known_str()
        && let Err(error) = name::check(text)
    {
        finder.broken(
            &NAME,
            FieldPath::of("name"),
            format!("{text:?} cannot be the name of a database: {error}"),
        );
    }
    if let Some(spec) = model.spec.known() {
        origin::check(spec, finder);
    }
}

fn quantities(spec: &DatabaseClusterSpec, finder: &mut Finder) {
    if let Some(engine) = spec.engine.known() {
        let path = FieldPath::of("engine");
        storage_quantities(&path, &engine.storage, finder);
        resource_quantities(&path, &engine.resources, finder);
    }
    if let Some(proxy) = spec.proxy.known() {
        let path = FieldPath::of("proxy");
        storage_quantities(&path, &proxy.storage, finder);
        resource_quantities(&path, &proxy.resources, finder);
    }
    if let Some(resources) = spec
        .monitoring
        .known()
        .and_then(|part| part.resources.known())
    {
        let path = FieldPath::of("monitoring.resources");
        finder.quantities(&path.field("limits"), &resources.limits);
        finder.quantities(&path.field("requests"), &resources.requests);
    }
}

fn storage_quantities(path: &FieldPath, storage: &Field<Storage>, finder: &mut Finder) {
    if let Some(storage) = storage.known() {
        finder.quantity(path.field("storage").field("size"), &storage.size);
    }
}

fn resource_quantities(path: &FieldPath, resources: &Field<Resources>, finder: &mut Finder) {
    let path = path.field("resources");
    let Some(resources) = resources.known() else {
        return;
    };
    finder.quantity(path.field("cpu"), &resources.cpu);
    finder.quantity(path.field("memory"), &resources.memory);
    for (name, list) in [
        ("limits", &resources.limits),
        ("requests", &resources.requests),
    ] {
        if let Some(list) = list.known() {
            finder.quantity(path.field(name).field("cpu"), &list.cpu);
            finder.quantity(path.field(name).field("memory"), &list.memory);
        }
    }
}

/// The engine's type, where it is known.
fn engine_type(spec: &DatabaseClusterSpec) -> Option<Engine> {
    spec.engine
        .known()
        .and_then(|engine| engine.type_.known().copied())
}

/// The engine's replicas: Everest makes it three where nothing is said.
fn engine_replicas(spec: &DatabaseClusterSpec) -> Option<i32> {
    match spec.engine.known().map(|engine| &engine.replicas)? {
        Field::Known(replicas) => Some(*replicas),
        Field::Null => Some(3),
        Field::Unknown => None,
    }
}

fn split_horizon(spec: &DatabaseClusterSpec) -> Field<String> {
    spec.engine_features
        .as_ref()
        .and_then(|features| features.psmdb.as_ref())
        .and_then(|psmdb| psmdb.split_horizon_dns_config_name.clone())
}

#[cfg(test)]
mod tests;
