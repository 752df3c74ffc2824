//! Values that are spelled differently and mean the same.

use crate::{quantity, upgrade};

/// Whether two values of an `x-semantic` kind mean the same; of a kind that is
/// not known, whether they are the same text.
///
/// | Kind | Equal |
/// |---|---|
/// | `quantity` | the amount: `1024Mi` and `1Gi` |
/// | `expose-type` | `internal` and `ClusterIP`, `external` and `LoadBalancer` |
/// | `timestamp` | the instant: `…+02:00` and `…Z` |
/// | `cr-version` | `recommended` on the left, which is what somebody asked for, goes with any version |
pub fn equal(kind: &str, left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    match kind {
        "quantity" => quantity::equal(left, right),
        "cr-version" => left == upgrade::RECOMMENDED,
        "expose-type" => expose_type(left) == expose_type(right),
        "timestamp" => matches!(
            (left.parse::<jiff::Timestamp>(), right.parse::<jiff::Timestamp>()),
            (Ok(left), Ok(right)) if left == right
        ),
        _ => false,
    }
}

/// The `x-semantic` kind of a value in the spec of an object of Everest's, by the names on the way
/// to it; none where a text means nothing but itself, as a version does: `16.1` and `16.10` are
/// equal as amounts.
pub fn of_spec(path: &[&str]) -> Option<&'static str> {
    match path {
        ["engine" | "proxy", "storage", "size"]
        | ["engine" | "proxy", "resources", "cpu" | "memory"]
        | [
            "engine" | "proxy" | "monitoring",
            "resources",
            "limits" | "requests",
            _,
        ] => Some("quantity"),
        ["proxy", "expose", "type"] => Some("expose-type"),
        ["engine", "crVersion"] => Some("cr-version"),
        ["dataSource", "pitr", "date"] => Some("timestamp"),
        _ => None,
    }
}

/// The name that Everest 1.12 and later use for a way to expose a database;
/// `internal` and `external` are the names of earlier versions.
pub fn expose_type(name: &str) -> &str {
    match name {
        "internal" => "ClusterIP",
        "external" => "LoadBalancer",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::everest::{
        BackupStorageSpec, DatabaseClusterBackupSpec, DatabaseClusterRestoreSpec,
        DatabaseClusterSpec,
    };
    use schemars::{JsonSchema, generate::SchemaSettings};
    use serde_json::Value;
    use std::collections::BTreeMap;

    /// Every member of a type with an `x-semantic` kind; `*` is any key.
    fn declared<T: JsonSchema>() -> BTreeMap<String, String> {
        fn walk(schema: &Value, path: &str, found: &mut BTreeMap<String, String>) {
            if let Some(kind) = schema["x-semantic"].as_str() {
                found.insert(path.to_owned(), kind.to_owned());
            }
            let below = |name: &str| match path {
                "" => name.to_owned(),
                path => format!("{path}.{name}"),
            };
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                walk(property, &below(name), found);
            }
            if schema["additionalProperties"].is_object() {
                walk(&schema["additionalProperties"], &below("*"), found);
            }
            for keyword in ["items", "allOf", "anyOf", "oneOf"] {
                match &schema[keyword] {
                    Value::Array(parts) => parts.iter().for_each(|part| walk(part, path, found)),
                    Value::Object(_) => walk(&schema[keyword], path, found),
                    _ => {}
                }
            }
        }
        let mut settings = SchemaSettings::draft2020_12();
        settings.inline_subschemas = true;
        let schema = settings.into_generator().into_root_schema_for::<T>();
        let mut found = BTreeMap::new();
        walk(&schema.to_value(), "", &mut found);
        found
    }

    #[test]
    fn the_kinds_in_a_spec_are_those_of_its_schema() {
        let all = [
            declared::<DatabaseClusterSpec>(),
            declared::<DatabaseClusterBackupSpec>(),
            declared::<DatabaseClusterRestoreSpec>(),
            declared::<BackupStorageSpec>(),
        ];
        for (path, kind) in all.iter().flatten() {
            let names: Vec<_> = path.split('.').collect();
            assert_eq!(of_spec(&names), Some(kind.as_str()), "{path}");
        }
        assert!(all[0].contains_key("engine.storage.size"));
        assert!(all[0].contains_key("monitoring.resources.limits.*"));
        assert_eq!(of_spec(&["engine", "version"]), None);
    }

    #[test]
    fn spellings_of_one_meaning_are_equal() {
        assert!(equal("quantity", "1024Mi", "1Gi"));
        assert!(equal("expose-type", "internal", "ClusterIP"));
        assert!(equal("expose-type", "LoadBalancer", "external"));
        assert!(equal(
            "timestamp",
            "2026-01-01T02:03:04+02:00",
            "2026-01-01T00:03:04Z"
        ));
        assert!(equal("cr-version", "recommended", "1.18.0"));
        assert!(equal("anything", "a", "a"));
    }

    #[test]
    fn different_meanings_are_not() {
        assert!(!equal("quantity", "1Gi", "1G"));
        assert!(!equal("expose-type", "internal", "external"));
        assert!(!equal("expose-type", "NodePort", "ClusterIP"));
        assert!(!equal(
            "timestamp",
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:01Z"
        ));
        assert!(!equal("timestamp", "soon", "later"));
        // A version that is asked for is not just any.
        assert!(!equal("cr-version", "1.18.0", "recommended"));
        assert!(!equal("cr-version", "1.18.0", "1.17.0"));
        assert!(!equal("anything", "1024Mi", "1Gi"));
    }
}
