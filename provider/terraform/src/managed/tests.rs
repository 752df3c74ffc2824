//! Resources against an API server in the process.

use std::collections::BTreeMap;
use std::sync::Mutex;

use everest_cluster::{Catalog, Cluster};
use everest_schemas::Field;
use everest_schemas::models::{BackupModel, BackupStorageModel, DatabaseModel, RestoreModel};
use kube::client::Body;
use serde_json::{Value as Json, json};
use tfplugin::model;
use tfplugin::schema::Object;
use tfplugin::testing::{AnyResource, PlanRequest, PlanResult, Typed};
use tfplugin::value::Value;

use super::*;
use crate::backup::Backup;
use crate::backup_storage::BackupStorage;
use crate::data_import_job::DataImportJob;
use crate::database::Database;
use crate::namespace::Namespace;
use crate::restore::Restore;

const EVEREST: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod";
/// The kinds that may be listed; nothing is said of what cannot be read.
const LISTED: [&str; 4] = [
    "databaseclusters",
    "databaseclusterbackups",
    "databaseclusterrestores",
    "backupstorages",
];

type Objects = Arc<Mutex<BTreeMap<String, Json>>>;

fn object(kind: &str, plural: &str, name: &str, spec: Json, status: Json) -> (String, Json) {
    (
        format!("{EVEREST}/{plural}/{name}"),
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": kind, "spec": spec,
            "metadata": {"name": name, "namespace": "prod", "uid": name, "generation": 1},
            "status": status}),
    )
}

fn database(name: &str) -> (String, Json) {
    let spec = json!({"engine": {"type": "pxc", "replicas": 3, "storage": {"size": "25Gi"}}});
    let status = json!({"status": "ready", "observedGeneration": 1});
    object("DatabaseCluster", "databaseclusters", name, spec, status)
}

fn backup() -> (String, Json) {
    let spec = json!({"dbClusterName": "orders", "backupStorageName": "s3"});
    let status = json!({"state": "Succeeded", "gaps": false, "completed": "2026-11-01T02:03:04Z"});
    object(
        "DatabaseClusterBackup",
        "databaseclusterbackups",
        "b",
        spec,
        status,
    )
}

fn failure(code: u16, reason: &str, name: &str) -> (u16, Json) {
    (
        code,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
            "reason": reason, "message": format!("{name:?}: {reason}"),
            "details": {"name": name, "kind": "x"}}),
    )
}

/// Reads, and writes that create.
fn answer(objects: &Objects, method: &str, path: &str, query: &str, body: &Json) -> (u16, Json) {
    let mut objects = objects.lock().unwrap();
    let last = path.rsplit('/').next().unwrap_or_default();
    if LISTED.contains(&last) {
        if query.contains("watch=true") {
            return failure(403, "Forbidden", last);
        }
        let of = format!("/{last}/");
        let items: Vec<_> = objects
            .iter()
            .filter(|(path, _)| path.contains(&of))
            .map(|(_, object)| object.clone())
            .collect();
        return (
            200,
            json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"},
                "items": items}),
        );
    }
    match (method, objects.get(path)) {
        ("GET", Some(object)) => (200, object.clone()),
        ("PATCH", None) if query.contains("dryRun") => (200, body.clone()),
        ("PATCH", None) => {
            objects.insert(path.to_owned(), body.clone());
            (200, body.clone())
        }
        ("GET", None) if path.starts_with(EVEREST) && LISTED.iter().any(|l| path.contains(l)) => {
            failure(404, "NotFound", last)
        }
        _ => failure(403, "Forbidden", last),
    }
}

fn world(objects: impl IntoIterator<Item = (String, Json)>) -> (Arc<Session>, Objects) {
    let objects: Objects = Arc::new(Mutex::new(objects.into_iter().collect()));
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod",
        "labels": {"app.kubernetes.io/managed-by": "everest"}}});
    let path = "/api/v1/namespaces/prod".to_owned();
    objects.lock().unwrap().insert(path, namespace);
    let served = objects.clone();
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let objects = served.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect_bytes().await?;
            let body = serde_json::from_slice(&body).unwrap_or_default();
            let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
            let (code, answer) = answer(&objects, parts.method.as_str(), path, query, &body);
            let answer = Body::from(answer.to_string().into_bytes());
            let response = http::Response::builder().status(code).body(answer);
            response.map_err(kube::Error::HttpError)
        }
    });
    let cluster = Cluster::new(kube::Client::new(service, "default"), Catalog::default());
    (Arc::new(Session::on(cluster)), objects)
}

/// A resource as the protocol layer calls it.
struct Stage<K: Guarded> {
    resource: Typed<Managed<K>>,
    object: Object,
}

impl<K: Guarded> Stage<K> {
    fn on(session: &Arc<Session>) -> Self {
        let resource = Typed(Managed::<K>::new(Arc::clone(session)));
        let object = resource.schema().unwrap().root;
        Self { resource, object }
    }

    fn value(&self, model: &K::Model) -> Value {
        model::encode(model, &self.object).unwrap()
    }

    async fn read(&self, prior: &K::Model, private: &mut Private) -> (ReadResult<Value>, Said) {
        self.read_until(&Context::default(), prior, private).await
    }

    async fn read_until(
        &self,
        cx: &Context,
        prior: &K::Model,
        private: &mut Private,
    ) -> (ReadResult<Value>, Said) {
        let mut diags = Diagnostics::new();
        let prior = self.value(prior);
        let read = self
            .resource
            .read(&self.object, &prior, private, cx, &mut diags)
            .await
            .unwrap_or_else(|error| {
                diags.push(error);
                ReadResult::Keep
            });
        (read, Said(diags))
    }

    async fn plan(
        &self,
        prior: Option<&K::Model>,
        config: &K::Model,
        private: Private,
    ) -> (PlanResult, Said) {
        let mut diags = Diagnostics::new();
        let config = self.value(config);
        let prior = prior.map(|prior| self.value(prior));
        let request = PlanRequest {
            changed: prior.as_ref() != Some(&config),
            planned: config.clone(),
            config: &config,
            prior: prior.as_ref(),
            private,
            resumes: false,
        };
        let cx = Context::default();
        let plan = self
            .resource
            .plan(&self.object, request, &cx, &mut diags)
            .await;
        (plan.unwrap(), Said(diags))
    }

    async fn plan_destroy(&self, prior: &K::Model) -> Said {
        let mut diags = Diagnostics::new();
        let (prior, private) = (self.value(prior), Private::default());
        let cx = Context::default();
        let planned = self
            .resource
            .plan_destroy(&self.object, &prior, &private, &cx, &mut diags)
            .await;
        diags.extend(planned.err());
        Said(diags)
    }

    async fn create(&self, config: &K::Model, private: &mut Private) -> String {
        let mut diags = Diagnostics::new();
        let config = self.value(config);
        let cx = Context::default();
        let created = self
            .resource
            .create(&self.object, (&config, &config), private, &cx, &mut diags)
            .await;
        format!("{created:?}")
    }

    async fn update(&self, prior: &K::Model, planned: &K::Model, private: &mut Private) -> Said {
        let mut diags = Diagnostics::new();
        let (prior, planned) = (self.value(prior), self.value(planned));
        let cx = Context::default();
        let updated = self
            .resource
            .update(
                &self.object,
                (&prior, &planned, &planned),
                private,
                &cx,
                &mut diags,
            )
            .await;
        diags.extend(updated.err());
        Said(diags)
    }

    async fn delete(&self, prior: &K::Model, private: &Private) -> Said {
        let mut diags = Diagnostics::new();
        let prior = self.value(prior);
        let cx = Context::default();
        let deleted = self
            .resource
            .delete(&self.object, &prior, private, &cx, &mut diags)
            .await;
        diags.extend(deleted.err());
        Said(diags)
    }
}

/// The reported diagnostics.
#[derive(Debug)]
struct Said(Diagnostics);

impl Said {
    fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }

    fn is_refusal(&self) -> bool {
        self.0.has_errors()
    }

    fn says(&self, words: &str) -> bool {
        format!("{:?}", self.0).contains(words)
    }
}

fn restore() -> RestoreModel {
    RestoreModel {
        namespace: "prod".into(),
        name: "drill".into(),
        database_name: "orders".into(),
        backup_name: "b".into(),
        ..RestoreModel::default()
    }
}

fn orders() -> DatabaseModel {
    serde_json::from_value(json!({"namespace": "prod", "name": "orders",
        "spec": {"engine": {"type": "pxc", "replicas": 3, "storage": {"size": "25Gi"},
            "resources": {"cpu": "1", "memory": "2G"}}},
        "deletionProtection": true}))
    .unwrap()
}

#[tokio::test]
async fn a_restore_that_was_begun_is_kept_when_its_object_is_gone_and_that_is_said_once() {
    let (session, _) = world([database("orders")]);
    let stage = Stage::<Restore>::on(&session);
    for state in [
        Field::Known("Succeeded".to_owned()),
        Field::Known("Failed".to_owned()),
        Field::Known("Restoring".to_owned()),
        Field::Null,
    ] {
        let prior = RestoreModel { state, ..restore() };
        let mut private = Private::default();
        private.set_pending("not ready");
        let (read, said) = stage.read(&prior, &mut private).await;
        assert!(matches!(read, ReadResult::Keep), "{prior:?}");
        assert!(!said.is_refusal() && said.says("is gone"), "{said:?}");
        assert_eq!(private.pending(), None, "nothing is left to wait for");
        let (read, said) = stage.read(&prior, &mut private).await;
        assert!(matches!(read, ReadResult::Keep));
        assert!(said.is_nothing(), "{said:?}");
    }
}

#[tokio::test]
async fn a_backup_that_is_gone_is_taken_again_with_a_warning_that_it_holds_something_else() {
    let (session, _) = world([database("orders")]);
    let stage = Stage::<Backup>::on(&session);
    let of_postgresql = "s3://bucket/orders/1/backup/db/20260101-020000F";
    for (state, destination, warns) in [
        ("Succeeded", "s3://bucket/orders/1", true),
        ("Failed", "s3://bucket/orders/1", false),
        ("Succeeded", of_postgresql, true),
    ] {
        let prior = BackupModel {
            namespace: "prod".into(),
            name: "b".into(),
            database_name: "orders".into(),
            destination: destination.into(),
            state: state.into(),
            ..BackupModel::default()
        };
        let (read, said) = stage.read(&prior, &mut Private::default()).await;
        assert!(matches!(read, ReadResult::Gone), "{prior:?}");
        assert!(!said.is_refusal());
        assert_eq!(
            said.says("the next apply takes another backup"),
            warns,
            "{said:?}"
        );
        assert_eq!(said.says(destination), warns, "{said:?}");
        let is_expired = destination == of_postgresql;
        assert_eq!(said.says("its data is gone too"), is_expired, "{said:?}");
    }
}

#[tokio::test]
async fn a_restore_that_is_taken_over_and_does_not_exist_is_an_error_not_a_new_restore() {
    let (session, _) = world([database("orders")]);
    let stub = RestoreModel {
        namespace: "prod".into(),
        name: "drill".into(),
        ..RestoreModel::default()
    };
    let stage = Stage::<Restore>::on(&session);
    let (_, said) = stage.read(&stub, &mut Private::default()).await;
    assert!(said.is_refusal() && said.says("does not exist"), "{said:?}");
}

#[tokio::test]
async fn a_plan_that_restores_warns_of_the_data_that_it_overwrites() {
    let (session, _) = world([database("orders"), backup()]);
    let stage = Stage::<Restore>::on(&session);
    let (_, said) = stage.plan(None, &restore(), Private::default()).await;
    assert!(!said.is_refusal(), "{said:?}");
    assert!(
        said.says("Data loss") && said.says("prod/orders since 2026-11-01T02:03:04Z"),
        "{said:?}"
    );
    let elsewhere = RestoreModel {
        database_name: Field::Unknown,
        ..restore()
    };
    let (_, said) = stage.plan(None, &elsewhere, Private::default()).await;
    assert!(said.says("Data loss"), "{said:?}");
    // A plan without a cluster warns as well, in general words.
    let alone = Stage::<Restore>::on(&Arc::default());
    let (_, said) = alone.plan(None, &restore(), Private::default()).await;
    assert!(said.says("Data loss"), "{said:?}");

    session.warn_of_impact(false);
    let (_, said) = stage.plan(None, &restore(), Private::default()).await;
    assert!(said.is_nothing(), "{said:?}");
}

#[tokio::test]
async fn a_tainted_database_is_refused_at_plan_by_a_way_that_works() {
    let (session, objects) = world([database("orders")]);
    let stage = Stage::<Database>::on(&session);
    stage.read(&orders(), &mut Private::default()).await;
    // Terraform plans what is tainted as a creation.
    let (plan, said) = stage.plan(None, &orders(), Private::default()).await;
    assert!(
        said.is_refusal() && said.says("terraform untaint"),
        "{said:?}"
    );
    // Nor does an apply of a plan that did not read it destroy it.
    let said = stage.delete(&orders(), &plan.private).await;
    assert!(
        said.is_refusal() && said.says("terraform untaint"),
        "{said:?}"
    );
    assert!(objects.lock().unwrap().contains_key(&database("orders").0));
}

#[tokio::test]
async fn a_tainted_database_that_nothing_protects_is_replaced_with_a_warning() {
    let (session, _) = world([database("orders")]);
    let stage = Stage::<Database>::on(&session);
    let open = DatabaseModel {
        deletion_protection: false.into(),
        ..orders()
    };
    stage.read(&open, &mut Private::default()).await;
    let (_, said) = stage.plan(None, &open, Private::default()).await;
    assert!(!said.is_refusal(), "{said:?}");
    assert!(said.says("deletes its volumes"), "{said:?}");
}

#[tokio::test]
async fn a_database_that_never_was_ready_is_replaced_whatever_protects_it() {
    let (path, mut unready) = database("orders");
    unready["status"] = json!({"status": "error", "observedGeneration": 1});
    let (session, _) = world([(path, unready)]);
    let stage = Stage::<Database>::on(&session);
    let mut private = Private::default();
    replaced::note_failure(&mut private);
    stage.read(&orders(), &mut private).await;
    let (plan, said) = stage.plan(None, &orders(), Private::default()).await;
    assert!(!said.is_refusal(), "{said:?}");
    assert!(said.says("was never ready"), "{said:?}");
    assert!(replaced::never_was_ready(&plan.private));
}

/// The private state of an object that a replacement failed to destroy, as earlier versions left it:
/// that of the planned creation.
fn as_it_was_left(planned: &Private) -> Private {
    let mut keys: Json = serde_json::from_slice(&planned.to_bytes()).unwrap();
    keys.as_object_mut().unwrap().remove(".replaced");
    Private::from_bytes(keys.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn a_database_that_a_replacement_did_not_destroy_is_protected_once_it_was_ready() {
    let (path, ready) = database("orders");
    let mut unready = ready.clone();
    unready["status"] = json!({"status": "error", "observedGeneration": 1});
    let (session, _) = world([(path.clone(), unready)]);
    let stage = Stage::<Database>::on(&session);
    let mut private = Private::default();
    replaced::note_failure(&mut private);
    stage.read(&orders(), &mut private).await;
    let (plan, _) = stage.plan(None, &orders(), Private::default()).await;
    let mut left = as_it_was_left(&plan.private);
    stage.read(&orders(), &mut left).await;
    assert_eq!(replaced::replaced_uid(&left), None);
    assert_eq!(replaced::uid(&left).as_deref(), Some("orders"));
    assert!(replaced::never_was_ready(&left));

    // A later run.
    let (session, _) = world([(path, ready)]);
    let stage = Stage::<Database>::on(&session);
    stage.read(&orders(), &mut left).await;
    assert!(!replaced::never_was_ready(&left));
    let said = stage.delete(&orders(), &left).await;
    assert!(
        said.is_refusal() && said.says("protected from deletion"),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_plan_without_a_read_takes_the_marks_of_a_replacement_off_too() {
    let (session, _) = world([database("orders")]);
    let stage = Stage::<Database>::on(&session);
    let open = DatabaseModel {
        deletion_protection: false.into(),
        ..orders()
    };
    stage.read(&open, &mut Private::default()).await;
    let (plan, _) = stage.plan(None, &open, Private::default()).await;
    assert!(replaced::replaced_uid(&plan.private).is_some());
    let left = as_it_was_left(&plan.private);
    let (plan, _) = stage.plan(Some(&open), &open, left).await;
    assert_eq!(replaced::replaced_uid(&plan.private), None);
    assert_eq!(replaced::uid(&plan.private).as_deref(), Some("orders"));
}

/// What the first plan of a run that another value of `triggers` begins says: the one with both the
/// old and the new object, which Terraform shows.
async fn says_at_first<K: Guarded>(session: &Arc<Session>, model: &Json) -> Said {
    let with = |run: &str| -> K::Model {
        let mut model = model.clone();
        model["triggers"] = json!({"run": run});
        serde_json::from_value(model).unwrap()
    };
    let stage = Stage::<K>::on(session);
    let (prior, config) = (with("1"), with("2"));
    let (plan, said) = stage.plan(Some(&prior), &config, Private::default()).await;
    assert!(!plan.replace.is_empty());
    said
}

#[tokio::test]
async fn what_runs_again_warns_of_the_data_in_the_plan_that_is_shown() {
    let restore = json!({"namespace": "prod", "name": "drill", "databaseName": "orders",
        "backupName": "b", "state": "Succeeded"});
    let (session, _) = world([database("orders"), backup()]);
    let said = says_at_first::<Restore>(&session, &restore).await;
    assert!(
        said.says("Data loss") && said.says("prod/orders since 2026-11-01T02:03:04Z"),
        "{said:?}"
    );
    let import = json!({"namespace": "prod", "name": "load", "databaseName": "orders",
        "dataImporterName": "dump", "state": "Succeeded", "source": {"path": "d",
            "s3": {"bucket": "b", "region": "r", "endpointURL": "https://s3.test"}}});
    // Without a cluster in general words.
    let alone = Arc::default();
    let said = says_at_first::<Restore>(&alone, &restore).await;
    assert!(said.says("Data loss"), "{said:?}");
    let said = says_at_first::<DataImportJob>(&alone, &import).await;
    assert!(said.says("Data loss"), "{said:?}");
}

#[tokio::test]
async fn an_object_that_gets_another_name_is_not_in_its_own_way() {
    let spec = json!({"type": "s3", "bucket": "backups", "region": "r",
        "endpointURL": "https://s3.test", "credentialsSecretName": "s3"});
    let (session, _) = world([object(
        "BackupStorage",
        "backupstorages",
        "old",
        spec.clone(),
        json!({}),
    )]);
    let named = |name: &str| -> BackupStorageModel {
        serde_json::from_value(json!({"namespace": "prod", "name": name, "spec": spec})).unwrap()
    };
    let stage = Stage::<BackupStorage>::on(&session);
    let (old, new) = (named("old"), named("new"));
    let (_, said) = stage.plan(None, &new, Private::default()).await;
    assert!(said.says("the same bucket"), "{said:?}");
    let (_, said) = stage.plan(Some(&old), &new, Private::default()).await;
    assert!(!said.says("the same bucket"), "{said:?}");
}

#[tokio::test]
async fn a_plan_that_is_not_shown_leaves_what_is_said_once_to_the_next() {
    let (session, _) = world([database("orders")]);
    let stage = Stage::<Database>::on(&session);
    let open = DatabaseModel {
        deletion_protection: false.into(),
        ..orders()
    };
    // With -replace the object is planned as it is first, and then as a creation.
    stage.plan(Some(&open), &open, Private::default()).await;
    let (_, said) = stage.plan(None, &open, Private::default()).await;
    assert!(!said.says("Missing permission: "), "{said:?}");
    let other = DatabaseModel {
        name: "new".into(),
        ..open
    };
    let (_, said) = stage.plan(None, &other, Private::default()).await;
    assert!(said.says("Missing permission: "), "{said:?}");
}

#[tokio::test]
async fn what_is_to_be_destroyed_is_not_offered_for_import() {
    let (session, _) = world([database("orders")]);
    let config = DatabaseModel {
        deletion_protection: false.into(),
        ..orders()
    };
    // With create_before_destroy the object that goes still has the name.
    let stage = Stage::<Database>::on(&session);
    stage.read(&config, &mut Private::default()).await;
    let (mut plan, _) = stage.plan(None, &config, Private::default()).await;
    let said = stage.create(&config, &mut plan.private).await;
    assert!(said.contains("create_before_destroy"), "{said}");
    assert!(!said.contains("mport it"), "{said}");
    // An object that the state does not hold is another matter.
    let stage = Stage::<Database>::on(&session);
    let (mut plan, _) = stage.plan(None, &config, Private::default()).await;
    let said = stage.create(&config, &mut plan.private).await;
    assert!(said.contains("Otherwise: Import it with the id"), "{said}");
    // A client that does not hand over what was planned is told both.
    assert!(
        said.contains("If this plan replaces it: names are fixed, so remove create_before_destroy"),
        "{said}"
    );
}

#[tokio::test]
async fn what_the_same_run_plans_is_not_missed_and_anything_else_is() {
    let (session, _) = world([database("orders")]);
    let storage: BackupStorageModel = serde_json::from_value(json!({"namespace": "prod",
        "name": "s3", "spec": {"type": "s3", "bucket": "b", "region": "r"}}))
    .unwrap();
    Stage::<BackupStorage>::on(&session)
        .plan(None, &storage, Private::default())
        .await;
    let mut config = orders();
    config.name = "new".into();
    let write_to = |storage: &str| -> DatabaseModel {
        let mut config = config.clone();
        config.spec.known_mut().unwrap().backup = serde_json::from_value(json!({"schedules": [
            {"name": "n", "schedule": "0 2 * * *", "backupStorageName": storage, "enabled": true}]}))
        .unwrap();
        config
    };
    let stage = Stage::<Database>::on(&session);
    let (_, said) = stage.plan(None, &write_to("s3"), Private::default()).await;
    // The double refuses what it does not list.
    let mut others = said.0.iter();
    assert!(
        others.all(|other| other.detail.starts_with("Missing permission: ")),
        "{said:?}"
    );
    let (_, said) = stage.plan(None, &write_to("s4"), Private::default()).await;
    assert!(said.says("s4"), "{said:?}");
}

#[tokio::test]
async fn a_namespace_that_is_destroyed_with_its_databases_names_none_of_them() {
    let (session, _) = world([database("orders"), database("sales")]);
    let namespace = serde_json::from_value(json!({"name": "prod", "engines": {}})).unwrap();
    let namespaces = Stage::<Namespace>::on(&session);
    let said = namespaces.plan_destroy(&namespace).await;
    assert!(said.says("orders, sales"), "{said:?}");
    let databases = Stage::<Database>::on(&session);
    for (name, left) in [("orders", Some(": sales")), ("sales", None)] {
        let database = DatabaseModel {
            name: name.into(),
            deletion_protection: false.into(),
            ..orders()
        };
        databases.plan_destroy(&database).await;
        let said = namespaces.plan_destroy(&namespace).await;
        assert_eq!(!said.is_nothing(), left.is_some(), "{said:?}");
        assert!(left.is_none_or(|left| said.says(left)), "{said:?}");
    }
}

#[tokio::test]
async fn a_restore_says_that_it_does_not_run_for_the_database_that_replaces_its_own() {
    let (session, _) = world([database("orders"), backup()]);
    let restores = Stage::<Restore>::on(&session);
    let prior = restore();
    let (_, said) = restores
        .plan(Some(&prior), &prior, Private::default())
        .await;
    assert!(said.is_nothing(), "{said:?}");
    let databases = Stage::<Database>::on(&session);
    let open = DatabaseModel {
        deletion_protection: false.into(),
        ..orders()
    };
    databases.read(&open, &mut Private::default()).await;
    databases.plan(None, &open, Private::default()).await;
    let (_, said) = restores
        .plan(Some(&prior), &prior, Private::default())
        .await;
    assert!(said.says("replace_triggered_by"), "{said:?}");
}

mod own_attributes;
mod released;
mod superseded;
mod two_addresses;
mod unacknowledged;
mod unanswered;
