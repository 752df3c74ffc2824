//! The version of its operator that a database is run as, and what a change of the engine's own
//! version has to wait for.
//!
//! After an upgrade of an engine's operator each of its databases is still run as the version
//! from before, and Everest recommends the new one. Until a database has taken that over,
//! Everest refuses another version of its engine.

use everest_schemas::Field;
use everest_schemas::everest::{
    DatabaseCluster, DatabaseClusterStatus, DatabaseEngine, EngineSpec,
};
use everest_schemas::models::DatabaseModel;

/// The value of `engine.cr_version` that follows what Everest recommends. It is never sent.
pub const RECOMMENDED: &str = "recommended";

/// What a database's status says of the operator's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrVersion<'a> {
    /// There is nothing to take over.
    Current,
    /// A version is recommended, but it means nothing: the database is new, is being restored,
    /// or has just taken that very version over.
    Passing,
    /// This version waits to be taken over.
    Pending(&'a str),
}

/// Reads the recommendation in a status.
///
/// Everest compares the operator's version with the one that it saw before: a new database shows
/// a recommendation for a moment, and so does one that has just followed it. While PXC is being
/// restored its own version is unknown, and the recommendation stands for all that time.
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

/// Whether Everest will recommend the version of an operator as soon as it looks at the database.
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

/// The version that a model's database is, or will be, run as, whether its configuration names
/// it, follows the recommendation or says nothing.
pub fn effective(model: &DatabaseModel) -> Field<String> {
    match wish(model) {
        Field::Known(version) if !follows(version) && !version.is_empty() => {
            version.as_str().into()
        }
        Field::Unknown => Field::Unknown,
        Field::Known(_) | Field::Null => model.cr_version.clone(),
    }
}

/// The version that waits to be taken over, as far as a model tells.
pub fn pending(model: &DatabaseModel) -> Option<&str> {
    model
        .recommended_cr_version
        .known_str()
        .filter(|version| !version.is_empty())
}

/// Whether an engine's configuration stands against taking `pending` over.
pub fn is_pinned(engine: &EngineSpec, pending: &str) -> bool {
    engine
        .cr_version
        .known_str()
        .is_some_and(|version| !version.is_empty() && !follows(version) && version != pending)
}

/// Says in the plan of a change which version of the operator the apply will take over, and
/// whether that is a change the configuration does not show by itself.
///
/// | `engine.cr_version` in `config` | taken over |
/// |---|---|
/// | `"recommended"` | what is pending |
/// | left out | what is pending, if the engine's version changes |
/// | a version | that version |
///
/// A change of the engine's version leaves the operator's open where nothing is pending yet: the
/// same run may upgrade the operator first.
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
    let Some(engine) = planned
        .spec
        .known_mut()
        .and_then(|spec| spec.engine.known_mut())
    else {
        return false;
    };
    let Some(pending) = pending else {
        if !following {
            engine.cr_version = Field::Unknown;
        }
        return false;
    };
    engine.cr_version = if following {
        RECOMMENDED.into()
    } else {
        pending.clone().into()
    };
    planned.cr_version = pending.into();
    planned.recommended_cr_version = Field::Unknown;
    planned.ready = Field::Unknown;
    planned.status = Field::Unknown;
    planned.message = Field::Unknown;
    true
}

/// What an apply does next on the way to a planned database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Write all of it, with this version of the operator; none: with the planned one.
    Write {
        /// The version to take over with it.
        cr_version: Option<String>,
    },
    /// Take over this version and wait until that is done, before the engine's changes.
    TakeOver(String),
    /// Wait until the recommendation means something: Everest refuses another version of the
    /// engine while there is one.
    Settle,
    /// Write nothing: this version is pending, and the plan is for another one.
    Refuse(String),
}

/// Decides what an apply does next, by the database as it is.
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

/// Whether a plan gives the engine another version than it has.
pub fn changes_version(planned: &DatabaseModel, live: &DatabaseCluster) -> bool {
    let wanted = engine(planned).and_then(|engine| engine.version.known_str());
    let live = live.spec.engine.known();
    let has = live.and_then(|engine| engine.version.known_str());
    wanted.is_some_and(|wanted| !wanted.is_empty() && Some(wanted) != has)
}

/// The first half of a change of the engine's version: everything but that, and the operator's
/// version.
pub fn first_half(
    planned: &DatabaseModel,
    live: &DatabaseCluster,
    taken_over: &str,
) -> DatabaseModel {
    at_version_of(with_cr_version(planned, taken_over), live)
}

/// The model with the version that the engine has.
fn at_version_of(mut model: DatabaseModel, live: &DatabaseCluster) -> DatabaseModel {
    let has = live.spec.engine.known();
    if let Some(engine) = engine_mut(&mut model) {
        engine.version = has.map_or(Field::Null, |engine| engine.version.clone());
    }
    model
}

/// The model with a version of the operator that can be sent.
pub fn with_cr_version(model: &DatabaseModel, version: &str) -> DatabaseModel {
    let mut model = model.clone();
    if let Some(engine) = engine_mut(&mut model) {
        engine.cr_version = version.into();
    }
    model
}

/// The model with the database's own version of the operator in place of one that is followed or
/// not known: sent as it is, it stays as it is.
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

/// What is written next of a database by who looks again whenever it changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Towards {
    /// What is written now.
    pub model: DatabaseModel,
    /// Whether the engine's version comes later: another version of the operator is taken over
    /// first.
    pub is_half: bool,
}

/// The next step to what a configuration says, where it follows the recommended version of the
/// operator; all of it, where it does not.
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
