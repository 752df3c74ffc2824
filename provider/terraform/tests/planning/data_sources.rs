//! Data sources of existing objects.

use serde_json::{Value as Json, json};
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::schema::Object;
use tfplugin::value::{Value, json as stored};
use tfplugin::{Provider as _, Registry};
use tonic::Request;

use crate::{Host, decoded, encoded, errors, kinds};

impl Host {
    fn data_source(&self, type_name: &str) -> Object {
        let mut registry = Registry::default();
        self.everest.register(&mut registry);
        let sources = registry.data_source_schemas().unwrap().into_iter();
        let found = sources.into_iter().find(|each| each.type_name == type_name);
        found.unwrap().schema.root
    }

    /// The result of a data source, and its errors.
    pub async fn look_up(&self, type_name: &str, config: &Json) -> (Value, Vec<String>) {
        let (object, response) = self.answer(type_name, config).await;
        (
            decoded(response.state, &object),
            errors(&response.diagnostics),
        )
    }

    /// The errors of a data source with their details.
    pub async fn refusals(&self, type_name: &str, config: &Json) -> Vec<String> {
        refusals(&self.answer(type_name, config).await.1.diagnostics)
    }

    async fn answer(
        &self,
        type_name: &str,
        config: &Json,
    ) -> (Object, wire::read_data_source::Response) {
        let object = self.data_source(type_name);
        let config = stored::from_json(config, &object.value_type()).unwrap();
        let request = wire::read_data_source::Request {
            type_name: type_name.to_owned(),
            config: Some(encoded(&config, &object)),
            ..Default::default()
        };
        let response = self.server.read_data_source(Request::new(request));
        let response = response.await.unwrap().into_inner();
        (object, response)
    }
}

/// Errors with their details.
pub fn refusals(diagnostics: &[wire::Diagnostic]) -> Vec<String> {
    let told = diagnostics.iter();
    told.map(|told| format!("{}: {}", told.summary, told.detail))
        .collect()
}

/// What a value has at a path, as text.
fn at(value: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(value, |value, name| match value {
        Value::List(all) => all.get(name.parse::<usize>().unwrap()),
        _ => value.get(name),
    });
    match found {
        Some(Value::String(text)) => text.clone(),
        Some(Value::List(all)) => all.len().to_string(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn each_kind_is_found_alone_and_among_its_own() {
    let server = kinds::cluster();
    let host = Host::reaching(move || server.client()).await;
    for kind in kinds::all(&host) {
        let (one, errors) = host.look_up(kind.type_name, &kind.place()).await;
        assert_eq!(errors, [""; 0], "{}", kind.type_name);
        let plural = kind.plural();
        let (many, errors) = host.look_up(&plural, &json!({})).await;
        assert_eq!(errors, [""; 0], "{plural}");
        let member = plural.strip_prefix("everest_").unwrap();
        assert_eq!(at(&many, member), "1", "{plural}");
        for (name, value) in kind.config.as_object().unwrap() {
            if let Some(text) = value.as_str() {
                assert_eq!(at(&one, name), text, "{} {name}", kind.type_name);
                assert_eq!(
                    at(&many, &format!("{member}.0.{name}")),
                    text,
                    "{plural} {name}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_does_not_exist_is_an_error() {
    let server = kinds::cluster();
    let host = Host::reaching(move || server.client()).await;
    let place = json!({"namespace": "shop", "name": "carts"});
    let (_, errors) = host.look_up("everest_database", &place).await;
    assert_eq!(
        errors,
        ["Cannot read everest_database shop/carts: it does not exist"]
    );
}

#[tokio::test]
async fn a_filter_leaves_out_other_databases_and_other_labels() {
    let server = kinds::cluster();
    let labelled = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "carts", "namespace": "shop", "labels": {"team": "a"}},
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}});
    server.put(labelled);
    let host = Host::reaching(move || server.client()).await;
    let labels = json!({"labels": {"team": "a"}});
    let (found, _) = host.look_up("everest_databases", &labels).await;
    assert_eq!(at(&found, "databases"), "1");
    assert_eq!(at(&found, "databases.0.name"), "carts");
    assert_eq!(at(&found, "databases.0.labels.team"), "a", "set by others");
    for (database, count) in [("orders", "1"), ("carts", "0")] {
        let of = json!({"namespace": "shop", "database_name": database});
        let (found, _) = host.look_up("everest_backups", &of).await;
        assert_eq!(at(&found, "backups"), count, "{database}");
    }
}

#[tokio::test]
async fn with_settings_that_are_not_known_yet_nothing_is_found() {
    let host = Host::new().await;
    let (_, errors) = host.look_up("everest_databases", &json!({})).await;
    assert_eq!(
        errors,
        ["Cannot list everest_databases: the provider's settings are not known yet"]
    );
}

#[tokio::test]
async fn engines_tell_their_versions() {
    let server = kinds::cluster();
    let host = Host::reaching(move || server.client()).await;
    let mysql = json!({"namespace": "shop", "type": "pxc"});
    let (found, errors) = host.look_up("everest_database_engines", &mysql).await;
    assert_eq!(errors, [""; 0]);
    assert_eq!(at(&found, "database_engines"), "1");
    let newest = at(&found, "database_engines.0.recommended_version");
    assert_eq!(newest, "8.0.42-33.1");
    let other = json!({"type": "psmdb"});
    let (found, _) = host.look_up("everest_database_engines", &other).await;
    assert_eq!(at(&found, "database_engines"), "0");
}

#[tokio::test]
async fn the_span_of_a_recovery_begins_with_a_backup() {
    let server = kinds::cluster();
    let mut database = server
        .get("/apis/everest.percona.com/v1alpha1/namespaces/shop/databaseclusters/orders")
        .unwrap();
    database["spec"]["backup"] = json!({"pitr": {"enabled": true}});
    server.put(database);
    let host = Host::reaching(move || server.client()).await;
    let orders = json!({"namespace": "shop", "database_name": "orders"});
    let (found, errors) = host.look_up("everest_pitr_window", &orders).await;
    assert_eq!(errors, [""; 0]);
    assert_eq!(at(&found, "backup_name"), "before-migration");
    assert_eq!(at(&found, "earliest"), "2026-01-01T02:03:04Z");
    let absent = json!({"namespace": "shop", "database_name": "carts"});
    let (_, errors) = host.look_up("everest_pitr_window", &absent).await;
    assert!(errors[0].contains("no such database"), "{errors:?}");
}

#[tokio::test]
async fn pods_are_told_of_the_database_that_is_asked_for() {
    let server = kinds::cluster();
    for (pod, database) in [("orders-pxc-0", "orders"), ("carts-pxc-0", "carts")] {
        server.put(json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": pod, "namespace": "shop",
                "labels": {"app.kubernetes.io/instance": database}},
            "spec": {"containers": [{"name": "pxc"}]}, "status": {"phase": "Pending"}}));
    }
    let host = Host::reaching(move || server.client()).await;
    let orders = json!({"namespace": "shop", "database_name": "orders"});
    let (found, errors) = host.look_up("everest_components", &orders).await;
    assert_eq!(errors, [""; 0]);
    assert_eq!(at(&found, "components"), "1");
    assert_eq!(at(&found, "components.0.name"), "orders-pxc-0");
}

#[tokio::test]
async fn a_cluster_tells_its_everest_and_its_storage_classes() {
    let server = kinds::cluster();
    server.put(
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": "fast"}, "provisioner": "disks", "allowVolumeExpansion": true}),
    );
    let host = Host::reaching(move || server.client()).await;
    let (found, errors) = host.look_up("everest_cluster", &json!({})).await;
    assert_eq!(errors, [""; 0]);
    assert_eq!(at(&found, "everest_lines.0"), "v1");
    assert_eq!(at(&found, "storage_classes.0.name"), "fast");
    assert_eq!(at(&found, "storage_classes.0.provisioner"), "disks");
}
