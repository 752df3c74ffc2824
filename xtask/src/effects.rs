//! What a change of an attribute does, for its line in the reference: from the table in
//! `everest-core`.

use everest_core::{
    impact::{self, Effect, When},
    path::FieldPath,
};
use everest_schemas::Engine;

/// The resource whose changes the table is about.
const DATABASE: &str = "everest_database";

/// What changes of the attribute at `path`, such as `engine.replicas`, do; nothing where the table
/// says nothing of it by itself.
pub(crate) fn sentences(resource: &str, path: &str) -> String {
    if resource != DATABASE {
        return String::new();
    }
    impact::TABLE
        .iter()
        .filter(|effect| FieldPath::of(&effect.attribute).snake_case() == path)
        .map(sentence)
        .collect()
}

fn sentence(effect: &Effect) -> String {
    let change = match effect.when {
        When::Changed => "A change",
        When::Raised => "Raising it",
        When::Lowered => "Lowering it",
        When::TurnedOn => "Turning it on",
        When::TurnedOff => "Turning it off",
        When::KeepsFewer => "Keeping fewer",
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
    format!(
        " **{}**: {change}{of} {}.",
        capitalised(effect.class.as_str()),
        effect.general_phrase()
    )
}

fn capitalised(words: &str) -> String {
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
        let told = sentences(DATABASE, "engine.replicas");
        assert!(
            told.starts_with(" **New pods**: Raising it adds members;"),
            "{told}"
        );
        assert!(told.contains("**Fewer pods**: Lowering it"), "{told}");
        let told = sentences(DATABASE, "proxy.type");
        assert!(told.contains("**Full stop**: A change (`pxc`)"), "{told}");
        assert_eq!(sentences(DATABASE, "deletion_protection"), "");
        assert_eq!(sentences("everest_backup", "name"), "");
    }
}
