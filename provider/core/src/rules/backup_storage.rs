//! Rules for `everest_backup_storage`.

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::BackupStorageModel;
use everest_schemas::{Engine, Field, Sensitive};

use super::expressions::{self, Expression};
use super::findings::{Findings, differ, gives_another, is_missing};
use super::online::{reach_later, served_namespace, storages_of_backups};
use super::table::backup::{
    BUCKET, CREDENTIALS_ONCE, CREDENTIALS_PAIR, CREDENTIALS_VERSION, ENDPOINT_URL, S3_REGION,
    STORAGE_IN_USE,
};
use super::table::general::NAME;
use super::table::online::{BUCKET_ONCE, STORAGE_UNUSED};
use super::{Stage, Validate};
use crate::facts::{Bucket, Facts, Kind, Planned, PlannedInNamespace, SomeStorages, Wanted};
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::storage_users::{self, Neighbours};
use crate::version::Version;
use crate::{name, url};

/// Findings for configurations that are always wrong: incomplete or duplicate credentials, an S3
/// storage without a region.
pub fn check_syntax(config: &BackupStorageModel) -> Vec<Finding> {
    let mut findings = Findings::default();
    findings.timeouts(&config.timeouts);
    credentials(config, &mut findings);
    if let Some(spec) = config.spec.known()
        && spec.type_.known_str() == Some("s3")
        && is_missing(&spec.region)
    {
        findings.error(&S3_REGION, FieldPath::of("region"), "No region is given");
    }
    findings.into_findings()
}

/// Findings for configurations and changes of a storage that Everest forbids.
pub fn check(planned: &BackupStorageModel, prior: Option<&BackupStorageModel>) -> Vec<Finding> {
    let prior = prior.filter(|prior| {
        !differ(&planned.name, &prior.name) && !differ(&planned.namespace, &prior.namespace)
    });
    let mut findings = Findings::default();
    state(planned, &mut findings);
    let Some(prior) = prior else {
        if let Some(text) = planned.name.known_str()
            && let Err(error) = name::check(text)
        {
            findings.error(
                &NAME,
                FieldPath::of("name"),
                format!("{text:?} cannot be the name of a backup storage: {error}"),
            );
        }
        return findings.into_findings();
    };
    let mut before = Findings::default();
    state(prior, &mut before);
    change(planned, prior, &mut findings);
    findings.since(&before.into_findings(), planned != prior)
}

/// Findings for configurations and changes of a storage that the cluster's current state forbids.
pub fn check_online(
    planned: &BackupStorageModel,
    prior: Option<&BackupStorageModel>,
    facts: &Facts,
    stage: Stage,
) -> Vec<Finding> {
    let prior = prior.filter(|prior| {
        !differ(&planned.name, &prior.name) && !differ(&planned.namespace, &prior.namespace)
    });
    let mut findings = Findings::default();
    let served = served_namespace(&planned.namespace, facts, stage, &mut findings);
    if facts.namespace_is_absent() || (prior.is_none() && !served) {
        return findings.into_findings();
    }
    same_bucket(planned, facts, stage, &mut findings);
    let Some(prior) = prior else {
        return findings.into_findings();
    };
    let mut before = Findings::default();
    served_namespace(&prior.namespace, facts, Stage::Apply, &mut before);
    same_bucket(prior, facts, Stage::Apply, &mut before);
    // What the prior model knows of is found without the cluster.
    if prior.in_use.known() != Some(&true) && is_in_use(prior, facts) {
        change_in_use(planned, prior, &mut findings);
    }
    if let Some(path) = changed_credentials(planned, prior) {
        reach_later(reached_later(planned, facts), path, &mut findings);
    }
    findings.since(&before.into_findings(), planned != prior)
}

/// Warns that a storage in use cannot be destroyed. It is only a warning, because the same run may
/// end the use. Users that the same run destroys are not named, and if there are no others, there
/// is no warning.
pub fn check_destruction_online(prior: &BackupStorageModel, facts: &Facts) -> Vec<Finding> {
    let mut findings = Findings::default();
    let name = prior.name.known_str().unwrap_or_default();
    let users = |facts: &Facts| storage_users::users(name, &neighbours(facts)).names();
    let left = users(facts);
    let found = || {
        users(&Facts {
            planned: PlannedInNamespace::default(),
            ..facts.clone()
        })
    };
    if !is_in_use(prior, facts) || left.is_empty() && !found().is_empty() {
        return Vec::new();
    }
    let by = match left.is_empty() {
        true => String::new(),
        false => format!(" by {}", left.join(", ")),
    };
    findings.warning(
        &STORAGE_UNUSED,
        FieldPath::root(),
        format!("The backup storage {name:?} is in use{by}"),
    );
    findings.into_findings()
}

/// The objects that may use a storage after the run. Restores are not among the facts.
fn neighbours(facts: &Facts) -> Neighbours<'_> {
    let databases = facts.left(Kind::Databases, &facts.databases);
    let backups = facts.left(Kind::Backups, &facts.backups);
    Neighbours {
        databases: Some(databases.map(|(_, database)| database).collect()),
        backups: Some(backups.map(|(_, backup)| backup).collect()),
        restores: None,
    }
}

fn is_in_use(prior: &BackupStorageModel, facts: &Facts) -> bool {
    let name = prior.name.known_str().unwrap_or_default();
    facts
        .storages
        .as_ref()
        .and_then(|storages| storages.get(name)?.status.as_ref()?.in_use)
        == Some(true)
}

/// The attribute with which a change writes other credentials.
fn changed_credentials(now: &BackupStorageModel, before: &BackupStorageModel) -> Option<FieldPath> {
    let (version, before_version) = (&now.credentials_wo_version, &before.credentials_wo_version);
    if gives_another(&now.access_key_id, &before.access_key_id) {
        Some(FieldPath::of("accessKeyId"))
    } else if gives_another(&now.secret_access_key, &before.secret_access_key) {
        Some(FieldPath::of("secretAccessKey"))
    } else if gives_another(version, before_version) {
        Some(FieldPath::of("credentialsWoVersion"))
    } else {
        None
    }
}

/// The minor version of MongoDB's operator whose databases notice changed credentials.
///
/// Source: percona-server-mongodb-operator `pbm.go`, hashPBMConfiguration.
const NOTICED_SINCE: u64 = 22;

/// The databases with data in a storage that do not read its Secret when it changes:
///
/// - PostgreSQL: Everest copies the credentials when it reconciles the database.
/// - MongoDB: an older operator hands them to the backup agent only with other settings of it.
/// - MySQL: a backup reads the Secret when it begins, but the upload of the log when its pod starts.
fn reached_later<'a>(
    model: &'a BackupStorageModel,
    facts: &'a Facts,
) -> impl Iterator<Item = &'a str> {
    let storage = model.name.known_str().unwrap_or_default();
    let databases = facts.left(Kind::Databases, &facts.databases);
    let late = databases.filter(move |(name, database)| {
        let backs_up = || {
            storage_users::database_uses(database, storage)
                || storages_of_backups(name, facts).any(|of_backup| of_backup == storage)
        };
        let engine = database.spec.engine.known();
        match engine.and_then(|engine| engine.type_.known()) {
            Some(Engine::Postgresql) => backs_up(),
            Some(Engine::Psmdb) => !notices_credentials(database) && backs_up(),
            Some(Engine::Pxc) => storage_users::uploads_log_to(database, storage),
            None => false,
        }
    });
    late.map(|(name, _)| name)
}

/// Returns true if a MongoDB database is known to have a CR version of an operator that notices
/// changed credentials.
fn notices_credentials(database: &DatabaseCluster) -> bool {
    let status = database.status.as_ref();
    let version = status.and_then(|status| status.cr_version.as_deref());
    let version = version.and_then(|version| version.parse::<Version>().ok());
    version.is_some_and(|version| !version.is_before(1, NOTICED_SINCE))
}

/// Another storage of the namespace that is the same bucket.
fn same_bucket(model: &BackupStorageModel, facts: &Facts, stage: Stage, findings: &mut Findings) {
    let Some(own) = model.spec.known().and_then(Bucket::of) else {
        return;
    };
    let mut storages = facts.left(Kind::Storages, &facts.storages);
    let other = storages.find(|(name, other)| {
        model.name.known_str().is_some_and(|own| own != *name)
            && Bucket::of(&other.spec).is_some_and(|bucket| bucket == own)
    });
    if let Some((other, _)) = other {
        findings.missing(
            &BUCKET_ONCE,
            FieldPath::of("bucket"),
            format!("The backup storage {other:?} is the same bucket"),
            stage,
        );
    }
}

fn credentials(config: &BackupStorageModel, findings: &mut Findings) {
    type Pair<'a> = [(&'static str, &'a Field<Sensitive<String>>); 2];
    let plain: Pair<'_> = [
        ("accessKeyId", &config.access_key_id),
        ("secretAccessKey", &config.secret_access_key),
    ];
    let write_only: Pair<'_> = [
        ("accessKeyIdWo", &config.access_key_id_wo),
        ("secretAccessKeyWo", &config.secret_access_key_wo),
    ];
    for pair in [&plain, &write_only] {
        for (given, missing) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
            if given.1.is_known() && missing.1.is_null() {
                findings.without(&CREDENTIALS_PAIR, given.0, FieldPath::of(missing.0));
            }
        }
    }
    let given = |pair: &Pair<'_>| pair.iter().any(|(_, value)| value.is_known());
    if given(&plain) && given(&write_only) {
        findings.error(
            &CREDENTIALS_ONCE,
            FieldPath::of("accessKeyIdWo"),
            "Both {accessKeyIdWo}, {secretAccessKeyWo} and {accessKeyId}, {secretAccessKey} are given",
        );
    }
    if given(&write_only) && config.credentials_wo_version.is_null() {
        findings.warning(
            &CREDENTIALS_VERSION,
            FieldPath::of("credentialsWoVersion"),
            "Changes of the write-only credentials will not be noticed",
        );
    }
}

fn state(model: &BackupStorageModel, findings: &mut Findings) {
    let Some(spec) = model.spec.known() else {
        return;
    };
    if let Some(text) = spec.bucket.known_str()
        && !is_bucket(text)
    {
        findings.error(
            &BUCKET,
            FieldPath::of("bucket"),
            format!("{text:?} cannot be the name of a bucket"),
        );
    }
    if let Some(text) = spec.endpoint_url.known_str()
        && !text.is_empty()
        && !url::is_http(text)
    {
        findings.error(
            &ENDPOINT_URL,
            FieldPath::of("endpointURL"),
            format!("{text:?} is not a URL of an endpoint"),
        );
    }
}

/// Returns true if a text can be the name of a bucket.
pub(super) fn is_bucket(text: &str) -> bool {
    (3..=63).contains(&text.len())
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-'
        })
}

fn change(planned: &BackupStorageModel, prior: &BackupStorageModel, findings: &mut Findings) {
    if prior.in_use.known() == Some(&true) {
        change_in_use(planned, prior, findings);
    }
}

fn change_in_use(
    planned: &BackupStorageModel,
    prior: &BackupStorageModel,
    findings: &mut Findings,
) {
    let (Some(now), Some(before)) = (planned.spec.known(), prior.spec.known()) else {
        return;
    };
    for (name, now, before) in [
        ("bucket", &now.bucket, &before.bucket),
        ("region", &now.region, &before.region),
        ("type", &now.type_, &before.type_),
    ] {
        if let (Some(now), Some(before)) = (now.known_str(), before.known_str())
            && now != before
        {
            findings.error(
                &STORAGE_IN_USE,
                FieldPath::of(name),
                format!("The {name} of a storage in use would change from {before:?} to {now:?}"),
            );
        }
    }
}

impl Validate for BackupStorageModel {
    const EXPRESSIONS: &'static [Expression] = expressions::BACKUP_STORAGE;

    fn check_syntax(&self) -> Vec<Finding> {
        check_syntax(self)
    }

    fn check(&self, prior: Option<&Self>) -> Vec<Finding> {
        check(self, prior)
    }

    fn wanted(&self, prior: Option<&Self>) -> Wanted {
        let specs = [Some(self), prior].into_iter().flatten();
        let specs = specs.filter_map(|model| model.spec.known());
        let mut wanted = Wanted {
            storages: Some(SomeStorages {
                name: self.name.known().cloned(),
                buckets: specs.filter_map(Bucket::of).collect(),
            }),
            ..Wanted::of(&self.namespace, &[Kind::Storages])
        };
        let changes = prior.is_some_and(|prior| changed_credentials(self, prior).is_some());
        wanted.note(changes, Kind::Databases);
        wanted.note(changes, Kind::Backups);
        wanted
    }

    fn note(&self, planned: &mut Planned) {
        planned.note(&self.namespace, Kind::Storages, &self.name);
    }

    fn note_destroyed(&self, planned: &mut Planned) {
        planned.note_destroyed(&self.namespace, Kind::Storages, &self.name);
    }

    fn wanted_at_destruction(&self) -> Wanted {
        // What may use it.
        let kinds = [Kind::Storages, Kind::Databases, Kind::Backups];
        Wanted {
            storages: Some(SomeStorages {
                name: self.name.known().cloned(),
                ..SomeStorages::default()
            }),
            ..Wanted::of(&self.namespace, &kinds)
        }
    }

    fn check_online(&self, prior: Option<&Self>, facts: &Facts, stage: Stage) -> Vec<Finding> {
        check_online(self, prior, facts, stage)
    }

    fn check_destruction_online(&self, facts: &Facts) -> Vec<Finding> {
        check_destruction_online(self, facts)
    }
}

#[cfg(test)]
mod online_tests;
#[cfg(test)]
mod tests;
