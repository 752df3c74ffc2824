//! `everest_database`: a DatabaseCluster.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Unacknowledged, Wait, database};
use everest_core::{
    api, backup_path, computed,
    impact::{self, Summary},
    passwords,
    rules::Validate,
    upgrade,
    v1::{self, ObjectMapping},
};
use everest_schemas::{
    Engine, Field,
    everest::DatabaseCluster,
    models::{DatabaseModel, Databases, NamespacedFilter, Timeouts},
};
use tfplugin::{Diagnostic, Diagnostics, Plan, Private};

use crate::{
    diagnostics, guardrails::Guarded, key::Scope, managed::Kind, moved::ObjectKind,
    timeouts::Defaults,
};

/// The kind.
pub struct Database;

#[async_trait]
impl Kind for Database {
    type Model = DatabaseModel;
    type Filter = NamespacedFilter;
    type Collection = Databases;
    const TYPE: &'static str = "everest_database";
    const PLURAL: &'static str = "everest_databases";
    const EXISTING: &'static str = "A database that exists, whoever created it.";
    const OBJECT: ObjectKind = (api::GROUP, "DatabaseCluster");
    const SCOPE: Scope = Scope::Namespace;
    const TIMEOUTS: Defaults = Defaults::minutes(60, 60, 30);
    const LASTING: &'static [&'static str] = &["credentialsSecretName", "uid"];
    const AFTER_FAILURE: &'static str = "A database whose creation failed is tainted: the next \
         apply destroys it and creates it again, even with deletion_protection, because it never \
         held its data. To keep it, run terraform untaint with its address, which the plan shows.";

    fn uid(model: &DatabaseModel) -> Option<&str> {
        model.uid.known_str()
    }

    fn timeouts(model: &DatabaseModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(model: &DatabaseModel) -> bool {
        model.ready.known() == Some(&true)
    }

    fn is_up_after(planned: &DatabaseModel) -> bool {
        let spec = planned.spec.known();
        let is_paused = spec.and_then(|spec| spec.paused.known()) == Some(&true);
        !is_paused && planned.wait.known() != Some(&false)
    }

    fn set_not_ready(model: &mut DatabaseModel) {
        model.ready = Field::Known(false);
    }

    fn open_an_output(planned: &mut DatabaseModel) {
        planned.ready = Field::Unknown;
    }

    fn plan(plan: &mut Plan<'_, DatabaseModel>) {
        // The rules judge them, and no plan has them.
        plan.intended = passwords::with_users(&plan.intended, &plan.config);
        match &plan.prior {
            None => computed::database::known_at_creation(&plan.config, &mut plan.planned),
            Some(prior) => {
                if plan.changed() {
                    computed::database::mark_affected(prior, &mut plan.planned);
                }
                upgrade::foresee(&plan.config, prior, &mut plan.intended);
                v1::database::spell_exposure(&plan.config, prior, &mut plan.intended);
                v1::database::spell_exposure(&plan.config, prior, &mut plan.planned);
                if upgrade::foresee(&plan.config, prior, &mut plan.planned) {
                    plan.note_change();
                }
            }
        }
        // What the server may fill in is not known, so that what is asked for says what is missing.
        diagnostics::report(plan.intended.check(plan.prior.as_ref()), plan.diags);
    }

    fn generated(config: &mut DatabaseModel, object: Option<&DatabaseCluster>) {
        v1::generated::shorten(config, object);
    }

    fn lift_protection(prior: &mut DatabaseModel) -> bool {
        let protected =
            prior.deletion_protection.known() == Some(&true) || prior.final_backup.is_known();
        prior.deletion_protection = Field::Known(false);
        prior.final_backup = Field::Null;
        protected
    }

    fn forbid_destroy(prior: &DatabaseModel, diags: &mut Diagnostics) {
        if prior.deletion_protection.known() == Some(&true) {
            diags.error(
                "deletion_protection",
                format!(
                    "everest_database {} is protected from deletion",
                    Self::id(prior)
                ),
                "deletion_protection is true in the state. Destroying the database deletes its \
                 volumes. If that is what you want, set deletion_protection = false, apply that, \
                 and plan again. Do the same if destroy = false in its lifecycle block keeps the \
                 replaced database: the provider is not told of that. The old database then stays \
                 in the cluster, and no resource manages it. If the database is tainted, every \
                 apply tries to replace it instead: run terraform untaint with its address first. \
                 To keep the database, that command is enough.",
            );
        }
        diagnostics::report(prior.check_destruction(), diags);
    }

    async fn observe(
        cluster: &Cluster,
        object: &DatabaseCluster,
        prior: &DatabaseModel,
    ) -> Result<DatabaseModel, ClusterError> {
        let mut found = database::observe(cluster, object, prior).await;
        if is_stub(prior) {
            v1::database::keep_switched_off(&mut found, object);
        }
        Ok(found)
    }

    /// Looks at the Secret that passwords were sent to: if it has lost them, the next apply sends
    /// them again.
    async fn look_beside(
        cluster: &Cluster,
        prior: &DatabaseModel,
        private: &mut Private,
        diags: &mut Diagnostics,
    ) {
        // Passwords that were never sent cannot be lost; nor may a wait be forgotten that goes on.
        if !prior.users_wo_version.is_known() || private.pending().is_some() {
            return;
        }
        match database::has_lost_users(cluster, prior).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::debug!(%error, "could not read the Secret with the users of a database");
                cluster.note_unread(&error);
                return;
            }
        }
        let summary = format!(
            "The Secret with the passwords of everest_database {} has lost those of users_wo",
            Self::id(prior)
        );
        private.set_pending(&summary);
        let secret = prior.credentials_secret_name.known_str();
        let (namespace, _) = prior.key();
        let detail = format!(
            "The Secret {namespace}/{} is gone, or the engine's operator has created another one, \
             with generated passwords. The next apply writes users_wo into the Secret again, and \
             the operator changes the passwords in the database. To keep the generated ones, remove \
             users_wo and users_wo_version.",
            secret.unwrap_or_default()
        );
        diags.push(Diagnostic::warning(summary, detail));
    }

    async fn create(
        cluster: &Cluster,
        planned: &DatabaseModel,
        config: &DatabaseModel,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<DatabaseModel> {
        let planned = v1::database::with_import_keys(planned, config);
        let planned = passwords::with_users(&planned, config);
        match database::create(cluster, &planned, made, wait).await {
            // Of one that is not waited for there are no claims yet.
            Creation::Created(state) if planned.wait.known() != Some(&false) => {
                Creation::Created(database::with_classes(cluster, state).await)
            }
            other => other,
        }
    }

    async fn update(
        cluster: &Cluster,
        prior: &DatabaseModel,
        planned: &DatabaseModel,
        config: &DatabaseModel,
        wait: &Wait,
    ) -> Change<DatabaseModel> {
        database::update(cluster, prior, planned, config, wait).await
    }

    async fn before_delete(
        cluster: &Cluster,
        prior: &DatabaseModel,
        wait: &Wait,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        let taken = match database::take_final_backup(cluster, prior, wait).await {
            Ok(Some(taken)) => taken,
            Ok(None) => return Ok(()),
            Err(error) => {
                let doing = format!(
                    "take the final backup of everest_database {}",
                    Self::id(prior)
                );
                let mut refusal = diagnostics::cluster_error(&error, &doing);
                refusal.detail.push_str(
                    " Nothing of the database was destroyed. Destroy it again to retry, or remove \
                     final_backup and apply that first (if the database is tainted, run terraform \
                     untaint with its address before).",
                );
                return Err(refusal);
            }
        };
        let place = taken.destination.as_deref().map_or_else(
            || format!("in the backup storage {}", taken.storage),
            |destination| {
                let start = start_from(prior, &taken.storage, destination);
                format!("at {destination}. {start}")
            },
        );
        diags.push(Diagnostic::warning(
            format!(
                "The final backup of everest_database {} is taken",
                Self::id(prior)
            ),
            format!(
                "Backup {:?} is deleted with the database; its data stays {place}.",
                taken.name
            ),
        ));
        Ok(())
    }

    async fn delete(
        cluster: &Cluster,
        prior: &DatabaseModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        database::delete(cluster, prior, wait).await
    }
}

/// How a new database gets the data of a final backup, whose object is deleted with its database.
/// Everest finds that of PostgreSQL only by an import.
fn start_from(prior: &DatabaseModel, storage: &str, destination: &str) -> String {
    let engine = prior.spec.known().and_then(|spec| spec.engine.known());
    let path = backup_path::of_destination(destination).unwrap_or(destination);
    if engine.and_then(|engine| engine.type_.known()) == Some(&Engine::Postgresql) {
        return format!(
            "If that is a storage of type s3, start a database with it by data_source = {{ \
             data_import = {{ data_importer_name = \"everest-percona-pg-operator\", source = {{ \
             path = {path:?}, s3 = … }} }} }}, with the bucket of {storage:?}"
        );
    }
    format!(
        "Start a database with it by data_source = {{ backup_source = {{ backup_storage_name = \
         {storage:?}, path = {path:?} }} }}"
    )
}

/// Whether a state only names the database: it is being imported.
fn is_stub(prior: &DatabaseModel) -> bool {
    let spec = prior.spec.known();
    spec.is_none_or(|spec| !spec.engine.is_known())
}

#[async_trait]
impl Guarded for Database {
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, DatabaseModel>,
        dry_run_is_meaningful: bool,
    ) -> Result<(), ClusterError> {
        let prior = plan.prior.as_ref();
        database::dry_run(
            cluster,
            prior,
            &plan.planned,
            &plan.config,
            dry_run_is_meaningful,
        )
        .await
    }

    fn impact(
        prior: &DatabaseModel,
        planned: Option<&DatabaseModel>,
        what: &str,
    ) -> Option<Summary> {
        let Some(planned) = planned else {
            return impact::summary(what, &[impact::of_destruction(prior)], &[]);
        };
        let impacts = impact::of_change(prior, planned);
        impact::summary(what, &impacts, &impact::of_unknown(prior, planned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_database_starts_with_a_final_backup_in_the_way_of_its_engine() {
        let said = |engine: &str, destination: &str| {
            let prior = json!({"namespace": "prod", "name": "orders",
                "spec": {"engine": {"type": engine, "storage": {"size": "1Gi"}}}});
            start_from(&serde_json::from_value(prior).unwrap(), "s3", destination)
        };
        let pxc = said("pxc", "s3://backups/orders/1/full");
        assert!(pxc.contains("path = \"orders/1/full\""), "{pxc}");
        let mongodb = "s3://backups/orders/1/2026-01-01T02:03:04Z";
        let psmdb = said("psmdb", mongodb);
        assert!(psmdb.contains(&format!("path = {mongodb:?}")), "{psmdb}");
        let pg = said("postgresql", "s3://backups/orders/1/backup/db/2F");
        assert!(pg.contains("path = \"orders/1/backup/db/2F\""), "{pg}");
        assert!(
            pg.contains("data_import") && !pg.contains("backup_source"),
            "{pg}"
        );
    }
}
