//! Rules for `everest_restore`.

use everest_schemas::models::RestoreModel;

use super::database::{backup_source, pitr_date};
use super::finder::{Finder, differ, is_missing};
use super::table::backup::RESTORE_SOURCE;
use crate::finding::Finding;
use crate::path::FieldPath;

/// What a configuration of a restore can never be: a restore is not changed,
/// only made.
pub fn check_syntax(config: &RestoreModel) -> Vec<Finding> {
    let mut finder = Finder::default();
    finder.timeouts(&config.timeouts);
    let any_unknown = config.backup_name.is_unknown() || config.backup_source.is_unknown();
    let by_name = !is_missing(&config.backup_name);
    let by_path = config.backup_source.is_known();
    if by_name == by_path && !any_unknown {
        let summary = if by_name {
            "Both backup_name and backup_source are given"
        } else {
            "Neither backup_name nor backup_source is given"
        };
        finder.broken(&RESTORE_SOURCE, FieldPath::of("backupName"), summary);
    }
    if let Some(source) = config.backup_source.known() {
        backup_source(&FieldPath::of("backupSource"), source, &mut finder);
    }
    if let Some(pitr) = config.pitr.known() {
        pitr_date(
            FieldPath::of("pitr.date"),
            pitr.date.known_str(),
            &mut finder,
        );
    }
    finder.into_findings()
}

/// What Kubernetes forbids a new restore to be.
pub fn check(planned: &RestoreModel, prior: Option<&RestoreModel>) -> Vec<Finding> {
    let mut finder = Finder::default();
    if prior.is_none_or(|prior| differ(&planned.name, &prior.name)) {
        finder.object_name(FieldPath::of("name"), &planned.name);
    }
    finder.into_findings()
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::Field;
    use everest_schemas::everest::BackupSource;
    use everest_schemas::models::RestorePitr;

    fn broken(config: &RestoreModel) -> Vec<(&'static str, String)> {
        check_syntax(config)
            .into_iter()
            .map(|found| (found.rule, found.path.to_string()))
            .collect()
    }

    fn source() -> Field<BackupSource> {
        BackupSource {
            path: "p".into(),
            backup_storage_name: "s3".into(),
        }
        .into()
    }

    #[test]
    fn a_restore_has_exactly_one_source() {
        let config = |backup_name: Field<String>, backup_source| RestoreModel {
            backup_name,
            backup_source,
            ..RestoreModel::default()
        };
        let fault = [("restore-source", "backupName".to_owned())];
        assert_eq!(broken(&config(Field::Null, Field::Null)), fault);
        assert_eq!(broken(&config("".into(), Field::Null)), fault);
        assert_eq!(broken(&config("b".into(), source())), fault);
        assert!(broken(&config("b".into(), Field::Null)).is_empty());
        assert!(broken(&config(Field::Null, source())).is_empty());
        assert!(broken(&config(Field::Unknown, Field::Null)).is_empty());
        assert!(broken(&config("b".into(), Field::Unknown)).is_empty());
    }

    #[test]
    fn a_path_needs_its_storage() {
        let config = |path: Field<String>, backup_storage_name: Field<String>| RestoreModel {
            backup_source: BackupSource {
                path,
                backup_storage_name,
            }
            .into(),
            ..RestoreModel::default()
        };
        assert_eq!(
            broken(&config("p".into(), "".into())),
            [("backup-source", "backupSource.backupStorageName".to_owned())]
        );
        assert_eq!(
            broken(&config("".into(), "s3".into())),
            [("backup-source", "backupSource.path".to_owned())]
        );
        assert!(broken(&config(Field::Unknown, "s3".into())).is_empty());
    }

    #[test]
    fn a_moment_has_one_form() {
        let config = |date: Field<String>| RestoreModel {
            backup_name: "b".into(),
            pitr: RestorePitr { date }.into(),
            ..RestoreModel::default()
        };
        assert_eq!(
            broken(&config("yesterday".into())),
            [("pitr-date", "pitr.date".to_owned())]
        );
        assert!(broken(&config("2026-01-01T02:03:04Z".into())).is_empty());
        assert!(broken(&config(Field::Unknown)).is_empty());
    }
}
