//! The rule for the destruction of a paused MongoDB that has backups.

use everest_schemas::Engine;
use everest_schemas::models::DatabaseModel;

use super::engine_type;
use crate::facts::{Facts, Kind, SomeBackups, Wanted};
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::rules::findings::Findings;
use crate::rules::table::database::PSMDB_LOCKED_BACKUPS;
use crate::{restart, v1};

/// The facts that the rule needs: the backups of a paused MongoDB.
pub(super) fn wanted(prior: &DatabaseModel) -> Wanted {
    match prior.name.known() {
        Some(name) if is_paused_mongodb(prior) => Wanted {
            backups: Some(SomeBackups::OfDatabase(name.clone())),
            ..Wanted::of(&prior.namespace, &[Kind::Backups])
        },
        _ => Wanted::default(),
    }
}

/// Warns of a destruction that the backups hold up. Those that were taken by an operator before
/// 1.20 do not, which the backups do not say.
pub(super) fn check(prior: &DatabaseModel, facts: &Facts) -> Vec<Finding> {
    let mut findings = Findings::default();
    let name = prior.name.known_str();
    let mut backups = facts.backups.iter().flatten();
    let taken = backups.find(|(_, backup)| {
        backup.spec.db_cluster_name.known_str() == name && v1::backup::state(backup) == "Succeeded"
    });
    if let Some((backup, _)) = taken.filter(|_| is_paused_mongodb(prior)) {
        findings.warning(
            &PSMDB_LOCKED_BACKUPS,
            FieldPath::of("paused"),
            format!("The database is paused and has backups, such as {backup:?}"),
        );
    }
    findings.into_findings()
}

fn is_paused_mongodb(prior: &DatabaseModel) -> bool {
    let engine = prior.spec.known().and_then(engine_type);
    engine == Some(Engine::Psmdb) && restart::is_paused(prior) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn prior(engine: &str, paused: bool) -> DatabaseModel {
        serde_json::from_value(json!({"namespace": "prod", "name": "orders", "spec":
            {"engine": {"type": engine, "storage": {"size": "1Gi"}}, "paused": paused}}))
        .unwrap()
    }

    fn facts(of: &str, state: &str) -> Facts {
        let backup: Value = json!({"apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseClusterBackup", "metadata": {"name": "nightly"},
            "spec": {"dbClusterName": of, "backupStorageName": "s3"},
            "status": {"gaps": false, "state": state}});
        let backup = serde_json::from_value(backup).unwrap();
        Facts {
            backups: Some([("nightly".to_owned(), backup)].into()),
            ..Facts::default()
        }
    }

    #[test]
    fn a_paused_mongodb_with_backups_is_not_destroyed() {
        let (mongodb, taken) = (prior("psmdb", true), facts("orders", "Succeeded"));
        let found = check(&mongodb, &taken);
        let rules: Vec<_> = found.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, ["psmdb-locked-backups"]);
        let backups = SomeBackups::OfDatabase("orders".to_owned());
        assert_eq!(wanted(&mongodb).backups, Some(backups));
        for (other, facts) in [
            (prior("psmdb", false), &taken),
            (prior("pxc", true), &taken),
            (mongodb.clone(), &facts("carts", "Succeeded")),
            (mongodb.clone(), &facts("orders", "")),
            (mongodb, &Facts::default()),
        ] {
            assert_eq!(check(&other, facts), []);
        }
        assert_eq!(wanted(&prior("psmdb", false)), Wanted::default());
    }
}
