//! `explain`: the rules of the guardrails, from the table in `everest-core`.

use std::fmt::Write as _;

use everest_core::Operation;
use everest_core::dialect::Dialect;
use everest_core::rules::{Checked, Holder, Rule, TABLE};
use everest_schemas::Engine;

use super::Ended;

/// The similarity from which a name is suggested; 1 is the same name.
const SIMILAR: f64 = 0.85;

/// The most names that are suggested.
const SUGGESTED: usize = 3;

/// The text of a rule, or the list of all.
pub fn explain(name: Option<&str>) -> Ended {
    let Some(name) = name else {
        return Ended::Done(list());
    };
    match TABLE.iter().find(|rule| rule.id == name) {
        Some(rule) => Ended::Done(of_rule(rule)),
        None => Ended::Usage(unknown(name)),
    }
}

fn of_rule(rule: &Rule) -> String {
    let sentence = rule.sentence().render(Dialect::Terraform);
    let mut text = format!("{}\n\n{sentence}\n\n", rule.id);
    let mut line = |head: &str, what: &str| {
        let _ = writeln!(text, "{:14}{what}", format!("{head}:"));
    };
    line("What to do", &rule.advice().render(Dialect::Terraform));
    let attributes = rule.attributes();
    if !attributes.is_empty() {
        let attributes: Vec<_> = attributes.iter().map(|path| path.snake_case()).collect();
        line("Attributes", &attributes.join(", "));
    }
    line("Engines", &engines(rule.engines));
    let operations = rule.operations.iter().map(|operation| match operation {
        Operation::Create => "creation",
        Operation::Update => "change",
    });
    line("At", &joined(operations));
    let checked = rule.checked.iter().map(|checked| match checked {
        Checked::Configuration => "the configuration alone",
        Checked::State => "the prior state",
        Checked::Cluster => "the cluster",
    });
    line("Checked by", &joined(checked));
    if rule.may_be_met_by_the_run() {
        line(
            "Severity",
            "a warning at plan, because the same run may still create the object; an error right \
             before the write",
        );
    }
    line(
        "Elsewhere",
        match rule.holder() {
            Holder::Admission => "Kubernetes refuses the write, at a dry run too",
            Holder::RestApi => "only Everest's REST API checks it",
            Holder::Nobody => "nothing checks it: it fails later or has no effect",
        },
    );
    line("Source", rule.source);
    line("Guide", &format!("docs/guides/guardrails.md#{}", rule.id));
    text
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

fn engines(engines: &[Engine]) -> String {
    match engines.len() == Engine::ALL.len() {
        true => "all".to_owned(),
        false => joined(engines.iter().map(|engine| engine.as_str())),
    }
}

/// All rules with their sentences.
fn list() -> String {
    let width = TABLE.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in TABLE {
        let sentence = rule.sentence().render(Dialect::Terraform);
        let _ = writeln!(text, "{:width$}  {sentence}", rule.id);
    }
    text
}

/// The message for a name that no rule has.
fn unknown(name: &str) -> String {
    let mut similar: Vec<_> = TABLE
        .iter()
        .map(|rule| (strsim::jaro_winkler(name, rule.id), rule.id))
        .filter(|(similarity, id)| *similarity >= SIMILAR || id.split('-').any(|part| part == name))
        .collect();
    similar.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    similar.truncate(SUGGESTED);
    let similar: Vec<_> = similar.into_iter().map(|(_, id)| id).collect();
    let suggestion = match similar.as_slice() {
        [] => String::new(),
        [one] => format!(" Did you mean {one}?"),
        [some @ .., last] => format!(" Did you mean {} or {last}?", some.join(", ")),
    };
    format!(
        "There is no rule {name:?}.{suggestion} {} explain lists all rules.\n",
        super::PROGRAM
    )
}
