//! `everest_backup`: takes a backup now.

use std::{sync::Arc, time::Duration};

use everest_schemas::Field;
use everest_schemas::models::{BackupAction, BackupModel};
use jiff::Timestamp;
use tfplugin::{Action, Diagnostic, Diagnostics, InvokeRequest, PlanActionRequest};

use super::{check_timeout, made, object_name, wait};
use crate::{backup, guardrails, session::Session};

const TIMEOUT: Duration = Duration::from_secs(12 * 60 * 60);

/// The action.
pub struct Backup(pub Arc<Session>);

fn model(config: &BackupAction, now: Timestamp) -> BackupModel {
    BackupModel {
        namespace: config.namespace.clone(),
        database_name: config.database_name.clone(),
        backup_storage_name: config.backup_storage_name.clone(),
        name: object_name(&config.name, &config.database_name, now),
        wait: Field::Known(true),
        ..BackupModel::default()
    }
}

impl Action for Backup {
    type Config = BackupAction;

    fn type_name(&self) -> &'static str {
        "everest_backup"
    }

    fn validate(&self, config: &BackupAction, diags: &mut Diagnostics) {
        check_timeout(&config.timeout, diags);
        made::validate::<backup::Backup>(&model(config, self.0.now()), diags);
    }

    async fn plan(&self, request: PlanActionRequest<'_, BackupAction>) -> Result<(), Diagnostic> {
        let intended = model(&request.config, self.0.now());
        guardrails::at_action::<backup::Backup>(&self.0, &intended, request.cx, request.diags)
            .await;
        Ok(())
    }

    async fn invoke(&self, request: InvokeRequest<'_, BackupAction>) -> Result<(), Diagnostic> {
        let InvokeRequest {
            config,
            progress,
            cx,
            diags,
            ..
        } = request;
        let wait = wait(&config.timeout, TIMEOUT, cx, progress);
        let model = model(&config, self.0.now());
        let made = made::make::<backup::Backup>(&self.0, &model, &wait, cx, progress, diags);
        if let Some(destination) = made.await?.destination.known_str() {
            progress.report(format!("Its data is at {destination}"));
        }
        Ok(())
    }
}
