//! Sizes and versions that someone else has raised.
//!
//! Such values only go up. An unchanged configuration with the lower value could not be applied
//! again, although no one has requested less, so the higher value is kept and the user is told what
//! to write. Only a configuration that was lowered is refused.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use everest_schemas::models::{DatabaseModel, NamespaceModel};
use everest_schemas::{Engine, Field};

use crate::finding::Finding;
use crate::path::FieldPath;
use crate::quantity::Quantity;
use crate::rules;
use crate::version::Version;

/// The values of a configuration at its last apply, by path.
pub type Said = BTreeMap<String, String>;

/// A value of a model that only goes up.
pub(crate) struct Ascending<'a> {
    path: FieldPath,
    order: Order,
    value: &'a mut Field<String>,
}

#[derive(Clone, Copy)]
enum Order {
    Amount,
    Version,
}

impl Order {
    fn compare(self, left: &str, right: &str) -> Option<Ordering> {
        match self {
            Self::Amount => left
                .parse::<Quantity>()
                .ok()?
                .partial_cmp(&right.parse().ok()?),
            Self::Version => left
                .parse::<Version>()
                .ok()?
                .partial_cmp(&right.parse().ok()?),
        }
    }
}

/// A model with values that only go up.
pub(crate) trait Ascends: Clone {
    /// The fields for such values in the model.
    fn ascending(&mut self) -> Vec<Ascending<'_>>;
}

impl Ascends for DatabaseModel {
    fn ascending(&mut self) -> Vec<Ascending<'_>> {
        let mut found = Vec::new();
        let mut note = |path: &str, order, value| {
            found.push(Ascending {
                path: FieldPath::of(path),
                order,
                value,
            });
        };
        let Some(spec) = self.spec.known_mut() else {
            return found;
        };
        if let Some(engine) = spec.engine.known_mut() {
            note("engine.version", Order::Version, &mut engine.version);
            note("engine.crVersion", Order::Version, &mut engine.cr_version);
            if let Some(storage) = engine.storage.known_mut() {
                note("engine.storage.size", Order::Amount, &mut storage.size);
            }
        }
        let proxy = spec.proxy.known_mut();
        if let Some(storage) = proxy.and_then(|proxy| proxy.storage.known_mut()) {
            note("proxy.storage.size", Order::Amount, &mut storage.size);
        }
        found
    }
}

impl Ascends for NamespaceModel {
    fn ascending(&mut self) -> Vec<Ascending<'_>> {
        let Some(engines) = self.engines.known_mut() else {
            return Vec::new();
        };
        [
            (Engine::Pxc, &mut engines.pxc),
            (Engine::Psmdb, &mut engines.psmdb),
            (Engine::Postgresql, &mut engines.postgresql),
        ]
        .into_iter()
        .filter_map(|(engine, install)| {
            Some(Ascending {
                path: FieldPath::of("engines")
                    .field(engine.as_str())
                    .field("version"),
                order: Order::Version,
                value: &mut install.known_mut()?.version,
            })
        })
        .collect()
    }
}

/// The values in a configuration.
pub(crate) fn said<M: Ascends>(config: &M) -> Said {
    let mut config = config.clone();
    let fields = config.ascending();
    fields
        .into_iter()
        .filter_map(|field| Some((field.path.to_string(), field.value.known()?.clone())))
        .collect()
}

/// Replaces each value in `planned` that is lower than in `prior` and has not changed since the
/// last apply by the higher one, with a warning for each.
pub(crate) fn keep<M: Ascends>(planned: &mut M, prior: &M, before: &Said) -> Vec<Finding> {
    let there = said(prior);
    raised(planned, &there, |field, asked| {
        let was = before.get(&field.path.to_string());
        was.is_some_and(|was| field.order.compare(asked, was) == Some(Ordering::Equal))
    })
    .into_iter()
    .flat_map(|(field, has, findings)| {
        *field.value = has.into();
        findings
    })
    .collect()
}

/// Removes each value from a configuration that is lower than in `observed` and whose field is no
/// longer `ours`: the manager that raised it has taken it over. For front ends that recognise their
/// own values by field ownership.
pub(crate) fn give_way<M: Ascends>(
    config: &mut M,
    observed: &M,
    is_ours: &dyn Fn(&FieldPath) -> bool,
) -> Vec<Finding> {
    let there = said(observed);
    raised(config, &there, |field, _| !is_ours(&field.path))
        .into_iter()
        .flat_map(|(field, _, findings)| {
            *field.value = Field::Null;
            findings
        })
        .collect()
}

/// The values that are lower in the model than in the cluster, if `is_unchanged` holds for them.
fn raised<'a, M: Ascends>(
    asked: &'a mut M,
    there: &Said,
    is_unchanged: impl Fn(&Ascending<'_>, &str) -> bool,
) -> Vec<(Ascending<'a>, String, Vec<Finding>)> {
    asked
        .ascending()
        .into_iter()
        .filter_map(|field| {
            let asked = field.value.known()?.clone();
            let has = there.get(&field.path.to_string())?.clone();
            let is_less = field.order.compare(&asked, &has) == Some(Ordering::Less);
            if !is_less || !is_unchanged(&field, &asked) {
                return None;
            }
            let findings = rules::raised_elsewhere(field.path.clone(), &asked, &has);
            Some((field, has, findings))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use serde_json::json;

    fn database(size: &str, version: &str, cr_version: &str) -> DatabaseModel {
        serde_json::from_value(json!({"namespace": "prod", "name": "orders", "spec": {
            "engine": {"type": "pxc", "version": version, "crVersion": cr_version,
                "storage": {"size": size}}}}))
        .unwrap()
    }

    fn namespace(version: &str) -> NamespaceModel {
        serde_json::from_value(
            json!({"name": "prod", "engines": {"pxc": {"version": version}, "psmdb": {}}}),
        )
        .unwrap()
    }

    fn at(found: &[Finding]) -> Vec<(String, String)> {
        assert!(found.iter().all(|found| {
            found.rule == "raised-elsewhere" && found.severity == Severity::Warning
        }));
        let said = |found: &Finding| {
            let summary = found.summary.render(crate::dialect::Dialect::Terraform);
            (found.path.to_string(), summary)
        };
        found.iter().map(said).collect()
    }

    #[test]
    fn what_was_raised_elsewhere_is_kept_and_told() {
        let config = database("10Gi", "8.0.41-32.1", "1.17.0");
        let prior = database("20Gi", "8.0.42-33.1", "1.18.0");
        let mut planned = config.clone();
        let found = keep(&mut planned, &prior, &said(&config));
        assert_eq!(planned, prior);
        let found = at(&found);
        let paths: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(
            paths,
            ["engine.version", "engine.crVersion", "engine.storage.size"]
        );
        assert!(found[2].1.contains("20Gi") && found[2].1.contains("10Gi"));
    }

    #[test]
    fn a_configuration_that_says_less_than_before_is_left_to_the_rules() {
        let before = said(&database("20Gi", "8.0.42-33.1", "1.18.0"));
        let prior = database("20480Mi", "8.0.42-33.1", "1.18.0");
        let config = database("10Gi", "8.0.41-32.1", "1.17.0");
        for before in [before, Said::new()] {
            let mut planned = config.clone();
            assert_eq!(keep(&mut planned, &prior, &before), []);
            assert_eq!(planned, config);
        }
    }

    #[test]
    fn another_spelling_of_what_was_said_is_the_same_and_what_is_not_less_is_left() {
        let prior = database("20Gi", "8.0.42-33.1", "1.18.0");
        let before = said(&database("10Gi", "8.0.42-33.1", "1.18.0"));
        let mut planned = database("10240Mi", "8.0.42-33.1", "1.18.0");
        assert_eq!(keep(&mut planned, &prior, &before).len(), 1);
        assert_eq!(planned, prior);
        let more = database("30Gi", "8.0.43-34.1", "1.19.0");
        let mut planned = more.clone();
        assert_eq!(keep(&mut planned, &prior, &said(&more)), []);
        assert_eq!(planned, more);
    }

    #[test]
    fn an_operator_that_was_upgraded_elsewhere_is_kept() {
        let config = namespace("1.19.0");
        let mut planned = config.clone();
        let prior = namespace("1.20.0");
        let found = keep(&mut planned, &prior, &said(&config));
        assert_eq!(at(&found)[0].0, "engines.pxc.version");
        assert_eq!(planned, prior);
    }

    #[test]
    fn who_has_lost_a_value_to_whoever_raised_it_says_no_more_of_it() {
        let config = database("10Gi", "8.0.42-33.1", "1.18.0");
        let observed = database("20Gi", "8.0.42-33.1", "1.18.0");
        let mut lost = config.clone();
        let found = give_way(&mut lost, &observed, &|_| false);
        assert_eq!(at(&found)[0].0, "engine.storage.size");
        assert!(!said(&lost).contains_key("engine.storage.size"));
        let mut lowered = config.clone();
        assert_eq!(give_way(&mut lowered, &observed, &|_| true), []);
        assert_eq!(lowered, config);
    }
}
