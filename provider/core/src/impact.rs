//! The effect of a change on a running database.
//!
//! [`TABLE`] has the effect of each attribute; [`of_change`] finds the rows that apply to a planned
//! change, and [`summary`] puts them into words. Another spelling of the same value has no effect.
//! No row applies to a value that is not known yet, unless its change replaces the database,
//! because the plan is a replacement then; [`of_unknown`] says what such a value may do.

mod authority;
mod data_import_job;
mod differences;
mod monitoring;
mod replacement;
mod restore;
mod shared;
mod table;
mod unknown;

use std::borrow::Cow;
use std::fmt;

use everest_schemas::Engine;
use everest_schemas::everest::DatabaseClusterSpec;
use everest_schemas::models::{BackupModel, DatabaseModel};

use crate::path::{FieldPath, Segment};
use differences::Difference;

pub use authority::of_authority;
pub use data_import_job::of_import;
pub use monitoring::{of_monitoring_config, restarts_pods};
pub use replacement::of_replacement;
pub use restore::of_restore;
pub use shared::{of_load_balancer_config, of_policy};
pub use table::TABLE;
pub use unknown::{Unknown, of_unknown};

/// The severity of an effect, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// No pod of the database restarts.
    NoRestart,
    /// Pods are added; those that run stay.
    NewPods,
    /// Pods are taken away; those that stay go on running.
    FewerPods,
    /// Volumes grow in place, which their storage class has to allow.
    StorageGrowth,
    /// Pods restart one after the other; the others serve meanwhile.
    RollingRestart,
    /// Clients cannot reach the database for a while.
    FullStop,
    /// There is no way back.
    Irreversible,
    /// Data is deleted.
    DataLoss,
}

impl Class {
    /// The class in a few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRestart => "no restart",
            Self::NewPods => "new pods",
            Self::FewerPods => "fewer pods",
            Self::StorageGrowth => "storage growth",
            Self::RollingRestart => "rolling restart",
            Self::FullStop => "full stop",
            Self::Irreversible => "irreversible",
            Self::DataLoss => "data loss",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The direction of a change that a row of the table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// Any change.
    Changed,
    /// The number or the quantity goes up.
    Raised,
    /// The number or the quantity goes down.
    Lowered,
    /// It becomes true.
    TurnedOn,
    /// It becomes false or is taken away.
    TurnedOff,
    /// The number of what is kept goes down, where 0 keeps everything.
    KeepsFewer,
    /// It is added to a database that has none of its kind, or none that is enabled.
    FirstAdded,
}

impl When {
    /// The direction in a few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Raised => "raised",
            Self::Lowered => "lowered",
            Self::TurnedOn => "turned on",
            Self::TurnedOff => "turned off",
            Self::KeepsFewer => "lowered (0 keeps all)",
            Self::FirstAdded => "the first is added",
        }
    }
}

/// The effect of a change of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The attribute, with everything below it, as a path of the model
    /// without keys: `backup.schedules.retentionCopies`.
    pub attribute: Cow<'static, str>,
    /// The direction that it is about.
    pub when: When,
    /// The engines that it is about.
    pub engines: &'static [Engine],
    /// The class of the effect.
    pub class: Class,
    /// The effect as the rest of a sentence that begins with the attribute; `{members}` stands for
    /// the members of the engine.
    pub phrase: &'static str,
    /// The source of the fact: repository or product, and place in it.
    pub source: &'static str,
}

/// The effect of one planned change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impact {
    /// The attribute that changes.
    pub path: FieldPath,
    /// The class of the effect.
    pub class: Class,
    /// The effect, in the words for users.
    pub sentence: String,
}

/// Returns the effects of a change from `prior` to `planned` on a running database, the worst
/// first.
///
/// Pods of a paused database do not restart; a change takes effect when the database starts. A
/// rolling restart needs several members: the restart of a single one is a full stop.
pub fn of_change(prior: &DatabaseModel, planned: &DatabaseModel) -> Vec<Impact> {
    let engine = engine(planned);
    let mut met: Vec<(&Effect, FieldPath)> = Vec::new();
    for difference in differences::between(prior, planned) {
        for effect in TABLE.iter().filter(|effect| {
            engine.is_none_or(|engine| effect.engines.contains(&engine))
                && difference.is_below(&effect.attribute)
                && if difference.is_open() {
                    effect.replaces()
                } else {
                    applies(effect.when, &difference, prior)
                }
        }) {
            let path = difference.at(&effect.attribute);
            if !met
                .iter()
                .any(|(other, at)| *other == effect && *at == path)
            {
                met.push((effect, path));
            }
        }
    }
    let mut impacts: Vec<_> = met
        .into_iter()
        .map(|(effect, path)| impact(effect, path, planned))
        .collect();
    impacts.sort_by_key(|impact| std::cmp::Reverse(impact.class));
    impacts
}

/// The impact of destroying a database.
pub fn of_destruction(prior: &DatabaseModel) -> Impact {
    let backups = if prior.keep_backup_data.known() == Some(&false) {
        "and, with keep_backup_data = false, the data of its backups in the bucket"
    } else {
        "while the data of its backups stays in the bucket"
    };
    let last = match prior.final_backup.known() {
        Some(_) => " A final backup is taken first, and its data stays.",
        None => "",
    };
    Impact {
        path: FieldPath::root(),
        class: Class::DataLoss,
        sentence: format!(
            "Destroying the database deletes its volumes with everything in them, {backups}.{last}"
        ),
    }
}

/// The impact of destroying a backup on its data in the bucket, whether or not the database still
/// exists.
pub fn of_backup_destruction(what: &str, prior: &BackupModel) -> Summary {
    if prior.keep_backup_data.known() == Some(&false) {
        Summary {
            headline: format!("Destroying {what} deletes its data in the bucket"),
            detail: "keep_backup_data is false in the state: afterwards this backup cannot be \
                     restored. (The data of a PostgreSQL backup stays then too, because its \
                     operator deletes no data with a backup.) To keep the data, set keep_backup_data = \
                     true and apply that first."
                .to_owned(),
        }
    } else {
        Summary {
            headline: format!("Destroying {what} leaves its data in the bucket"),
            detail:
                "keep_backup_data is true in the state: only the object is deleted. The data can \
                     still be restored by its path. To delete the data too, set keep_backup_data = \
                     false and apply that first."
                    .to_owned(),
        }
    }
}

/// A change of one object, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The worst of it, in one line.
    pub headline: String,
    /// A sentence for each attribute, one a line.
    pub detail: String,
}

/// Summarizes a change of `what`, such as "everest_database prod/orders"; `None` if no effect is
/// known or possible.
pub fn summary(what: &str, impacts: &[Impact], unknown: &[Unknown]) -> Option<Summary> {
    let felt = felt(what, impacts);
    let told = unknown::told(unknown);
    let lines = |impacts: &[Impact]| -> Vec<String> {
        let sentences = impacts.iter();
        sentences.map(|impact| impact.sentence.clone()).collect()
    };
    let (headline, lines) = match (felt, told) {
        (None, None) => return None,
        (Some(felt), None) => (felt, lines(impacts)),
        (None, Some(told)) => (
            format!("The effect of changing {what} is not known until apply"),
            told,
        ),
        (Some(felt), Some(told)) => (
            format!("{felt}; further effects of the change are not known until apply"),
            [lines(impacts), told].concat(),
        ),
    };
    Some(Summary {
        headline,
        detail: lines.join("\n"),
    })
}

/// The worst known effect, in one line.
fn felt(what: &str, impacts: &[Impact]) -> Option<String> {
    let worst = impacts.iter().map(|impact| impact.class).max()?;
    Some(match worst {
        Class::NoRestart => return None,
        Class::NewPods => format!("{what} gets more pods"),
        Class::FewerPods => format!("{what} loses pods"),
        Class::StorageGrowth => format!("The volumes of {what} grow and cannot shrink again"),
        Class::RollingRestart => format!("The pods of {what} restart one by one"),
        Class::FullStop => format!("{what} cannot be reached for a while"),
        Class::Irreversible => format!("The change of {what} cannot be undone"),
        Class::DataLoss => format!("The change of {what} deletes data"),
    })
}

fn impact(effect: &Effect, path: FieldPath, planned: &DatabaseModel) -> Impact {
    let spec = planned.spec.known();
    let attribute = path.snake_case();
    let restarts = effect.class == Class::RollingRestart;
    let stopped = spec.and_then(|spec| spec.paused.known()) == Some(&true);
    let restarts_members = restarts && effect.phrase.contains(MEMBERS);
    if restarts && stopped {
        return Impact {
            sentence: format!(
                "The change of {attribute} takes effect when the database is started again."
            ),
            class: Class::NoRestart,
            path,
        };
    }
    let replicas = spec.and_then(replicas);
    if restarts_members && replicas == Some(1) {
        return Impact {
            sentence: format!(
                "Changing {attribute} restarts the only member: the database cannot be reached \
                 until it is back."
            ),
            class: Class::FullStop,
            path,
        };
    }
    Impact {
        sentence: format!(
            "Changing {attribute} {}.",
            effect.phrase.replace(MEMBERS, &members(replicas))
        ),
        class: effect.class,
        path,
    }
}

/// Stands for the engine's members in a phrase.
const MEMBERS: &str = "{members}";

impl Effect {
    /// Returns true if the change replaces the database.
    fn replaces(&self) -> bool {
        self.class == Class::DataLoss && self.when == When::Changed
    }

    /// The phrase for a database of any size.
    pub fn general_phrase(&self) -> String {
        self.phrase.replace(MEMBERS, &members(None))
    }
}

fn members(replicas: Option<i32>) -> String {
    match replicas {
        Some(1) => "the only member".to_owned(),
        Some(2) => "both members".to_owned(),
        Some(count) => format!("all {count} members"),
        None => "all members".to_owned(),
    }
}

/// The members of the database, unless shards multiply them.
fn replicas(spec: &DatabaseClusterSpec) -> Option<i32> {
    if !spec.sharding.is_null() {
        return None;
    }
    spec.engine.known()?.replicas.known().copied()
}

/// Returns true if the database has an enabled backup schedule.
fn is_scheduled(model: &DatabaseModel) -> bool {
    let backup = model.spec.known().and_then(|spec| spec.backup.known());
    let schedules = backup.and_then(|backup| backup.schedules.known());
    schedules
        .into_iter()
        .flatten()
        .any(|schedule| schedule.enabled.known() != Some(&false))
}

/// Returns true if a schedule that differs was there before: a new one has no backups yet.
fn is_of_former_schedule(difference: &Difference, prior: &DatabaseModel) -> bool {
    let backup = prior.spec.known().and_then(|spec| spec.backup.known());
    let schedules = backup.and_then(|backup| backup.schedules.known());
    let segments = difference.path().segments();
    segments.iter().any(|segment| match segment {
        Segment::Key(name) => schedules
            .into_iter()
            .flatten()
            .any(|schedule| schedule.name.known_str() == Some(name)),
        Segment::Field(_) | Segment::Index(_) => false,
    })
}

fn engine(model: &DatabaseModel) -> Option<Engine> {
    model.spec.known()?.engine.known()?.type_.known().copied()
}

fn applies(when: When, difference: &Difference, prior: &DatabaseModel) -> bool {
    match when {
        When::Changed => true,
        When::Raised => difference.order() == Some(std::cmp::Ordering::Greater),
        When::Lowered => difference.order() == Some(std::cmp::Ordering::Less),
        When::TurnedOn => difference.now_true(),
        When::TurnedOff => difference.was_true(),
        When::KeepsFewer => {
            let (before, now) = (difference.count_before(), difference.count_now());
            let keeps_fewer = now != 0 && (before == 0 || now < before);
            keeps_fewer && is_of_former_schedule(difference, prior)
        }
        When::FirstAdded => {
            let is_begun = difference.now_true() || !is_of_former_schedule(difference, prior);
            is_begun && !is_scheduled(prior)
        }
    }
}

#[cfg(test)]
mod tests;
