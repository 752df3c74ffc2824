//! The rules decide the samples of `expressions.yaml` as they are written there. The acceptance
//! tests put the same samples to an API server, which has the rules as expressions: so the two are
//! held to each other.
#![allow(clippy::unwrap_used, missing_docs)]

use everest_core::Operation;
use everest_core::dialect::Dialect;
use everest_core::finding::{Finding, Severity};
use everest_core::rules::Validate;
use everest_core::rules::expressions::Expression;
use everest_schemas::for_each_kind;
use everest_schemas::managed::{ForProvider, ManagedModel};
use serde::Deserialize;
use serde_json::{Map, Value};

const SAMPLES: &str = include_str!("expressions.yaml");

#[derive(Deserialize)]
struct Samples {
    /// The valid `spec.forProvider` of each kind, before a test changes it.
    sound: Map<String, Value>,
    expressions: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    kind: String,
    rule: String,
    message: String,
    accepted: Vec<Sample>,
    refused: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    before: Option<Value>,
    after: Value,
}

fn samples() -> Samples {
    serde_yaml_ng::from_str(SAMPLES).unwrap()
}

/// Every expression, with the kind that carries it.
fn expressions() -> Vec<(&'static str, &'static Expression)> {
    macro_rules! of_kinds {
        ($($module:ident::$kind:ident = $model:ty;)*) => {
            [$((<$model>::KIND, <$model>::EXPRESSIONS)),*]
        };
    }
    for_each_kind!(of_kinds)
        .into_iter()
        .flat_map(|(kind, expressions)| expressions.iter().map(move |one| (kind, one)))
        .collect()
}

fn model<M: ManagedModel>(sound: &Value, patch: &Value) -> M {
    let mut for_provider = sound.clone();
    json_patch::merge(&mut for_provider, patch);
    let read: ForProvider<M> = serde_json::from_value(for_provider).unwrap();
    let mut model = read.model.unwrap();
    model.set_location("shop", "orders");
    model
}

/// The rules that a sample breaks.
fn broken(kind: &str, sound: &Value, sample: &Sample) -> Vec<&'static str> {
    fn of<M: ManagedModel + Validate>(sound: &Value, sample: &Sample) -> Vec<Finding> {
        let before: Option<M> = sample.before.as_ref().map(|patch| model(sound, patch));
        let after: M = model(sound, &sample.after);
        let mut found = after.check_syntax();
        found.extend(after.check(before.as_ref()));
        found
    }
    macro_rules! of_kind {
        ($($module:ident::$kind:ident = $model:ty;)*) => {
            match kind {
                $(<$model>::KIND => of::<$model>(sound, sample),)*
                other => panic!("there is no kind {other}"),
            }
        };
    }
    let findings = for_each_kind!(of_kind);
    findings
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.rule)
        .collect()
}

#[test]
fn every_expression_has_samples_that_its_rule_accepts_and_refuses() {
    let samples = samples();
    let listed: Vec<_> = samples
        .expressions
        .iter()
        .map(|entry| (entry.kind.as_str(), entry.rule.as_str()))
        .collect();
    for (kind, expression) in expressions() {
        let rule = expression.rule.id;
        let position = listed.iter().position(|entry| *entry == (kind, rule));
        let Some(entry) = position.map(|index| &samples.expressions[index]) else {
            panic!("{kind} has no samples for {rule}");
        };
        assert!(!entry.accepted.is_empty(), "{rule} accepts no sample");
        assert!(!entry.refused.is_empty(), "{rule} refuses no sample");
        if expression.rule.operations == [Operation::Update] {
            for sample in &entry.refused {
                assert!(sample.before.is_some(), "{rule} is about changes");
            }
        }
    }
    assert_eq!(listed.len(), expressions().len(), "{listed:?}");
}

#[test]
fn a_rule_decides_its_samples_as_they_are_written() {
    let samples = samples();
    for entry in &samples.expressions {
        let sound = &samples.sound[&entry.kind];
        for sample in &entry.accepted {
            let broken = broken(&entry.kind, sound, sample);
            assert!(broken.is_empty(), "{broken:?}: {}", sample.after);
        }
        for sample in &entry.refused {
            let broken = broken(&entry.kind, sound, sample);
            assert_eq!(broken, [entry.rule.as_str()], "{}", sample.after);
        }
    }
}

#[test]
fn an_expression_is_refused_with_the_sentence_of_its_rule() {
    for (kind, expression) in expressions() {
        let said = expression.message().render(Dialect::ManagedResource);
        let written = samples()
            .expressions
            .into_iter()
            .find(|entry| entry.kind == kind && entry.rule == expression.rule.id)
            .map(|entry| entry.message);
        assert_eq!(written, Some(said));
    }
}
