//! Values that mean the same although they are spelled differently.

use everest_schemas::everest::{DatabaseClusterRestoreSpec, DatabaseClusterSpec};

use crate::{quantity, schema, upgrade};

/// Returns true if two values of an `x-semantic` kind mean the same. Values of an unknown kind have
/// to be the same text.
///
/// | Kind | Equal |
/// |---|---|
/// | `quantity` | the amount: `1024Mi` and `1Gi` |
/// | `expose-type` | `internal` and `ClusterIP`, `external` and `LoadBalancer` |
/// | `timestamp` | the instant: `…+02:00` and `…Z` |
/// | `cr-version` | `recommended` on the left, which is what someone asked for, goes with any version |
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

/// The canonical spelling of `text`, if its kind has one: for a quantity the spelling of Everest's
/// write-back, for an exposure type its present name.
pub fn canonical(kind: &str, text: &str) -> String {
    match kind {
        "quantity" => quantity::canonical(text),
        "expose-type" => expose_type(text).to_owned(),
        _ => text.to_owned(),
    }
}

/// The `x-semantic` kind of a value in the spec of an Everest object, by its path of names; `None`
/// for plain texts such as versions. (As amounts, `16.1` and `16.10` would be equal.)
pub fn of_spec(path: &[&str]) -> Option<&'static str> {
    schema::semantic::<DatabaseClusterSpec>(path)
        .or_else(|| schema::semantic::<DatabaseClusterRestoreSpec>(path))
}

/// The name of an exposure type in Everest 1.12 and later; `internal` and `external` are names of
/// earlier versions.
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
    use everest_schemas::everest::{BackupStorageSpec, DatabaseClusterBackupSpec};

    #[test]
    fn the_kinds_in_a_spec_are_those_of_its_schema() {
        let all = [
            schema::places::<DatabaseClusterSpec>(),
            schema::places::<DatabaseClusterBackupSpec>(),
            schema::places::<DatabaseClusterRestoreSpec>(),
            schema::places::<BackupStorageSpec>(),
        ];
        let mut kinds = 0;
        for place in all.concat() {
            if let Some(kind) = place.semantic() {
                let mut names = schema::names(&place.path);
                names.extend(place.is_element.then_some("any"));
                assert_eq!(of_spec(&names), Some(kind), "{}", place.path);
                kinds += 1;
            }
        }
        assert!(kinds > 10);
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
