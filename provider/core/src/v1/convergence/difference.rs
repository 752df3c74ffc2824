//! A member of an object that differs from the configuration, in words.

use serde_json::Value;

use crate::dialect::Dialect;
use crate::object_path;
use crate::path::FieldPath;

/// The path in a database's spec of the origin of its data.
const DATA_SOURCE: &str = "dataSource";

/// The most members that a text names.
const NAMED: usize = 8;
/// The longest text that is shown as a value, in characters.
const LONGEST: usize = 60;

/// A member that differs. Bodies of changes hold no secrets, so its values can be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The names of the members that lead to it, from the object's root.
    pub names: Vec<String>,
    /// The value in the cluster.
    held: Value,
    /// The configured value; null if there is none.
    wanted: Value,
}

impl Difference {
    pub(crate) fn at(names: &[&str], held: &Value, wanted: &Value) -> Self {
        Self {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            held: held.clone(),
            wanted: wanted.clone(),
        }
    }

    /// Returns true if the member is at a path of the spec, or below it.
    pub(super) fn is_in(&self, path: &str) -> bool {
        let mut names = self.names.iter().skip(1);
        path.split('.')
            .all(|part| names.next().is_some_and(|name| name == part))
    }

    /// Returns true if it is a switch that is off in the cluster.
    pub(super) fn is_off(&self) -> bool {
        self.held == Value::Bool(false)
    }

    /// Its path and both values, for an object of `kind`.
    pub fn told(&self, kind: &str) -> String {
        let (held, wanted) = (shown(&self.held), shown(&self.wanted));
        format!("{}: {held} in the cluster, {wanted} here", self.path(kind))
    }

    /// A sentence that it is no longer configured and stays, for an object of `kind`.
    pub fn kept(&self, kind: &str) -> String {
        if self.is_in(DATA_SOURCE) {
            return format!(
                "{} is no longer set and stays in the object: it was used only at its creation. \
                 Everest removes it after a restore, and needs that of an import until the \
                 database is deleted",
                self.path(kind)
            );
        }
        format!(
            "{} is no longer set and stays {}: without a value, the operators would choose \
             another one. Set it again to change it",
            self.path(kind),
            shown(&self.held)
        )
    }

    fn path(&self, kind: &str) -> String {
        let path = match self.names.as_slice() {
            [spec, members @ ..] if spec == "spec" => {
                let field = format!("spec.{}", members.join("."));
                object_path::of_text(&object_path::with_names_of_model(kind, &field))
                    .unwrap_or_else(FieldPath::root)
            }
            names => object_path::of_names(names),
        };
        Dialect::ManagedResource.field(&path)
    }
}

/// Some differences of an object of `kind`, and how many more there are.
pub fn told(differences: &[Difference], kind: &str) -> String {
    let mut all: Vec<_> = differences
        .iter()
        .take(NAMED)
        .map(|one| one.told(kind))
        .collect();
    if let Some(more) = differences
        .len()
        .checked_sub(NAMED)
        .filter(|more| *more > 0)
    {
        all.push(format!("and {more} more"));
    }
    all.join("; ")
}

/// A value in a few words. A text of several lines is a file of its own, which may hold anything.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) if text.is_empty() => "an empty text".to_owned(),
        Value::String(text) if text.contains('\n') || text.chars().count() > LONGEST => {
            format!("a text of {} characters", text.chars().count())
        }
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(members) => format!("an object of {}", members.len()),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn difference(name: &str, held: Value, wanted: Value) -> Difference {
        Difference::at(&["spec", name], &held, &wanted)
    }

    #[test]
    fn a_member_is_named_as_users_write_it() {
        assert_eq!(
            difference("dbClusterName", json!("a"), json!("b")).told("DatabaseClusterBackup"),
            "spec.forProvider.databaseName: a in the cluster, b here"
        );
    }

    #[test]
    fn many_differences_and_long_texts_are_told_briefly() {
        let long = difference("a", json!("x\ny"), json!("x".repeat(61)));
        assert_eq!(
            long.told("DatabaseCluster"),
            "spec.forProvider.a: a text of 3 characters in the cluster, a text of 61 characters \
             here"
        );
        let told = told(&vec![long; 10], "DatabaseCluster");
        assert!(told.ends_with("; and 2 more"), "{told}");
        assert!(told.len() < 1024);
    }
}
