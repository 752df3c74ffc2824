//! `everest_namespace`: a namespace that Everest manages, with its engine operators.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Unacknowledged, Wait, namespace};
use everest_core::{
    computed,
    facts::Facts,
    impact::Summary,
    operator_upgrade,
    rules::Validate,
    take_over,
    v1::{self, ObjectMapping},
};
use everest_schemas::{
    Engine, Field,
    models::{EveryObject, NamespaceModel, Namespaces, Timeouts},
};
use tfplugin::{Diagnostics, Plan};

use crate::{
    diagnostics, guardrails::Guarded, key::Scope, managed::Kind, moved::ObjectKind,
    timeouts::Defaults,
};

/// The kind.
pub struct Namespace;

#[async_trait]
impl Kind for Namespace {
    type Model = NamespaceModel;
    type Filter = EveryObject;
    type Collection = Namespaces;
    const TYPE: &'static str = "everest_namespace";
    const PLURAL: &'static str = "everest_namespaces";
    const EXISTING: &'static str = "A namespace that Everest runs databases in, with its engine operators, whoever created it.";
    const OBJECT: ObjectKind = ("", "Namespace");
    const SCOPE: Scope = Scope::Cluster;
    const TIMEOUTS: Defaults = Defaults::minutes(15, 15, 15);

    fn timeouts(model: &NamespaceModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(model: &NamespaceModel) -> bool {
        model.ready.known() == Some(&true)
    }

    fn set_not_ready(model: &mut NamespaceModel) {
        model.ready = Field::Known(false);
    }

    fn open_an_output(planned: &mut NamespaceModel) {
        planned.ready = Field::Unknown;
    }

    fn plan(plan: &mut Plan<'_, NamespaceModel>) {
        diagnostics::report(plan.planned.check(plan.prior.as_ref()), plan.diags);
        let Some(prior) = &plan.prior else {
            return;
        };
        // Everest's label, or an operator, may have been taken away since: no attribute differs.
        let unready = prior.ready.known() == Some(&false);
        if plan.changed() || plan.resumes() || unready {
            computed::namespace::mark_affected(prior, &mut plan.planned);
            let resumes = plan.resumes();
            open_what_is_pending(&mut plan.planned, resumes);
        }
        if unready {
            plan.planned.ready = Field::Unknown;
        }
    }

    fn generated(config: &mut NamespaceModel, _: Option<&<Self::Model as ObjectMapping>::Object>) {
        v1::generated::shorten_namespace(config);
    }

    async fn observe(
        cluster: &Cluster,
        object: &<Self::Model as ObjectMapping>::Object,
        prior: &NamespaceModel,
    ) -> Result<NamespaceModel, ClusterError> {
        let mut found = namespace::observe(cluster, object, Some(prior)).await?;
        namespace::keep_half_removed(cluster, prior, &mut found).await?;
        Ok(found)
    }

    async fn create(
        cluster: &Cluster,
        planned: &NamespaceModel,
        _: &NamespaceModel,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<NamespaceModel> {
        namespace::create(cluster, planned, made, wait).await
    }

    async fn notices(cluster: &Cluster, made: &NamespaceModel, diags: &mut Diagnostics) {
        // What cannot be listed is not worth failing a finished creation for.
        let Ok(engines) = namespace::unlisted_engines(cluster, made).await else {
            return;
        };
        for engine in engines {
            diags.warning(
                "engines",
                format!(
                    "The operator of {engine} in {} is not managed",
                    Self::id(made)
                ),
                format!(
                    "The namespace has a Subscription for {} that engines does not list. The \
                     provider neither manages nor removes it. To manage it, add engines.{engine} = \
                     {{}}.",
                    engine.operator()
                ),
            );
        }
    }

    async fn update(
        cluster: &Cluster,
        prior: &NamespaceModel,
        planned: &NamespaceModel,
        _: &NamespaceModel,
        wait: &Wait,
    ) -> Change<NamespaceModel> {
        if let Some(kept) = provider_alone(prior, planned) {
            return diagnostics::unawaited(kept, planned, Self::id(planned), Self::OBJECT);
        }
        match namespace::update(cluster, prior, planned, wait).await {
            // A state without the engine would have no plan remove what is left of it.
            Change::Pending { error, .. } if namespace::removes(prior, planned) => {
                Change::Refused(error)
            }
            change => change,
        }
    }

    async fn delete(
        cluster: &Cluster,
        prior: &NamespaceModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        namespace::delete(cluster, prior, wait).await
    }

    async fn list(
        cluster: &Cluster,
        _: Option<&str>,
        selector: &str,
    ) -> Result<Vec<NamespaceModel>, ClusterError> {
        namespace::list(cluster, selector).await
    }
}

#[async_trait]
impl Guarded for Namespace {
    fn outlook(
        prior: Option<&NamespaceModel>,
        planned: &NamespaceModel,
        facts: &Facts,
        what: &str,
    ) -> Vec<Summary> {
        let upgrade =
            |prior: &NamespaceModel| operator_upgrade::summary(what, planned, prior, facts);
        match prior {
            Some(prior) => Vec::from_iter(upgrade(prior)),
            None => {
                let found = operator_upgrade::found(planned, facts);
                let upgraded = found.as_ref().and_then(upgrade);
                let overwritten = take_over::summary(what, planned, facts);
                overwritten.into_iter().chain(upgraded).collect()
            }
        }
    }
}

/// The namespace after a change of only how it is destroyed or taken over. Such a change sends no
/// request, because it has to be possible while the namespace is broken. `None` for any other
/// change.
fn provider_alone(prior: &NamespaceModel, planned: &NamespaceModel) -> Option<NamespaceModel> {
    let kept = NamespaceModel {
        force_destroy: planned.force_destroy,
        keep_namespace: planned.keep_namespace,
        take_ownership: planned.take_ownership,
        timeouts: planned.timeouts.clone(),
        ..prior.clone()
    };
    let asked = |model: &NamespaceModel| {
        let engines = model.engines.known().cloned().unwrap_or_default();
        let asked = Engine::ALL.map(|engine| {
            let install = engines.get(engine).clone();
            install.map(|install| (install.version, install.channel))
        });
        (
            model.name.clone(),
            model.labels.clone(),
            model.annotations.clone(),
            asked,
        )
    };
    (kept != *prior && asked(prior) == asked(planned)).then_some(kept)
}

/// Makes the outputs of operators unknown whose installation was interrupted: the resumed wait will
/// fill them in.
fn open_what_is_pending(planned: &mut NamespaceModel, resumes: bool) {
    let Some(engines) = planned.engines.known_mut().filter(|_| resumes) else {
        return;
    };
    for engine in Engine::ALL {
        if let Some(install) = engines.get_mut(engine).known_mut() {
            if !install.installed_version.is_known() {
                install.installed_version = Field::Unknown;
            }
            install.pending_version = Field::Unknown;
        }
    }
}
