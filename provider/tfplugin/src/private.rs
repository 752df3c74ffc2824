//! Private state: data that is kept with a resource's state and never shown.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

const CONFIGURED: &str = ".configured";
const PLANNED: &str = ".planned";
const PENDING: &str = ".pending";
const UNREAD: &str = ".unread";
const REPLACED: &str = ".replaced";

/// The private state of one resource: a JSON object that is passed from plan to apply, to the state
/// and to the next plan. It must not contain secrets, because it is stored in plain text.
///
/// Keys that begin with a dot are reserved for this crate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Private {
    keys: Map<String, Json>,
    configured: BTreeSet<String>,
    planned: Option<BTreeSet<String>>,
    pending: Option<String>,
    unread: bool,
    replaced: Option<Box<Private>>,
}

impl Private {
    /// The value of `key`; None if it is absent or has another shape.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        T::deserialize(self.keys.get(key)?).ok()
    }

    /// Sets `key`. Keys that begin with a dot are refused.
    ///
    /// # Errors
    /// Returns a [`PrivateError`] if the key is reserved or the value has no JSON form.
    pub fn set<T: Serialize>(&mut self, key: &str, value: T) -> Result<(), PrivateError> {
        if key.starts_with('.') {
            return Err(PrivateError::Reserved(key.to_owned()));
        }
        let json = serde_json::to_value(value).map_err(PrivateError::NotJson)?;
        self.keys.insert(key.to_owned(), json);
        Ok(())
    }

    /// Removes `key`.
    pub fn remove(&mut self, key: &str) {
        self.keys.remove(key);
    }

    /// The reason why the last apply ended before the object was as requested; None if nothing is
    /// pending. While there is a reason, each plan resumes the wait: it is an update in place in
    /// which the resource's pending outputs are unknown.
    pub fn pending(&self) -> Option<&str> {
        self.pending.as_deref()
    }

    /// Ends the pending state: for a read that finds the object as requested.
    pub fn clear_pending(&mut self) {
        self.pending = None;
    }

    /// Makes a later apply wait for the object: for a read that finds the object not as requested.
    pub fn set_pending(&mut self, why: impl Into<String>) {
        self.pending = Some(why.into());
    }

    /// Whether the state only names the object: it was imported or moved, and never read. So it
    /// still is during the first read.
    pub fn is_unread(&self) -> bool {
        self.unread
    }

    /// Records the private state of the object that a planned creation replaces. Terraform hands the
    /// private state of the creation to the destruction of the old object too. If that destruction
    /// fails, the state keeps `replaced`.
    ///
    /// The crate does this for an object whose plan has shown the replacement. A tainted object is
    /// planned as a creation alone: a resource that knows it from a read can record it here.
    pub fn set_replaced(&mut self, replaced: &Private) {
        self.replaced = Some(Box::new(Private {
            planned: None,
            replaced: None,
            ..replaced.clone()
        }));
    }

    /// The private state of the object that a planned creation replaces; None if it replaces none,
    /// or none that the plan knew.
    pub fn replaced(&self) -> Option<&Private> {
        self.replaced.as_deref()
    }

    /// The private state that the object keeps if its destruction fails.
    pub(crate) fn kept(self) -> Private {
        match self.replaced {
            Some(replaced) => *replaced,
            None => Private {
                planned: None,
                ..self
            },
        }
    }

    /// Records whether the state only identifies the object.
    pub(crate) fn set_unread(&mut self, unread: bool) {
        self.unread = unread;
    }

    /// The paths that the configuration set when the object was last written.
    pub(crate) fn configured(&self) -> &BTreeSet<String> {
        &self.configured
    }

    /// Records the paths that the configuration sets now; they take effect once the apply succeeds.
    pub(crate) fn plan_configured(&mut self, paths: BTreeSet<String>) {
        self.planned = Some(paths);
    }

    /// Records that the change was written.
    pub(crate) fn settle(&mut self) {
        if let Some(planned) = self.planned.take() {
            self.configured = planned;
        }
        self.pending = None;
        self.replaced = None;
    }

    /// Records that the change was not written: the earlier paths stay in effect.
    pub(crate) fn refuse(&mut self) {
        self.planned = None;
        self.replaced = None;
    }

    /// Copies the resource's own keys, and what is replaced, from the preceding plan.
    pub(crate) fn overlay(&mut self, earlier: &Private) {
        if let Some(replaced) = &earlier.replaced {
            self.set_replaced(replaced);
        }
        for (key, value) in &earlier.keys {
            self.keys.insert(key.clone(), value.clone());
        }
    }

    /// Reads private state from `bytes`; empty if there are none.
    ///
    /// # Errors
    /// Returns [`PrivateError::Malformed`] if [`Private::to_bytes`] did not write the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PrivateError> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let keys = serde_json::from_slice(bytes).map_err(PrivateError::Malformed)?;
        Self::from_keys(keys)
    }

    fn from_keys(mut keys: Map<String, Json>) -> Result<Self, PrivateError> {
        let mut own = |key: &str| keys.remove(key).unwrap_or(Json::Null);
        let configured: Option<BTreeSet<String>> =
            serde_json::from_value(own(CONFIGURED)).map_err(PrivateError::Malformed)?;
        let planned = serde_json::from_value(own(PLANNED)).map_err(PrivateError::Malformed)?;
        let pending = serde_json::from_value(own(PENDING)).map_err(PrivateError::Malformed)?;
        let unread: Option<bool> =
            serde_json::from_value(own(UNREAD)).map_err(PrivateError::Malformed)?;
        let replaced: Option<Map<String, Json>> =
            serde_json::from_value(own(REPLACED)).map_err(PrivateError::Malformed)?;
        let replaced = replaced.map(Self::from_keys).transpose()?;
        Ok(Self {
            configured: configured.unwrap_or_default(),
            planned,
            pending,
            unread: unread.unwrap_or_default(),
            replaced: replaced.map(Box::new),
            keys,
        })
    }

    /// The stored form: a JSON object, or no bytes if there is nothing to keep.
    pub fn to_bytes(&self) -> Vec<u8> {
        let all = self.to_keys();
        if all.is_empty() {
            return Vec::new();
        }
        Json::Object(all).to_string().into_bytes()
    }

    fn to_keys(&self) -> Map<String, Json> {
        let mut all = self.keys.clone();
        if !self.configured.is_empty() {
            all.insert(CONFIGURED.to_owned(), paths(&self.configured));
        }
        if let Some(planned) = &self.planned {
            all.insert(PLANNED.to_owned(), paths(planned));
        }
        if let Some(why) = &self.pending {
            all.insert(PENDING.to_owned(), Json::String(why.clone()));
        }
        if self.unread {
            all.insert(UNREAD.to_owned(), Json::Bool(true));
        }
        if let Some(replaced) = &self.replaced {
            all.insert(REPLACED.to_owned(), Json::Object(replaced.to_keys()));
        }
        all
    }
}

fn paths(set: &BTreeSet<String>) -> Json {
    Json::Array(set.iter().cloned().map(Json::String).collect())
}

/// The reason why private state could not be read or set.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// The stored bytes are not JSON of the expected shape: the state was edited by hand, or
    /// another provider wrote it.
    #[error("the private state of this resource cannot be read: {0}")]
    Malformed(#[source] serde_json::Error),
    /// The value has no JSON form.
    #[error("this value cannot be kept in private state: {0}")]
    NotJson(#[source] serde_json::Error),
    /// The key begins with a dot.
    #[error("the private state key {0:?} is reserved: it begins with a dot")]
    Reserved(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_state_survives_storage() {
        let mut private = Private::default();
        private.set("nonce", "abc").unwrap();
        private.plan_configured(["engine.version".to_owned()].into());
        private.set_pending("not ready");
        private.set_unread(true);
        let stored = Private::from_bytes(&private.to_bytes()).unwrap();
        assert_eq!(stored, private);
        assert_eq!(stored.get::<String>("nonce").as_deref(), Some("abc"));
        assert_eq!(stored.get::<i64>("nonce"), None);
    }

    #[test]
    fn what_a_creation_replaces_is_kept_until_the_creation_is_written() {
        let mut old = Private::default();
        old.set("nonce", "old").unwrap();
        old.plan_configured(["a".to_owned()].into());
        old.settle();
        let mut creation = Private::default();
        creation.set("nonce", "new").unwrap();
        creation.plan_configured(["b".to_owned()].into());
        creation.set_replaced(&old);
        let stored = Private::from_bytes(&creation.to_bytes()).unwrap();
        assert_eq!(stored, creation);
        assert_eq!(stored.replaced(), Some(&old));
        assert_eq!(stored.kept(), old);
        let mut replanned = Private::default();
        replanned.overlay(&creation);
        assert_eq!(replanned.kept(), old);
        creation.settle();
        assert_eq!(creation.get::<String>("nonce").as_deref(), Some("new"));
        assert_eq!(creation.clone().kept(), creation);
    }

    #[test]
    fn a_refused_change_leaves_what_was_configured_before() {
        let mut private = Private::default();
        private.plan_configured(["a".to_owned()].into());
        private.settle();
        private.plan_configured(["b".to_owned()].into());
        private.refuse();
        assert!(private.configured().contains("a"));
        assert!(!private.configured().contains("b"));
    }

    #[test]
    fn a_key_of_our_own_is_refused() {
        assert!(matches!(
            Private::default().set(".x", 1),
            Err(PrivateError::Reserved(_))
        ));
    }

    #[test]
    fn nothing_kept_is_no_bytes_and_garbage_is_an_error() {
        assert!(Private::default().to_bytes().is_empty());
        assert!(Private::from_bytes(b"\xff\x00").is_err());
    }
}
