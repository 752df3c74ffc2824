//! `everest_pause`, `everest_resume` and `everest_restart`.

use std::{borrow::Cow, sync::Arc, time::Duration};

use everest_cluster::{
    database::{self, Switch},
    facts,
};
use everest_schemas::models::SwitchAction;
use jiff::Timestamp;
use tfplugin::{Action, Diagnostic, Diagnostics, InvokeRequest, PlanActionRequest};

use super::{check_timeout, wait};
use crate::{guardrails, session::Session};

const TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// One of the actions.
pub struct SwitchDatabase {
    session: Arc<Session>,
    /// What is done at a time.
    switch: fn(Timestamp) -> Switch,
    type_name: &'static str,
    description: &'static str,
    /// The verb, in messages.
    verb: &'static str,
    /// What it does to clients; empty if they notice nothing.
    impact: &'static str,
}

impl SwitchDatabase {
    /// `everest_pause`.
    pub fn pause(session: &Arc<Session>) -> Self {
        Self {
            session: Arc::clone(session),
            switch: |_| Switch::Pause,
            type_name: "everest_pause",
            description: "Pauses a database and waits until it has stopped: its pods are deleted, \
                          its volumes are kept. Nothing happens to a database that is paused.\n\n\
                          If an `everest_database` resource sets `paused = false`, its next apply \
                          resumes the database.",
            verb: "pause",
            impact: "The database stops: clients cannot connect until it is resumed.",
        }
    }

    /// `everest_resume`.
    pub fn resume(session: &Arc<Session>) -> Self {
        Self {
            session: Arc::clone(session),
            switch: |_| Switch::Resume,
            type_name: "everest_resume",
            description: "Resumes a paused database and waits until it is ready. Nothing happens to \
                          a database that is not paused.\n\nIf an `everest_database` resource sets \
                          `paused = true`, its next apply pauses the database again.",
            verb: "resume",
            impact: "",
        }
    }

    /// `everest_restart`.
    pub fn restart(session: &Arc<Session>) -> Self {
        Self {
            session: Arc::clone(session),
            switch: |now| Switch::Restart {
                trigger: format!("action {now}"),
            },
            type_name: "everest_restart",
            description: "Restarts a database and waits until it is ready again. A restart stops \
                          the whole database and starts it again; a paused database cannot be \
                          restarted.",
            verb: "restart",
            impact: "The whole database stops and starts again: clients cannot connect meanwhile.",
        }
    }

    /// What is done, as messages name it.
    fn doing(&self, config: &SwitchAction) -> String {
        let namespace = config.namespace.known_str().unwrap_or_default();
        let name = config.name.known_str().unwrap_or_default();
        format!("{} the database {namespace}/{name}", self.verb)
    }
}

impl Action for SwitchDatabase {
    type Config = SwitchAction;

    fn type_name(&self) -> &'static str {
        self.type_name
    }

    fn description(&self) -> Cow<'static, str> {
        self.description.into()
    }

    fn validate(&self, config: &SwitchAction, diags: &mut Diagnostics) {
        check_timeout(&config.timeout, diags);
    }

    async fn plan(&self, request: PlanActionRequest<'_, SwitchAction>) -> Result<(), Diagnostic> {
        let doing = self.doing(&request.config);
        guardrails::at_action_on_v1(&self.session, &doing, request.cx).await?;
        if self.session.warns_of_impact() && !self.impact.is_empty() {
            let headline = format!("Downtime: this run will {doing}");
            request
                .diags
                .push(Diagnostic::warning(headline, self.impact));
        }
        Ok(())
    }

    async fn invoke(&self, request: InvokeRequest<'_, SwitchAction>) -> Result<(), Diagnostic> {
        let config = request.config;
        let doing = self.doing(&config);
        let cluster = self.session.cluster().await;
        let cluster = cluster.map_err(|error| error.diagnostic(&doing))?;
        let cluster = &cluster.stopped_by(&request.cx.stop);
        facts::require_v1(cluster)
            .await
            .map_err(|error| self.session.cluster_error(&error, &doing, self.type_name))?;
        let wait = wait(&config.timeout, TIMEOUT, request.cx, request.progress);
        let namespace = config.namespace.known_str().unwrap_or_default();
        let name = config.name.known_str().unwrap_or_default();
        let switch = (self.switch)(self.session.now());
        database::switch(cluster, namespace, name, switch, &wait)
            .await
            .map_err(|error| self.session.cluster_error(&error, &doing, self.type_name))
    }
}
