//! What restores and imports have in common: they run once, and their objects are only records.

use everest_schemas::{Field, models::DatabaseModel};
use tfplugin::{AttributePath, Diagnostics, ReadResult};

use crate::{
    database::Database,
    managed::{Kind, named},
    session::Session,
};

/// A kind that runs once, in words.
pub struct Words {
    /// What it does, such as `restore`; this is also its name.
    pub verb: &'static str,
    /// What it has done, such as `restored`.
    pub done: &'static str,
    /// What comes into the database, such as `the data of a backup`.
    pub data: &'static str,
    /// Everest's object, such as `DatabaseClusterRestore`.
    pub object: &'static str,
}

/// Keeps the state of one whose object is gone: whatever its result was, the database may contain
/// newer data by now. An object that was never seen, one without a `database`, is an error, because
/// there is nothing to import or to move.
pub fn gone<K: Kind>(
    prior: &K::Model,
    (database, state): (&Field<String>, &Field<String>),
    words: &Words,
    first: bool,
    diags: &mut Diagnostics,
) -> ReadResult<K::Model> {
    let what = named::<K>(prior);
    let Words {
        verb,
        done,
        data,
        object,
    } = words;
    if database.is_null() {
        diags.error(
            AttributePath::root(),
            format!("{what} cannot be imported or moved: it does not exist"),
            format!(
                "The {object} no longer exists. Remove the import or moved block, and also the \
                 resource unless you want to {verb} {data} again."
            ),
        );
        return ReadResult::Keep;
    }
    if !first {
        return ReadResult::Keep;
    }
    let became = match state.known_str() {
        Some("Succeeded") => format!("What it {done} stays as it is."),
        Some("Failed") => {
            "It had failed, so the data of the database may be incomplete.".to_owned()
        }
        _ => format!(
            "It was deleted before its result was known: it may have {done} all, some or none of \
             the data."
        ),
    };
    diags.warning(
        AttributePath::root(),
        format!("The record of {what} is gone"),
        format!(
            "The {object} no longer exists. {became} Unless the resource is tainted, the {verb} \
             does not run again, because that would overwrite newer data. To {verb} again, change \
             a value of triggers, or plan with -replace and its address. Otherwise keep the \
             resource as a record, or remove it. This warning ends with the next apply."
        ),
    );
    ReadResult::Keep
}

/// Warns that one that has run does not run again for a database that replaces its own.
pub fn beside_a_replacement<K: Kind>(
    session: &Session,
    prior: &K::Model,
    database: DatabaseModel,
    words: &Words,
    diags: &mut Diagnostics,
) {
    let database = named::<Database>(&database);
    if !session.replaces(&database) {
        return;
    }
    let what = named::<K>(prior);
    let Words { verb, data, .. } = words;
    diags.warning(
        "database_name",
        format!("{what} does not run for the new database"),
        format!(
            "{database} is replaced, and the new database starts without the data of this {verb}, \
             because it runs only once. To {verb} into the new database too, name the database in \
             replace_triggered_by in the lifecycle block of the {verb}; to start with {data}, give \
             the database a data_source."
        ),
    );
}
