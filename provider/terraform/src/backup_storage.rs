//! `everest_backup_storage`: a bucket for backups, with its credentials.

use async_trait::async_trait;
use everest_cluster::{
    Change, Cluster, ClusterError, Creation, Unacknowledged, Wait, backup_storage,
};
use everest_core::{
    api, computed,
    rules::Validate,
    v1::{
        ObjectMapping,
        backup_storage::secret_name,
        credentials::{Credentials, SecretState},
    },
};
use everest_schemas::{
    Field,
    models::{BackupStorageModel, NamespacedFilter, Timeouts},
};
use tfplugin::{Diagnostic, Diagnostics, Plan, Private};

use crate::{
    diagnostics,
    guardrails::Guarded,
    key::Scope,
    managed::{Kind, named},
    moved::ObjectKind,
    timeouts::Defaults,
};

/// Private key: the configuration has write-only credentials, which are not in the state.
const WRITE_ONLY: &str = "write-only-credentials";

/// The kind.
pub struct BackupStorage;

#[async_trait]
impl Kind for BackupStorage {
    type Model = BackupStorageModel;
    type Filter = NamespacedFilter;
    const TYPE: &'static str = "everest_backup_storage";
    const OBJECT: ObjectKind = (api::GROUP, "BackupStorage");
    const SCOPE: Scope = Scope::Namespace;
    const TIMEOUTS: Defaults = Defaults::minutes(5, 5, 30);
    const LASTING: &'static [&'static str] = &["inUse"];

    fn timeouts(model: &BackupStorageModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(_: &BackupStorageModel) -> bool {
        true
    }

    fn open_an_output(planned: &mut BackupStorageModel) {
        planned.secret_name = Field::Unknown;
    }

    fn plan(plan: &mut Plan<'_, BackupStorageModel>) {
        if plan.is_create() {
            computed::backup_storage::known_at_creation(&mut plan.planned);
        }
        diagnostics::report(plan.planned.check(plan.prior.as_ref()), plan.diags);
        if plan.config.access_key_id_wo.is_null() {
            plan.private.remove(WRITE_ONLY);
        } else {
            // A flag is always JSON and the key is not reserved.
            let _ = plan.private.set(WRITE_ONLY, true);
        }
    }

    /// Reads the Secret's metadata if the configuration has the credentials: if the Secret has lost
    /// them, the next apply writes them again.
    async fn look_beside(
        cluster: &Cluster,
        prior: &BackupStorageModel,
        private: &mut Private,
        diags: &mut Diagnostics,
    ) {
        let plain = prior.access_key_id.is_known();
        let write_only =
            private.get(WRITE_ONLY) == Some(true) || prior.credentials_wo_version.is_known();
        private.clear_pending();
        if !plain && !write_only {
            return;
        }
        let happened = match backup_storage::secret_state(cluster, prior).await {
            Ok(SecretState::Gone) => "is gone",
            Ok(SecretState::Changed) if plain => "was changed by somebody else",
            Ok(SecretState::Changed | SecretState::AsWritten) => return,
            Err(error) => {
                tracing::debug!(%error, "the Secret of a storage was not looked at");
                return;
            }
        };
        let what = named::<Self>(prior);
        let summary = format!("The Secret with the credentials of {what} {happened}");
        private.set_pending(&summary);
        let (namespace, _) = prior.key();
        let detail = format!(
            "Backups read the credentials of the storage from the Secret {namespace}/{}. The next \
             apply writes those of the configuration into it again; the plan shows that as a \
             secret_name that is known after apply.",
            secret_name(prior)
        );
        diags.push(Diagnostic::warning(summary, detail));
    }

    async fn create(
        cluster: &Cluster,
        planned: &BackupStorageModel,
        config: &BackupStorageModel,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<BackupStorageModel> {
        backup_storage::create(
            cluster,
            planned,
            Credentials::given(config).as_ref(),
            made,
            wait,
        )
        .await
    }

    async fn update(
        cluster: &Cluster,
        prior: &BackupStorageModel,
        planned: &BackupStorageModel,
        config: &BackupStorageModel,
        wait: &Wait,
    ) -> Change<BackupStorageModel> {
        let mut credentials = Credentials::changed(prior, planned, config);
        if credentials.is_none() && Credentials::given(config).is_some() {
            credentials = match backup_storage::secret_state(cluster, prior).await {
                Ok(secret) => Credentials::due(prior, planned, config, secret),
                Err(error) if error.is_forbidden() => None,
                Err(error) => return Change::Refused(error),
            };
        }
        backup_storage::update(cluster, prior, planned, credentials.as_ref(), wait).await
    }

    /// Warns if it releases a storage that someone else has deleted while it was in use.
    async fn before_delete(
        cluster: &Cluster,
        prior: &BackupStorageModel,
        wait: &Wait,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        let shown = format!("everest_backup_storage {}", Self::id(prior));
        let released = backup_storage::release(cluster, prior, wait).await;
        let released = released
            .map_err(|error| diagnostics::cluster_error(&error, &format!("destroy {shown}")))?;
        if released {
            diags.push(Diagnostic::warning(
                format!("{shown} was deleted by somebody else while it was used"),
                "Everest does not look at such a storage again, so it would stay for ever. Nothing \
                 uses it any more: Everest's finalizer everest.percona.com/in-use-protection was \
                 taken off, and the storage goes.",
            ));
        }
        Ok(())
    }

    async fn delete(
        cluster: &Cluster,
        prior: &BackupStorageModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        backup_storage::delete(cluster, prior, wait).await
    }
}

#[async_trait]
impl Guarded for BackupStorage {
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, BackupStorageModel>,
        dry_run_is_meaningful: bool,
    ) -> Result<(), ClusterError> {
        let prior = plan.prior.as_ref();
        backup_storage::dry_run(
            cluster,
            prior,
            &plan.planned,
            &plan.config,
            dry_run_is_meaningful,
        )
        .await
    }
}
