//! What a change of an attribute does, and which rules judge it: from the tables in `everest-core`.

use everest_core::{
    Operation,
    impact::{self, Effect, When},
    path::FieldPath,
    rules::{Checked, JUDGED, Rule},
};
use everest_schemas::Engine;

/// The kind whose changes have a table.
const DATABASE: &str = "database";

/// What a change of the attribute at `path`, such as `engine.replicas`, does, without a full stop;
/// `None` if it is changed in place and nothing refuses it. `replaces` is true if a change replaces
/// the resource. A change of an object is that of the attributes in it.
pub(crate) fn on_change(kind: &str, path: &str, replaces: bool, is_object: bool) -> Option<String> {
    let mut effects: Vec<String> = Vec::new();
    if kind == DATABASE && !is_object {
        let rows = impact::TABLE.iter();
        let rows = rows.filter(|effect| is_below(path, &effect.attribute));
        effects.extend(rows.map(words));
    } else if replaces && !is_object {
        let what = impact::of_replacement(kind);
        effects.push(format!("**Replacement**: {what}"));
    }
    let refusing: Vec<_> = rules(kind, path)
        .filter(|rule| is_about_change(rule))
        .collect();
    if !refusing.is_empty() {
        effects.push(format!("Limited by {}", links(&refusing)));
    }
    (!effects.is_empty()).then(|| effects.join(". "))
}

/// Links to the rules that judge the value itself; `None` if there are none.
pub(crate) fn judging(kind: &str, path: &str) -> Option<String> {
    let judging: Vec<_> = rules(kind, path)
        .filter(|rule| !is_about_change(rule))
        .collect();
    (!judging.is_empty()).then(|| links(&judging))
}

fn rules(kind: &str, path: &str) -> impl Iterator<Item = &'static Rule> {
    let judged = JUDGED
        .iter()
        .filter(move |judged| judged.kind == kind && snake_case(judged.attribute) == path);
    judged.flat_map(|judged| judged.rules)
}

/// Returns true for a rule that compares a value with the one before.
fn is_about_change(rule: &Rule) -> bool {
    rule.operations == [Operation::Update] && rule.checked.first() == Some(&Checked::State)
}

fn links(rules: &[&Rule]) -> String {
    let links = rules
        .iter()
        .map(|rule| format!("[`{0}`](../guides/guardrails.md#{0})", rule.id));
    links.collect::<Vec<_>>().join(", ")
}

/// Returns true if the path is that of the attribute or below it.
fn is_below(path: &str, attribute: &str) -> bool {
    let attribute = snake_case(attribute);
    let rest = path.strip_prefix(&attribute);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn snake_case(attribute: &str) -> String {
    FieldPath::of(attribute).snake_case()
}

fn words(effect: &Effect) -> String {
    let when = match effect.when {
        When::Changed => "",
        When::Raised => "If raised, ",
        When::Lowered => "If lowered, ",
        When::TurnedOn => "If turned on, ",
        When::TurnedOff => "If turned off, ",
        When::KeepsFewer => "If lowered (0 keeps all), ",
        When::FirstAdded => "If the first is added, ",
    };
    let class = match effect.when {
        When::Changed => capitalised(effect.class.as_str()),
        _ => effect.class.to_string(),
    };
    let of = if effect.engines.len() == Engine::ALL.len() {
        String::new()
    } else {
        let names: Vec<_> = effect
            .engines
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        format!(" ({})", names.join(", "))
    };
    format!("{when}**{class}**{of}: {}", effect.general_phrase())
}

/// Words with a capital letter first.
pub(crate) fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_tells_what_each_direction_of_a_change_does() {
        let told = on_change(DATABASE, "engine.replicas", false, false).unwrap();
        assert!(
            told.starts_with("If raised, **new pods**: adds members;"),
            "{told}"
        );
        assert!(told.contains(". If lowered, **fewer pods**: "), "{told}");
        assert!(
            told.ends_with(
                "Limited by [`no-scale-to-one`](../guides/guardrails.md#no-scale-to-one)"
            )
        );
        let told = on_change(DATABASE, "proxy.type", false, false).unwrap();
        assert!(told.contains("**Full stop** (`pxc`): "), "{told}");
        assert_eq!(
            on_change(DATABASE, "deletion_protection", false, false),
            None
        );
    }

    #[test]
    fn what_holds_of_an_object_holds_of_everything_in_it() {
        let told = on_change(DATABASE, "engine.resources.limits.cpu", false, false).unwrap();
        assert!(told.starts_with("**Rolling restart**: "), "{told}");
        let told = on_change(DATABASE, "backup.schedules.retention_copies", false, false).unwrap();
        assert!(told.contains("**No restart**") && told.contains("**data loss**"));
        assert_eq!(on_change(DATABASE, "engine.versions", false, false), None);
    }

    #[test]
    fn other_kinds_tell_of_replacements_and_rules() {
        assert_eq!(
            on_change("restore", "backup_name", true, false).unwrap(),
            "**Replacement**: restores again"
        );
        assert_eq!(
            on_change("backup_storage", "region", false, false).unwrap(),
            "Limited by [`storage-in-use`](../guides/guardrails.md#storage-in-use)"
        );
        assert_eq!(
            judging("account", "capabilities").unwrap(),
            "[`account-capability`](../guides/guardrails.md#account-capability)"
        );
    }
}
