//! Everest's rules, checked before anything is written.
//!
//! Most of them live in Everest's API server alone, and a program that writes
//! custom resources never meets them. [`TABLE`] has each with its words; a
//! module for each model has
//! - `check_syntax`, for what a configuration alone can never be, whether or
//!   not the object exists;
//! - `check`, for everything else, given the object's prior model if it
//!   exists. Give it what will hold after the change: the configuration when
//!   the object is created, the plan when it is changed, where null means
//!   absent. What was broken before and is left as it was is nothing to speak of, unless it
//!   stands against any change: see `Findings::since`;
//! - `check_online`, for what only the cluster can tell: see [`Facts`] and
//!   [`Stage`];
//! - `check_time`, for what only the clock can tell, where it tells anything.
//!
//! [`Validate`] has them for whoever serves any model.
//!
//! No two of them report the same. Values that are not known yet never raise a
//! finding, and neither does what could not be read.
//!
//! [`Facts`]: crate::facts::Facts

pub mod backup;
pub mod backup_storage;
pub mod database;
pub mod expressions;
mod findings;
pub mod monitoring_config;
pub mod namespace;
mod online;
mod pitr;
pub mod provider;
pub mod restore;
mod table;
mod validate;

use everest_schemas::Engine;
use findings::Findings;

use crate::Operation;
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::text::Text;

pub use table::TABLE;
pub use validate::Validate;

/// A rule: what must hold, and what to do where it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, in findings and tests.
    pub id: &'static str,
    /// What must hold: a template of [`Text`].
    pub(crate) sentence: &'static str,
    /// What would be right: a template of [`Text`].
    pub(crate) advice: &'static str,
    /// The engines whose databases it can be broken by; all for rules that are
    /// not about databases.
    pub engines: &'static [Engine],
    /// The operations that it is checked at.
    pub operations: &'static [Operation],
    /// What it is checked with.
    pub checked: &'static [Checked],
    /// Where the fact comes from: repository or product, and place in it.
    pub source: &'static str,
}

/// Who holds a rule where this project is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// Kubernetes does, when the object is written and when that is tried by a
    /// dry run: by a schema, by CEL or by an admission webhook of Everest's
    /// operator.
    Admission,
    /// Everest's REST API does, which custom resources never pass.
    RestApi,
    /// Nobody does: what breaks it is accepted, and fails later or does
    /// nothing.
    Nobody,
}

impl Rule {
    /// What must hold, as users read it.
    pub fn sentence(&self) -> Text {
        self.sentence.into()
    }

    /// What would be right, as users read it.
    pub fn advice(&self) -> Text {
        self.advice.into()
    }

    /// Both.
    pub(crate) fn detail(&self) -> Text {
        self.sentence().and(" ").and(self.advice())
    }

    /// Whether it is about the provider's own settings, which no other way to
    /// Everest has.
    pub fn is_about_settings(&self) -> bool {
        table::provider::SETTINGS.contains(self)
    }

    /// Who else holds it, by where the fact comes from.
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

/// What a rule is checked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Checked {
    /// The configuration alone: no cluster is needed.
    Configuration,
    /// The configuration and what the object was before.
    State,
    /// The cluster as it is at the moment.
    Cluster,
}

/// When the cluster is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// While a change is planned: what is missing may still be made by the
    /// same run, so that it is only a warning.
    Plan,
    /// Right before the write: what is missing now will be missed.
    Apply,
}

/// Whether what a finding misses may still be made by the run that is planned.
pub(crate) fn may_be_made_by_the_run(finding: &Finding) -> bool {
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
    .iter()
    .any(|rule| rule.id == finding.rule)
}

/// What to say of a value that only goes up and that somebody else has raised.
pub(crate) fn raised_elsewhere(path: FieldPath, asked: &str, has: &str) -> Vec<Finding> {
    let mut findings = Findings::default();
    let summary = format!("Somebody else has raised {asked} to {has}, which is kept");
    findings.warning(&table::general::RAISED_ELSEWHERE, path, summary);
    findings.into_findings()
}

/// Whether Kubernetes refuses every write of the object while it is so, whatever is written.
pub(crate) fn is_held_at_every_write(finding: &Finding) -> bool {
    finding.rule == table::online::VERSION_OFFERED.id
}

/// Whether Everest takes a change and never carries it out while it is so: it puts the whole of
/// the engine's object together anew, or nothing.
pub(crate) fn stalls_changes(finding: &Finding) -> bool {
    use table::backup::PG_THREE_STORAGES;
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
        STORAGE_EXISTS,
    ]
    .iter()
    .any(|rule| rule.id == finding.rule)
}

/// Whether what a finding misses is beneath everything else: the namespace as one of Everest's,
/// or the engine in it. Whatever the cluster would say without it means only that.
pub(crate) fn lacks_ground(finding: &Finding) -> bool {
    use table::online::{ENGINE_INSTALLED, NAMESPACE_SERVED};
    [ENGINE_INSTALLED, NAMESPACE_SERVED]
        .iter()
        .any(|rule| rule.id == finding.rule)
}

/// Whether a finding is about a state of the cluster that an apply waits for the end of, or that
/// is to be waited for.
pub(crate) fn waits_for_its_time(finding: &Finding) -> bool {
    use table::online::{BACKUP_RUNNING, DATABASE_BUSY, RESTORE_ALLOWED, UPGRADE_LOCK};
    [BACKUP_RUNNING, DATABASE_BUSY, RESTORE_ALLOWED, UPGRADE_LOCK]
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
