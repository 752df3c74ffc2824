//! The CR version of a database, and its order with changes of the engine version.
//!
//! After an upgrade of an engine's operator, each of its databases still has the CR version from
//! before, and Everest recommends the new one. Until a database has the new CR version, Everest
//! refuses another version of its engine.

use everest_schemas::Field;
use everest_schemas::everest::{
    DatabaseCluster, DatabaseClusterStatus, DatabaseEngine, EngineSpec,
};
use everest_schemas::models::DatabaseModel;

/// The value of `engine.cr_version` that follows Everest's recommendation. It is never sent.
pub const RECOMMENDED: &str = "recommended";

/// The recommendation of a CR version in a database's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrVersion<'a> {
    /// No version is recommended.
    Current,
    /// A version is recommended, but that means nothing: the database is new, is being restored, or
    /// has just got that very version.
    Passing,
    /// This version is pending.
    Pending(&'a str),
}

/// Reads the recommendation in a status.
///
/// Everest compares the operator's version with the version that it saw last: a new database has a
/// recommendation for a moment, and so does a database that has just followed one. While PXC is
/// being restored, its CR version is unknown, and the recommendation stays all that time.
pub fn cr_version(status: Option<&DatabaseClusterStatus>) -> CrVersion<'_> {
    let text = |text: &'_ Option<String>| text.as_ref().is_none_or(String::is_empty);
    let Some(status) = status.filter(|status| !text(&status.recommended_cr_version)) else {
        return CrVersion::Current;
    };
    let recommended = status.recommended_cr_version.as_deref().unwrap_or_default();
    if text(&status.cr_version)
        || status.cr_version.as_deref() == Some(recommended)
        || status.status.as_deref() == Some("restoring")
    {
        return CrVersion::Passing;
    }
    CrVersion::Pending(recommended)
}

/// Returns true if Everest will recommend the version of an operator at its next reconcile of the
/// database.
pub fn is_due(database: &DatabaseCluster, operator: &DatabaseEngine) -> bool {
    let status = database.status.as_ref();
    let runs_as = status.and_then(|status| status.cr_version.as_deref());
    let installed = operator.status.as_ref();
    let installed = installed
        .filter(|engine| engine.status.as_deref() == Some("installed"))
        .and_then(|engine| engine.operator_version.as_deref());
    cr_version(status) == CrVersion::Current
        && matches!((runs_as, installed), (Some(runs_as), Some(installed))
            if !runs_as.is_empty() && runs_as != installed)
}

/// The CR version that a model's database has or will have, whether the configuration names one,
/// follows the recommendation or omits it.
pub fn effective(model: &DatabaseModel) -> Field<String> {
    match wish(model) {
        Field::Known(version) if !follows(version) && !version.is_empty() => {
            version.as_str().into()
        }
        Field::Unknown => Field::Unknown,
        Field::Known(_) | Field::Null => model.cr_version.clone(),
    }
}

/// The pending CR version of a model, if there is one.
pub fn pending(model: &DatabaseModel) -> Option<&str> {
    model
        .recommended_cr_version
        .known_str()
        .filter(|version| !version.is_empty())
}

/// The CR version that an engine's configuration names itself.
pub fn pinned(engine: &EngineSpec) -> Option<&str> {
    let version = engine.cr_version.known_str();
    version.filter(|version| !version.is_empty() && !follows(version))
}

/// Returns true if an engine's configuration names another CR version than `pending`.
pub fn is_pinned(engine: &EngineSpec, pending: &str) -> bool {
    pinned(engine).is_some_and(|version| version != pending)
}

/// Fills the CR version that the apply will write into the plan of a change. Returns true if that
/// is a change that the configuration does not show by itself.
///
/// | `engine.cr_version` in `config` | CR version of the plan |
/// |---|---|
/// | `"recommended"` | what is pending |
/// | left out | what is pending, if the engine's version changes |
/// | a version | that version |
///
/// If the engine version changes while nothing is pending yet, the CR version is unknown: the same
/// run may upgrade the operator first. If the engine version itself is unknown, it may turn out to
/// be the present one, so with `engine.cr_version` left out nothing is promised about the CR version.
pub fn foresee(config: &DatabaseModel, prior: &DatabaseModel, planned: &mut DatabaseModel) -> bool {
    let following = match wish(config) {
        Field::Known(version) => follows(version),
        Field::Null => false,
        Field::Unknown => return false,
    };
    if !following && !wish(config).is_null() {
        return false;
    }
    let version = |model: &DatabaseModel| engine(model).map(|engine| engine.version.clone());
    let changes_version = version(planned) != version(prior);
    if !following && !changes_version {
        return false;
    }
    let pending = pending(prior).map(str::to_owned);
    let Some(engine) = engine_mut(planned) else {
        return false;
    };
    let Some(pending) = pending else {
        if !following {
            engine.cr_version = Field::Unknown;
        }
        return false;
    };
    if !following && engine.version.is_unknown() {
        engine.cr_version = Field::Unknown;
        planned.cr_version = Field::Unknown;
    } else {
        engine.cr_version = if following {
            RECOMMENDED.into()
        } else {
            pending.clone().into()
        };
        planned.cr_version = pending.into();
    }
    planned.recommended_cr_version = Field::Unknown;
    planned.ready = Field::Unknown;
    planned.status = Field::Unknown;
    planned.message = Field::Unknown;
    true
}

/// The next step of an apply towards a planned database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Write the whole plan.
    Write {
        /// The CR version to write with it; `None`: the planned one.
        cr_version: Option<String>,
    },
    /// Write this CR version and wait until it has taken effect, before the engine version changes.
    TakeOver(String),
    /// Wait until Everest has settled its recommendation: it refuses another engine version while
    /// there is one.
    Settle,
    /// Write nothing: this CR version is pending, and the plan is for another one.
    Refuse(String),
}

/// Decides the next step by the database as it is.
pub fn next(planned: &DatabaseModel, live: &DatabaseCluster) -> Next {
    let Some(engine) = engine(planned) else {
        return Next::Write { cr_version: None };
    };
    let changes_version = changes_version(planned, live);
    let pending = match cr_version(live.status.as_ref()) {
        CrVersion::Passing if changes_version => return Next::Settle,
        CrVersion::Passing | CrVersion::Current => return Next::Write { cr_version: None },
        CrVersion::Pending(version) => version,
    };
    let following = engine.cr_version.known_str().is_some_and(follows);
    let status = live.status.as_ref();
    let runs_as = status.and_then(|status| status.cr_version.as_deref());
    match planned.cr_version.known_str() {
        // The plan was made before this was recommended, and promises something else.
        Some(promised) if following && promised != pending => {
            if changes_version || Some(promised) != runs_as {
                Next::Refuse(pending.to_owned())
            } else {
                Next::Write { cr_version: None }
            }
        }
        _ if changes_version && is_pinned(engine, pending) => Next::Refuse(pending.to_owned()),
        _ if changes_version => Next::TakeOver(pending.to_owned()),
        _ if following => Next::Write {
            cr_version: Some(pending.to_owned()),
        },
        _ => Next::Write { cr_version: None },
    }
}

/// Returns true if a plan changes the engine version.
pub fn changes_version(planned: &DatabaseModel, live: &DatabaseCluster) -> bool {
    let wanted = engine(planned).and_then(|engine| engine.version.known_str());
    let live = live.spec.engine.known();
    let has = live.and_then(|engine| engine.version.known_str());
    wanted.is_some_and(|wanted| !wanted.is_empty() && Some(wanted) != has)
}

/// The first half of a change of the engine version: everything else, with the CR version.
pub fn first_half(
    planned: &DatabaseModel,
    live: &DatabaseCluster,
    taken_over: &str,
) -> DatabaseModel {
    at_version_of(with_cr_version(planned, taken_over), live)
}

/// The model with the engine's present version.
fn at_version_of(mut model: DatabaseModel, live: &DatabaseCluster) -> DatabaseModel {
    let has = live.spec.engine.known();
    if let Some(engine) = engine_mut(&mut model) {
        engine.version = has.map_or(Field::Null, |engine| engine.version.clone());
    }
    model
}

/// The model with a CR version that can be sent.
pub fn with_cr_version(model: &DatabaseModel, version: &str) -> DatabaseModel {
    let mut model = model.clone();
    if let Some(engine) = engine_mut(&mut model) {
        engine.cr_version = version.into();
    }
    model
}

/// The model with the database's present CR version in place of `recommended` or an unknown one, so
/// that sending it changes nothing.
pub fn settled(model: &DatabaseModel, live: &DatabaseCluster) -> DatabaseModel {
    let mut model = model.clone();
    let has = live.spec.engine.known();
    let has = has
        .and_then(|engine| engine.cr_version.known_str())
        .filter(|version| !version.is_empty());
    if let Some(engine) = engine_mut(&mut model)
        && (engine.cr_version.is_unknown() || engine.cr_version.known_str().is_some_and(follows))
    {
        engine.cr_version = has.map_or(Field::Null, Field::from);
    }
    model
}

/// The next write for front ends that reconcile a database again whenever it changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Towards {
    /// The model to write now.
    pub model: DatabaseModel,
    /// True if the engine version comes later, because a CR version comes first.
    pub is_half: bool,
}

/// The next write towards a configuration: two halves may be needed if it follows the recommended
/// CR version, otherwise it is written as a whole.
pub fn towards(config: &DatabaseModel, live: &DatabaseCluster) -> Towards {
    let following = wish(config).known().is_some_and(|version| follows(version));
    let (model, is_half) = match next(config, live) {
        Next::Write {
            cr_version: Some(version),
        } => (with_cr_version(config, &version), false),
        Next::TakeOver(version) if following => (first_half(config, live, &version), true),
        Next::Settle if following => (at_version_of(settled(config, live), live), true),
        Next::Write { cr_version: None } | Next::TakeOver(_) | Next::Settle | Next::Refuse(_) => {
            (settled(config, live), false)
        }
    };
    Towards { model, is_half }
}

fn follows(version: &str) -> bool {
    version == RECOMMENDED
}

fn wish(model: &DatabaseModel) -> Field<&String> {
    match engine(model) {
        Some(engine) => engine.cr_version.as_ref(),
        None => Field::Null,
    }
}

fn engine(model: &DatabaseModel) -> Option<&EngineSpec> {
    model.spec.known()?.engine.known()
}

fn engine_mut(model: &mut DatabaseModel) -> Option<&mut EngineSpec> {
    model.spec.known_mut()?.engine.known_mut()
}

#[cfg(test)]
mod tests;
