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
//!   absent. What was broken before and is left as it was is a warning;
//! - `check_online`, for what only the cluster can tell: see [`Facts`] and
//!   [`Stage`].
//!
//! No two of them report the same. Values that are not known yet never raise a
//! finding, and neither does what could not be read.
//!
//! [`Facts`]: crate::facts::Facts

pub mod backup;
pub mod backup_storage;
pub mod database;
pub mod expressions;
mod finder;
pub mod namespace;
mod online;
pub mod provider;
pub mod restore;
mod table;

use everest_schemas::Engine;

use crate::Operation;

pub use table::TABLE;

/// A rule: what must hold, and what to do where it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, in findings and tests.
    pub id: &'static str,
    /// What must hold, as users read it.
    pub sentence: &'static str,
    /// What would be right, as users read it.
    pub advice: &'static str,
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_has_an_id_of_its_own_and_whole_sentences() {
        let ids: BTreeSet<_> = TABLE.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), TABLE.len());
        for rule in TABLE {
            assert!(rule.sentence.ends_with('.'), "{}", rule.id);
            assert!(rule.advice.ends_with('.'), "{}", rule.id);
            assert!(
                !rule.engines.is_empty() && !rule.operations.is_empty() && !rule.checked.is_empty(),
                "{}",
                rule.id
            );
            assert!(!rule.source.is_empty(), "{}", rule.id);
        }
    }
}
