//! Creating an object without taking over one that somebody else made.
//!
//! An object that exists is ours if it is the one that this creation would make and that a
//! creation before it has made without anybody having got the answer: see
//! [`acknowledgement`](crate::acknowledgement). A mark on it says so: a digest of what was
//! written and the run that has written it, by our field manager. It is never ours by its name or
//! its manager alone.
//!
//! Of what another run has made, nobody can see whether that run was killed or is still at work. So
//! it is claimed: this run writes itself into the mark. A run that is at work sees that and puts
//! its own mark back ([`defend`]), or takes the mark off when its answer is delivered. A claim that
//! stands for a while is good.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use everest_core::v1::{ObjectMapping, managed_fields};
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::acknowledgement::Unacknowledged;
use crate::error::{ClusterError, Object};
use crate::objects::{Kind, Objects, Typed};
use crate::{CREATED_BY_APPLY, Cluster};

/// Creates `name` from an apply body, unless it exists: one that is ours (see the module) is given
/// back as it is. What would be written is what was written, and Everest clears what is done once,
/// such as a data source, which a body that is sent again would do again.
///
/// What is ours is noted in `made`; what the answer has otherwise than the body is noted too, see
/// [`Cluster::rewritten`].
///
/// # Errors
/// `AlreadyExists` with the id to import; else as [`make`].
pub(crate) async fn create<K: Kind + Serialize>(
    objects: &Objects<K>,
    name: &str,
    body: Value,
    made: &Unacknowledged,
) -> Result<K, ClusterError> {
    match objects.get(name).await? {
        Some(existing) => {
            let ours = held(objects, name, existing, &body).await?;
            made.note(objects, &ours);
            Ok(ours)
        }
        None => make(objects, name, body, made).await,
    }
}

/// The same without a look before it.
///
/// 1. Applies the body with its mark, unless there is an object by now.
/// 2. If there is, or the answer leaves open whether the write was done, reads it.
///
/// # Errors
/// `AlreadyExists` with the id to import; else whatever the server says.
pub(crate) async fn make<K: Kind + Serialize>(
    objects: &Objects<K>,
    name: &str,
    body: Value,
    made: &Unacknowledged,
) -> Result<K, ClusterError> {
    let mark = mark_of(objects, &body);
    let ours = match objects.apply_new(name, &marked(body.clone(), &mark)).await {
        Ok(created) => {
            objects.cluster().note_rewritten(&created, &body);
            created
        }
        // A webhook may refuse what exists before the server sees that it does.
        Err(
            error @ (ClusterError::Unreachable { .. }
            | ClusterError::Api { .. }
            | ClusterError::Conflict { .. }
            | ClusterError::Refused { .. }),
        ) => match objects.get(name).await {
            Ok(Some(existing)) => held(objects, name, existing, &body).await?,
            _ => return Err(error),
        },
        Err(error) => return Err(error),
    };
    made.note(objects, &ours);
    Ok(ours)
}

/// How long a claim has to stand. A run at work looks at what it waits for at least every few
/// seconds, and takes its mark off half a minute after its answer.
const STANDS: Duration = Duration::from_secs(40);

/// How often a claim is made that does not get through.
const CLAIMS: usize = 9;

/// How often a claim is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);

/// Whose an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// This run has made it, or has claimed it.
    Ours,
    /// Another run has made it from the same body, and nobody has acknowledged it.
    AnotherRuns,
    /// Somebody else's.
    Foreign,
}

fn whose<K: Kind>(objects: &Objects<K>, object: &K, body: &Value) -> Whose {
    let mark = mark_on(object);
    let Some((digest_of, run)) = mark.map(|mark| mark.split_once('.').unwrap_or((mark, ""))) else {
        return Whose::Foreign;
    };
    let is_it = object.meta().deletion_timestamp.is_none()
        && digest_of == digest(body)
        && objects.cluster().has_marked(object);
    match is_it {
        true if *run == *objects.cluster().run => Whose::Ours,
        true => Whose::AnotherRuns,
        false => Whose::Foreign,
    }
}

/// Whether an object is what a creation from `body` has made, by this run or another one, that
/// nobody has acknowledged yet.
pub(crate) fn may_be_ours<K: Kind>(objects: &Objects<K>, object: &K, body: &Value) -> bool {
    whose(objects, object, body) != Whose::Foreign
}

/// An object that exists, as far as it is ours or becomes so by a claim.
///
/// # Errors
/// `AlreadyExists` with what to do about it; whatever the server says.
pub(crate) async fn held<K: Kind>(
    objects: &Objects<K>,
    name: &str,
    existing: K,
    body: &Value,
) -> Result<K, ClusterError> {
    match whose(objects, &existing, body) {
        Whose::Ours => Ok(existing),
        Whose::Foreign => Err(foreign(objects, name, &existing)),
        Whose::AnotherRuns => claimed(objects, name, existing, body).await,
    }
}

/// Claims what another run has made, and waits until the claim has stood for long enough.
async fn claimed<K: Kind>(
    objects: &Objects<K>,
    name: &str,
    existing: K,
    body: &Value,
) -> Result<K, ClusterError> {
    let object = objects.named(name);
    tracing::info!(%object, "created by another run with the same configuration: waiting for a sign of that run");
    let (mut found, mut claimed_at) = (existing, None::<Instant>);
    let mut claims_left = CLAIMS;
    loop {
        match (whose(objects, &found, body), claimed_at) {
            (Whose::Foreign, _) => return Err(foreign(objects, name, &found)),
            (Whose::Ours, Some(at)) if at.elapsed() >= STANDS => return Ok(found),
            (Whose::Ours, at) => claimed_at = at.or_else(|| Some(Instant::now())),
            (Whose::AnotherRuns, None) if claims_left > 0 => {
                claims_left -= 1;
                let stands = claim(objects, name, &found, body).await?;
                claimed_at = stands.then(Instant::now);
            }
            (Whose::AnotherRuns, _) => return Err(at_work(object)),
        }
        tokio::select! {
            biased;
            () = objects.cluster().stop.cancelled() => return Err(at_work(object)),
            () = tokio::time::sleep(BETWEEN_LOOKS) => {}
        }
        let Some(next) = objects.get(name).await? else {
            return Err(ClusterError::NotFound { object });
        };
        found = next;
    }
}

/// Writes this run into the mark of an object as it was read. Returns false where it is to be read
/// again: it may have been acknowledged meanwhile.
async fn claim<K: Kind>(
    objects: &Objects<K>,
    name: &str,
    found: &K,
    body: &Value,
) -> Result<bool, ClusterError> {
    let body = json!({"metadata": {
        "uid": found.meta().uid,
        "resourceVersion": found.meta().resource_version,
        "annotations": {CREATED_BY_APPLY: mark_of(objects, body)},
    }});
    match objects.patch_merge_once(name, &body).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_transient() => Ok(false),
        Err(error) => Err(error),
    }
}

fn at_work(object: Box<Object>) -> ClusterError {
    ClusterError::AlreadyExists {
        object,
        remedy: "Another run with the same configuration is creating it at the moment. If you \
                 need both objects, choose another name. If that run was stopped, apply again in a \
                 minute"
            .to_owned(),
    }
}

/// The mark that an object carries.
pub(crate) fn mark_on<K: Kind>(object: &K) -> Option<&String> {
    object.annotations().get(CREATED_BY_APPLY)
}

/// Puts the mark of this run back on an object that it has made and that another run has claimed.
/// That may fail: it is seen again at the next look.
pub(crate) async fn defend<K: Kind>(objects: &Objects<K>, object: &K, mark: &str) {
    if mark_on(object).is_none_or(|found| found == mark) {
        return;
    }
    let uid = object.meta().uid.as_deref();
    if let Err(error) = objects.mark(&object.name_any(), uid, Some(mark)).await {
        tracing::debug!(%error, "another run's claim stands for now");
    }
}

/// What tells one run from another one.
pub(crate) fn new_run() -> String {
    // The keys of a hash map's hasher are random.
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// An object that has the name of another one.
#[derive(Debug)]
pub enum Namesake {
    /// There is none, as far as the UID tells: the object is the one that is meant, or gone.
    None,
    /// One that a creation by us has made and that no state holds yet: the object that is meant is
    /// gone.
    Ours,
    /// One that somebody else has made: the object that is meant is gone, as the error says.
    Foreign(ClusterError),
}

impl Cluster {
    /// The object that has the name of a model, compared with the one that a state holds: `uid` is
    /// the UID of that one, if it is known.
    ///
    /// # Errors
    /// Whatever keeps it from being read: see [`ClusterError`].
    pub async fn namesake<M>(&self, model: &M, uid: Option<&str>) -> Result<Namesake, ClusterError>
    where
        M: ObjectMapping<Object: Typed>,
    {
        if uid.is_none() {
            return Ok(Namesake::None);
        }
        let (namespace, name) = model.key();
        let objects = self.objects::<M::Object>(namespace);
        let Some(found) = objects.look(name).await? else {
            return Ok(Namesake::None);
        };
        Ok(if found.meta().uid.as_deref() == uid {
            Namesake::None
        } else if self.has_marked(&found) {
            Namesake::Ours
        } else {
            Namesake::Foreign(ClusterError::Superseded {
                object: objects.named(name),
                replaced: true,
            })
        })
    }

    /// The UID of an object that was read for a state which knows it by the UID `known`; none where
    /// it is another one that a creation by us has put in its place without anybody having got the
    /// answer: the state does not hold that one yet.
    pub fn uid_held<K: Typed>(&self, object: &K, known: Option<&str>) -> Option<String> {
        let uid = object.meta().uid.as_deref();
        let follows = known.is_some() && uid != known && self.has_marked(object);
        uid.filter(|_| !follows).map(str::to_owned)
    }

    /// Whether an object carries the mark of a creation by us that nobody has acknowledged, and is
    /// the one of that UID, if it is known.
    pub fn is_unacknowledged<K: Typed>(&self, object: &K, uid: Option<&str>) -> bool {
        let is_it = uid.is_none() || object.meta().uid.as_deref() == uid;
        is_it && self.has_marked(object)
    }

    /// Whether an object carries the mark of a creation by us.
    fn has_marked<K: Kind>(&self, object: &K) -> bool {
        managed_fields::owned_keys(object.meta(), self.field_manager())
            .annotations
            .contains(CREATED_BY_APPLY)
    }
}

/// Takes the mark of its creation off an object that a state holds: for a change that writes
/// nothing else. Where there is none, nothing is asked.
///
/// # Errors
/// Whatever the server says; an object that is gone is fine.
pub(crate) async fn acknowledge<K: Kind>(
    objects: &Objects<K>,
    object: &K,
) -> Result<(), ClusterError> {
    if !objects.cluster().has_marked(object) {
        return Ok(());
    }
    objects
        .unmark(&object.name_any(), object.meta().uid.as_deref())
        .await
}

/// The mark of what this run makes from a body.
fn mark_of<K: Kind>(objects: &Objects<K>, body: &Value) -> String {
    format!("{}.{}", digest(body), objects.cluster().run)
}

/// An apply body with the mark of its creation.
fn marked(mut body: Value, mark: &str) -> Value {
    let metadata = &mut body["metadata"];
    if metadata["annotations"].is_null() {
        metadata["annotations"] = json!({});
    }
    metadata["annotations"][CREATED_BY_APPLY] = json!(mark);
    body
}

/// The place of credentials in a body.
const CREDENTIALS: &str = "/spec/dataSource/dataImport/source/s3";

/// Whether a body carries credentials. A webhook of Everest writes them down, under the name that
/// the body gives, before the server sees that the object exists.
pub(crate) fn has_credentials(body: &Value) -> bool {
    body.pointer(CREDENTIALS)
        .is_some_and(|s3| !s3["accessKeyId"].is_null() || !s3["secretAccessKey"].is_null())
}

/// What a body says, in 64 characters that are the same wherever they are made. Credentials are
/// left out: whoever may read the object could try values against them.
fn digest(body: &Value) -> String {
    let mut body = body.clone();
    if let Some(s3) = body.pointer_mut(CREDENTIALS).and_then(Value::as_object_mut) {
        s3.remove("accessKeyId");
        s3.remove("secretAccessKey");
    }
    Sha256::digest(canonical(&body).to_string())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The same value with the members of each object in the order of their names.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            let members: Map<String, Value> = sorted
                .into_iter()
                .map(|(name, member)| (name.clone(), canonical(member)))
                .collect();
            Value::Object(members)
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
}

/// The error for an object that exists and is not ours.
pub(crate) fn foreign<K: Kind>(objects: &Objects<K>, name: &str, existing: &K) -> ClusterError {
    let remedy = if existing.meta().deletion_timestamp.is_some() {
        "It is being deleted: apply again once it is gone".to_owned()
    } else {
        let id = match objects.namespace() {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name.to_owned(),
        };
        format!("Import it with the id {id:?}, or choose another name")
    };
    ClusterError::AlreadyExists {
        object: objects.named(name),
        remedy,
    }
}

#[cfg(test)]
mod tests;
