//! Rules for the storage classes and sizes of volumes.

use std::collections::BTreeMap;

use everest_schemas::Field;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterSpec, Storage};
use k8s_openapi::api::storage::v1::StorageClass;

use super::super::change::{storage_size, would_shrink};
use crate::facts::{Facts, Seen};
use crate::path::FieldPath;
use crate::quantity::Quantity;
use crate::rules::findings::{Findings, is_missing};
use crate::rules::table::database::STORAGE_NO_SHRINK;
use crate::rules::table::online::{STORAGE_CLASS_DEFAULT, STORAGE_CLASS_EXISTS, STORAGE_GROWS};
use crate::storage_class;
use crate::volumes::{self, Shrinking};

/// A named class has to exist; only a warning, because volumes may be created by hand for a class
/// that does not exist.
pub(super) fn check(spec: &DatabaseClusterSpec, facts: &Facts, findings: &mut Findings) {
    let Some(classes) = &facts.storage_classes else {
        return;
    };
    for (path, storage) in storages(spec) {
        if let Some(class) = class(storage).filter(|class| !classes.contains_key(*class)) {
            findings.warning(
                &STORAGE_CLASS_EXISTS,
                path.field("class"),
                format!(
                    "No storage class is called {class:?}; existing ones: {}",
                    Facts::names(classes)
                ),
            );
        }
    }
}

/// A new volume that names no class needs a default one.
pub(super) fn default_class(spec: &DatabaseClusterSpec, facts: &Facts, findings: &mut Findings) {
    let Some(classes) = &facts.storage_classes else {
        return;
    };
    let engine = storages(spec).into_iter().next();
    if let Some((path, storage)) = engine
        && is_missing(&storage.class)
        && default(classes).is_none()
    {
        findings.warning(
            &STORAGE_CLASS_DEFAULT,
            path.field("class"),
            "No storage class is given and the cluster has no default one",
        );
    }
}

/// The class of a volume that grows has to allow that. If the class is not named, it can only be
/// guessed.
pub(super) fn growth(
    now: &DatabaseClusterSpec,
    before: &DatabaseClusterSpec,
    facts: &Facts,
    findings: &mut Findings,
) {
    let Some(classes) = &facts.storage_classes else {
        return;
    };
    let former: BTreeMap<_, _> = storages(before).into_iter().collect();
    for (path, storage) in storages(now) {
        let Some(was) = former.get(&path) else {
            continue;
        };
        if !grows(&was.size, &storage.size) {
            continue;
        }
        let named = class(storage);
        let of = match named {
            Some(name) => classes.get_key_value(name),
            None if is_missing(&storage.class) => default(classes),
            None => None,
        };
        let Some((name, _)) = of.filter(|(_, class)| class.allow_volume_expansion != Some(true))
        else {
            continue;
        };
        let path = path.field("size");
        let summary = format!("The storage class {name:?} does not let volumes grow");
        if named.is_some() {
            findings.error(&STORAGE_GROWS, path, summary);
        } else {
            findings.warning(&STORAGE_GROWS, path, summary);
        }
    }
}

/// If the database is not ready, its sizes may be those of a failed growth, which can be taken back
/// down to the size of the volumes.
pub(super) fn shrinkage(
    now: &DatabaseClusterSpec,
    before: &DatabaseClusterSpec,
    live: Option<&DatabaseCluster>,
    facts: &Facts,
    findings: &mut Findings,
) {
    if !volumes::shrinks(now, before) {
        return;
    }
    let Some(size) = volumes::size(now).and_then(|size| size.parse().ok()) else {
        return;
    };
    let object = match &facts.engine_object {
        Seen::Found(object) => Some(object),
        Seen::Unread | Seen::Absent => None,
    };
    let summary = would_shrink(now, before);
    let summary = match volumes::shrinking(&size, live, object) {
        Shrinking::Possible | Shrinking::Unknown => return,
        Shrinking::Below(has) => format!("{summary}, and the volumes have {has}"),
        Shrinking::Real => summary,
    };
    findings.error(&STORAGE_NO_SHRINK, storage_size(), summary);
}

/// The volumes that a database describes; the engine's first.
fn storages(spec: &DatabaseClusterSpec) -> Vec<(FieldPath, &Storage)> {
    let engine = spec
        .engine
        .known()
        .and_then(|engine| engine.storage.known());
    let proxy = spec.proxy.known().and_then(|proxy| proxy.storage.known());
    [("engine.storage", engine), ("proxy.storage", proxy)]
        .into_iter()
        .filter_map(|(path, storage)| Some((FieldPath::of(path), storage?)))
        .collect()
}

fn class(storage: &Storage) -> Option<&str> {
    storage.class.known_str().filter(|class| !class.is_empty())
}

fn default(classes: &BTreeMap<String, StorageClass>) -> Option<(&String, &StorageClass)> {
    classes.iter().find(|(_, class)| {
        let annotations = class.metadata.annotations.as_ref();
        annotations
            .and_then(|annotations| annotations.get(storage_class::IS_DEFAULT))
            .is_some_and(|value| value == "true")
    })
}

fn grows(before: &Field<String>, now: &Field<String>) -> bool {
    let amount = |size: &Field<String>| size.known_str()?.parse::<Quantity>().ok();
    matches!((amount(before), amount(now)), (Some(before), Some(now)) if now > before)
}
