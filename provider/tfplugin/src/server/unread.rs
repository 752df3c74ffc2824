//! Objects that were imported or moved but never read. The state contains only their identifying
//! attributes, so a plan would see every other attribute as changed.

use crate::context::{Context, Deferral};
use crate::diagnostics::Diagnostic;

/// The advice: the object must be read first.
const READ_IT: &str = "Plan once with refresh, so without -refresh=false or -minimal-refresh, and \
                       with provider settings that are known: if they come from another resource, \
                       apply that one first, for example with -target.";

fn summary(type_name: &str) -> String {
    format!("The {type_name} was taken over but never read")
}

/// The error of a read that could not read the object; None if the call is deferred instead.
pub(super) fn not_read(type_name: &str, cx: &Context) -> Option<Diagnostic> {
    (!put_off(cx)).then(|| {
        Diagnostic::error(
            summary(type_name),
            format!(
                "An import or a moved block says which object it is and nothing else, and the object \
                 could not be read now. Without that a plan takes it for another object, and may \
                 replace it. {READ_IT}"
            ),
        )
    })
}

/// The error of a plan that would change or replace the object; None if the call is deferred
/// instead.
pub(super) fn not_planned(type_name: &str, cx: &Context) -> Option<Diagnostic> {
    (!put_off(cx)).then(|| {
        Diagnostic::error(
            summary(type_name),
            format!(
                "An import or a moved block says which object it is and nothing else, so nobody \
                 knows what this plan would change, or whether it would replace an object that is as \
                 configured. {READ_IT}"
            ),
        )
    })
}

/// The error of a destruction of the object.
pub(super) fn not_destroyed(type_name: &str) -> Diagnostic {
    Diagnostic::error(
        summary(type_name),
        format!(
            "An import or a moved block says which object it is and nothing else, so nobody knows \
             what its destruction would take along. {READ_IT} To leave the object as it is, forget \
             it with a removed block or terraform state rm."
        ),
    )
}

/// Returns true if the call is deferred to a later run.
fn put_off(cx: &Context) -> bool {
    cx.deferred().is_some() || cx.defer(Deferral::AbsentPrerequisite)
}
