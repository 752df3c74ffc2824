//! `everest_restore`: restores a backup into an existing database.

use std::{sync::Arc, time::Duration};

use everest_schemas::models::{RestoreAction, RestoreModel};
use jiff::Timestamp;
use tfplugin::{Action, Diagnostic, Diagnostics, InvokeRequest, PlanActionRequest};

use super::{check_timeout, made, object_name, wait};
use crate::{guardrails, restore, session::Session};

const TIMEOUT: Duration = Duration::from_secs(12 * 60 * 60);

/// The action.
pub struct Restore(pub Arc<Session>);

fn model(config: &RestoreAction, now: Timestamp) -> RestoreModel {
    RestoreModel {
        namespace: config.namespace.clone(),
        database_name: config.database_name.clone(),
        name: object_name(&config.name, &config.database_name, now),
        backup_name: config.backup_name.clone(),
        backup_source: config.backup_source.clone(),
        pitr: config.pitr.clone(),
        ..RestoreModel::default()
    }
}

impl Action for Restore {
    type Config = RestoreAction;

    fn type_name(&self) -> &'static str {
        "everest_restore"
    }

    fn validate(&self, config: &RestoreAction, diags: &mut Diagnostics) {
        check_timeout(&config.timeout, diags);
        made::validate::<restore::Restore>(&model(config, self.0.now()), diags);
    }

    async fn plan(&self, request: PlanActionRequest<'_, RestoreAction>) -> Result<(), Diagnostic> {
        let intended = model(&request.config, self.0.now());
        guardrails::at_action::<restore::Restore>(&self.0, &intended, request.cx, request.diags)
            .await;
        Ok(())
    }

    async fn invoke(&self, request: InvokeRequest<'_, RestoreAction>) -> Result<(), Diagnostic> {
        let InvokeRequest {
            config,
            progress,
            cx,
            diags,
            ..
        } = request;
        let wait = wait(&config.timeout, TIMEOUT, cx, progress);
        let model = model(&config, self.0.now());
        made::make::<restore::Restore>(&self.0, &model, &wait, cx, progress, diags).await?;
        Ok(())
    }
}
