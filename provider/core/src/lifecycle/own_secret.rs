//! The Secret that an object of Everest's reads: Everest makes the object its owner, or, where it
//! does not, this provider does before it deletes the object.

use everest_schemas::Sensitive;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use super::{
    Action, Agreed, ObjectRef, Observable, Observed, Query, Removal, Requirement, SecretMetadata,
};
use crate::path::FieldPath;
use crate::text::Text;
use crate::v1::managed_fields;

/// An object that reads a Secret.
pub trait ReadsSecret: Observable {
    /// What is in the Secret, such as `credentials`.
    const CONTENT: &'static str;
    /// What the object is called in a sentence, such as `storage`.
    const NOUN: &'static str;
    /// The keys of the Secret.
    const KEYS: &'static [&'static str];
    /// The attribute that is set where the Secret is to be written.
    const ATTRIBUTE: &'static str;
    /// How that is done, as a template of a text.
    const GIVE: &'static str;
    /// How a Secret is left as it is, as a template of a text.
    const LEAVE_OUT: &'static str;
    /// Whether Everest makes the object the owner of the Secret.
    const IS_OWNED: bool = true;
    /// Whether Everest tries and copies the content of the Secret when the object changes, and only
    /// then.
    const IS_TRIED: bool = false;
    /// What to do instead of deleting a Secret that is in the way of a new one, as a template of a
    /// text.
    const INSTEAD: &'static str;

    /// The name of the Secret that it reads.
    fn secret_name(&self) -> Option<&str>;

    /// Whether an object of another kind, for which this provider writes the same keys, reads the
    /// Secret of this name; none where that may not be asked.
    ///
    /// # Errors
    /// The query for what was not looked at.
    fn is_read_elsewhere(
        observed: &Observed,
        namespace: &str,
        secret: &str,
    ) -> Result<Option<bool>, Query> {
        let _ = (observed, namespace, secret);
        Ok(Some(false))
    }
}

/// A Secret, its owner, and who writes it.
#[derive(Clone, Debug)]
pub(super) struct OwnSecret {
    pub(super) object: ObjectRef,
    pub(super) owner: ObjectRef,
    manager: String,
    removal: Removal,
}

impl OwnSecret {
    /// The Secret `name` of an object; `manager` is the field manager that writes it.
    pub(super) fn of(owner: &ObjectRef, name: &str, manager: &str) -> Self {
        Self {
            object: ObjectRef::of::<SecretMetadata>(&owner.namespace, name),
            owner: owner.clone(),
            manager: manager.to_owned(),
            removal: Removal::default(),
        }
    }

    /// What comes before the owner is made: the Secret is written with `content`, or is there
    /// already. `made` is the UID of an owner that the same creation has made before.
    ///
    /// One that exists and is to be written is taken if a creation left it that did not come to its
    /// end: it has no mark of its own, because nobody else uses it then.
    ///
    /// # Errors
    /// The query for what was not looked at.
    pub(super) fn before_creation<K: ReadsSecret>(
        &self,
        observed: &Observed,
        content: Option<&Sensitive<Value>>,
        made: Option<&str>,
    ) -> Result<Option<Action>, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let found = observed.object::<SecretMetadata>(namespace, name)?;
        let found = found.map(|SecretMetadata(found)| found);
        if found.is_some_and(|found| self.is_of_former(found, made)) {
            return Ok(Some(Action::Await(
                format!(
                    "the deletion of the Secret {namespace}/{name} of the previous {}",
                    K::NOUN
                )
                .into(),
            )));
        }
        let Some(content) = content else {
            return Ok(match found {
                Some(found) => is_of_other_use::<K>(found).then(|| self.of_other_use::<K>()),
                None => Some(Action::Require(self.missing::<K>())),
            });
        };
        if let Some(found) = found
            && !self.is_left_over::<K>(observed, found, made)?
        {
            let message = format!(
                "the Secret {namespace}/{name} for its {} already exists and was not written for \
                 it. Delete that Secret, or ",
                K::CONTENT
            );
            return Ok(Some(Action::Refuse {
                message: Text::from(message).and(K::INSTEAD),
                attribute: Some(FieldPath::of(K::ATTRIBUTE)),
            }));
        }
        let uid = found.and_then(|found| found.uid.as_deref());
        Ok(Some(self.written(content, uid)))
    }

    /// The write of the Secret of an owner that exists, with the UID `owner`: it is new, was written
    /// by this provider for an object of the kind, or belongs to the owner.
    ///
    /// # Errors
    /// The query for what was not looked at.
    pub(super) fn changed<K: ReadsSecret>(
        &self,
        observed: &Observed,
        content: &Sensitive<Value>,
        owner: Option<&str>,
    ) -> Result<Action, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let found = observed.object::<SecretMetadata>(namespace, name)?;
        let Some(SecretMetadata(found)) = found else {
            return Ok(self.written(content, None));
        };
        if self.belongs_to::<K>(found, owner) {
            return Ok(self.written(content, found.uid.as_deref()));
        }
        let message = format!(
            "the {} go into the Secret {namespace}/{name}, which was not written for this {}: it \
             stays as it is. Let the {} use another Secret, or ",
            K::CONTENT,
            K::NOUN,
            K::NOUN
        );
        Ok(Action::Refuse {
            message: Text::from(message)
                .and(K::LEAVE_OUT)
                .and(" and change that Secret where it is managed"),
            attribute: Some(FieldPath::of(K::ATTRIBUTE)),
        })
    }

    /// The write of the Secret; `uid` is that of the one that is meant.
    pub(super) fn written(&self, content: &Sensitive<Value>, uid: Option<&str>) -> Action {
        let mut body = content.expose().clone();
        if let Some(uid) = uid {
            body["metadata"]["uid"] = json!(uid);
        }
        // The keys are ours to say. A conflict would have to show both values.
        Action::apply(self.object.clone(), body, Agreed::Everything)
    }

    /// What comes before the end of an owner that is there: a Secret that this provider wrote and
    /// that Everest gives no owner gets this one. The garbage collector then takes it, even if
    /// whoever deletes the owner is stopped right after.
    ///
    /// # Errors
    /// The query for what was not looked at.
    pub(super) fn before_end<K: ReadsSecret>(
        &self,
        observed: &Observed,
        owner: &K,
        api_version: &Value,
    ) -> Result<Option<Action>, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let found = observed.object::<SecretMetadata>(namespace, name)?;
        let Some(SecretMetadata(secret)) = found else {
            return Ok(None);
        };
        let uid = owner.metadata().uid.as_deref();
        let has_owner = secret.owner_references.iter().flatten().next().is_some();
        let is_meant = self.is_written(secret) && !is_of_other_use::<K>(secret);
        if has_owner || !is_meant || self.is_read::<K>(observed, uid)? != Some(false) {
            return Ok(None);
        }
        let body = json!({"metadata": {
            "uid": secret.uid,
            "resourceVersion": secret.resource_version,
            "ownerReferences": [{
                "apiVersion": api_version,
                "kind": self.owner.kind.name(),
                "name": self.owner.name,
                "uid": uid,
            }],
        }});
        Ok(Some(Action::merge(&self.object, body)))
    }

    /// What is left to do of the Secret once its owner, of the UID `owner`, is gone: the garbage
    /// collector takes one that has an owner. It is deleted all the same, as one that never had any,
    /// if this provider wrote it for an object of the kind and nothing else reads it.
    ///
    /// # Errors
    /// The query for what was not looked at.
    pub(super) fn after_end<K: ReadsSecret>(
        &mut self,
        observed: &Observed,
        owner: Option<&str>,
    ) -> Result<Option<Action>, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let found = observed.object::<SecretMetadata>(namespace, name)?;
        let Some(SecretMetadata(secret)) = found else {
            return Ok(None);
        };
        let is_meant = is_owned_by(secret, owner) || self.has_filled::<K>(secret);
        if !is_meant || !self.belongs_to::<K>(secret, owner) {
            return Ok(None);
        }
        // Where its readers may not be listed, there may be one.
        if self.is_read::<K>(observed, None)? != Some(false) {
            return Ok(None);
        }
        Ok(self.removal.step(&self.object, Some(secret)))
    }

    fn missing<K: ReadsSecret>(&self) -> Requirement {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        Requirement::Condition {
            message: format!(
                "no {} are set, and there is no Secret {namespace}/{name} that contains them",
                K::CONTENT
            )
            .into(),
            remedy: Text::from(K::GIVE).and(format!(
                ", or create that Secret with the keys {} first",
                K::KEYS.join(" and ")
            )),
            attribute: FieldPath::of(K::ATTRIBUTE),
        }
    }

    /// What is said of a Secret that was made for something else. Everest would make the object its
    /// owner, and the Secret would be deleted with the object.
    fn of_other_use<K: ReadsSecret>(&self) -> Action {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        Action::Refuse {
            message: format!(
                "the Secret {namespace}/{name} has none of the keys {}: it was made for something \
                 else, and would be deleted with this {}. Give the {} another name, or put its {} \
                 into a Secret of its own",
                K::KEYS.join(" and "),
                K::NOUN,
                K::NOUN,
                K::CONTENT
            )
            .into(),
            attribute: Some(FieldPath::of("name")),
        }
    }

    /// Whether it goes with an owner of this name that is gone.
    fn is_of_former(&self, secret: &ObjectMeta, made: Option<&str>) -> bool {
        let mut owners = secret.owner_references.iter().flatten();
        owners.any(|owner| {
            owner.kind == self.owner.kind.name()
                && owner.name == self.owner.name
                && Some(owner.uid.as_str()) != made
        })
    }

    /// Whether the owner of the UID `owner` owns it, or this provider has written it for an object
    /// of the kind and nothing of another name owns it.
    fn belongs_to<K: ReadsSecret>(&self, secret: &ObjectMeta, owner: Option<&str>) -> bool {
        let is_ours = self.is_written(secret) && !is_of_other_use::<K>(secret);
        is_owned_by(secret, owner) || (is_ours && !self.is_of_another(secret))
    }

    /// Whether anything but an owner of this name owns it.
    fn is_of_another(&self, secret: &ObjectMeta) -> bool {
        let mut owners = secret.owner_references.iter().flatten();
        owners.any(|owner| owner.kind != self.owner.kind.name() || owner.name != self.owner.name)
    }

    fn is_left_over<K: ReadsSecret>(
        &self,
        observed: &Observed,
        secret: &ObjectMeta,
        made: Option<&str>,
    ) -> Result<bool, Query> {
        let mut owners = secret.owner_references.iter().flatten();
        if !self.has_filled::<K>(secret) || owners.any(|owner| Some(owner.uid.as_str()) != made) {
            return Ok(false);
        }
        Ok(self.is_read::<K>(observed, made)? == Some(false))
    }

    /// Whether this provider has written it.
    pub(super) fn is_written(&self, secret: &ObjectMeta) -> bool {
        let mut entries = secret.managed_fields.iter().flatten();
        entries.any(|entry| entry.manager.as_deref() == Some(&self.manager))
    }

    /// Whether this provider has written what an object of the kind reads: a Secret that it wrote for
    /// another kind, such as the passwords of a database, may have the same name.
    fn has_filled<K: ReadsSecret>(&self, secret: &ObjectMeta) -> bool {
        let mut keys = K::KEYS.iter();
        keys.any(|key| managed_fields::owns_data(secret, key, &self.manager))
    }

    /// Whether anything but the object of the UID `owner` reads it; none where that may not be asked.
    fn is_read<K: ReadsSecret>(
        &self,
        observed: &Observed,
        owner: Option<&str>,
    ) -> Result<Option<bool>, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let Some(readers) = observed.all::<K>(namespace)? else {
            return Ok(None);
        };
        let is_read = readers.iter().any(|reader| {
            let uid = reader.metadata().uid.as_deref();
            reads(&**reader, name) && (owner.is_none() || uid != owner)
        });
        match is_read {
            true => Ok(Some(true)),
            false => K::is_read_elsewhere(observed, namespace, name),
        }
    }
}

/// Whether a Secret was made for something else than an object of the kind: this provider writes
/// Secrets for several kinds, and so do others.
fn is_of_other_use<K: ReadsSecret>(secret: &ObjectMeta) -> bool {
    managed_fields::is_of_other_use(secret, K::KEYS)
}

/// Whether the object of the UID `owner` owns a Secret.
pub(super) fn is_owned_by(secret: &ObjectMeta, owner: Option<&str>) -> bool {
    let mut owners = secret.owner_references.iter().flatten();
    owner.is_some() && owners.any(|one| Some(one.uid.as_str()) == owner)
}

/// Whether an object of a kind reads the Secret of a name; none where that may not be asked.
///
/// # Errors
/// The query for what was not looked at.
pub(super) fn is_read_by<K: ReadsSecret>(
    observed: &Observed,
    namespace: &str,
    secret: &str,
) -> Result<Option<bool>, Query> {
    let readers = observed.all::<K>(namespace)?;
    Ok(readers.map(|readers| readers.iter().any(|reader| reads(&**reader, secret))))
}

/// Whether an object reads the Secret of this name.
pub(super) fn reads<K: ReadsSecret>(object: &K, secret: &str) -> bool {
    object.secret_name() == Some(secret)
}
