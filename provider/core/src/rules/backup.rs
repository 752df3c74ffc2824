//! Rules for `everest_backup`.

use everest_schemas::models::BackupModel;

use super::finder::{Finder, differ};
use crate::finding::Finding;
use crate::path::FieldPath;

/// What a configuration of a backup can never be.
pub fn check_syntax(config: &BackupModel) -> Vec<Finding> {
    let mut finder = Finder::default();
    finder.timeouts(&config.timeouts);
    finder.into_findings()
}

/// What Kubernetes forbids a new backup to be. Everest's own rules for
/// backups are about other objects: its webhook checks those.
pub fn check(planned: &BackupModel, prior: Option<&BackupModel>) -> Vec<Finding> {
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
    use everest_schemas::models::Timeouts;

    #[test]
    fn the_name_of_a_new_backup_is_checked() {
        let named = |name: Field<String>| BackupModel {
            name,
            ..BackupModel::default()
        };
        assert_eq!(
            check(&named("Bad_Name".into()), None)[0].rule,
            "object-name"
        );
        assert!(check(&named("2026-01-01".into()), None).is_empty());
        assert!(check(&named(Field::Unknown), None).is_empty());
        let bad = named("Bad_Name".into());
        assert!(check(&bad, Some(&bad)).is_empty());
    }

    #[test]
    fn a_timeout_is_a_duration() {
        let config = |create: Field<String>| BackupModel {
            timeouts: Timeouts {
                create,
                ..Timeouts::default()
            }
            .into(),
            ..BackupModel::default()
        };
        let found = check_syntax(&config("1 day".into()));
        assert_eq!(
            (found[0].rule, found[0].path.to_string().as_str()),
            ("timeout", "timeouts.create")
        );
        assert!(check_syntax(&config("12h".into())).is_empty());
        assert!(check_syntax(&config(Field::Unknown)).is_empty());
    }
}
