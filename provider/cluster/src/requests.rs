//! Single requests for a controller, which reconciles again instead of waiting.

use everest_core::path::FieldPath;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::Cluster;
use crate::error::ClusterError;
use crate::objects::{Kind, Objects, Typed};

/// The objects of one kind, one request at a time.
pub struct Requests<K>(Objects<K>);

impl Cluster {
    /// The objects of a kind in `namespace`, which means nothing for a kind that is in none.
    pub fn requests<K: Typed>(&self, namespace: &str) -> Requests<K> {
        Requests(self.objects(namespace))
    }
}

impl<K: Kind> Requests<K> {
    /// Reads `name`; none if there is no such object.
    ///
    /// # Errors
    /// Any error that keeps it from being read.
    pub async fn get(&self, name: &str) -> Result<Option<K>, ClusterError> {
        self.0.get(name).await
    }

    /// Reads only the metadata of `name`; `None` if there is no such object.
    ///
    /// # Errors
    /// Any error that prevents the read.
    pub async fn metadata(&self, name: &str) -> Result<Option<ObjectMeta>, ClusterError> {
        self.0.metadata(name).await
    }

    /// All of them.
    ///
    /// # Errors
    /// Any error that keeps them from being listed.
    pub async fn list(&self) -> Result<Vec<K>, ClusterError> {
        self.0.list("").await
    }

    /// Creates `name` from `body`, and changes nothing if it exists.
    ///
    /// # Errors
    /// `Api` with code 409, or `Conflict`, if it exists.
    pub async fn create(&self, name: &str, body: &Value) -> Result<K, ClusterError> {
        self.0.apply_new(name, body).await
    }

    /// Applies `body` to `name` with force: the values of a managed resource take precedence over
    /// those of other managers.
    ///
    /// # Errors
    /// `Api` with code 409 if the body names a version that is no longer the newest.
    pub async fn apply(&self, name: &str, body: &Value) -> Result<K, ClusterError> {
        self.0.patch_apply(name, body, true).await
    }

    /// Merges `body` into `name`.
    ///
    /// # Errors
    /// Any error of the server.
    pub async fn merge(&self, name: &str, body: &Value) -> Result<K, ClusterError> {
        self.0.patch_merge_once(name, body).await
    }

    /// Requests the deletion of the object `name` with `uid`. A missing object is no error.
    ///
    /// # Errors
    /// Any error of the server.
    pub async fn delete(&self, name: &str, uid: Option<&str>) -> Result<(), ClusterError> {
        self.0.request_deletion(name, uid).await.map(|_| ())
    }

    /// The error for what keeps `name` from being written, with the attribute to blame.
    pub fn blocked(&self, name: &str, message: String, attribute: FieldPath) -> ClusterError {
        ClusterError::Blocked {
            object: self.0.named(name),
            message,
            attribute: Some(attribute),
        }
    }
}
