//! Terraform's rules for any schema, configuration and state.

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use tfplugin::planning::check::{self, Planned};
use tfplugin::planning::{configured, fill, propose, refresh, replacements};
use tfplugin::schema::Object;
use tfplugin::value::{Value, msgpack};

use crate::any_schema;
use crate::planning::resolve;
use crate::strategy::{anything, config, state};

fn same(_: &str, a: &str, b: &str) -> bool {
    a.trim_start_matches('0') == b.trim_start_matches('0')
}

#[derive(Clone, Debug)]
struct Case {
    object: Object,
    /// With unknowns.
    config: Value,
    /// The same later.
    known: Value,
    earlier: Value,
    prior: Option<Value>,
    returned: Value,
}

impl Case {
    fn plan(&self, config: &Value) -> Value {
        let before = configured(&self.object, &self.earlier);
        propose(&self.object, config, self.prior.as_ref(), &before, &same)
    }

    fn broken(&self, config: &Value, planned: &Value) -> Vec<check::Violation> {
        let prior = self.prior.clone().unwrap_or_default();
        let replace = replacements(&self.object, &prior, planned);
        let answer = Planned {
            prior: &prior,
            config,
            planned,
            replace: &replace,
        };
        check::plan(&self.object, answer)
    }
}

fn case() -> impl Strategy<Value = Case> {
    any_schema::object(2).prop_flat_map(|object| {
        let values = (
            config(&object, true),
            config(&object, false),
            config(&object, true),
            prop::option::weighted(0.8, state(&object)),
            anything(&object),
        );
        values.prop_map(move |(config, known, earlier, prior, returned)| Case {
            known: resolve(config.clone(), &known),
            object: object.clone(),
            config,
            earlier,
            prior,
            returned,
        })
    })
}

const NONE: Vec<check::Violation> = Vec::new();

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_change_breaks_a_rule_from_its_plan_to_its_state(case in case()) {
        let first = case.plan(&case.config);
        prop_assert_eq!(case.broken(&case.config, &first), NONE);
        let second = case.plan(&case.known);
        prop_assert_eq!(case.broken(&case.known, &second), NONE);
        prop_assert_eq!(check::kept(&case.object, &first, &second), NONE);
        let state = fill(&case.object, &second, &case.returned);
        prop_assert_eq!(check::kept(&case.object, &second, &state), NONE);
        prop_assert_eq!(check::state(&case.object, &state), NONE);
    }

    #[test]
    fn no_read_breaks_a_rule(case in case()) {
        let prior = case.prior.unwrap_or_default();
        let read = refresh(&case.object, &prior, &case.returned, &same);
        prop_assert_eq!(check::state(&case.object, &read), NONE);
        prop_assert_eq!(refresh(&case.object, &read, &read, &same), read);
    }

    #[test]
    fn no_applied_change_is_planned_again(case in case()) {
        let planned = case.plan(&case.known);
        let state = fill(&case.object, &planned, &case.returned);
        let before = configured(&case.object, &case.known);
        let again = propose(&case.object, &case.known, Some(&state), &before, &same);
        prop_assert_eq!(&again, &state);
        prop_assert_eq!(replacements(&case.object, &state, &again), vec![]);
    }

    #[test]
    fn every_plan_comes_through_the_wire(case in case()) {
        let ty = case.object.value_type();
        let planned = case.plan(&case.config);
        let bytes = msgpack::encode(&planned, &ty).unwrap();
        prop_assert_eq!(msgpack::decode(&bytes, &ty).unwrap(), planned);
    }

    #[test]
    fn a_broken_plan_is_found(case in case(), at: prop::sample::Index) {
        // Whatever is given a third value, and nobody but the user sets, is noticed.
        let planned = case.plan(&case.known);
        let attributes = &case.object.attributes;
        let attribute = &attributes[at.index(attributes.len())];
        if attribute.mode.is_computed() {
            return Ok(());
        }
        let Value::Map(mut members) = planned else { unreachable!() };
        let third = Value::string("neither configured nor prior");
        members.insert(attribute.name.clone(), third);
        prop_assert!(!case.broken(&case.known, &Value::Map(members)).is_empty());
    }
}
