//! What a kind of managed resources says of its external objects: how they are reached, observed,
//! created, changed and deleted.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use kube::Resource;
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::claim::Claim;
use crate::failure::Failure;
use crate::provider_config::ConfigKey;
use crate::relations::{Related, ResourceKey};
use crate::resource::{ManagedResource, ResourceSpec, ResourceStatus};
use crate::watches::Watches;

/// Returns true if what is reached through a config may be another one now.
pub type Concerns = Box<dyn Fn(&ConfigKey) -> bool + Send + Sync>;

/// A kind of managed resources, and the way to its external objects.
#[async_trait]
pub trait Connector: Sized + Send + Sync + 'static {
    /// The managed resource.
    type Managed: ManagedResource;
    /// What is kept between reconciles of one of them. A restarted process has to do without it.
    type Memory: Default + Send + Sync + 'static;
    /// The connected system.
    type External: External<Managed = Self::Managed, Memory = Self::Memory>;

    /// True if a ProviderConfigUsage is kept for each managed resource. False for a provider
    /// without configs.
    const NOTES_USAGE: bool = true;

    /// True if clients connect to the external object.
    const HAS_CONNECTION: bool = false;

    /// The members of the spec that all managed resources have.
    fn spec(managed: &Self::Managed) -> ResourceSpec;

    /// The status.
    fn status(managed: &Self::Managed) -> ResourceStatus;

    /// The managed resource as JSON, for the change log. It refers to Secrets and holds none.
    fn manifest(managed: &Self::Managed) -> Value;

    /// The external object as messages name it.
    fn shown(managed: &Self::Managed, name: &str) -> String;

    /// The name of the external object, if nobody chose one.
    fn default_name(managed: &Self::Managed) -> String {
        managed.meta().name.clone().unwrap_or_default()
    }

    /// Where in the system the external object is, beside its name: two managed resources of one
    /// config with the same place and external name mean the same object. `None` if that cannot be
    /// read.
    fn place(managed: &Self::Managed) -> Option<String> {
        let _ = managed;
        Some(String::new())
    }

    /// Connects to the system that the managed resource's config names.
    async fn connect(
        &self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
    ) -> Result<Self::External, Failure>;

    /// A managed resource needs nothing any more that it needed: ends the watches that no other one
    /// needs.
    fn tidy(&self, key: &ResourceKey) {
        let _ = key;
    }

    /// The changes of configs, after which the managed resources that name them are reconciled.
    fn changes(&self) -> BoxStream<'static, Concerns> {
        futures::stream::pending().boxed()
    }
}

/// The managed resource that is reconciled.
pub struct Request<'a, M, S> {
    /// The managed resource.
    pub managed: &'a M,
    /// Its namespace and name.
    pub key: &'a ResourceKey,
    /// Name of the external object.
    pub name: &'a str,
    /// What the kind keeps between reconciles.
    pub memory: &'a mut S,
    /// The control plane.
    pub control: &'a kube::Client,
    pub(crate) watches: &'a Watches,
}

impl<M: ManagedResource, S> Request<'_, M, S> {
    /// Returns true if the managed resource is being deleted.
    pub fn is_deleting(&self) -> bool {
        self.managed.meta().deletion_timestamp.is_some()
    }

    /// Has the managed resource reconciled whenever its external object changes. Returns true if
    /// it is another object than before, so that watches may be needed no more.
    pub fn follow(&self, external: Related) -> bool {
        let generation = self.managed.meta().generation;
        let is_new = self
            .watches
            .relations
            .follow(external, generation, self.key);
        if is_new {
            self.watches.tidy();
        }
        is_new
    }

    /// Has the managed resource reconciled whenever `related` changes.
    pub fn relate(&self, related: Related) {
        self.watches.relations.relate(related, self.key);
    }

    /// Has the managed resource reconciled whenever a Secret in its namespace changes.
    pub fn follow_secret(&self, name: &str) {
        self.relate(Related::Own(self.key.0.clone(), name.to_owned()));
        self.watches.own_secrets.watch(&self.key.0);
    }
}

/// The external object as it was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation<O> {
    /// It does not exist.
    Absent,
    /// It exists and needs no work for the deletion of the managed resource: it stays, or waits
    /// for the managed resource itself.
    Left(O),
    /// It is being deleted.
    Going(O),
    /// It exists.
    Present(O),
}

/// An external object compared with what is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison<C> {
    /// The difference; `None` if the object is as wanted.
    pub difference: Option<Difference<C>>,
    /// Sentences for users about what is left as it is.
    pub notes: Vec<String>,
    /// The members of `spec.forProvider` that the spec leaves open and the server has chosen.
    pub decided: Map<String, Value>,
}

impl<C> Comparison<C> {
    /// The object is as wanted.
    pub fn matched() -> Self {
        Comparison {
            difference: None,
            notes: Vec::new(),
            decided: Map::new(),
        }
    }

    /// The object is not as wanted; see [`Difference`].
    pub fn differs<F: Into<String>>(
        told: impl Into<String>,
        fields: impl IntoIterator<Item = F>,
        change: C,
    ) -> Self {
        Comparison {
            difference: Some(Difference {
                told: told.into(),
                fields: fields.into_iter().map(Into::into).collect(),
                change,
            }),
            ..Comparison::matched()
        }
    }
}

/// A difference between an external object and what is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference<C> {
    /// The difference, for users.
    pub told: String,
    /// Names of the fields that an update writes. An update of a field that was just updated
    /// waits, because someone else seems to undo it.
    pub fields: BTreeSet<String>,
    /// The update, as the kind needs it.
    pub change: C,
}

/// An external object after an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated<O> {
    /// The object.
    pub object: O,
    /// Something was written.
    pub has_written: bool,
    /// What was written is what the object has: it need not be compared again.
    pub is_settled: bool,
}

impl<O> Updated<O> {
    /// The object has what was written.
    pub fn done(object: O) -> Self {
        Updated {
            object,
            has_written: true,
            is_settled: true,
        }
    }
}

/// A change that is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned<'a, O, C> {
    /// The creation of the external object.
    Creation,
    /// A change of the external object.
    Update(&'a O, &'a C),
}

/// Whether an external object can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// Not yet; the sentence says what is still missing.
    Pending(String),
    /// Waiting does not help; the sentence says why.
    Failed(String),
}

/// What the status shows of an external object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Whether it can be used.
    pub readiness: Readiness,
    /// The members of `status.atProvider`.
    pub at_provider: Map<String, Value>,
}

/// The progress of an object that is being deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It goes by itself.
    Goes,
    /// It waits for this.
    Waits(String),
    /// It would have stayed forever and was released; what was done.
    Released(String),
}

/// An operation that runs once and has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// It has succeeded.
    pub has_succeeded: bool,
    /// Its last known state.
    pub state: Option<String>,
}

/// Whose an external object is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// The UID of the object.
    pub uid: Option<String>,
    /// The claim on it.
    pub claim: Option<Claim>,
}

/// The result of an attempt to claim an external object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed<O> {
    /// It has the claim.
    Made(O),
    /// It does not accept one.
    Refused(O),
}

/// Keys and values of a connection Secret.
pub type Details = BTreeMap<String, SecretString>;

/// The connection details of an external object.
pub enum Connection {
    /// They wait for this.
    Missing(String),
    /// They are those that were published.
    Unchanged,
    /// They are these.
    There {
        /// The version, if there is one: what has not changed is not published again.
        version: Option<String>,
        /// The details.
        details: Details,
    },
}

/// The system of a managed resource's external object, once it is connected to.
#[async_trait]
pub trait External: Send + Sync {
    /// The managed resource.
    type Managed: ManagedResource;
    /// What is kept between reconciles.
    type Memory: Default + Send + Sync + 'static;
    /// The external object as it was observed.
    type Object: Send + Sync;
    /// What an update needs to know of a difference.
    type Change: Send + Sync;

    /// Observes the external object.
    async fn observe(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
    ) -> Result<Observation<Self::Object>, Failure>;

    /// Observes it past whatever [`External::observe`] remembers: nothing is created that is there,
    /// and nothing released that is not gone.
    async fn observe_again(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
    ) -> Result<Observation<Self::Object>, Failure> {
        self.observe(request).await
    }

    /// Compares it with what is wanted.
    async fn compare(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
        object: &Self::Object,
    ) -> Result<Comparison<Self::Change>, Failure>;

    /// Creates it, and touches none that exists.
    async fn create(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
    ) -> Result<Self::Object, Failure>;

    /// Removes a difference.
    async fn update(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
        object: &Self::Object,
        change: &Self::Change,
    ) -> Result<Updated<Self::Object>, Failure>;

    /// Asks for its deletion.
    async fn delete(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
        object: &Self::Object,
    ) -> Result<(), Failure>;

    /// What the status shows of it.
    async fn show(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
        object: &Self::Object,
    ) -> Result<Shown, Failure>;

    /// Checks the rules before a write.
    ///
    /// # Errors
    /// [`Failure::Refused`] or [`Failure::Held`]: nothing is written then.
    async fn validate(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
        planned: Planned<'_, Self::Object, Self::Change>,
    ) -> Result<(), Failure> {
        let _ = (request, planned);
        Ok(())
    }

    /// Checks that an existing object that differs may be taken over.
    ///
    /// # Errors
    /// [`Failure::Refused`] if it is another object than the spec describes. It is then neither
    /// written nor deleted, whatever the policies allow.
    async fn may_take_over(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
        object: &Self::Object,
        change: &Self::Change,
    ) -> Result<(), Failure> {
        let _ = (request, object, change);
        Ok(())
    }

    /// What has to come before the external object can be created, as a sentence.
    async fn awaited(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
    ) -> Result<Option<String>, Failure> {
        let _ = request;
        Ok(None)
    }

    /// Records data on a new object before its creation counts as done. May be called again after
    /// an interruption.
    async fn note_creation(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
        object: Self::Object,
    ) -> Result<Self::Object, Failure> {
        let _ = request;
        Ok(object)
    }

    /// Does the work without which an object cannot go that is being deleted, by anybody.
    async fn ending(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
        object: &Self::Object,
    ) -> Result<Ending, Failure> {
        let _ = (request, object);
        Ok(Ending::Goes)
    }

    /// Removes what remains once the object is gone. Returns what is still waited for.
    async fn clean_up(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
    ) -> Result<Option<String>, Failure> {
        let _ = request;
        Ok(None)
    }

    /// Its connection details; `published` is the version of those in the connection Secret, if
    /// that holds them still. Called for kinds with [`Connector::HAS_CONNECTION`].
    async fn connection(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
        object: &Self::Object,
        published: Option<&str>,
    ) -> Result<Connection, Failure> {
        let _ = (request, object, published);
        Ok(Connection::Missing("connection details".to_owned()))
    }

    /// The UID of the object and the claim on it, in a system that has them. By the UID, an object
    /// that someone makes anew under the name is told from the one that was created or taken over.
    fn holding(&self, object: &Self::Object) -> Option<Holding> {
        let _ = object;
        None
    }

    /// Writes a claim on an object that can have one.
    async fn claim(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
        object: Self::Object,
        claim: &Claim,
    ) -> Result<Claimed<Self::Object>, Failure> {
        let _ = (request, claim);
        Ok(Claimed::Refused(object))
    }

    /// Who undoes the updates, as in "the field manager x changes y of z back".
    async fn undone_by(
        &mut self,
        request: &mut Request<'_, Self::Managed, Self::Memory>,
    ) -> Result<Option<String>, Failure> {
        let _ = request;
        Ok(None)
    }

    /// The reason why a change has to wait, if it has to.
    fn busy(&self, object: &Self::Object) -> Option<String> {
        let _ = object;
        None
    }

    /// Returns true if the spec says that an existing external object is to be taken over.
    fn takes_over(&self) -> bool {
        false
    }

    /// How it ended, if this is an operation that runs once and has run.
    fn ran(&self, request: &Request<'_, Self::Managed, Self::Memory>) -> Option<Ran> {
        let _ = request;
        None
    }

    /// An annotation that is copied to the managed resource because the object may lose it: its
    /// key, and its value if there is one.
    fn remembered(&self, object: &Self::Object) -> Option<(&'static str, Option<String>)> {
        let _ = object;
        None
    }

    /// A phrase for what holds an object that is being deleted.
    fn held_by(
        &self,
        request: &Request<'_, Self::Managed, Self::Memory>,
        object: &Self::Object,
    ) -> Option<String> {
        let _ = (request, object);
        None
    }
}
