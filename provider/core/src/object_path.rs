//! Paths of an object's values in the model.
//!
//! The spec's members are the model's own, and labels and annotations are maps. If a kind's object
//! has other names for some members, the kind lists them: [`ObjectMapping::RENAMED`].

use std::borrow::Cow;

use everest_schemas::for_each_kind;
use everest_schemas::managed::ManagedModel;

use crate::path::FieldPath;
use crate::v1::ObjectMapping;

/// Members of an object's metadata that are maps.
const MAPS: [&str; 2] = ["labels", "annotations"];

/// The path in the model of the value with these names in the object.
pub fn of_names(names: &[String]) -> FieldPath {
    match names {
        [metadata, map, key] if metadata == "metadata" => FieldPath::of(map).key(key),
        _ => names
            .iter()
            .skip(1)
            .fold(FieldPath::root(), |path, name| path.field(name)),
    }
}

/// The path in the model for a path of the object in the API server's form:
/// `spec.backup.schedules[1].schedule`. `None` if the model has no such value.
pub fn of_text(field: &str) -> Option<FieldPath> {
    if let Some(members) = field.strip_prefix("metadata.")
        && let Some((map, key)) = members.split_once('.')
        && MAPS.contains(&map)
    {
        // A key may have dots of its own.
        return Some(FieldPath::of(map).key(key));
    }
    let members = field
        .strip_prefix("spec.")
        .or_else(|| field.strip_prefix("metadata."))?;
    let mut path = FieldPath::root();
    for part in members.split(['.', '[']) {
        path = match part.strip_suffix(']') {
            Some(index) => match (index.parse(), index.split_once('=')) {
                (Ok(index), _) => path.index(index),
                (_, Some((_, key))) => path.key(key.trim_matches('"')),
                _ => return Some(path),
            },
            None => path.field(part),
        };
    }
    Some(path)
}

/// A path in an object of `kind`, with the model's names of the members.
pub fn with_names_of_model<'a>(kind: &str, field: &'a str) -> Cow<'a, str> {
    macro_rules! renamed {
        ($($module:ident::$kind:ident = $model:ty;)*) => {
            [$((<$model>::EVEREST_KIND, <$model>::RENAMED)),*]
        };
    }
    for_each_kind!(renamed)
        .into_iter()
        .filter(|(of, _)| *of == kind)
        .flat_map(|(_, renamed)| renamed)
        .find_map(|(of_object, of_model)| {
            let rest = field.strip_prefix(of_object)?;
            Some(format!("{of_model}{rest}").into())
        })
        .unwrap_or(field.into())
}

/// A path in a model, with the names that the members have in the spec of its object. `renamed` is
/// the kind's [`ObjectMapping::RENAMED`].
pub(crate) fn with_names_of_object<'a>(
    renamed: &[(&'static str, &'static str)],
    path: &'a str,
) -> Cow<'a, str> {
    let within = |whole: &'static str| whole.strip_prefix("spec.").unwrap_or(whole);
    let mut renamed = renamed.iter();
    renamed
        .find_map(|(of_object, of_model)| {
            let rest = path.strip_prefix(within(of_model))?;
            let is_whole = of_model.ends_with('.') || rest.is_empty() || rest.starts_with('.');
            is_whole.then(|| format!("{}{rest}", within(of_object)).into())
        })
        .unwrap_or(path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_of_a_model_is_found_in_its_object() {
        let renamed = [("spec.dbClusterName", "spec.databaseName")];
        for (path, of_object) in [
            ("databaseName", "dbClusterName"),
            ("databaseNameOther", "databaseNameOther"),
            ("engine.storage", "engine.storage"),
        ] {
            assert_eq!(with_names_of_object(&renamed, path), of_object);
        }
        let inlined = [("spec.dataSource.", "spec.")];
        assert_eq!(
            with_names_of_object(&inlined, "pitr.date"),
            "dataSource.pitr.date"
        );
    }

    #[test]
    fn fields_of_an_object_are_found_in_the_model() {
        for (field, path) in [
            ("spec.engine.storage.size", "engine.storage.size"),
            (
                "spec.backup.schedules[1].schedule",
                "backup.schedules[1].schedule",
            ),
            ("spec.list[name=\"a\"].b", "list[\"a\"].b"),
            ("metadata.name", "name"),
        ] {
            let found = of_text(field).map(|path| path.to_string());
            assert_eq!(found.as_deref(), Some(path));
        }
        assert_eq!(of_text("status.x"), None);
    }

    #[test]
    fn a_label_is_one_value_of_a_map_whoever_names_it() {
        let key = "app.kubernetes.io/name";
        let names = ["metadata", "labels", key].map(str::to_owned);
        let label = FieldPath::of("labels").key(key);
        assert_eq!(of_names(&names), label);
        assert_eq!(of_text(&format!("metadata.labels.{key}")), Some(label));
    }

    #[test]
    fn a_member_that_the_model_calls_otherwise_gets_the_name_of_the_model() {
        for (kind, field, of_model) in [
            (
                "DatabaseClusterBackup",
                "spec.dbClusterName",
                "spec.databaseName",
            ),
            (
                "DatabaseClusterRestore",
                "spec.dbClusterName",
                "spec.databaseName",
            ),
            (
                "DatabaseClusterRestore",
                "spec.dataSource.dbClusterBackupName",
                "spec.backupName",
            ),
            (
                "DatabaseClusterRestore",
                "spec.dataSource.pitr.date",
                "spec.pitr.date",
            ),
            (
                "DatabaseCluster",
                "spec.dataSource.dbClusterBackupName",
                "spec.dataSource.dbClusterBackupName",
            ),
            ("Pod", "spec.dbClusterName", "spec.dbClusterName"),
        ] {
            assert_eq!(with_names_of_model(kind, field), of_model);
        }
    }
}
