//! `everest_upgrade_operators` and `everest_approve_upgrade`.

use std::{borrow::Cow, sync::Arc, time::Duration};

use everest_cluster::{Cluster, ClusterError, Wait, facts, namespace};
use everest_core::{
    operator_upgrade,
    rules::{Validate, namespace::check_upgrade},
};
use everest_schemas::models::{EngineInstall, Engines, NamespaceModel, UpgradeAction};
use everest_schemas::{Engine, Field};
use tfplugin::{
    Action, AttributePath, Context, Diagnostic, Diagnostics, InvokeRequest, PlanActionRequest,
    Progress,
};
use tokio::time::{Instant, sleep};

use super::{check_timeout, wait};
use crate::{diagnostics, guardrails, managed::unless_stopped, session::Session};

const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// The time after an upgrade within which OLM offers the one that follows it.
const OFFERED: Duration = Duration::from_secs(10);

/// One of the actions.
pub struct Upgrade {
    session: Arc<Session>,
    type_name: &'static str,
    description: &'static str,
    /// Whether the upgrade that follows another is made too.
    goes_on: bool,
}

impl Upgrade {
    /// `everest_upgrade_operators`.
    pub fn all(session: &Arc<Session>) -> Self {
        Self {
            session: Arc::clone(session),
            type_name: "everest_upgrade_operators",
            description: "Upgrades engine operators of a namespace, one version after another, \
                          until none awaits approval. Each upgrade begins once every database of \
                          the engine is ready, or paused, and runs with the CR version of the \
                          installed operator. Nothing else in the namespace is changed.\n\nIf an \
                          `everest_namespace` resource sets the `version` of an engine, set it to \
                          the new version too: a lower one than that which is installed is an \
                          error.",
            goes_on: true,
        }
    }

    /// `everest_approve_upgrade`.
    pub fn next(session: &Arc<Session>) -> Self {
        Self {
            session: Arc::clone(session),
            type_name: "everest_approve_upgrade",
            description: "Approves the upgrade of engine operators of a namespace that awaits \
                          approval, and waits until it is made. Unlike \
                          `everest_upgrade_operators` it makes no further one. The upgrade begins \
                          once every database of the engine is ready, or paused, and runs with the \
                          CR version of the installed operator. Nothing else in the namespace is \
                          changed.",
            goes_on: false,
        }
    }

    async fn upgrade(
        &self,
        cluster: &Cluster,
        config: &UpgradeAction,
        wait: &Wait,
        progress: &Progress,
    ) -> Result<(), ClusterError> {
        let name = config.namespace.known_str().unwrap_or_default();
        let begun = Instant::now();
        let mut upgraded = false;
        facts::require_v1(cluster).await?;
        loop {
            let mut found = namespace::existing(cluster, name).await?;
            if upgraded && pending(&found, &config.engines).is_empty() {
                sleep(OFFERED).await;
                found = namespace::existing(cluster, name).await?;
            }
            let pending = pending(&found, &config.engines);
            if pending.is_empty() {
                if !upgraded {
                    progress.report("No upgrade awaits approval");
                }
                return Ok(());
            }
            for (engine, version) in &pending {
                progress.report(format!("The operator of {engine} is upgraded to {version}"));
            }
            let wait = wait.less(begun.elapsed());
            namespace::upgrade(cluster, &planned(&found, pending), &wait).await?;
            upgraded = true;
            if !self.goes_on {
                return Ok(());
            }
        }
    }
}

/// What is done, as messages name it.
fn doing(config: &UpgradeAction) -> String {
    let name = config.namespace.known_str().unwrap_or_default();
    format!("upgrade the engine operators of the namespace {name}")
}

/// The engines with an upgrade that awaits approval, each with its version.
fn pending(found: &NamespaceModel, wanted: &Field<Vec<Field<String>>>) -> Vec<(Engine, String)> {
    let is_wanted = |engine: Engine| {
        let wanted = wanted.known();
        wanted.is_none_or(|all| {
            all.iter()
                .any(|name| name.known_str() == Some(engine.as_str()))
        })
    };
    let engines = found.engines.known().into_iter();
    let installs = engines.flat_map(|engines| engines.iter());
    installs
        .filter(|(engine, _)| is_wanted(*engine))
        .filter_map(|(engine, install)| {
            let version = install.known()?.pending_version.known()?;
            Some((engine, version.clone()))
        })
        .collect()
}

/// The namespace with the engines that are upgraded, and no other.
fn planned(found: &NamespaceModel, pending: Vec<(Engine, String)>) -> NamespaceModel {
    let mut engines = Engines::default();
    for (engine, version) in pending {
        let install = EngineInstall {
            version: version.into(),
            ..EngineInstall::default()
        };
        *engines.get_mut(engine) = install.into();
    }
    NamespaceModel {
        name: found.name.clone(),
        engines: engines.into(),
        ..NamespaceModel::default()
    }
}

/// Warns of the effect of the next upgrades, and of what keeps them from being made. Nothing is said
/// without a cluster, and of a namespace that cannot be read.
async fn foresee(session: &Session, config: &UpgradeAction, cx: &Context, diags: &mut Diagnostics) {
    let (Ok(cluster), Some(name)) = (session.cluster().await, config.namespace.known_str()) else {
        return;
    };
    // What is read here is old by the time at which the action is invoked.
    let cluster = &cluster.fail_fast().with_empty_cache();
    let looked = Box::pin(async {
        let found = namespace::existing(cluster, name).await.ok()?;
        let planned = planned(&found, pending(&found, &config.engines));
        let facts = facts::load(cluster, &planned.wanted(Some(&found))).await;
        Some((found, planned, facts))
    });
    let Some(Some((found, planned, facts))) = unless_stopped(cx, looked).await else {
        return;
    };
    let what = format!("the namespace {name}");
    if session.warns_of_impact()
        && let Some(summary) = operator_upgrade::summary(&what, &planned, &found, &facts)
    {
        diags.push(Diagnostic::warning(summary.headline, summary.detail));
    }
    diagnostics::report(check_upgrade(&planned, &found, &facts), diags);
}

impl Action for Upgrade {
    type Config = UpgradeAction;

    fn type_name(&self) -> &'static str {
        self.type_name
    }

    fn description(&self) -> Cow<'static, str> {
        self.description.into()
    }

    fn validate(&self, config: &UpgradeAction, diags: &mut Diagnostics) {
        check_timeout(&config.timeout, diags);
        let names = config.engines.known().into_iter().flatten().enumerate();
        for (index, name) in names {
            if let Some(name) = name.known_str()
                && !Engine::ALL.iter().any(|engine| engine.as_str() == name)
            {
                diags.error(
                    AttributePath::from("engines").index(index),
                    format!("{name:?} is not an engine"),
                    "Attribute engines: engines are pxc, psmdb and postgresql.",
                );
            }
        }
    }

    async fn plan(&self, request: PlanActionRequest<'_, UpgradeAction>) -> Result<(), Diagnostic> {
        let PlanActionRequest {
            config, cx, diags, ..
        } = request;
        guardrails::at_action_on_v1(&self.session, &doing(&config), cx).await?;
        foresee(&self.session, &config, cx, diags).await;
        Ok(())
    }

    async fn invoke(&self, request: InvokeRequest<'_, UpgradeAction>) -> Result<(), Diagnostic> {
        let config = request.config;
        let doing = doing(&config);
        let cluster = self.session.cluster().await;
        let cluster = cluster.map_err(|error| error.diagnostic(&doing))?;
        let cluster = &cluster.stopped_by(&request.cx.stop);
        let wait = wait(&config.timeout, TIMEOUT, request.cx, request.progress);
        let upgrade = self.upgrade(cluster, &config, &wait, request.progress);
        unless_stopped(request.cx, upgrade)
            .await
            .ok_or_else(|| diagnostics::stopped(&doing))?
            .map_err(|error| self.session.cluster_error(&error, &doing, self.type_name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_engines_that_are_asked_for_are_upgraded_where_an_upgrade_awaits() {
        let found = json!({"name": "prod", "engines": {
            "pxc": {"installedVersion": "1.18.0", "pendingVersion": "1.19.0"},
            "psmdb": {"installedVersion": "1.20.0", "pendingVersion": "1.21.0"},
            "postgresql": {"installedVersion": "2.6.0"}}});
        let found = serde_json::from_value(found).unwrap();
        let wanted = |names: &[&str]| {
            let names = names.iter().map(|name| Field::Known((*name).to_owned()));
            pending(&found, &Field::Known(names.collect()))
        };
        let of = |engine, version: &str| (engine, version.to_owned());
        let (mysql, mongodb) = (of(Engine::Pxc, "1.19.0"), of(Engine::Psmdb, "1.21.0"));
        assert_eq!(pending(&found, &Field::Null), [mysql.clone(), mongodb]);
        assert_eq!(wanted(&["pxc", "postgresql"]), [mysql]);
        assert_eq!(wanted(&["postgresql"]), []);
    }

    #[test]
    fn only_the_engines_that_are_upgraded_are_planned() {
        let found = json!({"name": "prod", "takeOwnership": true, "engines": {
            "pxc": {"version": "1.18.0", "installedVersion": "1.18.0", "pendingVersion": "1.19.0"},
            "psmdb": {"version": "1.20.0", "installedVersion": "1.20.0"}}});
        let found: NamespaceModel = serde_json::from_value(found).unwrap();
        let planned = planned(&found, pending(&found, &Field::Null));
        let expected = json!({"name": "prod", "engines": {"pxc": {"version": "1.19.0"}}});
        let expected: NamespaceModel = serde_json::from_value(expected).unwrap();
        assert_eq!(planned, expected);
    }
}
