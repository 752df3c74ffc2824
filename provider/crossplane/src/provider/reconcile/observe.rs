//! The observation of the external object, and its location.

use everest_core::path::FieldPath;
use everest_core::rules::Validate;
use everest_core::v1::{ObjectMapping, ownership};
use everest_schemas::managed::{API_VERSION, ManagedModel};
use kube::ResourceExt;
use serde_json::Value;

use super::Reconciler;
use crate::provider::decision::{External, Situation};
use crate::provider::error::ReconcileError;
use crate::provider::kind::{Compared, Kind, Scene};
use crate::provider::managed;
use crate::provider::metadata;
use crate::provider::reconcile_state::Related;
use crate::provider::usage::UserOfConfig;

impl<K: Kind> Reconciler<'_, K> {
    /// Connects to the cluster and observes the external object. `situation` then has the
    /// observation, or that the cluster can never be reached.
    pub(super) async fn observe(
        &mut self,
        situation: &mut Situation,
    ) -> Result<(), ReconcileError> {
        match self.connect(situation.deleting).await {
            Err(ReconcileError::Target(error)) if situation.deleting && error.is_for_good() => {
                self.cut_off = Some(error);
                situation.cut_off = true;
                return Ok(());
            }
            connected => connected?,
        }
        situation.takes_over |= self.config.as_ref().is_some_and(K::takes_over);
        self.observe_external().await?;
        self.holder = self.observed_holder(situation);
        if self.holder.is_some() {
            situation.gives_way = true;
            situation.external = External::Present {
                matches: true,
                decided: false,
            };
            return Ok(());
        }
        if !situation.deleting {
            self.give_way().await?;
        }
        situation.external = self.external_state(situation.deleting).await?;
        situation.done_once = self.is_done();
        Ok(())
    }

    /// Connects to the cluster. A deletion notes no usage: a namespace that is being deleted
    /// accepts none.
    async fn connect(&mut self, is_deleting: bool) -> Result<(), ReconcileError> {
        let context = &self.controller.context;
        let reference = &managed::reference(&self.managed.spec.provider_config_ref);
        if !is_deleting {
            let user = UserOfConfig {
                uid: self.managed.uid().unwrap_or_default(),
                namespace: self.key.0.clone(),
                name: self.key.1.clone(),
                api_version: API_VERSION.to_owned(),
                kind: K::Model::KIND.to_owned(),
            };
            context.usages.track(&user, reference).await?;
        }
        let target = context.targets.connect(&self.key.0, reference).await?;
        let config = self.placed()?;
        let usage = K::uses(&config);
        context.targets.permit(&target, &self.key.0, &usage).await?;
        let external = Related::External(
            target.key.clone(),
            self.namespace.clone(),
            self.name.clone(),
        );
        let generation = self.managed.metadata.generation;
        self.controller.follow(external, generation, self.key);
        if let Some(reference) = &self.managed.spec.for_provider.secret_ref {
            self.controller.follow_own_secret(self.key, &reference.name);
        }
        self.config = Some(config);
        self.views = Some(self.controller.views(target));
        Ok(())
    }

    /// The configuration, with namespace and name of the external object.
    pub(super) fn placed(&mut self) -> Result<K::Model, ReconcileError> {
        let mut config = match &self.managed.spec.for_provider.model {
            Ok(model) => model.clone(),
            Err(reason) => return Err(ReconcileError::Unreadable(reason.clone())),
        };
        config.set_location(&self.key.0, &self.name);
        config.key().0.clone_into(&mut self.namespace);
        Ok(config)
    }

    /// Removes values from the configuration that someone else has raised and taken over; other
    /// changes are made without them.
    async fn give_way(&mut self) -> Result<(), ReconcileError> {
        let (Some(external), Some(scene)) = (self.external.clone(), self.scene()) else {
            return Ok(());
        };
        let mut config = scene.config.clone();
        if config.said().is_empty() {
            return Ok(());
        }
        let observed = K::seen(&scene, &external).await?;
        let manager = scene.cluster().field_manager().to_owned();
        let metadata = kube::Resource::meta(&*external);
        let is_ours = |path: &FieldPath| ownership::owns(metadata, &manager, path);
        self.raised = config.give_way(&observed, &is_ours);
        self.config = Some(config);
        Ok(())
    }

    async fn observe_external(&mut self) -> Result<(), ReconcileError> {
        if let Some(views) = &self.views {
            self.external = views.external(&self.namespace, &self.name).await?;
        }
        Ok(())
    }

    /// The state of the external object.
    async fn external_state(&mut self, is_deleting: bool) -> Result<External, ReconcileError> {
        let Some(external) = self.external.clone() else {
            return Ok(External::Absent);
        };
        if is_deleting && self.is_left(&external) {
            return Ok(External::Absent);
        }
        if kube::Resource::meta(&*external)
            .deletion_timestamp
            .is_some()
        {
            return Ok(External::Going);
        }
        if is_deleting {
            return Ok(External::Present {
                matches: true,
                decided: false,
            });
        }
        let compared = match self.scene() {
            Some(scene) => K::compare(&scene, &external).await?,
            None => Compared::default(),
        };
        let matches = compared.difference.is_none();
        self.difference = compared.difference;
        self.kept = compared.kept;
        Ok(External::Present {
            matches,
            decided: !self.decided(&external).is_empty(),
        })
    }

    /// Returns true if an existing object is not ours to delete any more.
    pub(super) fn is_left(&self, external: &K::External) -> bool {
        self.config
            .as_ref()
            .is_some_and(|config| K::is_left(config, external, &self.key.0))
    }

    /// Returns true if the operation was begun once, by any process. Its object may be gone since,
    /// and with it its result.
    fn is_done(&self) -> bool {
        let state = self.managed.status.at_provider.get("state");
        let begun = state
            .and_then(Value::as_str)
            .is_some_and(|state| !state.is_empty());
        K::RUNS_ONCE && (begun || metadata::was_created(&self.managed.metadata))
    }

    pub(super) fn scene(&mut self) -> Option<Scene<'_, K>> {
        Some(Scene {
            managed: &self.managed,
            key: self.key,
            config: self.config.as_ref()?,
            namespace: &self.namespace,
            name: &self.name,
            views: self.views.as_deref()?,
            control: &self.controller.context.control,
            own_secrets: &self.controller.own_secrets,
            state: self.state,
        })
    }

    /// The external object as messages name it.
    pub(super) fn shown(&self) -> String {
        let kind = <K::External as kube::Resource>::kind(&());
        match K::NAMESPACED {
            true => format!("{kind} {}/{}", self.namespace, self.name),
            false => format!("{kind} {}", self.name),
        }
    }

    /// A sentence that the external object is being deleted, and what holds it.
    pub(super) fn going(&self) -> String {
        let held = self
            .state
            .waiting
            .clone()
            .or_else(|| K::holders(self.external.as_deref()?));
        match held {
            Some(held) => format!("{} is being deleted: {held}", self.shown()),
            None => format!("{} is being deleted", self.shown()),
        }
    }
}
