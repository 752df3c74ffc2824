//! What an operation has just read of its object, for its next look.
//!
//! An operation looks at its object before it begins: is it the one that the state holds, may it
//! be changed? The order of its steps begins with a look, too. They are a moment apart, and one
//! read is enough for both.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::Cluster;
use crate::error::ClusterError;
use crate::objects::{Kind, Objects};

/// How long a moment is.
const MOMENT: Duration = Duration::from_secs(5);

/// The last object that an operation has looked at; of what is no operation there is none.
#[derive(Clone, Default)]
pub(crate) struct Looked(Option<Arc<Mutex<Option<Look>>>>);

struct Look {
    resource: String,
    namespace: Option<String>,
    name: String,
    found: Box<dyn Any + Send + Sync>,
    at: Instant,
}

impl Look {
    fn is_of<K: Kind>(&self, objects: &Objects<K>, name: &str) -> bool {
        self.at.elapsed() < MOMENT
            && self.name == name
            && self.resource == objects.resource()
            && self.namespace.as_deref() == objects.namespace()
    }
}

impl Looked {
    /// That of an operation that begins.
    pub(crate) fn of_operation() -> Self {
        Looked(Some(Arc::default()))
    }

    fn held(&self) -> Option<MutexGuard<'_, Option<Look>>> {
        let looked = self.0.as_ref()?;
        Some(looked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Cluster {
    /// What was looked at is no longer so.
    pub(crate) fn forget_looked(&self) {
        if let Some(mut held) = self.looked.held() {
            *held = None;
        }
    }
}

impl<K: Kind> Objects<K> {
    /// Reads `name`, unless this operation has a moment ago; none if there is no such object.
    pub(crate) async fn look(&self, name: &str) -> Result<Option<K>, ClusterError> {
        if let Some(held) = self.cluster().looked.held()
            && let Some(look) = held.as_ref().filter(|look| look.is_of(self, name))
            && let Some(found) = look.found.downcast_ref::<K>()
        {
            return Ok(Some(found.clone()));
        }
        let at = Instant::now();
        let found = self.get(name).await?;
        if let Some(mut held) = self.cluster().looked.held() {
            *held = found.clone().map(|found| Look {
                resource: self.resource().to_owned(),
                namespace: self.namespace().map(str::to_owned),
                name: name.to_owned(),
                found: Box::new(found),
                at,
            });
        }
        Ok(found)
    }

    /// Takes what this operation has read of `name` a moment ago.
    pub(crate) fn take_look(&self, name: &str) -> Option<K> {
        let mut held = self.cluster().looked.held()?;
        let look = held.take().filter(|look| look.is_of(self, name))?;
        look.found.downcast().ok().map(|found| *found)
    }
}
