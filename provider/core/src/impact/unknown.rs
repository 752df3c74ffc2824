//! Possible effects of a change whose values are not known yet.

use std::collections::BTreeSet;

use everest_schemas::Field;
use everest_schemas::models::DatabaseModel;

use super::differences::{self, Difference};
use super::{Class, Effect, TABLE, engine, impact};
use crate::path::FieldPath;

/// An attribute whose value is known only when the change is applied, and what
/// its change may do to a running database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The attribute.
    pub path: FieldPath,
    /// The possible effects, the worst first; never empty.
    pub classes: Vec<Class>,
}

/// The attributes of a change from `prior` to `planned` whose values are not known yet and whose
/// change may have an effect.
///
/// Outputs have no effect. A replacement that the plan shows already is reported by
/// [`super::of_change`].
pub fn of_unknown(prior: &DatabaseModel, planned: &DatabaseModel) -> Vec<Unknown> {
    let engine = engine(planned);
    let differences = differences::between(prior, planned);
    let upgrades = differences
        .iter()
        .any(|difference| difference.is_below("engine.version"));
    differences
        .iter()
        .filter(|difference| difference.is_open())
        .filter(|difference| {
            // Without a wish the version of the operator is an output, and a change of the
            // engine's version leaves it open: that change says what is felt.
            !difference.is_below("engine.crVersion") || (is_wished(planned) && !upgrades)
        })
        .filter_map(|difference| {
            let effects = TABLE
                .iter()
                .filter(|effect| engine.is_none_or(|engine| effect.engines.contains(&engine)))
                .filter(|effect| may_have(difference, effect));
            let classes: BTreeSet<_> = effects
                .map(|effect| impact(effect, difference.at(&effect.attribute), planned).class)
                .filter(|class| *class > Class::NoRestart)
                .collect();
            (!classes.is_empty()).then(|| Unknown {
                path: difference.path().clone(),
                classes: classes.into_iter().rev().collect(),
            })
        })
        .collect()
}

fn may_have(difference: &Difference, effect: &Effect) -> bool {
    difference.is_above(&effect.attribute)
        || (difference.is_below(&effect.attribute) && !effect.replaces())
}

/// Returns true if the configuration says which version of the operator is wanted.
fn is_wished(planned: &DatabaseModel) -> bool {
    let engine = planned.spec.known().and_then(|spec| spec.engine.known());
    engine.is_some_and(|engine| matches!(engine.cr_version, Field::Unknown))
}

/// A line for each attribute, and what to do.
pub(super) fn told(unknown: &[Unknown]) -> Option<Vec<String>> {
    if unknown.is_empty() {
        return None;
    }
    let mut lines: Vec<_> = unknown
        .iter()
        .map(|unknown| {
            let classes: Vec<_> = unknown.classes.iter().map(|class| class.as_str()).collect();
            format!(
                "The value of {} is not known yet. Depending on the value, the change may have \
                 these effects: {}.",
                unknown.path.snake_case(),
                classes.join(", ")
            )
        })
        .collect();
    lines.push(
        "A value from another resource is known once that resource is applied: to see the effects \
         first, apply that resource, for example with -target, and plan again. If the value was \
         removed from the configuration, Everest chooses it: to choose it yourself, write it into \
         the configuration."
            .to_owned(),
    );
    Some(lines)
}
