//! Objects that a creation replaces.
//!
//! Terraform plans the replacement of a tainted object, or of one that `-replace` names, as a
//! creation: the plan does not show the old object. But a run first reads every object of the state
//! in the same process, so these reads tell a replacement from another creation. The old object's
//! data travels to the apply in the private state of the creation, which the destruction of the old
//! object gets too.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tfplugin::{Diagnostic, Diagnostics, Plan, Private};

use crate::{
    guardrails::{self, Guarded},
    managed::named,
    session::Session,
};

/// Private key of a planned creation that replaces an object: true if the old object was never
/// ready.
const REPLACES: &str = "replaces";
/// Private key of an object: its UID, as it was made or last read.
const UID: &str = "uid";
/// Private key of a planned creation that replaces an object: the UID of the old object.
const REPLACED_UID: &str = "replaced-uid";
/// Private key of an object whose creation failed, until it has been ready.
const NEVER_READY: &str = "never-ready";

/// An object of the state, before this run changes anything.
#[derive(Clone)]
pub struct Former<M> {
    /// Its model in the state.
    pub state: M,
    /// Its private state.
    pub private: Private,
    /// What this run has shown of it last.
    pub seen: Seen,
}

/// What a run has shown of an object of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A read.
    Read,
    /// A plan that does not replace it, unless Terraform does so without the provider: for
    /// `-replace` and `replace_triggered_by`.
    Planned,
    /// A plan that replaces it, and has judged that with both the old and the new object.
    Judged,
}

/// The objects of one kind that the state holds, by their import ids.
pub struct Formers<M>(Mutex<BTreeMap<String, Former<M>>>);

impl<M> Default for Formers<M> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<M: Clone> Formers<M> {
    /// Notes an object of the state.
    pub fn note(&self, id: String, former: Former<M>) {
        self.all().insert(id, former);
    }

    /// Forgets an object that does not exist any more.
    pub fn forget(&self, id: &str) {
        self.all().remove(id);
    }

    /// The object of that id, if the state holds it.
    pub fn of(&self, id: &str) -> Option<Former<M>> {
        self.all().get(id).cloned()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Former<M>>> {
        // A panic while holding the lock left nothing half-written: entries are replaced whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes the UID of the object that was made or read.
pub fn note_uid(private: &mut Private, uid: Option<String>) {
    match uid {
        // Text is always JSON and the key is not reserved.
        Some(uid) => drop(private.set(UID, uid)),
        None => private.remove(UID),
    }
}

/// The UID of the object, if it was noted: of the one that a planned creation with this private
/// state replaces, also under another name, or of the object of this private state.
pub fn uid_of_former(private: &Private) -> Option<String> {
    replaced_uid(private)
        .or_else(|| private.replaced().and_then(uid))
        .or_else(|| uid(private))
}

/// The UID of the object, if it was noted.
pub fn uid(private: &Private) -> Option<String> {
    private.get(UID)
}

/// The UID of the object that the planned creation with this private state replaces.
pub fn replaced_uid(private: &Private) -> Option<String> {
    private.get(REPLACED_UID)
}

/// Notes that the creation failed: a database whose first data never came.
pub fn note_failure(private: &mut Private) {
    // A flag is always JSON and the key is not reserved.
    let _ = private.set(NEVER_READY, true);
}

/// Notes that the object is ready, or was.
pub fn note_ready(private: &mut Private) {
    private.remove(NEVER_READY);
}

/// Makes the marks of a planned creation those of the object itself. States have them from earlier
/// versions of this provider, where a replacement failed to destroy the object.
pub fn settle(private: &mut Private) {
    if private.get(REPLACES) == Some(true) {
        note_failure(private);
    }
    if uid(private).is_none() {
        let replaced = replaced_uid(private);
        note_uid(private, replaced);
    }
    take(private);
}

/// Returns true if the object to destroy was never ready: the object of this private state, or the
/// one that a creation with this private state replaces.
pub fn never_was_ready(private: &Private) -> bool {
    let is_set = |key: &str| private.get(key) == Some(true);
    is_set(NEVER_READY) || is_set(REPLACES) || private.replaced().is_some_and(never_was_ready)
}

/// Returns true if this creation was planned as a replacement, and removes that mark, which is of
/// no use after the creation.
pub fn take(private: &mut Private) -> bool {
    let replaces = private.get::<bool>(REPLACES).is_some();
    private.remove(REPLACES);
    private.remove(REPLACED_UID);
    replaces
}

/// The model by which a destruction is judged: an object that was never ready needs no protection.
/// A warning says so if that makes a difference.
pub fn as_judged<K: Guarded>(
    prior: &K::Model,
    never_ready: bool,
    diags: &mut Diagnostics,
) -> K::Model {
    let mut judged = prior.clone();
    if never_ready && K::lift_protection(&mut judged) {
        let what = named::<K>(prior);
        diags.push(Diagnostic::warning(
            format!("{what} was never ready, so it is not protected"),
            "Its creation failed before it held any data: it is destroyed even with \
             deletion_protection, and without a final backup. To keep it, run terraform untaint \
             with its address, which the plan shows.",
        ));
    }
    judged
}

/// Judges the destruction that belongs to a planned creation, unless that was done already: refuses
/// it like any other, and warns of the data that is lost.
pub fn plan<K: Guarded>(
    session: &Session,
    former: &Former<K::Model>,
    plan: &mut Plan<'_, K::Model>,
) {
    let diags = &mut *plan.diags;
    let never_ready = never_was_ready(&former.private);
    plan.private.set_replaced(&former.private);
    // A flag is always JSON and the key is not reserved.
    let _ = plan.private.set(REPLACES, never_ready);
    if let Some(uid) = uid(&former.private) {
        // Text is always JSON and the key is not reserved.
        let _ = plan.private.set(REPLACED_UID, uid);
    }
    session.note_replaced(named::<K>(&former.state));
    if former.seen == Seen::Judged {
        return;
    }
    let prior = as_judged::<K>(&former.state, never_ready, diags);
    K::forbid_destroy(&prior, diags);
    if !diags.has_errors() && !never_ready {
        guardrails::warn::<K>(session, &prior, None, diags);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{database::Database, managed::Kind};
    use everest_schemas::models::{DatabaseModel, FinalBackup};

    fn copy() -> DatabaseModel {
        DatabaseModel {
            namespace: "prod".into(),
            name: "copy".into(),
            deletion_protection: true.into(),
            final_backup: FinalBackup {
                backup_storage_name: "s3".into(),
                ..FinalBackup::default()
            }
            .into(),
            ..DatabaseModel::default()
        }
    }

    fn destroyed(private: &Private) -> Diagnostics {
        let mut diags = Diagnostics::new();
        let judged = as_judged::<Database>(&copy(), never_was_ready(private), &mut diags);
        Database::forbid_destroy(&judged, &mut diags);
        diags
    }

    #[test]
    fn only_a_database_that_never_was_ready_has_nothing_to_protect() {
        let mut private = Private::default();
        assert!(destroyed(&private).has_errors());
        note_failure(&mut private);
        let said = destroyed(&private);
        assert!(!said.has_errors());
        assert!(format!("{said:?}").contains("was never ready"), "{said:?}");
        note_ready(&mut private);
        assert!(destroyed(&private).has_errors());
    }

    #[test]
    fn a_protected_database_names_each_way_on() {
        let said = destroyed(&Private::default());
        let said = said.iter().next().unwrap();
        assert_eq!(
            said.summary,
            "everest_database prod/copy is protected from deletion"
        );
        assert_eq!(
            said.detail,
            "deletion_protection is true in the state. Destroying the database deletes its \
             volumes. If that is what you want, set deletion_protection = false, apply that, and \
             plan again. Do the same if destroy = false in its lifecycle block keeps the replaced \
             database: the provider is not told of that. The old database then stays in the \
             cluster, and no resource manages it. If the database is tainted, every apply tries \
             to replace it instead: run terraform untaint with its address first. To keep the \
             database, that command is enough."
        );
    }

    #[test]
    fn a_creation_that_replaces_is_told_from_one_that_does_not() {
        let formers = Formers::default();
        let mut private = Private::default();
        note_failure(&mut private);
        let former = Former {
            state: copy(),
            private,
            seen: Seen::Read,
        };
        formers.note("prod/copy".to_owned(), former);
        assert!(
            formers
                .of("prod/copy")
                .is_some_and(|former| never_was_ready(&former.private))
        );
        assert!(formers.of("prod/orders").is_none());
        formers.forget("prod/copy");
        assert!(formers.of("prod/copy").is_none());
    }
}
