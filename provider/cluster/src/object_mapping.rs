//! Reads for any model that stands for an object: see [`ObjectMapping`].

use everest_core::v1::ObjectMapping;
use everest_schemas::Field;
use kube::Resource;

use crate::Cluster;
use crate::error::{ClusterError, Object};
use crate::objects::{Objects, Typed};

impl Cluster {
    /// Reads the object that a model stands for; `None` if it does not exist.
    ///
    /// # Errors
    /// Any error that keeps it from being read: see [`ClusterError`].
    pub async fn object<M>(&self, model: &M) -> Result<Option<M::Object>, ClusterError>
    where
        M: ObjectMapping<Object: Typed>,
    {
        let (namespace, name) = model.key();
        self.objects::<M::Object>(namespace).read(name).await
    }

    /// Reads the objects of a model's kind in `namespace`, or in every one, that a label selector
    /// chooses; an empty one chooses all.
    ///
    /// # Errors
    /// Any error that keeps them from being listed: see [`ClusterError`].
    pub async fn list<M>(
        &self,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<M>, ClusterError>
    where
        M: ObjectMapping<Object: Typed>,
    {
        let objects = match namespace {
            Some(namespace) => self.objects::<M::Object>(namespace),
            None => self.global(),
        };
        let found = objects.list(selector).await?;
        Ok(found.iter().map(|object| self.observed(object)).collect())
    }

    /// The model of an object, as far as the object alone shows it.
    pub fn observed<M>(&self, object: &M::Object) -> M
    where
        M: ObjectMapping<Object: Typed>,
    {
        M::observed(object, &self.owned_keys(object.meta()))
    }
}

impl<K: Typed> Objects<K> {
    /// The present model of `name`, or the last known one if it cannot be read.
    pub(crate) async fn latest<M>(&self, name: &str, last_known: M) -> M
    where
        M: ObjectMapping<Object = K>,
    {
        match self.get(name).await {
            Ok(Some(object)) => self.cluster().observed(&object),
            _ => last_known,
        }
    }
}

/// Namespace and name of a model.
///
/// # Errors
/// `Refused` if one of them is not known; a front end never applies such a model.
pub(crate) fn key<M>(model: &M) -> Result<(&str, &str), ClusterError>
where
    M: ObjectMapping<Object: Typed>,
{
    let mut parts = model.namespace().into_iter().chain([model.name()]);
    if parts.all(Field::is_known) {
        return Ok(model.key());
    }
    Err(ClusterError::Refused {
        object: Box::new(Object {
            kind: M::Object::kind(&()).into_owned(),
            resource: String::new(),
            namespace: None,
            name: String::new(),
        }),
        message: "namespace and name must be known".to_owned(),
        causes: Vec::new(),
    })
}
