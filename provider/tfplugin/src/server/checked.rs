//! The server's own answers, held against Terraform's rules before Terraform does it: in builds with
//! debug assertions, so that no test and no development build lets a broken rule pass.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::path::AttributePath;
use crate::planning::check::{self, Planned, Violation};
use crate::schema::Object;
use crate::value::Value;

/// Whether answers are checked.
const CHECKED: bool = cfg!(debug_assertions);

/// What a check will need of `value` later, when it is gone.
pub(super) fn keep(value: &Value) -> Option<Value> {
    CHECKED.then(|| value.clone())
}

/// Adds an error for each rule that the plan breaks. Terraform does not look at a plan that comes
/// with an error.
pub(super) fn plan(object: &Object, answer: Planned<'_>, of: &str, diags: &mut Diagnostics) {
    if CHECKED && !diags.has_errors() {
        let found = check::plan(object, answer);
        report(found, &format!("The plan of {of}"), diags);
    }
}

/// Adds an error for each rule that the state breaks. With an error only what makes it a state at
/// all counts: Terraform stores it whatever was planned.
pub(super) fn applied(
    object: &Object,
    planned: &Value,
    state: &Value,
    of: &str,
    diags: &mut Diagnostics,
) {
    let mut found = check::state(object, state);
    if !diags.has_errors() {
        found.extend(check::kept(object, planned, state));
    }
    report(found, &format!("The new state of {of}"), diags);
}

/// Adds a warning for each place at which the answer of an apply that went as asked is not what was
/// planned: the state hides it until the next read.
pub(super) fn answer(paths: &[AttributePath], of: &str, diags: &mut Diagnostics) {
    if !CHECKED {
        return;
    }
    diags.extend(paths.iter().map(|path| {
        Diagnostic::warning(
            "The provider answers something else than it planned",
            format!(
                "The apply of {of} has another value here than the plan, and Terraform takes the one \
                 of the plan: the state is wrong until the next read. Leave the value unknown in the \
                 plan, or answer what was planned. Only builds with debug assertions say this."
            ),
        )
        .at(path.clone())
    }));
}

fn report(found: Vec<Violation>, what: &str, diags: &mut Diagnostics) {
    diags.extend(found.into_iter().map(|violation| {
        Diagnostic::error(
            "The provider broke a rule of Terraform",
            format!(
                "{what} would be refused: {violation}. This is a bug of the provider, not of the \
                 configuration; please report it."
            ),
        )
        .at(violation.path.clone())
    }));
}
