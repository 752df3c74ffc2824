//! The stand-in for OLM, held to what the real one wrote.

use std::fs;
use std::path::Path;

use everest_simulator::{Clock, Engine, Olm, PREVIOUS_CHANNEL, Pace, Settings};
use serde_json::{Value, json};
use test_apiserver::ApiServer;

use crate::recorded::recorded;
use crate::stage::{NAMESPACE, Stage};

struct Olms {
    stage: Stage,
    _olm: Olm,
}

const GROUP: &str = "/apis/operators.coreos.com/v1alpha1/namespaces/everest";

async fn olms() -> Olms {
    let stage = Stage::bare(Pace::real()).await;
    let clock = Clock::starting_at(stage.server.now());
    let pace = Pace::real();
    let olm = Olm::start(stage.server.client(), Settings { pace, clock });
    stage.server.put(json!({
        "apiVersion": "operators.coreos.com/v1", "kind": "OperatorGroup",
        "metadata": {"name": "everest-databases", "namespace": NAMESPACE},
        "spec": {"targetNamespaces": [NAMESPACE], "upgradeStrategy": "Default"},
    }));
    Olms { stage, _olm: olm }
}

fn subscribe(server: &ApiServer, engine: Engine, channel: &str) {
    server.put(json!({
        "apiVersion": "operators.coreos.com/v1alpha1", "kind": "Subscription",
        "metadata": {"name": engine.operator(), "namespace": NAMESPACE},
        "spec": {"channel": channel, "installPlanApproval": "Manual",
            "name": engine.operator(), "source": "everest-catalog",
            "sourceNamespace": "everest-olm"},
    }));
}

impl Olms {
    fn get(&self, plural: &str, name: &str) -> Value {
        let path = format!("{GROUP}/{plural}/{name}");
        self.stage.server.get(&path).unwrap_or_default()
    }

    async fn subscription(&self, engine: Engine, wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..10_000 {
            let now = self.get("subscriptions", engine.operator());
            if wanted(&now["status"]) {
                return now;
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
        panic!("{:#}", self.get("subscriptions", engine.operator()));
    }

    fn approve(&self, subscription: &Value) {
        let name = subscription["status"]["installPlanRef"]["name"]
            .as_str()
            .unwrap();
        let path = format!("{GROUP}/installplans/{name}");
        assert!(
            self.stage
                .server
                .change(&path, |plan| plan["spec"]["approved"] = true.into())
        );
    }

    /// Installs the older version, up to where the newer one waits for its approval.
    async fn older_then_newer(&self) -> Value {
        subscribe(&self.stage.server, Engine::Pxc, PREVIOUS_CHANNEL);
        let first = self.subscription(Engine::Pxc, pending).await;
        self.approve(&first);
        self.subscription(Engine::Pxc, |status| {
            status["state"] == "AtLatestKnown" && condition(status, "InstallPlanPending").is_null()
        })
        .await;
        let path = format!("{GROUP}/subscriptions/{}", Engine::Pxc.operator());
        self.stage
            .server
            .change(&path, |sub| sub["spec"]["channel"] = "stable-v1".into());
        self.subscription(Engine::Pxc, pending).await
    }
}

fn pending(status: &Value) -> bool {
    status["state"] == "UpgradePending" && status["installPlanRef"].is_object()
}

fn condition(status: &Value, kind: &str) -> Value {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    conditions
        .filter(|condition| condition["type"] == kind)
        .map(|condition| json!({"status": condition["status"], "reason": condition["reason"]}))
        .next()
        .unwrap_or_default()
}

/// What a Subscription says, without names and times.
fn said(subscription: &Value) -> Value {
    let status = &subscription["status"];
    let plan = &status["installPlanRef"];
    json!({
        "state": status["state"],
        "currentCSV": status["currentCSV"],
        "installedCSV": status["installedCSV"],
        "generation": status["installPlanGeneration"],
        "pending": condition(status, "InstallPlanPending"),
        "unhealthy": condition(status, "CatalogSourcesUnhealthy"),
        "unpacking": condition(status, "BundleUnpacking"),
        "plan": [plan["kind"], plan["apiVersion"], plan["namespace"].is_string()],
        "older member": status["installplan"]["name"] == plan["name"],
        "labels": subscription["metadata"]["labels"],
    })
}

/// What an InstallPlan says, without names, times and manifests.
fn planned(plan: &Value) -> Value {
    let steps = plan["status"]["plan"].as_array().unwrap().iter();
    let steps: Vec<Value> = steps
        .filter(|step| {
            let kind = step["resource"]["kind"].as_str().unwrap();
            ["ClusterServiceVersion", "CustomResourceDefinition"].contains(&kind)
        })
        .map(|step| json!([step["status"], step["resolving"], step["resource"]["name"]]))
        .collect();
    let mut steps = steps;
    steps.sort_by_key(ToString::to_string);
    let owners = plan["metadata"]["ownerReferences"]
        .as_array()
        .unwrap()
        .iter();
    let owners: Vec<Value> = owners
        .map(|o| {
            json!([
                o["kind"],
                o["name"],
                o["controller"],
                o["blockOwnerDeletion"]
            ])
        })
        .collect();
    json!({
        "spec": plan["spec"],
        "phase": plan["status"]["phase"],
        "sources": plan["status"]["catalogSources"],
        "installed": condition(&plan["status"], "Installed"),
        "steps": steps,
        "owners": owners,
        "labels": plan["metadata"]["labels"],
    })
}

/// What a ClusterServiceVersion went through.
fn went_through(csv: &Value) -> Value {
    let conditions = csv["status"]["conditions"].as_array().unwrap().iter();
    let phases: Vec<Value> = conditions
        .map(|c| json!([c["phase"], c["reason"], c["message"]]))
        .collect();
    json!({"phases": phases, "phase": csv["status"]["phase"], "reason": csv["status"]["reason"],
        "finalizers": csv["metadata"]["finalizers"]})
}

#[tokio::test(start_paused = true)]
async fn a_first_installation_waits_for_approval_and_goes_as_recorded() {
    let olms = olms().await;
    subscribe(&olms.stage.server, Engine::Pxc, PREVIOUS_CHANNEL);
    let waiting = olms.subscription(Engine::Pxc, pending).await;
    assert_eq!(said(&waiting), said(&recorded("A2-subscription-pending")));
    let name = waiting["status"]["installPlanRef"]["name"]
        .as_str()
        .unwrap();
    let plan = olms.get("installplans", name);
    assert_eq!(
        planned(&plan),
        planned(&recorded("A2-installplan-requiresapproval"))
    );
    olms.stage.pass(3_600).await;
    let still = olms.get("subscriptions", Engine::Pxc.operator());
    assert_eq!(said(&still), said(&waiting), "nobody approves it");

    olms.approve(&waiting);
    let installed = |engine: &Value| engine["status"]["status"] == "installed";
    let engine = Engine::Pxc.operator();
    let engine = olms.stage.until("databaseengines", engine, installed).await;
    assert_eq!(engine["status"]["operatorVersion"], "1.17.0");
    let done = olms
        .subscription(Engine::Pxc, |status| {
            condition(status, "InstallPlanPending").is_null()
        })
        .await;
    assert_eq!(said(&done), said(&recorded("A5-subscription-installed")));
    let plan = olms.get("installplans", name);
    assert_eq!(
        planned(&plan),
        planned(&recorded("A5-installplan-complete"))
    );
    olms.stage.pass(60).await;
    let csv = done["status"]["installedCSV"].as_str().unwrap();
    let csv = olms.get("clusterserviceversions", csv);
    let was = recorded("A5-csv-succeeded");
    assert_eq!(went_through(&csv), went_through(&was));
    // A label more than right after its making, which is when the upgrade was recorded.
    assert_eq!(csv["metadata"]["labels"], was["metadata"]["labels"]);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_of_olms_is_labelled_and_owned_as_recorded() {
    let olms = olms().await;
    olms.older_then_newer().await;
    olms.stage.pass(60).await;
    let name = Engine::Pxc.operator();
    let path = format!("/apis/apps/v1/namespaces/everest/deployments/{name}");
    let deployment = olms.stage.server.get(&path).unwrap();
    let was = recorded("A5-deployment");
    let owner = |of: &Value| {
        let owner = &of["metadata"]["ownerReferences"][0];
        json!([
            owner["kind"],
            owner["name"],
            owner["controller"],
            owner["blockOwnerDeletion"]
        ])
    };
    assert_eq!(owner(&deployment), owner(&was));
    let mut labels = was["metadata"]["labels"].clone();
    // The hash is of a spec that is larger.
    labels
        .as_object_mut()
        .unwrap()
        .shift_remove("olm.deployment-spec-hash");
    assert_eq!(deployment["metadata"]["labels"], labels);
    let image = "/spec/template/spec/containers/0/image";
    assert_eq!(deployment.pointer(image), was.pointer(image));
    for member in [
        "availableReplicas",
        "readyReplicas",
        "replicas",
        "updatedReplicas",
    ] {
        assert_eq!(
            deployment["status"][member], was["status"][member],
            "{member}"
        );
    }
    let group = recorded("A5-operatorgroup");
    assert_eq!(group["metadata"]["name"], "everest-databases");
    assert_eq!(group["spec"]["targetNamespaces"], json!([NAMESPACE]));
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_waits_for_approval_and_goes_as_recorded() {
    let olms = olms().await;
    let waiting = olms.older_then_newer().await;
    assert_eq!(
        said(&waiting),
        said(&recorded("B1-subscription-upgradepending"))
    );
    let name = waiting["status"]["installPlanRef"]["name"]
        .as_str()
        .unwrap();
    let plan = olms.get("installplans", name);
    assert_eq!(planned(&plan), planned(&recorded("B1-installplan-upgrade")));
    let engine = Engine::Pxc.operator();
    let sees = |engine: &Value| engine["status"]["pendingOperatorUpgrades"].is_array();
    let sees = olms.stage.until("databaseengines", engine, sees).await;
    assert_eq!(
        sees["status"]["pendingOperatorUpgrades"][0]["installPlanRef"]["name"],
        name
    );

    olms.approve(&waiting);
    // For a while it is installed and installing.
    let both = olms
        .subscription(Engine::Pxc, |status| {
            status["state"] == "AtLatestKnown" && !condition(status, "InstallPlanPending").is_null()
        })
        .await;
    assert_eq!(said(&both), said(&recorded("B4-subscription-atlatest")));
    let newer = |engine: &Value| {
        engine["status"]["operatorVersion"] == "1.18.0" && engine["status"]["status"] == "installed"
    };
    olms.stage.until("databaseengines", engine, newer).await;
    olms.stage.pass(60).await;
    let all = recorded("B2-csvs");
    let mut all = all["items"].as_array().unwrap().iter();
    let newest = all.find(|csv| csv["metadata"]["name"] == format!("{engine}.v1.18.0"));
    let newest = newest.unwrap();
    let csv = olms.get("clusterserviceversions", &format!("{engine}.v1.18.0"));
    assert_eq!(went_through(&csv), went_through(newest));
    let older = olms.get("clusterserviceversions", &format!("{engine}.v1.17.0"));
    assert!(older.is_null(), "the replaced version is gone");
}

#[tokio::test(start_paused = true)]
async fn two_subscriptions_made_together_share_a_plan() {
    let olms = olms().await;
    let names = |plan: &Value| plan["spec"]["clusterServiceVersionNames"].clone();
    let was = recorded("C1-installplans");
    let was = was["items"].as_array().unwrap().last().unwrap();
    let both = [Engine::Postgresql, Engine::Psmdb];
    subscribe(&olms.stage.server, both[0], "stable-v2");
    subscribe(&olms.stage.server, both[1], "stable-v1");
    let first = olms.subscription(both[0], pending).await;
    let second = olms.subscription(both[1], pending).await;
    let plan = &first["status"]["installPlanRef"]["name"];
    assert_eq!(plan, &second["status"]["installPlanRef"]["name"]);
    let shared = olms.get("installplans", plan.as_str().unwrap());
    assert_eq!(names(&shared), names(was));

    olms.approve(&first);
    for engine in both {
        olms.subscription(engine, |s| condition(s, "InstallPlanPending").is_null())
            .await;
    }
    olms.stage.pass(60).await;
    // The namespace as it was recorded then.
    let all = recorded("C2-namespace-all");
    let all = all["items"].as_array().unwrap().iter();
    let versions = all.filter(|object| object["kind"] == "ClusterServiceVersion");
    let mut compared = 0;
    for was in versions {
        let name = was["metadata"]["name"].as_str().unwrap();
        if !both
            .iter()
            .any(|engine| name.starts_with(engine.operator()))
        {
            continue;
        }
        let now = olms.get("clusterserviceversions", name);
        assert_eq!(now["status"]["phase"], was["status"]["phase"], "{name}");
        compared += 1;
    }
    assert_eq!(compared, both.len());
}

/// The versions in the plan that a Subscription refers to.
fn in_plan(olms: &Olms, subscription: &Value) -> Value {
    let name = &subscription["status"]["installPlanRef"]["name"];
    let plan = olms.get("installplans", name.as_str().unwrap());
    plan["spec"]["clusterServiceVersionNames"].clone()
}

#[tokio::test(start_paused = true)]
async fn what_is_pending_is_in_the_plan_of_a_new_subscription_and_stays_until_the_plan_goes() {
    let olms = olms().await;
    let waiting = olms.older_then_newer().await;
    let newer = format!("{}.v1.18.0", Engine::Pxc.operator());
    assert_eq!(in_plan(&olms, &waiting), json!([newer]));
    subscribe(&olms.stage.server, Engine::Psmdb, "stable-v1");
    let added = olms.subscription(Engine::Psmdb, pending).await;
    let psmdb = format!("{}.v1.21.1", Engine::Psmdb.operator());
    assert_eq!(in_plan(&olms, &added), json!([psmdb, newer]));
    let still = olms.get("subscriptions", Engine::Pxc.operator());
    assert_eq!(in_plan(&olms, &still), json!([newer]), "the earlier one");

    // Nothing is planned anew before the plan is deleted.
    let server = &olms.stage.server;
    let path = |plural: &str, name: &str| format!("{GROUP}/{plural}/{name}");
    server.remove(&path("subscriptions", Engine::Psmdb.operator()));
    olms.stage.pass(600).await;
    assert_eq!(olms.get("subscriptions", Engine::Pxc.operator()), still);
    let plan = still["status"]["installPlanRef"]["name"].as_str().unwrap();
    server.remove(&path("installplans", plan));
    let anew = |status: &Value| pending(status) && status["installPlanRef"]["name"] != plan;
    let anew = olms.subscription(Engine::Pxc, anew).await;
    assert_eq!(in_plan(&olms, &anew), json!([newer]));
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_fails_is_never_tried_again() {
    let olms = olms().await;
    olms.stage.steer(json!({"plan-fails": "no quota"})).await;
    subscribe(&olms.stage.server, Engine::Pxc, "stable-v1");
    let waiting = olms.subscription(Engine::Pxc, pending).await;
    olms.approve(&waiting);
    let failed = olms
        .subscription(Engine::Pxc, |status| {
            !condition(status, "InstallPlanFailed").is_null()
        })
        .await;
    olms.stage.steer(json!({"plan-fails": null})).await;
    olms.stage.pass(600).await;
    let name = failed["status"]["installPlanRef"]["name"].as_str().unwrap();
    let plan = olms.get("installplans", name);
    assert_eq!(plan["status"]["phase"], "Failed");
    assert_eq!(plan["status"]["message"], "no quota");
    let still = olms.get("subscriptions", Engine::Pxc.operator());
    assert_eq!(still["status"]["state"], "UpgradePending");
}

#[tokio::test(start_paused = true)]
async fn a_bundle_that_never_unpacks_has_no_plan_as_recorded() {
    let olms = olms().await;
    olms.stage.steer(json!({"unpacking": "yes"})).await;
    subscribe(&olms.stage.server, Engine::Pxc, "stable-v1");
    let stuck = olms
        .subscription(Engine::Pxc, |s| !condition(s, "BundleUnpacking").is_null())
        .await;
    let was = &recorded("X-subscription-bundle-unpacking")["items"][0];
    let without_labels = |mut of: Value| {
        of["labels"] = Value::Null;
        of
    };
    assert_eq!(without_labels(said(&stuck)), without_labels(said(was)));
    assert_eq!(recorded("X-installplan-bundlelookup")["items"], json!([]));
    assert!(
        !olms
            .stage
            .server
            .all()
            .keys()
            .any(|path| path.contains("/installplans/"))
    );
    // What was stuck is a Job, which is not played here.
    assert_eq!(recorded("X-unpack-job")["items"][0]["kind"], "Job");
    olms.stage.steer(json!({"unpacking": null})).await;
    olms.subscription(Engine::Pxc, pending).await;
}

#[tokio::test(start_paused = true)]
async fn a_version_that_fails_stays_failed_and_the_engine_is_not_installed() {
    let olms = olms().await;
    olms.stage.steer(json!({"csv-fails": "no image"})).await;
    subscribe(&olms.stage.server, Engine::Pxc, "stable-v1");
    let waiting = olms.subscription(Engine::Pxc, pending).await;
    olms.approve(&waiting);
    olms.stage.pass(600).await;
    let csv = olms.get(
        "clusterserviceversions",
        &format!("{}.v1.18.0", Engine::Pxc.operator()),
    );
    assert_eq!(csv["status"]["phase"], "Failed");
    assert_eq!(csv["status"]["message"], "no image");
    let engine = olms.stage.get("databaseengines", Engine::Pxc.operator());
    assert_eq!(
        engine["status"]["status"],
        recorded("engine-1-not-installed")["status"]["status"]
    );
}

#[test]
fn a_recording_that_is_missing_is_told() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../observed");
    assert!(fs::read_dir(folder).unwrap().count() > 70);
    assert!(std::panic::catch_unwind(|| recorded("no-such-recording")).is_err());
}
