//! What a run has planned and not applied yet, by the object.
//!
//! Terraform plans each address of a configuration alone. It asks for the destruction of an object
//! that is replaced only by the plan of the new one. So the destruction of an object that another
//! plan creates or keeps is that of another address.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tfplugin::{Diagnostic, Plan};

/// The planned objects, as messages name them.
#[derive(Debug, Default)]
pub struct Unapplied(Mutex<Objects>);

#[derive(Debug, Default)]
struct Objects {
    /// Created or kept.
    held: BTreeSet<String>,
    /// Created or changed, and waited for until it is up.
    awaited: BTreeSet<String>,
    destroyed: BTreeSet<String>,
}

impl Unapplied {
    /// Notes a plan of the object `what`, which the state holds as `prior`. `is_awaited` is true if
    /// its apply creates or changes the object, and waits until it is up. Warns of an object that
    /// one address destroys and another creates or keeps.
    pub fn note<M>(
        &self,
        plan: &mut Plan<'_, M>,
        prior: Option<&str>,
        what: &str,
        is_awaited: bool,
    ) {
        let gives_way = prior.filter(|prior| *prior != what);
        // The plan of what comes in the place of an object of the same name is still to come.
        let is_last = gives_way.is_some() || plan.requires_replace().is_empty();
        plan.diags
            .extend(gives_way.and_then(|prior| self.note_destroyed(prior)));
        if is_last {
            plan.diags.extend(self.note_held(what));
        }
        if is_awaited {
            self.objects().awaited.insert(what.to_owned());
        }
    }

    /// Notes the planned destruction of an object. Returns a warning if another address creates or
    /// keeps it.
    pub fn note_destroyed(&self, what: &str) -> Option<Diagnostic> {
        let mut objects = self.objects();
        objects.destroyed.insert(what.to_owned());
        objects.of_two_addresses(what)
    }

    /// Notes an object that its address creates or keeps. Returns a warning if another address
    /// destroys it.
    fn note_held(&self, what: &str) -> Option<Diagnostic> {
        let mut objects = self.objects();
        objects.held.insert(what.to_owned());
        objects.of_two_addresses(what)
    }

    /// Notes that the apply of a plan of the object has begun.
    pub fn note_applied(&self, what: &str) {
        let mut objects = self.objects();
        objects.held.remove(what);
        objects.awaited.remove(what);
        objects.destroyed.remove(what);
    }

    /// Returns true if this run creates or changes the object, and waits until it is up.
    pub fn awaits(&self, what: &str) -> bool {
        self.objects().awaited.contains(what)
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        // A panic while holding the lock lost at most what it was about to note.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Objects {
    fn of_two_addresses(&self, what: &str) -> Option<Diagnostic> {
        let both = self.held.contains(what) && self.destroyed.contains(what);
        (both && is_named(what)).then(|| {
            Diagnostic::warning(
                format!("{what} is destroyed at one address and created or kept at another"),
                "Terraform applies the two in any order. So the creation can fail because the \
                 object still exists, and the object can be gone in the end, with its data. If the \
                 resource only got another address (another name, another module, another index of \
                 count or key of for_each), add a moved block from the old address to the new one: \
                 nothing is destroyed then. If two addresses hold the object, forget one of them \
                 with a removed block with destroy = false, or with terraform state rm.",
            )
        })
    }
}

/// Returns true if namespace and name of the object are known.
fn is_named(what: &str) -> bool {
    !what.ends_with([' ', '/']) && !what.contains(" /")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: &str = "everest_database prod/orders";

    #[test]
    fn an_object_of_two_addresses_is_told_of_in_whichever_order_they_are_planned() {
        let planned = Unapplied::default();
        assert!(planned.note_held(ORDERS).is_none());
        let told = planned.note_destroyed(ORDERS).unwrap();
        assert!(told.summary.contains(ORDERS), "{told:?}");
        assert!(told.detail.contains("moved block"), "{told:?}");

        let planned = Unapplied::default();
        assert!(planned.note_destroyed(ORDERS).is_none());
        assert!(planned.note_held("everest_database prod/sales").is_none());
        assert!(planned.note_held(ORDERS).is_some());
    }

    #[test]
    fn what_is_applied_and_what_has_no_name_yet_is_not_told_of() {
        let planned = Unapplied::default();
        planned.note_held(ORDERS);
        planned.note_applied(ORDERS);
        assert!(planned.note_destroyed(ORDERS).is_none());
        for unnamed in [
            "everest_database prod/",
            "everest_database /orders",
            "everest_namespace ",
        ] {
            planned.note_held(unnamed);
            assert!(planned.note_destroyed(unnamed).is_none(), "{unnamed:?}");
        }
    }
}
