//! The removal of a namespace from Everest's management.

use std::collections::{BTreeMap, VecDeque};

use everest_schemas::Engine;
use everest_schemas::everest::DatabaseClusterBackup;
use everest_schemas::models::NamespaceModel;
use everest_schemas::olm::Subscription;
use k8s_openapi::api::core::v1::Namespace;
use serde_json::json;

use super::clearing::{Clearing, Clears};
use super::engines::WantedEngine;
use super::group;
use super::inhabitants::{self, Inhabitant, names};
use super::operators::RemoveOperators;
use super::storages::ReleaseStorages;
use super::subscriptions::{Subscriber, left_behind};
use crate::facts::BACKUP_UNFINISHED;
use crate::lifecycle::database::RemoveDatabase;
use crate::lifecycle::removals::Removals;
use crate::lifecycle::{
    Action, Agreed, Lifecycle, ObjectRef, Observed, Query, Removal, Requirement, Stopwatches,
};
use crate::path::FieldPath;
use crate::storage_users::User;
use crate::text::Text;
use crate::v1::namespace::{MANAGED_BY, MANAGED_BY_LABEL, is_reserved};

/// Removes a namespace from Everest's management, in Everest's order.
///
/// Namespaces of Everest, OLM and Kubernetes themselves are refused.
///
/// 1. No database may be left: deleting the namespace would deadlock. With `force_destroy` the
///    databases are destroyed, and the data of their backups is kept.
/// 2. If the namespace is deleted, Everest's other objects in it go first, then all operators, the
///    OperatorGroup and the Namespace itself.
/// 3. If the namespace is kept (`keep_namespace`, by default the value of `take_ownership`), only
///    the operators of the engines that the model lists and the labels and annotations that this
///    provider has set are removed. No object may be left in it then that only Everest can remove;
///    with `force_destroy` such objects are deleted.
#[derive(Clone, Debug)]
pub struct RemoveNamespace {
    object: ObjectRef,
    subscriber: Subscriber,
    force: bool,
    keeps: bool,
    /// The engines that the model lists.
    listed: Vec<Engine>,
    databases: BTreeMap<String, RemoveDatabase>,
    stage: Stage,
    clearing: Clearing,
    operators: VecDeque<RemoveOperators>,
    groups: Removals,
    releases: ReleaseStorages,
    removal: Removal,
}

/// The progress of the removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Databases are left.
    Databases,
    /// Everest's other objects are left.
    Inhabitants,
    /// Operators are left.
    Operators,
    /// The OperatorGroup is left.
    Group,
    /// The Namespace is left, or the labels and annotations of a kept one.
    Namespace,
    /// Everest's label may be left on a kept Namespace.
    Label,
}

impl RemoveNamespace {
    /// Removes the namespace of a model, as it says.
    pub fn of(model: &NamespaceModel, subscriber: Subscriber) -> Self {
        let namespace = model.name.known_str().unwrap_or_default();
        let keeps = match model.keep_namespace.known() {
            Some(keep) => *keep,
            None => model.take_ownership.known() == Some(&true),
        };
        let clears = match keeps {
            true => Clears::Held,
            false => Clears::Everything,
        };
        let listed = WantedEngine::all_of(model).into_iter();
        Self {
            object: ObjectRef::of::<Namespace>("", namespace),
            subscriber,
            force: model.force_destroy.known() == Some(&true),
            keeps,
            listed: listed.map(|listed| listed.engine).collect(),
            databases: BTreeMap::new(),
            stage: Stage::Databases,
            clearing: Clearing::of(namespace, clears),
            operators: VecDeque::new(),
            groups: Removals::default(),
            releases: ReleaseStorages::of(namespace),
            removal: Removal::default(),
        }
    }

    /// Destroys the databases; `None` once they are gone.
    fn destroyed(
        &mut self,
        observed: &Observed,
        times: &mut Stopwatches,
    ) -> Result<Option<Action>, Query> {
        let namespace = &self.object.name;
        for name in inhabitants::database_names(observed, namespace)? {
            let removal = || RemoveDatabase::forced(namespace, name);
            self.databases
                .entry(name.to_owned())
                .or_insert_with(removal);
        }
        let mut awaited = Vec::new();
        for (name, removal) in &mut self.databases {
            match removal.next(observed, times)? {
                Action::Done(()) => {}
                Action::Await(missing) => {
                    awaited.push(Text::from(format!("database {name}: ")).and(missing));
                }
                action => return Ok(Some(action)),
            }
        }
        Ok((!awaited.is_empty()).then(|| Action::Await(Text::join(awaited, "; "))))
    }

    /// Waits until there is no database; `None` once there is none.
    ///
    /// Databases that may be going are waited for: those that are being deleted, and those of which
    /// a backup is being taken, since that may be their final backup.
    fn without_databases(&self, observed: &Observed) -> Result<Option<Action>, Query> {
        let namespace = &self.object.name;
        let found = inhabitants::databases(observed, namespace, &Engine::ALL)?;
        if found.is_empty() {
            return Ok(None);
        }
        if found.iter().all(|database| database.is_going) {
            let missing = format!("the deletion of {}", names(&found));
            return Ok(Some(Action::Await(missing.into())));
        }
        let is_moving = found.iter().any(|database| database.is_going)
            || backed_up(observed, namespace)?.any(|name| {
                let name = format!("database {name}");
                found.iter().any(|database| database.name == name)
            });
        let remedy = "Destroy the databases first, or set {forceDestroy = true}: once that has \
                      taken effect, destroying the namespace destroys them too, and only the data \
                      of their backups stays in the bucket";
        Ok(Some(emptied(found, is_moving, remedy)))
    }

    /// Waits until no object is left that only Everest can remove, before Everest leaves the
    /// namespace; `None` once there is none. Objects without a finalizer can stay: anybody can
    /// delete them later.
    fn without_held_objects(&mut self, observed: &Observed) -> Result<Option<Action>, Query> {
        let mut found = inhabitants::others(observed, &self.object.name)?;
        found.retain(Inhabitant::is_held);
        if found.is_empty() {
            return Ok(None);
        }
        let is_moving = found.iter().any(Inhabitant::is_on_its_way);
        let do_all_go = found.iter().all(Inhabitant::is_on_its_way);
        let found: Vec<_> = found.into_iter().map(|found| found.user).collect();
        if do_all_go {
            let missing = format!("Everest to release {}", names(&found));
            return Ok(Some(Action::Await(missing.into())));
        }
        if self.force {
            let action = self.clearing.step(observed)?;
            let missing = || Action::Await(format!("the deletion of {}", names(&found)).into());
            return Ok(Some(action.unwrap_or_else(missing)));
        }
        let remedy = "Only Everest can delete these objects, and it no longer manages a namespace \
                      that is kept. Delete them first, or set {forceDestroy = true}: once that has \
                      taken effect, destroying the namespace deletes them too, and only the data \
                      of backups stays in the bucket";
        Ok(Some(emptied(found, is_moving, remedy)))
    }

    /// The operators that are to go.
    fn operators(&self, observed: &Observed) -> Result<VecDeque<RemoveOperators>, Query> {
        let namespace = &self.object.name;
        if !self.keeps {
            return Ok([RemoveOperators::of(namespace, Engine::ALL.to_vec())].into());
        }
        let left = left_behind(observed, namespace, &self.listed, &self.subscriber)?;
        Ok([
            RemoveOperators::of(namespace, self.listed.clone()),
            RemoveOperators::unsubscribed(namespace, left),
        ]
        .into())
    }

    /// The removal of everything before the Namespace itself; `None` once all of it is gone.
    fn emptied(&mut self, observed: &Observed) -> Result<Option<Action>, Query> {
        if self.stage == Stage::Inhabitants {
            let action = match self.keeps {
                true => self.without_held_objects(observed)?,
                false => self.clearing.step(observed)?,
            };
            if action.is_some() {
                return Ok(action);
            }
            self.operators = self.operators(observed)?;
            self.stage = Stage::Operators;
        }
        if self.stage == Stage::Operators {
            while let Some(operators) = self.operators.front_mut() {
                if let Some(action) = operators.step(observed)? {
                    return Ok(Some(action));
                }
                self.operators.pop_front();
            }
            self.stage = Stage::Group;
        }
        if self.stage == Stage::Group {
            let namespace = self.object.name.clone();
            // An operator that is left needs the group.
            let is_needed = self.keeps && !observed.listed::<Subscription>(&namespace)?.is_empty();
            if !is_needed
                && let Some(action) = group::removed(observed, &namespace, &mut self.groups)?
            {
                return Ok(Some(action));
            }
            self.stage = Stage::Namespace;
        }
        Ok(None)
    }

    /// Removes the labels and annotations that this provider set, and Everest's label even if
    /// someone else set it.
    fn released(&mut self, found: &Namespace) -> Action {
        let metadata = &found.metadata;
        if self.stage == Stage::Namespace {
            self.stage = Stage::Label;
            let mut body = json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": self.object.name}});
            if let Some(uid) = &metadata.uid {
                body["metadata"]["uid"] = json!(uid);
            }
            return Action::apply(self.object.clone(), body, Agreed::Nothing);
        }
        let labels = metadata.labels.as_ref();
        let label = labels.and_then(|labels| labels.get(MANAGED_BY_LABEL));
        match label.is_some_and(|value| value == MANAGED_BY) {
            true => Action::merge(
                &self.object,
                json!({"metadata": {"labels": {MANAGED_BY_LABEL: null}}}),
            ),
            false => Action::Done(()),
        }
    }
}

impl Lifecycle for RemoveNamespace {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        match self.stage {
            Stage::Databases | Stage::Inhabitants => "was not empty",
            Stage::Operators | Stage::Group => "did not lose its operators",
            Stage::Namespace | Stage::Label => "was not gone",
        }
    }

    fn next(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        let Some(found) = observed.object::<Namespace>("", &self.object.name)? else {
            return Ok(Action::Done(()));
        };
        if is_reserved(&self.object.name) {
            let message = format!(
                "the namespace {} belongs to Everest, OLM or Kubernetes itself, and is neither \
                 emptied nor deleted. Stop managing it instead",
                self.object.name
            );
            return Ok(Action::Refuse {
                message: message.into(),
                attribute: Some(FieldPath::of("name")),
            });
        }
        if self.stage == Stage::Databases {
            let action = match self.force {
                true => self.destroyed(observed, times)?,
                false => self.without_databases(observed)?,
            };
            if let Some(action) = action {
                return Ok(action);
            }
            self.stage = Stage::Inhabitants;
        }
        let is_going = found.metadata.deletion_timestamp.is_some();
        if is_going && !self.keeps {
            self.stage = Stage::Namespace;
        }
        if self.stage < Stage::Namespace
            && let Some(action) = self.emptied(observed)?
        {
            return Ok(action);
        }
        if self.keeps {
            return Ok(self.released(found));
        }
        if is_going && let Some(action) = self.releases.step(observed)? {
            return Ok(action);
        }
        let action = self.removal.step(&self.object, Some(&found.metadata));
        Ok(action.unwrap_or(Action::Done(())))
    }
}

fn emptied(left: Vec<User>, is_moving: bool, remedy: &'static str) -> Action {
    Action::Require(Requirement::Emptied {
        left,
        is_moving,
        remedy: remedy.into(),
        attribute: FieldPath::of("forceDestroy"),
    })
}

/// The databases of which a backup is being taken.
fn backed_up<'a>(
    observed: &'a Observed,
    namespace: &str,
) -> Result<impl Iterator<Item = &'a str>, Query> {
    let backups = observed.all::<DatabaseClusterBackup>(namespace)?;
    Ok(backups
        .into_iter()
        .flatten()
        .filter(|backup| {
            let status = backup.status.as_ref();
            let state = status.and_then(|status| status.state.as_deref());
            BACKUP_UNFINISHED.contains(&state.unwrap_or_default())
        })
        .filter_map(|backup| backup.spec.db_cluster_name.known_str()))
}
