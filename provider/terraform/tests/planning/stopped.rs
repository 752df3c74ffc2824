//! A run that is stopped, and a cluster that does not answer.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value as Json, json};
use test_apiserver::scripted::{self, Answer, Seen};
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tokio::time::{Instant, sleep, timeout};
use tonic::Request;
use wire::diagnostic::Severity;

use crate::kinds::{self, Kind};
use crate::{Host, Made, database, encoded, errors};

/// The time after a stop in which all waits must end.
const SOON: Duration = Duration::from_secs(2);

impl Host {
    /// A host whose cluster takes connections and never answers.
    async fn of_silence() -> (Self, Seen) {
        let (client, seen) = scripted::client(|_, _, _| Answer::Never);
        (Self::reaching(move || client.clone()).await, seen)
    }

    async fn stop(&self) {
        let request = wire::stop_provider::Request {};
        let stopped = self.server.stop_provider(Request::new(request)).await;
        assert_eq!(stopped.unwrap().into_inner().error, "");
    }

    async fn read_of(&self, type_name: &str, made: &Made) -> Vec<wire::Diagnostic> {
        let request = wire::read_resource::Request {
            type_name: type_name.to_owned(),
            current_state: Some(encoded(&made.value, &self.object(type_name))),
            private: made.private.clone().into(),
            ..Default::default()
        };
        let response = self.server.read_resource(Request::new(request)).await;
        response.unwrap().into_inner().diagnostics
    }

    pub async fn planned(
        &self,
        type_name: &str,
        made: &Made,
        config: &Value,
    ) -> Vec<wire::Diagnostic> {
        let object = self.object(type_name);
        let request = wire::plan_resource_change::Request {
            type_name: type_name.to_owned(),
            prior_state: Some(encoded(&made.value, &object)),
            proposed_new_state: Some(encoded(config, &object)),
            config: Some(encoded(config, &object)),
            prior_private: made.private.clone().into(),
            ..Default::default()
        };
        let response = self.server.plan_resource_change(Request::new(request));
        response.await.unwrap().into_inner().diagnostics
    }

    async fn applied(
        &self,
        type_name: &str,
        made: &Made,
        planned: &Value,
        config: &Value,
    ) -> wire::apply_resource_change::Response {
        let object = self.object(type_name);
        let request = wire::apply_resource_change::Request {
            type_name: type_name.to_owned(),
            prior_state: Some(encoded(&made.value, &object)),
            planned_state: Some(encoded(planned, &object)),
            config: Some(encoded(config, &object)),
            planned_private: made.private.clone().into(),
            ..Default::default()
        };
        let response = self.server.apply_resource_change(Request::new(request));
        response.await.unwrap().into_inner()
    }
}

/// A call to a provider.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    Read,
    PlanCreation,
    PlanChange,
    PlanDestruction,
    Create,
    Update,
    Delete,
}

impl Call {
    const ALL: [Self; 7] = [
        Self::Read,
        Self::PlanCreation,
        Self::PlanChange,
        Self::PlanDestruction,
        Self::Create,
        Self::Update,
        Self::Delete,
    ];
}

/// An object, and a change of it.
struct Scene {
    type_name: &'static str,
    config: Value,
    creation: Value,
    made: Made,
    changed: Value,
    change: Value,
}

fn nothing() -> Made {
    Made {
        value: Value::Null,
        private: Vec::new(),
    }
}

/// A change of an object of a kind that does not replace it.
fn changed(kind: &Kind) -> Json {
    let (name, value) = match kind.type_name {
        "everest_namespace" | "everest_database" => ("labels", json!({"team": "shop"})),
        "everest_backup_storage" => ("description", json!("of the shop")),
        "everest_monitoring_config" => ("verify_tls", json!(false)),
        "everest_pod_scheduling_policy" => ("affinity_config", json!(null)),
        "everest_load_balancer_config" => ("annotations", json!({"a": "c"})),
        "everest_data_importer" => ("description", json!("of the shop")),
        "everest_engine_version_policy" => ("allowed_versions", json!(["8.0.42-33.1", "9"])),
        "everest_split_horizon_dns_config" => ("base_domain_name_suffix", json!("example.org")),
        // What becomes of its data is not for the cluster.
        "everest_backup" => ("timeouts", json!({"delete": "1h"})),
        "everest_restore" | "everest_data_import_job" => ("triggers", json!({"quarter": "1"})),
        other => panic!("no change of {other} is known"),
    };
    let mut config = kind.config.clone();
    config[name] = value;
    config
}

impl Scene {
    async fn of(host: &Host, kind: &Kind) -> Self {
        let type_name = kind.type_name;
        let value = |json: &Json| {
            let of = host.object(type_name).value_type();
            tfplugin::value::json::from_json(json, &of).unwrap()
        };
        let made = host.made(type_name, &kind.config, &json!({})).await;
        let changed = changed(kind);
        let change = host
            .plan(type_name, &made.value, &made.private, &changed)
            .await;
        assert_eq!((change.errors, change.replaces), (vec![], vec![]));
        let creation = host
            .plan(type_name, &Value::Null, &[], &kind.config)
            .await
            .state;
        Self {
            type_name,
            config: value(&kind.config),
            creation,
            made,
            changed: value(&changed),
            change: change.state,
        }
    }

    async fn call(&self, call: Call, host: &Host) -> Vec<wire::Diagnostic> {
        let (of, made) = (self.type_name, &self.made);
        match call {
            Call::Read => host.read_of(of, made).await,
            Call::PlanCreation => host.planned(of, &nothing(), &self.config).await,
            Call::PlanChange => host.planned(of, made, &self.changed).await,
            Call::PlanDestruction => host.planned(of, made, &Value::Null).await,
            Call::Create => {
                let ended = host
                    .applied(of, &nothing(), &self.creation, &self.config)
                    .await;
                let none = encoded(&Value::Null, &host.object(of));
                assert_eq!(ended.new_state, Some(none), "it was not made");
                ended.diagnostics
            }
            Call::Update => {
                let ended = host.applied(of, made, &self.change, &self.changed);
                ended.await.diagnostics
            }
            Call::Delete => {
                let ended = host.applied(of, made, &Value::Null, &Value::Null);
                ended.await.diagnostics
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_waits_for_a_cluster_that_never_answers_ends_soon_after_a_stop() {
    let offline = Host::new().await;
    let mut waited = Vec::new();
    for kind in kinds::all(&offline) {
        let scene = Scene::of(&offline, &kind).await;
        for call in Call::ALL {
            let (host, seen) = Host::of_silence().await;
            let ended = async {
                let said = scene.call(call, &host).await;
                (said, Instant::now())
            };
            let stopped = async {
                sleep(Duration::from_secs(5)).await;
                host.stop().await;
                Instant::now()
            };
            let ((said, ended), stopped) = tokio::join!(ended, stopped);
            let what = format!("{call:?} of {}", kind.type_name);
            let after = ended.saturating_duration_since(stopped);
            let asked = seen
                .lock()
                .unwrap()
                .iter()
                .map(|(line, _)| line.clone())
                .collect::<Vec<_>>();
            assert!(
                after <= SOON,
                "{what} ended {after:?} after the stop, having asked {asked:?}"
            );
            if ended >= stopped {
                assert!(
                    !seen.lock().unwrap().is_empty(),
                    "{what} waited for nothing"
                );
                let plans = [Call::PlanCreation, Call::PlanChange, Call::PlanDestruction];
                if !plans.contains(&call) {
                    assert_eq!(errors(&said).len(), 1, "{what}: {said:?}");
                }
                waited.push((kind.type_name, call));
            }
        }
    }
    for kind in kinds::all(&offline) {
        for call in [Call::Read, Call::Create, Call::Update, Call::Delete] {
            let asks = waited.contains(&(kind.type_name, call));
            assert!(asks, "{call:?} of {} asks the cluster", kind.type_name);
        }
    }
    assert!(waited.contains(&("everest_database", Call::PlanCreation)));
    assert!(waited.contains(&("everest_database", Call::PlanChange)));
}

/// A storage in a state.
async fn storages(offline: &Host, namespaces: &[String]) -> Vec<Made> {
    let mut made = Vec::new();
    for (number, namespace) in namespaces.iter().enumerate() {
        let config = json!({"namespace": namespace, "name": format!("s{number}"), "type": "s3",
            "bucket": "backups", "region": "eu-central-1"});
        let storage = offline
            .made("everest_backup_storage", &config, &json!({}))
            .await;
        made.push(storage);
    }
    made
}

/// The number of resources that a client reads at once by default.
const PARALLELISM: usize = 10;

#[tokio::test(start_paused = true)]
async fn one_contact_that_is_not_answered_is_the_answer_for_all_that_ask_after_it() {
    let offline = Host::new().await;
    let same: Vec<_> = (0..20).map(|_| "shop".to_owned()).collect();
    let others: Vec<_> = (0..20).map(|number| format!("shop-{number}")).collect();
    // The first objects are asked for by their names.
    for namespaces in [same, others] {
        let storages = storages(&offline, &namespaces).await;
        let (host, seen) = Host::of_silence().await;
        let begun = Instant::now();
        let said: Vec<_> = futures::stream::iter(&storages)
            .map(|storage| host.read_of("everest_backup_storage", storage))
            .buffer_unordered(PARALLELISM)
            .concat()
            .await;
        println!(
            "20 resources: {} contacts, {:?} until the last one has ended",
            seen.lock().unwrap().len(),
            begun.elapsed()
        );
        assert_eq!(seen.lock().unwrap().len(), PARALLELISM);
        assert!(begun.elapsed() <= Duration::from_secs(30));
        assert_eq!(said.len(), 20);
        let is_short = |said: &&wire::Diagnostic| said.detail.starts_with("See the error of");
        let short: Vec<_> = said.iter().filter(is_short).collect();
        assert_eq!(short.len(), 19, "{said:?}");
        assert!(short.iter().all(|said| !said.detail.contains('\n')));
    }
}

/// The number of creations that wait at once.
const MANY: usize = 1000;
/// As the provider's own runtime, with hardly a thread to block on.
fn small_runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(4)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn a_thousand_creations_wait_on_two_threads_and_a_stop_ends_them_all() {
    small_runtime().block_on(async {
        let server = kinds::cluster();
        let offline = Host::new().await;
        let planned = offline
            .plan("everest_database", &Value::Null, &[], &database())
            .await
            .state;
        let of = server.process();
        let host = Arc::new(Host::reaching(move || of.client()).await);
        let object = host.object("everest_database");
        let config = tfplugin::value::json::from_json(&database(), &object.value_type()).unwrap();
        let named = |value: &Value, number: usize| {
            let mut value = value.clone();
            if let Value::Map(members) = &mut value {
                members.insert("name".to_owned(), format!("d{number}").as_str().into());
            }
            value
        };
        let creations: Vec<_> = (0..MANY)
            .map(|number| {
                let (planned, config) = (named(&planned, number), named(&config, number));
                let host = Arc::clone(&host);
                tokio::spawn(async move {
                    host.applied("everest_database", &nothing(), &planned, &config)
                        .await
                })
            })
            .collect();
        let begun = Instant::now();
        // A runtime that is stuck does not come on.
        let all_made = async {
            let made = |path: &String| path.contains("/databaseclusters/d");
            while server.all().keys().filter(|path| made(path)).count() < MANY {
                sleep(Duration::from_millis(200)).await;
            }
        };
        timeout(Duration::from_secs(300), all_made).await.unwrap();
        let made = begun.elapsed();
        let begun = Instant::now();
        host.stop().await;
        for creation in creations {
            let ended = timeout(Duration::from_secs(60), creation)
                .await
                .unwrap()
                .unwrap();
            assert_ne!(
                ended.new_state,
                Some(encoded(&Value::Null, &object)),
                "it exists"
            );
            let said = ended.diagnostics;
            assert!(
                said.iter()
                    .all(|said| said.severity == Severity::Warning as i32),
                "{said:?}"
            );
            assert!(!said.is_empty(), "it was not waited for");
        }
        println!(
            "{MANY} creations: made in {made:?}, ended {:?} after the stop",
            begun.elapsed()
        );
    });
}
