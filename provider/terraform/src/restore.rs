//! `everest_restore`: a restore, run once.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Unacknowledged, Wait, restore};
use everest_core::{
    api,
    facts::Facts,
    impact::{self, Summary},
    v1::ObjectMapping,
};
use everest_schemas::{
    Field,
    models::{DatabaseModel, NamespacedFilter, RestoreModel, Restores, Timeouts},
};
use tfplugin::{AttributePath, Diagnostics, Plan, ReadResult};

use crate::{
    database::Database,
    guardrails::Guarded,
    key::Scope,
    managed::{Kind, named},
    moved::ObjectKind,
    session::Session,
    timeouts::Defaults,
};

/// The kind.
pub struct Restore;

#[async_trait]
impl Kind for Restore {
    type Model = RestoreModel;
    type Filter = NamespacedFilter;
    type Collection = Restores;
    const TYPE: &'static str = "everest_restore";
    const PLURAL: &'static str = "everest_restores";
    const EXISTING: &'static str = "The record of a restore.";
    const OBJECT: ObjectKind = (api::GROUP, "DatabaseClusterRestore");
    const SCOPE: Scope = Scope::Namespace;
    const TIMEOUTS: Defaults = Defaults::minutes(720, 720, 30);
    const AFTER_FAILURE: &'static str = "The restore may have overwritten part of the data. A \
         restore that fails at creation is tainted: the next apply restores again and overwrites \
         everything written until then. To keep it as a record instead, run terraform untaint with \
         its address, which the plan shows. To restore again later, change a value in triggers or \
         plan with -replace and its address.";

    fn timeouts(model: &RestoreModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(model: &RestoreModel) -> bool {
        model
            .state
            .known()
            .is_some_and(|state| state == "Succeeded")
    }

    fn open_an_output(planned: &mut RestoreModel) {
        planned.state = Field::Unknown;
    }

    /// A started restore does not run again if its object is gone: whatever its result was, the
    /// database may contain newer data by now. Only an object that was never seen is forgotten.
    fn gone(
        prior: &RestoreModel,
        first: bool,
        diags: &mut Diagnostics,
    ) -> ReadResult<RestoreModel> {
        let what = named::<Self>(prior);
        if prior.database_name.is_null() {
            diags.error(
                AttributePath::root(),
                format!("{what} cannot be imported or moved: it does not exist"),
                "The DatabaseClusterRestore no longer exists. Remove the import or moved block, \
                 and also the resource unless you want to restore the backup again.",
            );
            return ReadResult::Keep;
        }
        if !first {
            return ReadResult::Keep;
        }
        let became = match prior.state.known_str() {
            Some("Succeeded") => "What it restored stays as it is.",
            Some("Failed") => "It had failed, so the data of the database may be incomplete.",
            _ => {
                "It was deleted before its result was known: it may have restored all, some or \
                 none of the data."
            }
        };
        diags.warning(
            AttributePath::root(),
            format!("The record of {what} is gone"),
            format!(
                "The DatabaseClusterRestore no longer exists. {became} Unless the resource is \
                 tainted, the restore does not run again, because that would overwrite newer data. \
                 To restore again, change a value of triggers, or plan with -replace and its \
                 address. Otherwise keep the resource as a record, or remove it. This warning ends \
                 with the next apply."
            ),
        );
        ReadResult::Keep
    }

    async fn create(
        cluster: &Cluster,
        planned: &RestoreModel,
        _: &RestoreModel,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<RestoreModel> {
        restore::create(cluster, planned, made, wait).await
    }

    async fn update(
        cluster: &Cluster,
        prior: &RestoreModel,
        planned: &RestoreModel,
        _: &RestoreModel,
        wait: &Wait,
    ) -> Change<RestoreModel> {
        restore::update(cluster, prior, planned, wait).await
    }

    async fn delete(
        cluster: &Cluster,
        prior: &RestoreModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        restore::delete(cluster, prior, wait).await
    }
}

#[async_trait]
impl Guarded for Restore {
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, RestoreModel>,
        dry_run_is_meaningful: bool,
    ) -> Result<(), ClusterError> {
        if !plan.is_create() {
            return Ok(());
        }
        restore::dry_run(cluster, &plan.planned, dry_run_is_meaningful).await
    }

    /// Warns that a restore which has run does not run again for a database that replaces its own.
    fn aside(session: &Session, prior: &RestoreModel, diags: &mut Diagnostics) {
        let database = DatabaseModel::at(prior.namespace.clone(), prior.database_name.clone());
        let database = named::<Database>(&database);
        if !session.replaces(&database) {
            return;
        }
        let what = named::<Self>(prior);
        diags.warning(
            "database_name",
            format!("{what} does not run for the new database"),
            format!(
                "{database} is replaced, and the new database starts without the data of this \
                 restore, because a restore runs only once. To restore into the new database too, \
                 name the database in replace_triggered_by in the lifecycle block of the restore; \
                 to start with the data of a backup, give the database a data_source."
            ),
        );
    }

    fn outlook(
        prior: Option<&RestoreModel>,
        planned: &RestoreModel,
        facts: &Facts,
        what: &str,
    ) -> Vec<Summary> {
        match prior {
            None => Vec::from_iter(impact::of_restore(what, planned, facts)),
            Some(_) => Vec::new(),
        }
    }
}
