//! The names and passwords of a database's users, which the engine's operator reads in a Secret.
//!
//! | Engine | A changed key, once the database is ready |
//! |---|---|
//! | PXC | the operator changes the password in the database at once and discards the previous one. `xtrabackup` restarts the members one by one, `monitor` too if the database is monitored; `operator`, `monitor` and `proxyadmin` restart the pods of `ProxySQL` |
//! | MongoDB | the operator changes the user in place. `MONGODB_BACKUP_…` restarts the backup agents |
//! | PostgreSQL | the operator keeps passwords of its own (K8SPG-570) |
//!
//! Keys that are missing get generated values, of both operators. Both delete the Secret with the
//! volumes of the database.
//!
//! Source: percona-xtradb-cluster-operator `pkg/controller/pxc/users.go` and `secrets.go`,
//! percona-server-mongodb-operator `pkg/controller/perconaservermongodb/users.go` and `secrets.go`,
//! everest-operator `internal/controller/everest/users.go`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::{DatabaseModel, Passwords};
use everest_schemas::{Engine, Field, Sensitive};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::api::{CLUSTER_NAME_LABEL, FILLED_FROM, USERS_VERSION};
use crate::v1::credentials::version_of;
use crate::v1::database::default_secret;
use crate::v1::{ObjectMapping, managed_fields};

/// The keys of the Secret with an engine's users, if the DatabaseEngine does not list them.
pub const fn keys(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Pxc => &[
            "monitor",
            "root",
            "proxyadmin",
            "xtrabackup",
            "operator",
            "replication",
        ],
        Engine::Psmdb => &[
            "MONGODB_BACKUP_USER",
            "MONGODB_BACKUP_PASSWORD",
            "MONGODB_CLUSTER_ADMIN_USER",
            "MONGODB_CLUSTER_ADMIN_PASSWORD",
            "MONGODB_CLUSTER_MONITOR_USER",
            "MONGODB_CLUSTER_MONITOR_PASSWORD",
            "MONGODB_DATABASE_ADMIN_USER",
            "MONGODB_DATABASE_ADMIN_PASSWORD",
            "MONGODB_USER_ADMIN_USER",
            "MONGODB_USER_ADMIN_PASSWORD",
        ],
        Engine::Postgresql => &[],
    }
}

/// The keys by which the Secret with an engine's users is told from others. A configuration cannot
/// give those of PostgreSQL, but may name a Secret that has them.
pub(crate) const fn keys_in_secret(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Postgresql => &["password", "user", "verifier"],
        Engine::Pxc | Engine::Psmdb => keys(engine),
    }
}

/// Returns true if a change of an existing database sends passwords. A version that is not known
/// yet counts.
pub fn is_asked(prior: &DatabaseModel, planned: &DatabaseModel) -> bool {
    let (before, now) = (&prior.users_wo_version, &planned.users_wo_version);
    !now.is_null() && before != now
}

/// The planned model with the passwords, which only the configuration has.
#[must_use]
pub fn with_users(planned: &DatabaseModel, config: &DatabaseModel) -> DatabaseModel {
    DatabaseModel {
        users_wo: config.users_wo.clone(),
        ..planned.clone()
    }
}

/// The names and passwords that a Secret gives, for the rules. A value that is not text is taken
/// for empty.
pub fn given_by(secret: &Secret) -> Passwords {
    let data = secret.data.iter().flatten();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap_or_default();
    let given: BTreeMap<_, _> = data
        .map(|(key, value)| (key.clone(), Field::Known(text(&value.0))))
        .collect();
    Field::Known(given.into())
}

/// Values for keys of the Secret with a database's users. Other keys stay as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Users {
    values: BTreeMap<String, Sensitive<String>>,
    /// The annotation that says which values the Secret has, and its value.
    mark: (&'static str, String),
    /// True if a value that somebody else has written is replaced.
    is_enforced: bool,
    /// The UID of the Secret that gives the values.
    source: Option<String>,
}

impl Users {
    /// The values of a configuration; `None` if it has none, or if one is not known yet.
    ///
    /// They are sent once for each version: by then the configuration may hold any, so a value that
    /// somebody else has written stays.
    pub fn given(config: &DatabaseModel) -> Option<Self> {
        let version = config.users_wo_version.known()?;
        Some(Self {
            values: known(&config.users_wo)?,
            mark: (USERS_VERSION, version.to_string()),
            is_enforced: false,
            source: None,
        })
    }

    /// The values that a Secret gives, which hold for as long as it does.
    pub fn filled_from(secret: &Secret) -> Option<Self> {
        Some(Self {
            values: known(&given_by(secret))?,
            mark: (FILLED_FROM, version_of(&secret.metadata)),
            is_enforced: true,
            source: secret.metadata.uid.clone(),
        })
    }

    /// Returns true if a Secret, by its metadata, has these values from `manager`, or if it gives
    /// them itself: each write would make another version of the source.
    pub fn are_in(&self, secret: &ObjectMeta, manager: &str) -> bool {
        if self.source.is_some() && self.source == secret.uid {
            return true;
        }
        let (annotation, value) = &self.mark;
        let noted = secret
            .annotations
            .as_ref()
            .and_then(|annotations| annotations.get(*annotation));
        let owns = |key: &String| managed_fields::owns_data(secret, key, manager);
        noted == Some(value) && (!self.is_enforced || self.values.keys().all(owns))
    }

    /// The body of a new Secret `name` for the database of this name.
    pub(crate) fn secret(&self, namespace: &str, name: &str, database: &str) -> Sensitive<Value> {
        let mut body = self.patch().into_inner();
        body["apiVersion"] = json!("v1");
        body["kind"] = json!("Secret");
        body["type"] = json!("Opaque");
        body["metadata"]["name"] = json!(name);
        body["metadata"]["namespace"] = json!(namespace);
        body["metadata"]["labels"] = json!({ CLUSTER_NAME_LABEL: database });
        body.into()
    }

    /// The body of a merge patch with these values.
    pub(crate) fn patch(&self) -> Sensitive<Value> {
        let encoded = |value: &Sensitive<String>| json!(STANDARD.encode(value.expose()));
        let data: Value = self
            .values
            .iter()
            .map(|(key, value)| (key.clone(), encoded(value)))
            .collect();
        let (annotation, value) = &self.mark;
        Sensitive::new(json!({
            "metadata": {"annotations": {*annotation: value}},
            "data": data,
        }))
    }
}

/// Returns true if a Secret, by its metadata, is one that passwords of a configuration were sent to.
pub fn is_sent(secret: &ObjectMeta) -> bool {
    let annotations = secret.annotations.as_ref();
    annotations.is_some_and(|annotations| annotations.contains_key(USERS_VERSION))
}

/// The name of the Secret with the users that a new database of the model reads.
pub(crate) fn secret_at_creation(model: &DatabaseModel) -> String {
    let engine = model.spec.known().and_then(|spec| spec.engine.known());
    engine
        .and_then(|engine| engine.user_secrets_name.known_str())
        .filter(|name| !name.is_empty())
        .map_or_else(|| default_secret(model.key().1), str::to_owned)
}

/// Returns true if a Secret is the one of the database's users: it was made for the database, or it
/// has the name that Everest gives it.
pub fn is_of(database: &DatabaseCluster, secret: &ObjectMeta) -> bool {
    let name = database.metadata.name.as_deref().unwrap_or_default();
    database_of(secret) == Some(name) || secret.name.as_deref() == Some(&default_secret(name))
}

/// The database whose users a Secret was made for, by this provider or by Everest's API: a label
/// names the database.
pub fn database_of(secret: &ObjectMeta) -> Option<&str> {
    let labels = secret.labels.as_ref()?;
    labels.get(CLUSTER_NAME_LABEL).map(String::as_str)
}

/// The time at which passwords of an engine's users were last written into a Secret, by its
/// metadata; `None` if the metadata does not say. That of `proxyadmin` is not in the data.
pub fn written_at(secret: &ObjectMeta, engine: Engine) -> Option<Timestamp> {
    let has_users = |data: &Value| {
        let mut users = keys(engine).iter().filter(|key| **key != "proxyadmin");
        users.any(|key| data.get(format!("f:{key}")).is_some())
    };
    let entries = secret.managed_fields.iter().flatten();
    entries
        .filter(|entry| {
            let fields = entry.fields_v1.as_ref();
            fields.is_some_and(|fields| has_users(&fields.0["f:data"]))
        })
        .filter_map(|entry| Some(entry.time.as_ref()?.0))
        .max()
}

fn known(given: &Passwords) -> Option<BTreeMap<String, Sensitive<String>>> {
    let values = given.known()?.expose().iter();
    values
        .map(|(key, value)| Some((key.clone(), Sensitive::new(value.known()?.clone()))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(users: Value, version: Value) -> DatabaseModel {
        serde_json::from_value(json!({"namespace": "prod", "name": "orders",
            "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}},
            "usersWo": users, "usersWoVersion": version}))
        .unwrap()
    }

    #[test]
    fn a_changed_version_sends_passwords_and_a_removed_one_does_not() {
        let of = |version: Value| model(json!({"root": "a"}), version);
        assert!(is_asked(&of(json!(1)), &of(json!(2))));
        assert!(is_asked(&of(json!(null)), &of(json!(1))));
        assert!(!is_asked(&of(json!(1)), &of(json!(1))));
        assert!(!is_asked(&of(json!(1)), &of(json!(null))));
    }

    #[test]
    fn passwords_are_in_a_secret_that_says_so_and_are_never_shown() {
        let users = Users::given(&model(json!({"root": "hunter2"}), json!(3))).unwrap();
        assert!(!format!("{users:?}").contains("hunter2"));
        let body = users.secret("prod", "everest-secrets-orders", "orders");
        let body = body.expose();
        assert_eq!(body["data"], json!({"root": "aHVudGVyMg=="}));
        assert_eq!(body["metadata"]["labels"]["clusterName"], "orders");
        let held: ObjectMeta = serde_json::from_value(body["metadata"].clone()).unwrap();
        assert!(users.are_in(&held, "us"));
        let next = Users::given(&model(json!({"root": "hunter2"}), json!(4))).unwrap();
        assert!(!next.are_in(&held, "us"));
        assert!(Users::given(&model(json!({"root": "a"}), json!(null))).is_none());
    }

    #[test]
    fn a_secret_that_gives_the_passwords_itself_is_not_written() {
        let source: Secret = serde_json::from_value(json!({"data": {"root": "YQ=="},
            "metadata": {"name": "users", "uid": "s", "resourceVersion": "7"}}))
        .unwrap();
        let users = Users::filled_from(&source).unwrap();
        assert!(users.are_in(&source.metadata, "us"));
        assert!(!users.are_in(&ObjectMeta::default(), "us"));
    }

    #[test]
    fn passwords_are_as_old_as_the_last_write_of_a_user_of_the_database() {
        let entry = |time: &str, key: &str| {
            json!({"manager": "any", "operation": "Update", "time": time,
                "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {(key): {}}}})
        };
        let secret: ObjectMeta = serde_json::from_value(json!({"managedFields": [
            entry("2026-06-01T00:00:00Z", "f:root"),
            entry("2026-06-03T00:00:00Z", "f:monitor"),
            entry("2026-06-05T00:00:00Z", "f:proxyadmin"),
            entry("2026-06-07T00:00:00Z", "f:pmmservertoken"),
        ]}))
        .unwrap();
        let written = written_at(&secret, Engine::Pxc).map(|time| time.to_string());
        assert_eq!(written.as_deref(), Some("2026-06-03T00:00:00Z"));
        assert_eq!(written_at(&secret, Engine::Psmdb), None);
        assert_eq!(written_at(&ObjectMeta::default(), Engine::Pxc), None);
    }

    #[test]
    fn a_value_that_somebody_else_has_written_is_replaced_only_where_a_secret_gives_it() {
        let source: Secret = serde_json::from_value(json!({"data": {"root": "YQ=="},
            "metadata": {"name": "users", "uid": "s", "resourceVersion": "7"}}))
        .unwrap();
        let users = Users::filled_from(&source).unwrap();
        let mut body = users.secret("prod", "a", "orders").into_inner();
        let metadata = |body: &Value| -> ObjectMeta {
            serde_json::from_value(body["metadata"].clone()).unwrap()
        };
        for (manager, operation, held) in [
            ("us", "Apply", true),
            ("us", "Update", true),
            ("kubectl-edit", "Update", false),
        ] {
            body["metadata"]["managedFields"] = json!([{"manager": manager,
                "operation": operation, "fieldsType": "FieldsV1",
                "fieldsV1": {"f:data": {"f:root": {}}}}]);
            assert_eq!(users.are_in(&metadata(&body), "us"), held, "{manager}");
        }
    }
}
