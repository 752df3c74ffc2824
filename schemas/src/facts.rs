//! Facts about the member of a model that the reference states in fields of their own, always in
//! the same order and under the same names.
//!
//! A fact is stated once, by a transform of this module on the member. It is stored in `x-facts`,
//! and in words in `x-note`: the note follows the description wherever there are no fields, which is
//! in the schemas of Terraform and in the definitions. A description repeats none of its facts.
//!
//! ```
//! use everest_schemas::{Engine, Field, facts};
//! use schemars::JsonSchema;
//!
//! #[derive(JsonSchema)]
//! struct Pitr {
//!     /// Name of the storage that receives the log.
//!     #[schemars(transform = facts::engines(&[Engine::Pxc]), transform = facts::required_when("`enabled` is `true`"))]
//!     storage_name: Field<String>,
//! }
//!
//! let schema = schemars::schema_for!(Pitr).to_value();
//! let member = &schema["properties"]["storage_name"];
//! assert_eq!(member["x-note"], "Required when: `enabled` is `true`. Engines: `pxc`.");
//! ```

use schemars::Schema;
use serde_json::{Value, json};

use crate::Engine;

/// The keyword that holds the facts by the name of their kind.
pub const FACTS: &str = "x-facts";

/// The keyword that holds the facts in words.
pub const NOTE: &str = "x-note";

/// A kind of fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The condition under which an optional member has to be set.
    RequiredWhen,
    /// The engines whose databases can have the member.
    Engines,
    /// The values that are accepted, beyond the type.
    Allowed,
    /// What holds if the member is omitted, and who fills it in.
    Default,
    /// The release of Everest that the member needs.
    Needs,
}

impl Fact {
    /// All of them, in the order in which they are stated.
    pub const ALL: [Self; 5] = [
        Self::RequiredWhen,
        Self::Engines,
        Self::Allowed,
        Self::Default,
        Self::Needs,
    ];

    /// The name under which it is stated.
    pub const fn label(self) -> &'static str {
        match self {
            Self::RequiredWhen => "Required when",
            Self::Engines => "Engines",
            Self::Allowed => "Allowed",
            Self::Default => "Default",
            Self::Needs => "Needs",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::RequiredWhen => "requiredWhen",
            Self::Engines => "engines",
            Self::Allowed => "allowed",
            Self::Default => "default",
            Self::Needs => "needs",
        }
    }

    /// The fact in words, without a full stop; `None` if `facts`, the value of [`FACTS`], does not
    /// state it.
    pub fn words(self, facts: &Value) -> Option<String> {
        match &facts[self.key()] {
            Value::String(text) => Some(text.clone()),
            Value::Array(engines) => {
                let names = engines.iter().filter_map(Value::as_str);
                let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
                Some(names.join(", "))
            }
            _ => None,
        }
    }
}

/// Who fills in a member that is omitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filler {
    /// This project, at plan: the plan shows the value.
    Provider,
    /// Everest, after the object was written.
    Everest,
    /// The operator of the engine, in its own object.
    Operator,
    /// Kubernetes, when it creates an object.
    Kubernetes,
}

impl Filler {
    /// Its name in a default.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Everest => "Everest",
            Self::Operator => "engine operator",
            Self::Kubernetes => "Kubernetes",
        }
    }

    /// A default with the name of who fills it in.
    pub fn fills(self, value: &str) -> String {
        format!("{value} ({})", self.as_str())
    }
}

/// States the condition under which the member has to be set.
pub fn required_when(condition: &'static str) -> impl FnMut(&mut Schema) {
    move |schema| state(schema, Fact::RequiredWhen, condition.into())
}

/// States the engines whose databases can have the member.
pub fn engines(engines: &'static [Engine]) -> impl FnMut(&mut Schema) {
    let names: Vec<_> = engines.iter().map(|engine| engine.as_str()).collect();
    move |schema| state(schema, Fact::Engines, json!(names))
}

/// States the accepted values. If the schema lists them, the text has to name each of them.
pub fn allowed(values: &'static str) -> impl FnMut(&mut Schema) {
    move |schema| state(schema, Fact::Allowed, values.into())
}

/// States the value that somebody fills in if the member is omitted. A default that is a literal of
/// the schema is not stated again.
pub fn filled_by(filler: Filler, value: &'static str) -> impl FnMut(&mut Schema) {
    move |schema| state(schema, Fact::Default, filler.fills(value).into())
}

/// States what holds if the member is omitted and nobody fills it in.
pub fn omitted(meaning: &'static str) -> impl FnMut(&mut Schema) {
    move |schema| state(schema, Fact::Default, meaning.into())
}

/// States the first release of Everest whose definitions have the member, such as `1.16`.
pub fn needs(release: &'static str) -> impl FnMut(&mut Schema) {
    move |schema| {
        schema.insert("x-since".to_owned(), release.into());
        state(schema, Fact::Needs, format!("Everest {release}").into());
    }
}

/// States the timeouts of a resource that hold if they are omitted, such as `60m`.
pub fn timeouts(
    create: &'static str,
    update: &'static str,
    delete: &'static str,
) -> impl FnMut(&mut Schema) {
    move |schema| {
        let text = if create == update && update == delete {
            format!("`{create}` each")
        } else if create == update {
            format!("`create` and `update` `{create}`, `delete` `{delete}`")
        } else {
            format!("`create` `{create}`, `update` `{update}`, `delete` `{delete}`")
        };
        state(schema, Fact::Default, Filler::Provider.fills(&text).into());
    }
}

fn state(schema: &mut Schema, fact: Fact, value: Value) {
    let mut facts = match schema.get(FACTS) {
        Some(Value::Object(facts)) => facts.clone(),
        _ => serde_json::Map::new(),
    };
    facts.insert(fact.key().to_owned(), value);
    let facts = Value::Object(facts);
    schema.insert(NOTE.to_owned(), note(&facts).into());
    schema.insert(FACTS.to_owned(), facts);
}

/// The facts in sentences.
fn note(facts: &Value) -> String {
    let stated = Fact::ALL.into_iter().filter_map(|fact| {
        let words = fact.words(facts)?;
        Some(format!("{}: {words}.", fact.label()))
    });
    stated.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(transforms: &mut [&mut dyn FnMut(&mut Schema)]) -> Schema {
        let mut schema = Schema::default();
        for transform in transforms {
            transform(&mut schema);
        }
        schema
    }

    #[test]
    fn facts_are_stated_in_one_order_whatever_order_they_are_written_in() {
        let schema = stated(&mut [
            &mut needs("1.9"),
            &mut filled_by(Filler::Everest, "`a`"),
            &mut engines(&[Engine::Pxc, Engine::Psmdb]),
            &mut allowed("`a` or `b`"),
            &mut required_when("`c` is set"),
        ]);
        let note = schema.get(NOTE).unwrap();
        assert_eq!(
            note,
            "Required when: `c` is set. Engines: `pxc`, `psmdb`. Allowed: `a` or `b`. Default: `a` \
             (Everest). Needs: Everest 1.9."
        );
        assert_eq!(schema.get("x-since").unwrap(), "1.9");
    }

    #[test]
    fn timeouts_that_are_equal_are_stated_together() {
        let default = |create, update, delete| {
            let schema = stated(&mut [&mut timeouts(create, update, delete)]);
            Fact::Default.words(schema.get(FACTS).unwrap()).unwrap()
        };
        assert_eq!(default("5m", "5m", "5m"), "`5m` each (provider)");
        assert_eq!(
            default("1h", "1h", "5m"),
            "`create` and `update` `1h`, `delete` `5m` (provider)"
        );
    }
}
