//! `everest_account`: an account of Everest's own users.

use std::sync::Arc;

use async_trait::async_trait;
use everest_cluster::server::accounts::{self, Password};
use everest_cluster::{Change, Cluster, ClusterError, Wait};
use everest_schemas::{
    Field,
    models::{AccountModel, Accounts, Listed, Timeouts},
};
use tfplugin::{DataSource, Diagnostic, Diagnostics, LookupRequest, Plan, Private, Registry};

use super::setting::{ServerSetting, named};
use crate::{existing::read, session::Session, timeouts::Defaults};

/// The setting.
pub struct Account;

#[async_trait]
impl ServerSetting for Account {
    type Model = AccountModel;
    const TYPE: &'static str = "everest_account";
    const EXISTING: &'static str = "An account of Everest. Its password is no output.";
    const IDENTITY: &'static str = "name";
    const TIMEOUTS: Defaults = Defaults::minutes(5, 5, 5);
    const PENDING: &'static [&'static str] = &["password_changed_at", "password_in_plain_text"];

    fn id(model: &AccountModel) -> String {
        model.name.known_str().unwrap_or_default().to_owned()
    }

    fn stub(id: &str) -> Result<AccountModel, Diagnostic> {
        Ok(AccountModel {
            name: id.into(),
            ..AccountModel::default()
        })
    }

    fn timeouts(model: &AccountModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn plan(plan: &mut Plan<'_, AccountModel>) {
        let Some(prior) = &plan.prior else { return };
        let (planned, config) = (&plan.planned, &plan.config);
        let plain = !planned.password.is_null() && planned.password != prior.password;
        let write_only = !config.password_wo.is_null()
            && planned.password_wo_version != prior.password_wo_version;
        if plain || write_only {
            plan.planned.password_changed_at = Field::Unknown;
            plan.planned.password_in_plain_text = Field::Unknown;
        }
    }

    async fn read(
        cluster: &Cluster,
        prior: &AccountModel,
    ) -> Result<Option<AccountModel>, ClusterError> {
        accounts::one(cluster, prior.name.known_str().unwrap_or_default()).await
    }

    async fn all(cluster: &Cluster) -> Result<Vec<AccountModel>, ClusterError> {
        accounts::all(cluster).await
    }

    /// Compares a password of the state with the hash.
    async fn look_beside(
        cluster: &Cluster,
        prior: &AccountModel,
        private: &mut Private,
        diags: &mut Diagnostics,
    ) {
        private.clear_pending();
        let Some(password) = prior.password.known() else {
            return;
        };
        let name = prior.name.known_str().unwrap_or_default();
        match accounts::has_password(cluster, name, password).await {
            Ok(Some(false)) => {}
            Ok(_) => return,
            Err(error) => {
                tracing::debug!(%error, "could not compare the password of an account");
                cluster.note_unread(&error);
                return;
            }
        }
        let what = named::<Self>(prior);
        let summary = format!("Someone else changed the password of {what}");
        private.set_pending(&summary);
        diags.push(Diagnostic::warning(
            summary,
            "The next apply sets the password of the configuration again; the plan shows this as a \
             password_changed_at that is known after apply. To keep the other password, remove \
             password from the configuration, or set it to that password.",
        ));
    }

    async fn write(
        cluster: &Cluster,
        prior: Option<&AccountModel>,
        planned: &AccountModel,
        config: &AccountModel,
        wait: &Wait,
    ) -> Change<AccountModel> {
        let creates = prior.is_none();
        let write_only = config.password_wo.known().map(|password| (password, true));
        let given = write_only.or(planned.password.known().map(|password| (password, false)));
        // Otherwise the plan has said that the password stays.
        let given = given.filter(|_| creates || planned.password_changed_at.is_unknown());
        let password = given.map(|(password, always)| Password {
            password: password.clone(),
            always,
        });
        let written = accounts::write(cluster, planned, password.as_ref(), creates, wait);
        written.await.into()
    }

    async fn remove(
        cluster: &Cluster,
        prior: &AccountModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        accounts::remove(cluster, prior.name.known_str().unwrap_or_default(), wait).await
    }
}

/// Registers the data source of all accounts.
pub fn register(registry: &mut Registry, session: &Arc<Session>) {
    registry.data_source(AllAccounts(Arc::clone(session)));
}

/// `everest_accounts`.
struct AllAccounts(Arc<Session>);

impl DataSource for AllAccounts {
    type Model = Accounts;

    fn type_name(&self) -> &'static str {
        "everest_accounts"
    }

    async fn read(&self, request: LookupRequest<'_, Accounts>) -> Result<Accounts, Diagnostic> {
        let what = self.type_name();
        let doing = format!("list {what}");
        let found = read(&self.0, what, &doing, request.cx, accounts::all);
        let Some(found) = found.await? else {
            return Ok(request.config);
        };
        let found = found
            .into_iter()
            .map(|account| Field::Known(Listed(account)));
        Ok(Accounts {
            accounts: Field::Known(found.collect()),
        })
    }
}
