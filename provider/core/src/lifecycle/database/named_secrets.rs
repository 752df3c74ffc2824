//! The Secrets that a database names and that this provider does not write.
//!
//! The engine's operator writes into the Secret with the users and deletes it with the volumes;
//! Everest deletes the one with the keys of an import with the database. So a database may not name
//! a Secret that was made for something else.
//!
//! Source: percona-xtradb-cluster-operator `pkg/controller/pxc/controller.go` (`deleteSecrets`),
//! everest-operator `internal/controller/everest/databasecluster_controller.go` (`deleteSecret`).

use everest_schemas::everest::{BackupStorage, DataImportJob, DatabaseCluster};
use everest_schemas::models::DatabaseModel;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::facts::Seen;
use crate::lifecycle::{Action, Observable, Observed, Query, ReadsSecret, SecretMetadata};
use crate::passwords;
use crate::path::FieldPath;
use crate::text::Text;
use crate::v1::ObjectMapping;
use crate::v1::connection::secret_name;
use crate::v1::data_import_job::OF_EVEREST;
use crate::v1::managed_fields;

/// Refuses a Secret with users that was made for something else, if the database does not read it
/// already. A Secret that may not be read is not judged, and no Secret has to exist.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn of_users(
    observed: &Observed,
    model: &DatabaseModel,
    live: Option<&DatabaseCluster>,
) -> Result<Option<Action>, Query> {
    let engine = model.spec.known().and_then(|spec| spec.engine.known());
    let name = engine.and_then(|engine| engine.user_secrets_name.known_str());
    let (Some(engine), Some(name)) = (engine, name.filter(|name| !name.is_empty())) else {
        return Ok(None);
    };
    let Some(type_) = engine.type_.known() else {
        return Ok(None);
    };
    if live.and_then(secret_name).as_deref() == Some(name) {
        return Ok(None);
    }
    let keys = passwords::keys_in_secret(*type_);
    let namespace = model.key().0;
    let held = found(observed, namespace, name)?;
    if !held.is_some_and(|held| managed_fields::is_of_other_use(held, keys)) {
        return Ok(None);
    }
    let path = FieldPath::of("engine.userSecretsName");
    let message = Text::from(format!(
        "the Secret {namespace}/{name} has none of the keys of the engine's users, such as {}: it \
         was made for something else, and the engine's operator would write into it and delete it \
         with the database. Name another Secret in ",
        keys.first().copied().unwrap_or_default(),
    ));
    Ok(Some(Action::Refuse {
        message: message
            .and(&path)
            .and(", or omit that name: Everest then creates a Secret"),
        attribute: Some(path),
    }))
}

/// Refuses a Secret with the keys of a new database's import that was made for something else.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn of_import(
    observed: &Observed,
    model: &DatabaseModel,
) -> Result<Option<Action>, Query> {
    let name = model.spec.known().and_then(|spec| {
        let import = spec.data_source.known()?.data_import.known()?;
        let s3 = import.source.known()?.s3.known()?;
        s3.credentials_secret_name.known_str()
    });
    let Some(name) = name else {
        return Ok(None);
    };
    let (namespace, database) = model.key();
    let Some(held) = found(observed, namespace, name)? else {
        return Ok(None);
    };
    let why = if let Some(owner) = another_owner(held, database) {
        format!("belongs to {owner}")
    } else if managed_fields::is_of_other_use(held, DataImportJob::KEYS) {
        format!("has none of the keys {}", BackupStorage::KEYS.join(" and "))
    } else {
        return Ok(None);
    };
    let path = FieldPath::of("dataSource.dataImport.source.s3.credentialsSecretName");
    Ok(Some(Action::Refuse {
        message: Text::from(format!(
            "the Secret {namespace}/{name} for the keys of its import {why}: it was made for \
             something else, and Everest would delete it with the database. Name another Secret in "
        ))
        .and(&path),
        attribute: Some(path),
    }))
}

/// The metadata of a Secret that exists and may be read.
fn found<'a>(
    observed: &'a Observed,
    namespace: &str,
    name: &str,
) -> Result<Option<&'a ObjectMeta>, Query> {
    Ok(match observed.beside::<SecretMetadata>(namespace, name)? {
        Seen::Found(SecretMetadata(found)) => Some(found),
        _ => None,
    })
}

/// The object that a Secret goes with, unless that is the import of this database. Everest makes an
/// import the owner of its Secret, and does not begin one whose Secret has another owner.
fn another_owner(secret: &ObjectMeta, database: &str) -> Option<String> {
    let mut owners = secret.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true))?;
    let is_own = owner.kind == DataImportJob::KIND.name()
        && owner.name.strip_prefix(OF_EVEREST) == Some(database);
    (!is_own).then(|| format!("{} {}", owner.kind, owner.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::lifecycle::database::{ChangeDatabase, CreateDatabase, KeepDatabase};
    use crate::lifecycle::world::World;
    use crate::lifecycle::{Lifecycle, ObjectKind};
    use serde_json::{Value, json};

    const MANAGER: &str = "ours";

    fn model(engine: &Value, source: &Value) -> DatabaseModel {
        let mut spec = json!({"engine": {"type": "pxc", "replicas": 3,
            "storage": {"size": "25Gi"}}, "dataSource": source});
        json_patch::merge(&mut spec["engine"], engine);
        serde_json::from_value(json!({"namespace": "prod", "name": "orders", "ready": true,
            "wait": false, "spec": spec}))
        .unwrap()
    }

    fn naming(engine: &str, secret: &str) -> DatabaseModel {
        model(
            &json!({"type": engine, "userSecretsName": secret}),
            &Value::Null,
        )
    }

    fn importing(secret: &str) -> DatabaseModel {
        let source = json!({"dataImport": {"dataImporterName": "dump", "source": {
            "path": "d", "s3": {"bucket": "b", "region": "r",
                "endpointURL": "https://s3.example.com", "credentialsSecretName": secret}}}});
        model(&json!({}), &source)
    }

    fn live() -> Value {
        json!({"metadata": {"name": "orders", "namespace": "prod", "uid": "u",
                "resourceVersion": "7", "generation": 1},
            "status": {"status": "ready", "observedGeneration": 1},
            "spec": {"engine": {"type": "pxc", "replicas": 3, "storage": {"size": "25Gi"},
                "userSecretsName": "mine"}}})
    }

    /// A Secret with a key that somebody has written.
    fn secret(key: &str, owners: Value) -> Value {
        json!({"metadata": {"namespace": "prod", "uid": "s", "ownerReferences": owners,
            "managedFields": [{"manager": "any", "operation": "Update",
                "fieldsV1": {"f:data": {format!("f:{key}"): {}}}}]}})
    }

    /// What is said, and of which attribute, if it is refused.
    fn refused<L: Lifecycle>(world: World, mut lifecycle: L) -> Option<(String, String)> {
        let mut world = world;
        match world.next(&mut lifecycle) {
            Action::Refuse { message, attribute } => Some((
                message.render(Dialect::Terraform),
                attribute.unwrap().to_string(),
            )),
            _ => None,
        }
    }

    #[test]
    fn a_new_database_may_not_name_a_secret_of_another_use_for_its_users() {
        for (engine, key, is_refused) in [
            ("pxc", "AWS_ACCESS_KEY_ID", true),
            ("pxc", "MONGODB_USER_ADMIN_USER", true),
            ("pxc", "root", false),
            ("psmdb", "apiKey", true),
            ("psmdb", "MONGODB_USER_ADMIN_USER", false),
            ("postgresql", "ca.key", true),
            ("postgresql", "password", false),
        ] {
            let held = secret(key, json!([]));
            let world = World::default().with(ObjectKind::Secret, "theirs", held);
            let found = refused(world, CreateDatabase::of(&naming(engine, "theirs")));
            assert_eq!(found.is_some(), is_refused, "{engine} {key}: {found:?}");
            if let Some((said, attribute)) = found {
                assert_eq!(attribute, "engine.userSecretsName");
                assert!(said.contains("the Secret prod/theirs has none"), "{said}");
                assert!(said.contains("in engine.user_secrets_name"), "{said}");
            }
        }
        let none = refused(World::default(), CreateDatabase::of(&naming("pxc", "none")));
        assert_eq!(none, None);
    }

    #[test]
    fn a_database_may_not_change_to_such_a_secret_and_keeps_the_one_that_it_has() {
        let world = |name: &str| {
            World::default()
                .with(ObjectKind::Database, "orders", live())
                .with(ObjectKind::Secret, name, secret("apiKey", json!([])))
        };
        let (prior, planned) = (naming("pxc", "mine"), naming("pxc", "theirs"));
        let change = |planned| ChangeDatabase::of(&prior, planned, planned, MANAGER);
        let keep = |planned| KeepDatabase::of(planned, None, MANAGER);
        let (_, attribute) = refused(world("theirs"), change(&planned)).unwrap();
        assert_eq!(attribute, "engine.userSecretsName");
        let (_, attribute) = refused(world("theirs"), keep(&planned)).unwrap();
        assert_eq!(attribute, "engine.userSecretsName");
        assert_eq!(refused(world("mine"), change(&prior)), None);
        assert_eq!(refused(world("mine"), keep(&prior)), None);
    }

    #[test]
    fn a_new_database_may_not_import_with_a_secret_of_another_use() {
        let owner = |kind: &str, name: &str| {
            json!([{"apiVersion": "v1", "kind": kind, "name": name, "uid": "o",
                "controller": true}])
        };
        let key = "AWS_ACCESS_KEY_ID";
        for (held, why) in [
            (secret(key, json!([])), None),
            (
                secret(key, owner("DataImportJob", "data-import-orders")),
                None,
            ),
            (
                secret(key, owner("DataImportJob", "data-import-other")),
                Some("belongs to DataImportJob data-import-other"),
            ),
            (
                secret(key, owner("BackupStorage", "s3")),
                Some("belongs to BackupStorage s3"),
            ),
            (secret("root", json!([])), Some("has none of the keys")),
        ] {
            let world = World::default().with(ObjectKind::Secret, "keys", held);
            let found = refused(world, CreateDatabase::of(&importing("keys")));
            assert_eq!(found.is_some(), why.is_some(), "{found:?}");
            if let (Some((said, attribute)), Some(why)) = (found, why) {
                assert!(said.contains(why), "{said}");
                assert!(attribute.ends_with("credentialsSecretName"), "{attribute}");
            }
        }
    }
}
