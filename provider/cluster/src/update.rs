//! A change of an object to what a model says now.

use everest_core::Operation;
use everest_core::lifecycle::{Agreed, Apply, HandOver, Lifecycle, ObjectRef, Observable};
use everest_core::v1::ObjectMapping;
use serde::Serialize;

use crate::apply::{self, ForcePolicy};
use crate::drive::Driver;
use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::objects::{Objects, Typed};
use crate::{Cluster, Unacknowledged, Wait};

/// A change that has not begun.
pub(crate) struct Update<'a, K> {
    cluster: &'a Cluster,
    objects: Objects<K>,
    object: ObjectRef,
    live: K,
}

impl<'a, K: Typed + Observable + Serialize> Update<'a, K> {
    /// The change from `before` to `model`, of the object that is there now, and its apply.
    ///
    /// # Errors
    /// `Superseded` if it is gone; whatever keeps it from being read.
    pub(crate) async fn of<M: ObjectMapping<Object = K>>(
        cluster: &'a Cluster,
        before: &M,
        model: &M,
    ) -> Result<(Self, Apply), ClusterError> {
        let (namespace, name) = key(model)?;
        let object = ObjectRef::of::<K>(namespace, name);
        let objects = cluster.objects::<K>(namespace);
        let live = objects
            .look(name)
            .await?
            .ok_or_else(|| gone(&objects, name))?;
        let [prior, planned] = [before, model].map(|model| model.desired(Operation::Update));
        let apply = Apply {
            object: object.clone(),
            body: apply::pinned(planned.clone(), live.meta().uid.as_deref()).into(),
            agreed: Agreed::of(model.force_conflicts().known() == Some(&true), &prior),
            hand_over: Some(HandOver { planned, prior }),
        };
        let update = Self {
            cluster,
            objects,
            object,
            live,
        };
        Ok((update, apply))
    }

    /// Refuses an apply that would overwrite what others have set, before anything is written.
    ///
    /// # Errors
    /// `Conflict` with the managers, fields and both values.
    pub(crate) fn refuse_conflicts(&self, apply: &Apply) -> Result<(), ClusterError> {
        let (name, body) = (&self.object.name, apply.body.expose());
        let force_policy = ForcePolicy::from(&apply.agreed);
        apply::taken(&self.objects, name, &self.live, body, force_policy)?;
        Ok(())
    }

    /// Runs the lifecycle of the change. Returns the model of the object afterwards.
    ///
    /// # Errors
    /// Whatever stops the lifecycle; `Superseded` if the object is gone.
    pub(crate) async fn run<M, L>(self, mut lifecycle: L, wait: &Wait) -> Result<M, ClusterError>
    where
        M: ObjectMapping<Object = K>,
        L: Lifecycle + Send,
    {
        let clock = wait.start();
        let mut driver = Driver::new(self.cluster, &clock);
        driver.note_read(&self.object, self.live);
        driver
            .run(&mut lifecycle, &Unacknowledged::default())
            .await?;
        let changed = driver.seen::<K>(&self.object);
        let changed = changed.ok_or_else(|| gone(&self.objects, &self.object.name))?;
        Ok(self.cluster.observed(&*changed))
    }
}

fn gone<K: Typed>(objects: &Objects<K>, name: &str) -> ClusterError {
    ClusterError::Superseded {
        object: objects.named(name),
        replaced: false,
    }
}
