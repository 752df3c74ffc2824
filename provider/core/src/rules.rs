//! Everest's rules, checked before anything is written.
//!
//! Most of them exist only in Everest's API server, and a program that writes custom resources
//! bypasses them. [`TABLE`] has each rule with its texts; the module of each model has
//! - `check_syntax`, for values that are never valid, whether or not the object exists;
//! - `check`, for everything else that needs no cluster, with the object's prior model if it
//!   exists. It judges the values that hold after the change: the configuration of a creation, the
//!   plan of a change (there, null means absent). A rule that was broken before in the same way is
//!   not reported, unless it keeps every change from being carried out: see `Findings::since`;
//! - `check_online`, for what only the cluster shows: see [`Facts`] and [`Stage`];
//! - `check_time`, for models with rules that depend on the time.
//!
//! [`Validate`] has these functions for code that handles any model.
//!
//! No two of them report the same fault. A value that is not known yet, or an object that could not
//! be read, never raises a finding.
//!
//! [`Facts`]: crate::facts::Facts

mod affinity;
pub mod backup;
mod backup_source;
pub mod backup_storage;
pub mod data_import_job;
pub mod data_importer;
pub mod database;
pub mod engine_version_policy;
pub mod expressions;
mod findings;
mod immutable;
mod import;
mod judged;
pub mod load_balancer_config;
pub mod monitoring_config;
pub mod namespace;
mod online;
mod pg_backups;
mod pitr;
pub mod pod_scheduling_policy;
pub mod provider;
pub mod restore;
pub mod served;
pub mod server;
mod shared;
pub mod split_horizon_dns_config;
mod table;
mod validate;

use everest_schemas::Engine;
use findings::Findings;

use crate::Operation;
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::text::Text;

pub use judged::{JUDGED, Judged};
pub(crate) use served::{everest_line, everest_line_advice};
pub use table::TABLE;
pub use validate::Validate;

/// An object that somebody may still create.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Awaited {
    /// The namespace, managed by Everest.
    Namespace,
    /// The DatabaseEngine of an engine, with versions.
    Engine,
    /// A BackupStorage.
    Storage,
    /// A MonitoringConfig.
    MonitoringConfig,
    /// A DatabaseCluster.
    Database,
    /// An object of a kind that is only listed or read.
    Other,
}

/// The object that a finding misses, if somebody may still create it, so that a front end that
/// looks again later can wait for it.
pub fn awaited(finding: &Finding) -> Option<Awaited> {
    let mut all = table::online::AWAITED.iter();
    let found = all.find(|(rule, _)| rule.id == finding.rule);
    found.map(|(_, object)| *object)
}

/// A rule: what must hold, and what to do if it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, in findings and tests.
    pub id: &'static str,
    /// The rule, as a template of [`Text`].
    pub(crate) sentence: &'static str,
    /// The advice if the rule is broken, as a template of [`Text`].
    pub(crate) advice: &'static str,
    /// The engines whose databases can break it; all engines for rules that are not about
    /// databases.
    pub engines: &'static [Engine],
    /// The operations at which it is checked.
    pub operations: &'static [Operation],
    /// The inputs of the check.
    pub checked: &'static [Checked],
    /// The source of the fact: a repository or product, and a place in it.
    pub source: &'static str,
}

/// The component that enforces a rule for clients other than this project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// Kubernetes, at a write and at a dry run: by a schema, by CEL or by an admission webhook of
    /// everest-operator.
    Admission,
    /// Everest's REST API, which writes of custom resources bypass.
    RestApi,
    /// Nobody: an object that breaks it is accepted, and fails later or has no effect.
    Nobody,
}

impl Rule {
    /// The rule, in the words for users.
    pub fn sentence(&self) -> Text {
        self.sentence.into()
    }

    /// The advice, in the words for users.
    pub fn advice(&self) -> Text {
        self.advice.into()
    }

    /// Both.
    pub(crate) fn detail(&self) -> Text {
        self.sentence().and(" ").and(self.advice())
    }

    /// The attributes that the rule and its advice name, as paths of the model.
    pub fn attributes(&self) -> Vec<FieldPath> {
        self.detail().fields().into_iter().cloned().collect()
    }

    /// Returns true if it is about an object that the same run may still create: the rule is then a
    /// warning at plan, and an error right before the write.
    pub fn may_be_met_by_the_run(&self) -> bool {
        MADE_BY_THE_RUN.contains(self)
    }

    /// Returns true if it is about the provider's own settings, which no other client of Everest
    /// has.
    pub fn is_about_settings(&self) -> bool {
        table::provider::SETTINGS.contains(self)
    }

    /// Returns true if it is about the settings of Everest's own server, which only Terraform has
    /// resources for.
    pub fn is_about_the_server(&self) -> bool {
        table::server::SETTINGS.contains(self)
    }

    /// The component that enforces it elsewhere, by the source of the fact.
    pub fn holder(&self) -> Holder {
        let any = |words: &[&str]| words.iter().any(|word| self.source.contains(word));
        if any(&["CEL", "webhook", "CRD schema", "at admission"]) {
            Holder::Admission
        } else if any(&[
            "everest: validation/",
            "everest: API validation",
            "everest: internal/server/",
            "everest: k8s/",
        ]) {
            Holder::RestApi
        } else {
            Holder::Nobody
        }
    }
}

/// The input of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Checked {
    /// The configuration alone: no cluster is needed.
    Configuration,
    /// The configuration and the object's prior state.
    State,
    /// The cluster as it is at the moment.
    Cluster,
}

/// The moment of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// While a change is planned: a missing object may still be made by the same run, so it is only
    /// a warning.
    Plan,
    /// Right before the write: a missing object is an error.
    Apply,
}

/// The rules about objects that a run may still create.
const MADE_BY_THE_RUN: [Rule; 10] = {
    use table::online::{
        DATABASE_EXISTS, ENGINE_INSTALLED, IMPORTER_EXISTS, LOAD_BALANCER_CONFIG_EXISTS,
        MONITORING_EXISTS, NAMESPACE_SERVED, SECRET_EXISTS, SOURCE_BACKUP, SPLIT_HORIZON_EXISTS,
        STORAGE_EXISTS,
    };
    [
        DATABASE_EXISTS,
        ENGINE_INSTALLED,
        IMPORTER_EXISTS,
        LOAD_BALANCER_CONFIG_EXISTS,
        MONITORING_EXISTS,
        NAMESPACE_SERVED,
        SECRET_EXISTS,
        SOURCE_BACKUP,
        SPLIT_HORIZON_EXISTS,
        STORAGE_EXISTS,
    ]
};

/// Returns true if the object that a finding misses may still be made by the run that is planned.
pub(crate) fn may_be_made_by_the_run(finding: &Finding) -> bool {
    let mut rules = MADE_BY_THE_RUN.iter();
    rules.any(|rule| rule.id == finding.rule)
}

/// The findings for a value that only goes up and that someone else has raised.
pub(crate) fn raised_elsewhere(path: FieldPath, asked: &str, has: &str) -> Vec<Finding> {
    let mut findings = Findings::default();
    let summary = format!("Someone else raised {asked} to {has}, which is kept");
    findings.warning(&table::general::RAISED_ELSEWHERE, path, summary);
    findings.into_findings()
}

/// Returns true if Kubernetes refuses every write of the object while the rule is broken, whatever
/// is written.
pub(crate) fn is_held_at_every_write(finding: &Finding) -> bool {
    finding.rule == table::online::VERSION_OFFERED.id
}

/// Returns true if Everest accepts a change but never carries it out while the rule is broken:
/// Everest writes the engine's object as a whole or not at all.
pub(crate) fn stalls_changes(finding: &Finding) -> bool {
    use table::backup::PG_THREE_STORAGES;
    use table::database::PROXYSQL_RELEASE;
    use table::online::{
        ENGINE_INSTALLED, LOAD_BALANCER_CONFIG_EXISTS, MONITORING_EXISTS, NAMESPACE_SERVED,
        POLICY_EXISTS, STORAGE_EXISTS,
    };
    [
        ENGINE_INSTALLED,
        LOAD_BALANCER_CONFIG_EXISTS,
        MONITORING_EXISTS,
        NAMESPACE_SERVED,
        PG_THREE_STORAGES,
        POLICY_EXISTS,
        PROXYSQL_RELEASE,
        STORAGE_EXISTS,
    ]
    .iter()
    .any(|rule| rule.id == finding.rule)
}

/// Returns true if everything else depends on the object that a finding misses: the namespace that
/// Everest manages, or the engine in it. Any refusal by the cluster would only be a consequence of
/// that.
pub(crate) fn lacks_ground(finding: &Finding) -> bool {
    use table::online::{ENGINE_INSTALLED, NAMESPACE_SERVED};
    [ENGINE_INSTALLED, NAMESPACE_SERVED]
        .iter()
        .any(|rule| rule.id == finding.rule)
}

/// Returns true if a finding is about a state that an apply waits out, or that the user has to wait
/// out.
pub(crate) fn waits_for_its_time(finding: &Finding) -> bool {
    use table::data_import_job::IMPORT_ALLOWED;
    use table::online::{BACKUP_RUNNING, DATABASE_BUSY, RESTORE_ALLOWED, UPGRADE_LOCK};
    [
        BACKUP_RUNNING,
        DATABASE_BUSY,
        IMPORT_ALLOWED,
        RESTORE_ALLOWED,
        UPGRADE_LOCK,
    ]
    .iter()
    .any(|rule| rule.id == finding.rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use std::collections::BTreeSet;

    #[test]
    fn a_rule_says_who_else_holds_it() {
        let holder = |id: &str| {
            let rule = TABLE.iter().find(|rule| rule.id == id).unwrap();
            rule.holder()
        };
        for id in [
            "version-offered",
            "data-import-path",
            "sharding-shards",
            "immutable",
        ] {
            assert_eq!(holder(id), Holder::Admission, "{id}");
        }
        for id in [
            "name",
            "cpu-minimum",
            "upgrade-lock",
            "backup-running",
            "bucket-once",
        ] {
            assert_eq!(holder(id), Holder::RestApi, "{id}");
        }
        for id in [
            "schedule-cron",
            "storage-class-exists",
            "host",
            "namespace-empty",
        ] {
            assert_eq!(holder(id), Holder::Nobody, "{id}");
        }
    }

    #[test]
    fn every_rule_has_an_id_of_its_own_and_whole_sentences() {
        let ids: BTreeSet<_> = TABLE.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), TABLE.len());
        for rule in TABLE {
            for dialect in Dialect::ALL {
                let (sentence, advice) = (rule.sentence(), rule.advice());
                assert!(sentence.render(dialect).ends_with('.'), "{}", rule.id);
                assert!(advice.render(dialect).ends_with('.'), "{}", rule.id);
            }
            assert!(
                !rule.engines.is_empty() && !rule.operations.is_empty() && !rule.checked.is_empty(),
                "{}",
                rule.id
            );
            assert!(!rule.source.is_empty(), "{}", rule.id);
        }
    }
}
