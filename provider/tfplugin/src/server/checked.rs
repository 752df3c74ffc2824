//! Checks the server's own responses against Terraform's rules before Terraform does. It runs in
//! builds with debug assertions, so that tests and development builds detect every broken rule.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::path::AttributePath;
use crate::planning::check::{self, Planned, Violation};
use crate::schema::Object;
use crate::value::Value;

/// True if responses are checked.
const CHECKED: bool = cfg!(debug_assertions);

/// A copy of `value` for a later check, if checks are enabled.
pub(super) fn keep(value: &Value) -> Option<Value> {
    CHECKED.then(|| value.clone())
}

/// Adds an error for each rule that the plan breaks. Terraform ignores a plan that comes with an
/// error.
pub(super) fn plan(object: &Object, answer: Planned<'_>, of: &str, diags: &mut Diagnostics) {
    if CHECKED && !diags.has_errors() {
        let found = check::plan(object, answer);
        report(found, &format!("The plan of {of}"), diags);
    }
}

/// Adds an error for each rule that the state breaks. If the apply reported an error, only the
/// rules for a state apply: Terraform stores it whatever the plan was.
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

/// Adds a warning for each place where the result of a successful apply differs from the plan: the
/// state hides the difference until the next read.
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
