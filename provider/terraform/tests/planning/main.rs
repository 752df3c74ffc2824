//! Plans of the real models, as a host asks for them. While the provider's settings are unknown, no
//! cluster has a say; the others have one in the process.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod balancers;
mod classes;
mod credentials;
mod data_sources;
mod generations;
mod impact;
mod kinds;
mod policies;
mod replaced;
mod settings;
mod shapes;
mod states;
mod stopped;
mod unknown;
mod unread;
mod users;

use std::sync::Arc;

use everest_cluster::{Catalog, Cluster};
use serde_json::{Value as Json, json};
use terraform_provider_everest::EverestProvider;
use tfplugin::planning;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::schema::{Object, Schema};
use tfplugin::server::Server;
use tfplugin::value::{Value, json as stored, msgpack};
use tfplugin::{Provider as _, Registry};
use tonic::Request;
use wire::attribute_path::step::Selector;
use wire::diagnostic::Severity;

struct Host {
    server: Server<EverestProvider>,
    everest: Arc<EverestProvider>,
}

struct Planned {
    state: Value,
    private: Vec<u8>,
    replaces: Vec<String>,
    /// The summaries of the errors, and the attributes at which they are.
    errors: Vec<String>,
    blamed: Vec<String>,
    warnings: Vec<String>,
}

/// An object in a state.
struct Made {
    value: Value,
    private: Vec<u8>,
}

impl Host {
    /// A host whose provider block has a host that comes from another resource.
    async fn new() -> Self {
        Self::configured(EverestProvider::new(), &[("host", Value::UNKNOWN)]).await
    }

    /// A host whose provider reaches its cluster by `client`.
    async fn reaching(client: impl Fn() -> kube::Client + Send + Sync + 'static) -> Self {
        let reach = move |_: &_, catalog: Catalog| Ok(Cluster::new(client(), catalog));
        Self::configured(EverestProvider::reaching(reach), &[]).await
    }

    async fn configured(everest: EverestProvider, settings: &[(&str, Value)]) -> Self {
        let everest = Arc::new(everest);
        let server = Server::new(
            {
                let everest = Arc::clone(&everest);
                move || Arc::clone(&everest)
            },
            "https://example.com",
        );
        let schema = Schema::derive::<everest_schemas::models::ProviderModel>(0, "").unwrap();
        let mut config = schema.root.null_members();
        if let Value::Map(members) = &mut config {
            for (name, value) in settings {
                members.insert((*name).to_owned(), value.clone());
            }
        }
        let request = wire::configure_provider::Request {
            terraform_version: "1.11.4".to_owned(),
            config: Some(encoded(&config, &schema.root)),
            ..Default::default()
        };
        let response = server.configure_provider(Request::new(request)).await;
        assert!(response.unwrap().into_inner().diagnostics.is_empty());
        Self { server, everest }
    }

    fn object(&self, type_name: &str) -> Object {
        let mut registry = Registry::default();
        self.everest.register(&mut registry);
        let mut resources = registry.resource_schemas().unwrap().into_iter();
        let resource = resources.find(|resource| resource.type_name == type_name);
        resource.unwrap().schema.root
    }

    async fn plan(&self, type_name: &str, prior: &Value, private: &[u8], config: &Json) -> Planned {
        let object = self.object(type_name);
        let config = stored::from_json(config, &object.value_type()).unwrap();
        self.plan_value(type_name, prior, private, &config).await
    }

    async fn plan_value(
        &self,
        type_name: &str,
        prior: &Value,
        private: &[u8],
        config: &Value,
    ) -> Planned {
        let object = self.object(type_name);
        let request = wire::plan_resource_change::Request {
            type_name: type_name.to_owned(),
            prior_state: Some(encoded(prior, &object)),
            proposed_new_state: Some(encoded(config, &object)),
            config: Some(encoded(config, &object)),
            prior_private: private.to_vec().into(),
            ..Default::default()
        };
        let response = self.server.plan_resource_change(Request::new(request));
        let response = response.await.unwrap().into_inner();
        Planned {
            state: decoded(response.planned_state, &object),
            private: response.planned_private.to_vec(),
            replaces: response.requires_replace.iter().map(place).collect(),
            errors: errors(&response.diagnostics),
            blamed: blamed(&response.diagnostics),
            warnings: warnings(&response.diagnostics),
        }
    }

    /// The plan of `config` for an object that was made of `before`, and is as the plan said; what
    /// was unknown is null, or as in `filled`.
    async fn change(
        &self,
        type_name: &str,
        before: &Json,
        filled: &Json,
        config: &Json,
    ) -> Planned {
        let made = self.made(type_name, before, filled).await;
        self.plan(type_name, &made.value, &made.private, config)
            .await
    }

    /// An object that was made of `config` and is as the plan said; what was unknown is null, or as
    /// in `filled`.
    async fn made(&self, type_name: &str, config: &Json, filled: &Json) -> Made {
        let created = self.plan(type_name, &Value::Null, &[], config).await;
        assert_eq!(created.errors, [""; 0]);
        let object = self.object(type_name);
        let filled = stored::from_json(filled, &object.value_type()).unwrap();
        // An apply counts what was configured, and forgets what was replaced.
        let mut private: Json = serde_json::from_slice(&created.private).unwrap();
        private[".configured"] = private[".planned"].take();
        private[".replaced"].take();
        Made {
            value: planning::fill(&object, &created.state, &filled),
            private: serde_json::to_vec(&private).unwrap(),
        }
    }
}

fn encoded(value: &Value, object: &Object) -> wire::DynamicValue {
    wire::DynamicValue {
        msgpack: msgpack::encode(value, &object.value_type()).unwrap().into(),
        json: Default::default(),
    }
}

fn decoded(value: Option<wire::DynamicValue>, object: &Object) -> Value {
    let bytes = value.unwrap_or_default().msgpack;
    if bytes.is_empty() {
        return Value::Null;
    }
    msgpack::decode(&bytes, &object.value_type()).unwrap()
}

fn place(path: &wire::AttributePath) -> String {
    let names = path.steps.iter().map(|step| match step.selector.as_ref() {
        Some(Selector::AttributeName(name)) => name.as_str(),
        _ => "?",
    });
    names.collect::<Vec<_>>().join(".")
}

fn errors(diagnostics: &[wire::Diagnostic]) -> Vec<String> {
    let errors = diagnostics.iter();
    let errors = errors.filter(|diagnostic| diagnostic.severity == Severity::Error as i32);
    errors.map(|error| error.summary.clone()).collect()
}

fn blamed(diagnostics: &[wire::Diagnostic]) -> Vec<String> {
    let errors = diagnostics.iter();
    let errors = errors.filter(|diagnostic| diagnostic.severity == Severity::Error as i32);
    errors
        .map(|error| error.attribute.as_ref().map_or_else(String::new, place))
        .collect()
}

fn warnings(diagnostics: &[wire::Diagnostic]) -> Vec<String> {
    let warnings = diagnostics.iter();
    let warnings = warnings.filter(|diagnostic| diagnostic.severity == Severity::Warning as i32);
    warnings
        .map(|warning| format!("{}\n{}", warning.summary, warning.detail))
        .collect()
}

fn unknown(object: &Object, value: &Value, path: &str, found: &mut Vec<String>) {
    for attribute in &object.attributes {
        let Some(value) = value.get(&attribute.name) else {
            continue;
        };
        let path = format!("{path}{}", attribute.name);
        match &attribute.kind {
            _ if value.is_unknown() => found.push(path),
            tfplugin::schema::Kind::Nested(tfplugin::schema::Nesting::Single, object) => {
                unknown(object, value, &format!("{path}."), found);
            }
            _ => {}
        }
    }
}

fn database() -> Json {
    json!({
        "namespace": "shop",
        "name": "orders",
        "deletion_protection": false,
        "engine": {
            "type": "pxc", "replicas": 3,
            "storage": {"size": "25Gi"},
            "resources": {"cpu": "1", "memory": "2G"},
        },
    })
}

#[tokio::test]
async fn a_creation_leaves_open_what_everest_fills_in_and_nothing_else() {
    let host = Host::new().await;
    for (engine, config) in [("pxc", true), ("psmdb", false), ("postgresql", false)] {
        let mut database = database();
        database["engine"]["type"] = json!(engine);
        let planned = host
            .plan("everest_database", &Value::Null, &[], &database)
            .await;
        assert_eq!(planned.errors, [""; 0]);
        let mut open = Vec::new();
        unknown(
            &host.object("everest_database"),
            &planned.state,
            "",
            &mut open,
        );
        open.sort();
        let filled = [
            "cr_version",
            "engine.config",
            "engine.cr_version",
            // By the claims of the volumes.
            "engine.storage.class",
            "engine.user_secrets_name",
            "engine.version",
            "hostname",
            "hosts",
            "message",
            "paused",
            "proxy",
            "ready",
            "status",
            "uid",
        ];
        let filled = filled
            .into_iter()
            .filter(|path| config || *path != "engine.config");
        assert_eq!(open, filled.collect::<Vec<_>>(), "{engine}");
    }
}

#[tokio::test]
async fn a_creation_with_blocks_leaves_nothing_open_in_them_that_everest_leaves_alone() {
    let host = Host::new().await;
    let mut database = database();
    database["proxy"] = json!({"type": "haproxy", "expose": {"type": "LoadBalancer"}});
    database["backup"] = json!({"pitr": {"enabled": true, "backup_storage_name": "s3"}});
    database["monitoring"] = json!({"monitoring_config_name": "pmm"});
    let planned = host
        .plan("everest_database", &Value::Null, &[], &database)
        .await;
    let mut open = Vec::new();
    unknown(
        &host.object("everest_database"),
        &planned.state,
        "",
        &mut open,
    );
    let blocks = ["proxy", "backup", "monitoring"];
    open.retain(|path| blocks.iter().any(|block| path.starts_with(block)));
    assert_eq!(open, [""; 0]);
}

#[tokio::test]
async fn a_class_that_is_configured_no_more_replaces_nothing() {
    let host = Host::new().await;
    let mut before = database();
    before["engine"]["storage"]["class"] = json!("standard");
    before["proxy"] = json!({"type": "proxysql", "storage": {"size": "1Gi", "class": "standard"}});
    let mut after = before.clone();
    after["engine"]["storage"] = json!({"size": "25Gi"});
    after["proxy"]["storage"] = json!({"size": "1Gi"});
    let nothing = json!({});
    for config in [&after, &before] {
        let planned = host
            .change("everest_database", &before, &nothing, config)
            .await;
        assert_eq!((planned.replaces, planned.errors), (vec![], vec![]));
        for path in ["engine", "proxy"] {
            let class = planned.state.get(path).and_then(|part| part.get("storage"));
            let class = class.and_then(|storage| storage.get("class"));
            assert_eq!(class, Some(&"standard".into()));
        }
        assert_eq!(planned.state.get("ready"), Some(&Value::Null), "no change");
    }
    let mut other = before.clone();
    other["engine"]["storage"]["class"] = json!("fast");
    let planned = host
        .change("everest_database", &before, &nothing, &other)
        .await;
    assert_eq!(planned.replaces, ["engine.storage.class"]);
}

#[tokio::test]
async fn a_split_horizon_that_is_configured_no_more_replaces_nothing() {
    let host = Host::new().await;
    let mut before = database();
    before["engine"]["type"] = json!("psmdb");
    let mut emptied = before.clone();
    let removed = before.clone();
    before["engine_features"] = json!({"psmdb": {"split_horizon_dns_config_name": "eu"}});
    emptied["engine_features"] = json!({"psmdb": {}});
    for config in [&emptied, &removed, &before] {
        let planned = host
            .change("everest_database", &before, &json!({}), config)
            .await;
        assert_eq!((planned.replaces, planned.errors), (vec![], vec![]));
        let name = planned
            .state
            .get("engine_features")
            .and_then(|f| f.get("psmdb"));
        let name = name.and_then(|psmdb| psmdb.get("split_horizon_dns_config_name"));
        assert_eq!(name, Some(&"eu".into()));
        assert_eq!(planned.state.get("ready"), Some(&Value::Null), "no change");
    }
}

#[tokio::test]
async fn after_an_import_an_empty_value_removes_at_once_and_an_omission_after_an_apply() {
    let host = Host::new().await;
    let mut with = database();
    let nightly = json!({"schedule": "0 2 * * *", "backup_storage_name": "s3"});
    with["backup"] = json!({"schedules": {"nightly": nightly}});
    with["proxy"] = json!({"expose": {"type": "LoadBalancer", "ip_source_ranges": ["10.0.0.0/8"]}});
    let mut emptied = with.clone();
    emptied["backup"] = json!({"schedules": {}});
    emptied["proxy"]["expose"]["ip_source_ranges"] = json!([]);
    let mut without = database();
    without["proxy"] = json!({"expose": {"type": "LoadBalancer"}});
    let part = |state: &Value, path: [&str; 3]| {
        let part = path.iter().try_fold(state, |value, name| value.get(name));
        part.cloned()
    };
    let ranges = ["proxy", "expose", "ip_source_ranges"];
    let ready = |state: &Value| state.get("ready").cloned();

    let created = host
        .plan("everest_database", &Value::Null, &[], &with)
        .await;
    let imported = created.state.with_unknown_as_null();
    let planned = host.plan("everest_database", &imported, &[], &with).await;
    assert_eq!(planned.state, imported, "all is as it is configured");
    let planned = host
        .plan("everest_database", &imported, &[], &without)
        .await;
    assert_eq!(
        planned.state, imported,
        "nobody has said that it was configured"
    );
    let planned = host
        .plan("everest_database", &imported, &[], &emptied)
        .await;
    assert_eq!(part(&planned.state, ranges), Some(Value::List(vec![])));
    let schedules = planned
        .state
        .get("backup")
        .and_then(|backup| backup.get("schedules"));
    assert_eq!(schedules, Some(&Value::map::<String>([])));
    assert_eq!(ready(&planned.state), Some(Value::UNKNOWN));

    let nothing = json!({});
    let planned = host
        .change("everest_database", &with, &nothing, &without)
        .await;
    assert_eq!(part(&planned.state, ranges), Some(Value::UNKNOWN));
    assert_eq!(planned.state.get("backup"), Some(&Value::UNKNOWN));
}

#[tokio::test]
async fn what_is_switched_off_is_written_down_and_plans_empty_after_an_import() {
    let host = Host::new().await;
    let object = host.object("everest_database");
    let mut observed = database();
    observed["engine"]["type"] = json!("psmdb");
    observed["backup"] = json!({"pitr": {"enabled": false, "backup_storage_name": "s3"}});
    observed["sharding"] = json!({
        "enabled": false, "shards": 2, "config_server": {"replicas": 3},
    });
    let value = |json: &Json| stored::from_json(json, &object.value_type()).unwrap();
    let stub = value(&json!({"namespace": "shop", "name": "orders"}));
    let same = |_: &str, a: &str, b: &str| a == b;
    let state = planning::refresh(&object, &stub, &value(&observed), &same);
    for block in ["backup", "sharding"] {
        let written = planning::configuration(&object, &state);
        assert_eq!(written.get(block), value(&observed).get(block));
    }
    let mut config = observed;
    // What only the configuration knows has its default after an import.
    config["deletion_protection"] = json!(null);
    let planned = host.plan("everest_database", &state, &[], &config).await;
    assert_eq!((planned.state, planned.errors), (state, vec![]));
}

fn restore(triggers: &Json) -> Json {
    json!({
        "namespace": "shop",
        "database_name": "orders",
        "name": "drill-1",
        "backup_name": "before-migration",
        "triggers": triggers,
    })
}

#[tokio::test]
async fn a_restore_runs_again_for_other_triggers_and_not_for_those_that_are_noted() {
    let host = Host::new().await;
    let done = json!({"state": "Succeeded", "completed_at": "2026-01-01T02:03:04Z"});
    let (none, one, two) = (json!(null), json!({"q": "1"}), json!({"q": "2"}));
    for (before, after, replaces) in [
        // As after an import.
        (&none, &one, vec![]),
        (&one, &none, vec![]),
        (&one, &two, vec!["triggers"]),
    ] {
        let planned = host
            .change("everest_restore", &restore(before), &done, &restore(after))
            .await;
        assert_eq!(planned.errors, [""; 0]);
        assert_eq!(planned.replaces, replaces, "{before} to {after}");
        assert_eq!(planned.state.get("state"), Some(&"Succeeded".into()));
    }
}
