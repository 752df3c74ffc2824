//! Creation and change of objects.

use serde_json::{Value, json};

use crate::failure::{Failure, Wrong};
use crate::kind::Kind;
use crate::managers::{self, Writer};
use crate::patch;
use crate::request::Asked;
use crate::server::ApiServer;
use crate::state::{Key, State};
use crate::system_fields::{begin, expected, kept, metadata, misnamed, placed, versioned};
use crate::user::User;
use crate::{admission, native, schema, validation};

/// How often a write that lost against another is made anew.
const TRIES: usize = 6;

impl ApiServer {
    fn writer(&self, asked: &Asked) -> Writer {
        Writer {
            manager: asked.manager(),
            subresource: asked.subresource.clone(),
            now: self.stamp(),
        }
    }

    /// Answers a POST.
    pub(crate) async fn create(
        &self,
        kind: &Kind,
        asked: &Asked,
        user: &User,
    ) -> Result<(u16, Value), Failure> {
        let mut object = asked.body.clone();
        expected(kind, &object, false)?;
        placed(kind, asked, &mut object)?;
        let metadata = &object["metadata"];
        let named = metadata["name"].as_str().unwrap_or_default();
        if !metadata["resourceVersion"]
            .as_str()
            .unwrap_or_default()
            .is_empty()
        {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(Failure::internal_plain(message));
        }
        if named.is_empty()
            && let Some(prefix) = metadata["generateName"].as_str().map(str::to_owned)
            && !prefix.is_empty()
        {
            let name = self.lock().generated(&prefix);
            object["metadata"]["name"] = json!(name);
        }
        self.decode(kind, asked, &mut object)?;
        self.make(kind, asked, user, object, true).await
    }

    /// Stores an object that does not exist yet.
    async fn make(
        &self,
        kind: &Kind,
        asked: &Asked,
        user: &User,
        mut object: Value,
        is_tracked: bool,
    ) -> Result<(u16, Value), Failure> {
        let key = Key::of(kind, &object);
        let uid = self.lock().uid();
        begin(kind, &mut object, &self.stamp(), uid);
        if is_tracked {
            managers::note_update(kind, None, &mut object, &self.writer(asked));
        }
        native::begin(kind, &mut object, &self.stamp());
        if kind.namespaced {
            self.lock().takes_content(kind, &key)?;
        }
        let mut object = self
            .admit(kind, asked, user, admission::CREATE, None, object)
            .await?;
        validate(kind, asked, None, &object)?;
        self.admitted(kind, asked, user, admission::CREATE, None, &object)
            .await?;
        let mut state = self.lock();
        if state.get(&key).is_some() {
            return Err(Failure::exists(kind, &key.name));
        }
        if kind.namespaced {
            state.takes_content(kind, &key)?;
        }
        if asked.is_dry_run() {
            return Ok((201, object));
        }
        if kind.name == "CustomResourceDefinition" && !kind.is_custom {
            object["metadata"]["finalizers"] = json!([native::CLEANUP]);
        }
        let object = state.put(key, object);
        drop(state);
        self.announce();
        Ok((201, object))
    }

    /// Answers a PUT or a PATCH.
    pub(crate) async fn update(
        &self,
        kind: &Kind,
        asked: &Asked,
        user: &User,
    ) -> Result<(u16, Value), Failure> {
        patch::accepted(kind, asked)?;
        let key = Key::new(kind, &asked.namespace, &asked.name);
        let names_version = asked.body["metadata"]["resourceVersion"].is_string();
        for _ in 0..TRIES {
            let live = self.lock().get(&key).cloned();
            let Some(live) = live else {
                if !asked.is_apply() || !asked.subresource.is_empty() {
                    return Err(Failure::not_found(kind, &asked.name));
                }
                return self.apply_new(kind, asked, user).await;
            };
            let live = versioned(kind, live);
            if let Some(done) = self.try_change(kind, asked, user, &key, &live).await? {
                return Ok((200, done));
            }
            if names_version {
                break;
            }
        }
        Err(Failure::outdated(kind, &asked.name))
    }

    /// A server-side apply of an object that does not exist.
    async fn apply_new(
        &self,
        kind: &Kind,
        asked: &Asked,
        user: &User,
    ) -> Result<(u16, Value), Failure> {
        let uid = asked.body["metadata"]["uid"].as_str().unwrap_or_default();
        let body = &asked.body;
        let mut object = managers::apply(kind, None, body, &self.writer(asked), true)?;
        if !uid.is_empty() {
            let why = format!(
                "uid mismatch: the provided object specified uid {uid}, and no existing object \
                 was found"
            );
            return Err(Failure::conflict(
                &kind.plural,
                &kind.group,
                &asked.name,
                &why,
            ));
        }
        user.authorise(asked, "create")?;
        placed(kind, asked, &mut object)?;
        self.decode(kind, asked, &mut object)?;
        self.make(kind, asked, user, object, false).await
    }

    /// One try of a change; `None` if somebody else was faster.
    async fn try_change(
        &self,
        kind: &Kind,
        asked: &Asked,
        user: &User,
        key: &Key,
        live: &Value,
    ) -> Result<Option<Value>, Failure> {
        let writer = self.writer(asked);
        let mut new = patch::patched(kind, asked, live, &writer)?;
        if !asked.is_apply() && asked.subresource == "status" {
            // Labels, say, are noted although they are not written.
            managers::note_update(kind, Some(live), &mut new, &writer);
        }
        kept(kind, asked, live, &mut new)?;
        self.decode(kind, asked, &mut new)?;
        if !asked.is_apply() && asked.subresource != "status" {
            managers::note_update(kind, Some(live), &mut new, &writer);
        }
        let mut new = self
            .admit(kind, asked, user, admission::UPDATE, Some(live), new)
            .await?;
        kept(kind, asked, live, &mut new)?;
        validate(kind, asked, Some(live), &new)?;
        self.admitted(kind, asked, user, admission::UPDATE, Some(live), &new)
            .await?;
        let mut state = self.lock();
        let held = state
            .get(key)
            .map(|held| held["metadata"]["resourceVersion"].clone());
        match held {
            Some(version) if version == live["metadata"]["resourceVersion"] => {}
            Some(_) => return Ok(None),
            None => return Err(Failure::not_found(kind, &asked.name)),
        }
        if is_same(live, &new) {
            return Ok(Some(live.clone()));
        }
        if kind.counts_generations && is_another(kind, live, &new) {
            let generation = live["metadata"]["generation"].as_i64().unwrap_or_default();
            new["metadata"]["generation"] = json!(generation + 1);
        }
        if asked.is_dry_run() {
            return Ok(Some(new));
        }
        let is_ending = !new["metadata"]["deletionTimestamp"].is_null();
        let done = if is_ending && native::is_let_go(kind, &new) {
            state.remove(key);
            new
        } else {
            state.put(key.clone(), new)
        };
        drop(state);
        self.announce();
        Ok(Some(done))
    }

    /// Drops unknown fields and fills in defaults, as reading a body does.
    fn decode(&self, kind: &Kind, asked: &Asked, object: &mut Value) -> Result<(), Failure> {
        let unknown = schema::prune(kind.node(), object);
        if asked.parameter("fieldValidation") == "Strict"
            && !unknown.is_empty()
            && !asked.is_apply()
        {
            return Err(strict(kind, asked, object, &unknown));
        }
        schema::fill(kind.node(), object);
        native::fill(kind, object);
        Ok(())
    }
}

impl State {
    /// Refuses new objects in namespaces that do not exist or are being deleted.
    pub(crate) fn takes_content(&self, kind: &Kind, key: &Key) -> Result<(), Failure> {
        let namespace = Key {
            group: String::new(),
            plural: "namespaces".to_owned(),
            namespace: String::new(),
            name: key.namespace.clone(),
        };
        match self.get(&namespace) {
            None => Err(Failure::no_namespace(&key.namespace)),
            Some(found) if !found["metadata"]["deletionTimestamp"].is_null() => {
                Err(Failure::terminating(kind, &key.namespace, &key.name))
            }
            Some(_) => Ok(()),
        }
    }
}

/// Returns true if nothing differs but the times of managers.
fn is_same(one: &Value, two: &Value) -> bool {
    let timeless = |object: &Value| {
        let mut object = object.clone();
        let entries = object["metadata"]["managedFields"].as_array_mut();
        for entry in entries.into_iter().flatten() {
            if let Some(entry) = entry.as_object_mut() {
                entry.remove("time");
            }
        }
        object
    };
    timeless(one) == timeless(two)
}

/// Returns true if more differs than metadata and status.
fn is_another(kind: &Kind, live: &Value, new: &Value) -> bool {
    let rest = |object: &Value| {
        let mut members = object.as_object().cloned().unwrap_or_default();
        members.remove("metadata");
        if kind.has_status {
            members.remove("status");
        }
        members
    };
    rest(live) != rest(new)
}

/// Refuses an object that its kind does not allow.
fn validate(kind: &Kind, asked: &Asked, live: Option<&Value>, new: &Value) -> Result<(), Failure> {
    let name = new["metadata"]["name"].as_str().unwrap_or_default();
    let mut wrong = Vec::new();
    match live {
        Some(live) => {
            // The API server asks for them both as those of any object and as those of the kind.
            wrong.extend(metadata(live, new));
            wrong.extend(metadata(live, new));
            wrong.extend(native::immutable(kind, live, new));
        }
        None => wrong.extend(misnamed(kind, new)),
    }
    if asked.subresource == "status" {
        let status = kind.node().field("status");
        let of_status = validation::wrong(status, &new["status"], None);
        wrong.extend(of_status.into_iter().map(|wrong| wrong.within("status")));
    } else {
        wrong.extend(validation::wrong(kind.node(), new, live));
    }
    let stops = wrong.iter().any(Wrong::stops_rules);
    if stops && validation::has_rules(kind) {
        wrong.push(Wrong::rules_unchecked());
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Failure::invalid(kind, name, &wrong)),
    }
}

fn strict(kind: &Kind, asked: &Asked, object: &Value, unknown: &[String]) -> Failure {
    let unknown: Vec<String> = unknown
        .iter()
        .map(|field| format!("unknown field {field:?}"))
        .collect();
    let why = format!("strict decoding error: {}", unknown.join(", "));
    match asked.method.as_str() {
        "PATCH" => {
            let wrong = Wrong::value("patch", &object.to_string().into(), &why);
            Failure::invalid_named("", "", "", &[wrong])
        }
        _ => Failure::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}: {why}",
            kind.name, kind.version, kind.name
        )),
    }
}
