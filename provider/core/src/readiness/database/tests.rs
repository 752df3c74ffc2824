use super::*;
use serde_json::json;

/// An observation, made of JSON.
struct Scene {
    database: Value,
    engine_cr: Option<Value>,
    restore: Option<Value>,
    import_job: Option<Value>,
    running_import: Seen<Value>,
    written_generation: i64,
    steady_for: Option<Duration>,
    has_worked: bool,
    creating: bool,
    may_be_stale: bool,
}

impl Scene {
    fn new(engine: &str, state: &str) -> Self {
        Self {
            database: json!({
                "apiVersion": "everest.percona.com/v1alpha1",
                "kind": "DatabaseCluster",
                "metadata": {"name": "orders", "namespace": "prod", "generation": 2},
                "spec": {"engine": {"type": engine, "storage": {"size": "25Gi"}}},
                "status": {"status": state, "observedGeneration": 2, "size": 3, "ready": 3},
            }),
            engine_cr: None,
            restore: None,
            import_job: None,
            running_import: Seen::Unread,
            written_generation: 2,
            steady_for: None,
            has_worked: false,
            creating: true,
            may_be_stale: false,
        }
    }

    fn updating(state: &str) -> Self {
        Self {
            steady_for: Some(Duration::ZERO),
            creating: false,
            may_be_stale: true,
            ..Self::new("pxc", state)
        }
    }

    fn with(mut self, path: &str, value: Value) -> Self {
        let (parent, key) = path.rsplit_once('/').unwrap();
        self.database.pointer_mut(parent).unwrap()[key] = value;
        self
    }

    fn condition(self, kind: &str, message: &str) -> Self {
        self.with(
            "/status/conditions",
            json!([{
                "type": kind, "status": "True", "reason": "Because", "message": message,
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }]),
        )
    }

    fn engine(mut self, generation: i64, observed: Option<i64>, state: &str) -> Self {
        self.engine_cr = Some(json!({
            "metadata": {"generation": generation},
            "status": {"observedGeneration": observed, "state": state},
        }));
        self
    }

    /// A field of the engine's object.
    fn engine_says(mut self, path: &str, value: Value) -> Self {
        let engine_cr = self.engine_cr.as_mut().unwrap();
        let mut place = engine_cr;
        for key in path.split('.') {
            place = &mut place[key];
        }
        *place = value;
        self
    }

    fn steady(self, seconds: u64) -> Self {
        Self {
            steady_for: Some(Duration::from_secs(seconds)),
            ..self
        }
    }

    fn restored(mut self, state: &str) -> Self {
        self.restore = Some(json!({
            "apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseClusterRestore",
            "metadata": {"name": "orders"},
            "spec": {"dbClusterName": "orders", "dataSource": {"dbClusterBackupName": "b"}},
            "status": {"state": state, "message": "said by the engine"},
        }));
        self
    }

    fn imported(mut self, state: &str) -> Self {
        self.import_job = Some(import("data-import-orders", state));
        self
    }

    /// The import of somebody else, while Everest's reconciliation is paused.
    fn paused(self, running_import: Seen<Value>) -> Self {
        let annotations = json!({"everest.percona.com/reconcile-paused": "true"});
        Self {
            running_import,
            ..self.with("/metadata/annotations", annotations)
        }
    }

    fn judge(&self) -> Readiness {
        let restore = self
            .restore
            .as_ref()
            .map(|value| serde_json::from_value(value.clone()).unwrap());
        let import_job = self
            .import_job
            .as_ref()
            .map(|value| serde_json::from_value(value.clone()).unwrap());
        let running: Seen<DataImportJob> = match &self.running_import {
            Seen::Found(job) => Seen::Found(serde_json::from_value(job.clone()).unwrap()),
            Seen::Absent => Seen::Absent,
            Seen::Unread => Seen::Unread,
        };
        database(&DatabaseObservation {
            database: &serde_json::from_value(self.database.clone()).unwrap(),
            engine_cr: match &self.engine_cr {
                Some(Value::Null) => Seen::Absent,
                Some(engine_cr) => Seen::Found(engine_cr),
                None => Seen::Unread,
            },
            restore: restore.as_ref(),
            import_job: import_job.as_ref(),
            running_import: running.as_ref(),
            written_generation: self.written_generation,
            steady_for: self.steady_for,
            has_worked: self.has_worked,
            creating: self.creating,
            may_be_stale: self.may_be_stale,
        })
    }

    fn is_ready(&self) {
        assert_eq!(self.judge(), Readiness::Ready);
    }

    fn is_pending(&self, words: &str) {
        match self.judge() {
            Readiness::Pending(sentence) if sentence.contains(words) => {}
            other => panic!("{other:?} does not wait for {words:?}"),
        }
    }

    fn has_failed(&self, words: &str) {
        match self.judge() {
            Readiness::Failed(sentence) if sentence.contains(words) => {}
            other => panic!("{other:?} has not failed with {words:?}"),
        }
    }
}

fn import(name: &str, state: &str) -> Value {
    json!({
        "apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DataImportJob",
        "metadata": {"name": name},
        "spec": {"targetClusterName": "orders", "dataImporterName": "i", "source": {"path": "p"}},
        "status": {"state": state, "message": "no such dump"},
    })
}

#[test]
fn a_new_database_is_ready_as_soon_as_it_says_so() {
    Scene::new("pxc", "ready").is_ready();
    Scene::new("postgresql", "ready").is_ready();
}

#[test]
fn what_is_missing_is_said_with_state_count_and_message() {
    let scene = Scene::new("pxc", "initializing")
        .with("/status/ready", json!(1))
        .with(
            "/status/message",
            json!("pod orders-pxc-1 is unschedulable"),
        );
    assert_eq!(
        scene.judge(),
        Readiness::Pending(
            "status is initializing, 1 of 3 ready; pod orders-pxc-1 is unschedulable".to_owned()
        )
    );
    Scene::new("pxc", "")
        .with("/status", json!({"observedGeneration": 2}))
        .is_pending("no status yet");
    Scene::new("pxc", "stopping").is_pending("status is stopping");
    Scene::new("psmdb", "upgrading").is_pending("changing its version");
    Scene::new("psmdb", "restoring").is_pending("a restore is running");
    Scene::new("psmdb", "resizingVolumes").is_pending("being resized");
}

#[test]
fn a_generation_that_everest_has_not_seen_is_waited_for() {
    Scene::new("pxc", "ready")
        .with("/metadata/generation", json!(3))
        .is_pending("generation 3, observed 2");
    Scene {
        written_generation: 4,
        ..Scene::new("pxc", "ready")
    }
    .is_pending("generation 4");
    Scene::new("pxc", "error")
        .with("/metadata/generation", json!(3))
        .is_pending("has not handled");
}

#[test]
fn ready_from_before_a_change_is_not_believed() {
    Scene::updating("ready").is_pending("15 s");
    Scene::updating("ready")
        .engine(5, Some(4), "ready")
        .is_pending("generation 5, observed 4");
    Scene::updating("ready")
        .engine(5, Some(5), "initializing")
        .is_pending("the engine itself is initializing");
    Scene::updating("ready")
        .engine(5, None, "ready")
        .is_pending("15 s");
    Scene::updating("ready")
        .engine(5, Some(0), "ready")
        .is_pending("15 s");
}

#[test]
fn ready_after_a_change_counts_once_the_engine_has_worked_or_it_has_stood() {
    Scene::updating("ready").steady(15).is_ready();
    Scene::updating("ready")
        .steady(14)
        .is_pending("14 s so far");
    Scene::updating("ready")
        .steady(15)
        .engine(5, Some(4), "ready")
        .is_pending("generation 5");
}

#[test]
fn ready_of_an_engine_that_has_seen_the_change_and_not_begun_is_not_believed_at_once() {
    let seen = || Scene::updating("ready").engine(5, Some(5), "ready");
    seen().is_pending("unchanged for 15 s");
    seen().steady(14).is_pending("14 s so far");
    seen().steady(15).is_ready();
    Scene {
        has_worked: true,
        ..seen()
    }
    .is_ready();
}

#[test]
fn a_change_that_everest_did_not_write_into_the_engines_object_is_not_done() {
    let carried = |size: i64| {
        Scene {
            has_worked: true,
            ..Scene::updating("ready")
        }
        .with("/spec/engine/replicas", json!(3))
        .engine(5, Some(5), "ready")
        .engine_says("spec.pxc.size", json!(size))
        .steady(600)
    };
    carried(3).is_ready();
    carried(1).is_pending(
        "the PerconaXtraDBCluster prod/orders still has spec.pxc.size 1, not 3 (engine.replicas)",
    );
    let paused = carried(1).with("/spec/paused", json!(true));
    paused.is_pending("still has spec.pause false, not true (paused)");
    let metadata_alone = Scene {
        may_be_stale: false,
        ..carried(1)
    };
    metadata_alone.is_ready();
}

#[test]
fn resources_that_everest_does_not_write_by_itself_any_more_are_named() {
    let lost = |engine: &str, size: i64| {
        Scene {
            may_be_stale: true,
            creating: false,
            ..Scene::new(engine, "ready")
        }
        .with("/spec/engine/replicas", json!(3))
        .with("/spec/engine/resources", json!({"cpu": "2"}))
        .engine(5, Some(5), "ready")
        .engine_says("spec.pxc.size", json!(size))
        .engine_says("spec.pxc.resources.limits.cpu", json!("600m"))
        .engine_says(
            "spec.instances",
            json!([{"resources": {"limits": {"cpu": "600m"}}}]),
        )
        .steady(600)
    };
    let never = "Everest does not try again by itself";
    lost("pxc", 3).is_pending("spec.pxc.resources.limits.cpu 600m, not 2 (engine.resources)");
    lost("pxc", 3).is_pending(never);
    lost("pxc", 3).is_pending("change the database once more");
    // What else is missing is tried again, and so is what another engine misses.
    lost("pxc", 1).is_pending("Everest cannot use something that the database refers to");
    lost("postgresql", 3).is_pending("Everest cannot use something that the database refers to");
    let at_work = lost("pxc", 3).with("/status/status", json!("initializing"));
    at_work.is_pending("Everest cannot use something that the database refers to");
}

#[test]
fn a_configuration_that_everest_cannot_read_is_named() {
    Scene {
        may_be_stale: true,
        creating: false,
        ..Scene::new("postgresql", "ready")
    }
    .with("/spec/engine/config", json!("# ours\nshared_buffers\n"))
    .engine(5, None, "ready")
    .steady(600)
    .is_pending("The line \"shared_buffers\" of engine.config has no value");
}

#[test]
fn a_wait_that_goes_on_believes_no_more_than_the_one_that_was_ended() {
    let resumed = |state| Scene {
        may_be_stale: true,
        ..Scene::new("pxc", state)
    };
    resumed("ready")
        .engine(5, Some(4), "ready")
        .is_pending("generation 5, observed 4");
    resumed("ready")
        .engine(5, Some(5), "ready")
        .steady(15)
        .is_ready();
    resumed("error")
        .engine(5, Some(5), "error")
        .is_pending("Everest keeps trying");
}

#[test]
fn a_creation_that_waits_for_the_engines_operator_says_what_its_object_says() {
    let creating = || Scene::new("pxc", "creating");
    creating()
        .engine(1, None, "")
        .engine_says("status", Value::Null)
        .is_pending(
            "the PerconaXtraDBCluster prod/orders has no status yet. If this continues, its \
             operator is probably not running: check the Subscription and the Deployment \
             percona-xtradb-cluster-operator in namespace prod",
        );
    Scene {
        engine_cr: Some(Value::Null),
        ..creating()
    }
    .is_pending("Everest has not created the PerconaXtraDBCluster prod/orders yet");
    creating()
        .engine(1, None, "initializing")
        .engine_says("status.messages", json!(["pxc: no such image"]))
        .is_pending("the engine's operator says: pxc: no such image");
    Scene::new("pxc", "creating")
        .with("/status", Value::Null)
        .is_pending("managed-by=everest");
}

#[test]
fn long_work_of_an_engine_says_what_its_object_says() {
    for state in ["upgrading", "resizingVolumes", "restoring"] {
        Scene::updating(state)
            .engine(5, Some(5), "initializing")
            .engine_says("status.message", json!("pod orders-pxc-2 is unschedulable"))
            .is_pending("the engine's operator says: pod orders-pxc-2 is unschedulable");
    }
}

#[test]
fn a_load_balancer_must_have_given_its_address() {
    let exposed = |engine: &str, hostname: &str| {
        Scene::new(engine, "ready")
            .with("/spec/proxy", json!({"expose": {"type": "external"}}))
            .with("/status/hostname", json!(hostname))
    };
    exposed("pxc", "").is_pending("its load balancer has no address yet");
    exposed("pxc", "orders-haproxy.prod").is_pending(
        "the one inside the cluster \
                                                      (orders-haproxy.prod)",
    );
    exposed("postgresql", "orders-pgbouncer.prod.svc").is_pending("inside the cluster");
    exposed("pxc", "203.0.113.10").is_ready();
    exposed("pxc", "orders-prod.prod.example.org").is_ready();
    exposed("psmdb", "orders-rs0.prod.svc.cluster.local").is_pending("inside the cluster");
    let looked_at = Scene {
        creating: false,
        ..exposed("pxc", "")
    };
    looked_at.is_ready();
}

#[test]
fn the_address_of_a_former_load_balancer_must_have_gone() {
    let inside = |engine: &str, exposed: &str, hostname: &str| {
        Scene {
            has_worked: true,
            ..Scene::updating("ready")
        }
        .with("/spec/engine/type", json!(engine))
        .with("/spec/proxy", json!({"expose": {"type": exposed}}))
        .with("/status/hostname", json!(hostname))
        .engine(5, Some(5), "ready")
    };
    for exposed in ["ClusterIP", "internal", "NodePort"] {
        inside("pxc", exposed, "203.0.113.10").is_pending("previous load balancer (203.0.113.10)");
        inside("pxc", exposed, "orders-haproxy.prod").is_ready();
    }
    let unexposed = inside("postgresql", "", "lb.example.org").with("/spec/proxy", json!({}));
    unexposed.is_pending("previous load balancer (lb.example.org)");
    inside("postgresql", "ClusterIP", "orders-pgbouncer.prod.svc").is_ready();
    inside("pxc", "ClusterIP", "").is_ready();
    // The members of a replica set are listed, in more ways than one.
    inside("psmdb", "ClusterIP", "10.0.0.1:27017,10.0.0.2:27017").is_ready();
    let sharded = |hostname| {
        inside("psmdb", "ClusterIP", hostname).with(
            "/spec/sharding",
            json!({"enabled": true, "shards": 2, "configServer": {"replicas": 3}}),
        )
    };
    sharded("203.0.113.10:27017").is_pending("that of its previous load balancer");
}

#[test]
fn a_postgresql_database_is_done_with_as_many_pods_as_it_asks_for() {
    let counted = |members: i64, proxies: i64| {
        Scene::new("postgresql", "ready")
            .engine(5, Some(5), "ready")
            .engine_says("spec.instances", json!([{"replicas": 3}]))
            .engine_says("spec.proxy.pgBouncer.replicas", json!(2))
            .engine_says("status.postgres.size", json!(members))
            .engine_says("status.pgbouncer.size", json!(proxies))
    };
    counted(3, 2).is_ready();
    counted(1, 2)
        .is_pending("the PerconaPGCluster prod/orders reports 1 as the number of members, not 3");
    counted(4, 2).is_pending("4 as the number of members, not 3");
    counted(3, 1).is_pending("1 as the number of pods of PgBouncer, not 2");
    let changed = Scene {
        creating: false,
        may_be_stale: true,
        has_worked: true,
        ..counted(1, 2)
    };
    changed.is_pending("kubectl -n prod get events");
    // A look at one that nobody has just written to does not wait.
    let looked_at = Scene {
        creating: false,
        ..counted(1, 2)
    };
    looked_at.is_ready();
}

#[test]
fn each_member_of_a_replica_set_behind_load_balancers_must_have_its_address() {
    let members = |hostname: &str| {
        Scene::new("psmdb", "ready")
            .with("/spec/engine/replicas", json!(3))
            .with("/spec/proxy", json!({"expose": {"type": "LoadBalancer"}}))
            .with("/status/hostname", json!(hostname))
    };
    members("").is_pending("no address yet");
    let former: Vec<_> = (0..3)
        .map(|member| format!("orders-rs0-{member}.orders-rs0.prod.svc.cluster.local:27017"))
        .collect();
    members(&former.join(",")).is_pending("inside the cluster");
    members("a.example.org:27017,b.example.org:27017")
        .is_pending("2 of its 3 load balancers have an address");
    members("203.0.113.20:27017,203.0.113.21:27017,203.0.113.22:27017").is_ready();
}

#[test]
fn the_names_of_the_former_load_balancers_of_a_replica_set_must_have_gone() {
    let members = |hostname: &str| {
        Scene {
            has_worked: true,
            ..Scene::updating("ready")
        }
        .with("/spec/engine/type", json!("psmdb"))
        .with("/spec/proxy", json!({"expose": {"type": "ClusterIP"}}))
        .with("/status/hostname", json!(hostname))
        .engine(5, Some(5), "ready")
    };
    members("a.example.org:27017,b.example.org:27017").is_pending("its previous load balancer");
    members("orders-rs0-0.orders-rs0.prod.svc.cluster.local:27017").is_ready();
}

#[test]
fn the_host_name_must_be_the_one_that_the_engine_says() {
    let scene = |everest: &str, engine: &str| {
        Scene {
            has_worked: true,
            ..Scene::updating("ready")
        }
        .with("/spec/proxy", json!({"expose": {"type": "LoadBalancer"}}))
        .with("/status/hostname", json!(everest))
        .engine(5, Some(5), "ready")
        .engine_says("status.host", json!(engine))
    };
    scene("203.0.113.10", "203.0.113.11").is_pending("203.0.113.11");
    scene("203.0.113.11", "203.0.113.11").is_ready();
    scene("203.0.113.11", "").is_ready();
}

#[test]
fn split_horizon_domains_must_be_in_the_status() {
    let split = |exposed: &str, addresses: &[&str]| {
        let domains: Vec<_> = addresses
            .iter()
            .enumerate()
            .map(|(pod, address)| {
                json!({
                    "domain": format!("orders-rs0-{pod}-prod.db.example.org"),
                    "privateIP": "10.0.0.1", "publicIP": address,
                })
            })
            .collect();
        Scene::new("psmdb", "ready")
            .with("/spec/engine/replicas", json!(2))
            .with("/spec/proxy", json!({"expose": {"type": exposed}}))
            .with(
                "/status/hostname",
                json!("203.0.113.20:27017,203.0.113.21:27017"),
            )
            .with(
                "/spec/engineFeatures",
                json!({"psmdb": {"splitHorizonDnsConfigName": "eu"}}),
            )
            .with(
                "/status/engineFeatures",
                json!({"psmdb": {"splitHorizon": {"domains": domains}}}),
            )
    };
    split("external", &[]).is_pending("0 of its 2 split-horizon domains");
    split("external", &["203.0.113.20"]).is_pending("1 of its 2 split-horizon domains");
    split("external", &["203.0.113.20", "pending"])
        .is_pending("orders-rs0-1-prod.db.example.org has no public address yet");
    split("external", &["203.0.113.20", ""]).is_pending("no public address yet");
    split("external", &["203.0.113.20", "203.0.113.21"]).is_ready();
    // Everest looks for the addresses by the former name of the exposure alone.
    split("LoadBalancer", &["", ""]).is_ready();
    let unasked = split("external", &[]).with("/spec/engineFeatures", json!({"psmdb": {}}));
    unasked.is_ready();
    // A look at one that nobody has just written to does not wait.
    let looked_at = Scene {
        creating: false,
        ..split("external", &[])
    };
    looked_at.is_ready();
}

#[test]
fn another_host_name_is_another_footing() {
    let of = |hostname: &str| {
        let scene = Scene::updating("ready").with("/status/hostname", json!(hostname));
        engine_object::footing(&serde_json::from_value(scene.database).unwrap(), None)
    };
    assert_ne!(of("203.0.113.10"), of("203.0.113.11"));
    assert_eq!(of("203.0.113.10"), of("203.0.113.10"));
}

#[test]
fn a_change_of_metadata_alone_waits_for_nothing() {
    let metadata = |state| Scene {
        may_be_stale: false,
        ..Scene::updating(state)
    };
    metadata("ready").is_ready();
    metadata("ready").engine(5, Some(4), "ready").is_ready();
    metadata("error").has_failed("status is error");
}

#[test]
fn error_is_waited_out_while_creating_and_a_failure_once_it_has_lasted_afterwards() {
    Scene::new("pxc", "error")
        .with("/status/message", json!("no image"))
        .is_pending("no image; Everest keeps trying");
    // Operators report an error also while a member that restarts does not answer.
    let worked = || Scene {
        has_worked: true,
        ..Scene::updating("error").engine(5, Some(5), "error")
    };
    worked().is_pending("a failure once it has lasted for 120 s (0 s so far)");
    worked().steady(119).is_pending("119 s so far");
    worked().steady(120).has_failed("status is error");
    let unseen = || Scene::updating("error");
    unseen().steady(15).is_pending("this may pass");
    unseen().steady(120).has_failed("status is error");
}

#[test]
fn a_caller_without_a_clock_takes_what_is_said_once_the_engine_has_taken_up_the_change() {
    let clockless = |state: &str, observed: i64| Scene {
        steady_for: None,
        ..Scene::updating(state).engine(5, Some(observed), state)
    };
    clockless("ready", 4).is_pending("generation 5, observed 4");
    clockless("ready", 5).is_ready();
    clockless("error", 4).is_pending("may be from before the change");
    clockless("error", 5).has_failed("status is error");
}

#[test]
fn an_error_of_before_the_repair_is_not_that_of_the_repair() {
    let left_over = || Scene::updating("error").engine(5, Some(4), "error");
    left_over().is_pending("may be from before the change");
    left_over()
        .steady(60)
        .is_pending("generation 5, observed 4");
    left_over().steady(120).has_failed("status is error");
}

#[test]
fn an_error_does_not_hide_that_the_first_restore_has_failed() {
    Scene::new("pxc", "error")
        .with("/spec/dataSource", json!({"dbClusterBackupName": "b"}))
        .restored("Failed")
        .has_failed("the restore orders failed: said by the engine");
}

#[test]
fn a_database_that_is_to_be_paused_is_ready_when_it_is_paused() {
    let paused = |state| {
        Scene::updating(state)
            .with("/spec/paused", json!(true))
            .with("/status/ready", json!(0))
    };
    paused("paused").is_ready();
    let pods_left = paused("paused").with("/status/ready", json!(1));
    pods_left.is_pending("waiting for the database to stop");
    paused("ready").is_pending("waiting for the database to stop");
    paused("stopping").is_pending("status is stopping");
    Scene::updating("paused").is_pending("waiting for the database to start");
}

#[test]
fn a_database_that_does_not_stop_names_the_backup_that_may_hold_it_up() {
    let stopping = |engine: &str, state: &str| {
        Scene {
            creating: false,
            may_be_stale: true,
            ..Scene::new(engine, state)
        }
        .with("/spec/paused", json!(true))
    };
    let held = "a backup of the database is probably being taken";
    for engine in ["psmdb", "postgresql"] {
        stopping(engine, "ready").is_pending(held);
        let restarting = json!({"everest.percona.com/restart": "true"});
        let restarting = stopping(engine, "ready").with("/metadata/annotations", restarting);
        restarting.is_pending(held);
    }
    for other in [stopping("pxc", "ready"), stopping("psmdb", "stopping")] {
        let judged = format!("{:?}", other.judge());
        assert!(!judged.contains(held), "{judged}");
    }
}

#[test]
fn a_database_that_goes_on_once_it_runs_is_as_paused_as_it_can_be() {
    for state in ["upgrading", "resizingVolumes"] {
        let stopped = |pods: i64| {
            Scene::updating(state)
                .with("/spec/paused", json!(true))
                .with("/status/ready", json!(pods))
        };
        stopped(0).is_ready();
        stopped(0).engine(5, Some(5), "paused").is_ready();
        stopped(0)
            .engine(5, Some(5), "initializing")
            .is_pending("waiting for the database to stop");
        stopped(1).is_pending("1 of 3 ready");
    }
}

#[test]
fn a_restart_is_waited_for_whatever_paused_says() {
    let restarting = |state, paused: bool| {
        Scene::updating(state)
            .with(
                "/metadata/annotations",
                json!({"everest.percona.com/restart": "true"}),
            )
            .with("/spec/paused", json!(paused))
    };
    restarting("paused", true).is_pending("being restarted");
    let stopped = restarting("upgrading", true).with("/status/ready", json!(0));
    stopped.is_pending("annotate databasecluster orders everest.percona.com/restart- and then");
    let still = format!("{:?}", restarting("upgrading", true).judge());
    assert!(!still.contains("kubectl"), "{still}");
    restarting("ready", false).is_pending("being restarted");
}

#[test]
fn a_database_that_everest_leaves_alone_says_why_nothing_happens() {
    let paused = |running| Scene::updating("ready").paused(running);
    paused(Seen::Absent).is_pending("does not reconcile the database; remove it (status is ready");
    paused(Seen::Unread).is_pending("If no import runs, remove it");
    let other = Scene::updating("ready").with(
        "/metadata/annotations",
        json!({"everest.percona.com/reconcile-paused": "false"}),
    );
    Scene {
        steady_for: Some(HOLD),
        ..other
    }
    .is_ready();
}

#[test]
fn an_import_that_has_paused_everest_is_left_alone() {
    let source = json!({"dataImport": {"dataImporterName": "i", "source": {"path": "p"}}});
    let scene = || Scene::new("postgresql", "importing").with("/spec/dataSource", source.clone());
    let left = "Leave the annotation in place";
    // That of the data source: its own object is enough.
    let first = scene().paused(Seen::Unread).imported("Running");
    first.is_pending("The import data-import-orders into it has not ended (its state is Running");
    first.is_pending(left);
    // That of somebody who fills a database that exists.
    for state in ["", "Pending", "Running", "Error"] {
        let other = Seen::Found(import("first-load", state));
        let other = Scene::updating("ready").paused(other);
        other.is_pending("The import first-load into it has not ended");
        other.is_pending(left);
    }
    // An import that was killed has left the annotation.
    let killed = scene().paused(Seen::Absent).imported("Failed");
    killed.has_failed("the data import failed: no such dump; the annotation");
    killed.has_failed("so Everest does not reconcile the database; remove it");
    scene().imported("Failed").has_failed("no such dump");
}

#[test]
fn a_data_source_must_have_been_restored() {
    let scene = || {
        Scene::new("pxc", "ready").with(
            "/spec/dataSource",
            json!({"dbClusterBackupName": "nightly"}),
        )
    };
    scene().is_pending("the restore from backup nightly has not begun");
    scene().restored("").is_pending("is not started");
    scene().restored("Restoring").is_pending("is Restoring");
    scene().restored("Succeeded").is_ready();
    scene().restored("Failed").has_failed("said by the engine");
    Scene::new("pxc", "ready")
        .with("/spec/dataSource", Value::Null)
        .is_ready();
    Scene::new("pxc", "ready")
        .with(
            "/spec/dataSource",
            json!({"backupSource": {"path": "x/full", "backupStorageName": "s3"}}),
        )
        .is_pending("path x/full");
    Scene::new("pxc", "restoring")
        .restored("Failed")
        .has_failed("the restore orders failed");
}

#[test]
fn mongodb_begins_a_restore_only_with_a_backup_agent() {
    Scene::new("psmdb", "ready")
        .with(
            "/spec/dataSource",
            json!({"dbClusterBackupName": "nightly"}),
        )
        .engine(1, Some(1), "ready")
        .is_pending("version of its backup agent");
}

#[test]
fn a_new_database_whose_source_was_taken_out_after_its_restore_failed_is_not_ready() {
    let gone = || Scene::new("pxc", "ready");
    gone()
        .restored("Failed")
        .has_failed("the restore orders of its first data failed: said by");
    gone().restored("Succeeded").is_ready();
    // The failure of long ago says nothing of a database that is used since.
    let later = Scene {
        creating: false,
        steady_for: Some(HOLD),
        ..gone().restored("Failed")
    };
    later.is_ready();
}

#[test]
fn a_data_import_must_have_succeeded() {
    let import = json!({"dataImport": {"dataImporterName": "i", "source": {"path": "p"}}});
    let scene = || Scene::new("pxc", "ready").with("/spec/dataSource", import.clone());
    let named = || scene().with("/status/dataImportJobName", json!("data-import-orders"));
    scene().is_pending("the data import has not begun");
    named().is_pending("data-import-orders is not started");
    named().imported("Running").is_pending("is Running");
    named().imported("Succeeded").is_ready();
    named().imported("Failed").has_failed("no such dump");
    // Everest tries again what it calls an error: only what failed is over.
    named().imported("Error").is_pending("no such dump");
    Scene::new("pxc", "importing")
        .imported("Error")
        .is_pending("the job reports an error, and Everest tries again: no such dump");
    Scene::new("pxc", "importing").is_pending("a data import is running");
    Scene::new("pxc", "error")
        .condition("ImportFailed", "exit 1")
        .has_failed("exit 1");
    let later = Scene {
        creating: false,
        steady_for: Some(HOLD),
        ..named()
    };
    later.is_ready();
}

#[test]
fn an_import_that_was_repaired_has_not_failed_any_more() {
    let import = json!({"dataImport": {"dataImporterName": "i", "source": {"path": "p"}}});
    let scene = |state: &str| {
        Scene::new("pxc", state)
            .with("/spec/dataSource", import.clone())
            .with("/status/dataImportJobName", json!("data-import-orders"))
            .condition("ImportFailed", "exit 1")
    };
    scene("error").has_failed("exit 1");
    // Everest never removes the condition.
    scene("importing").is_pending("a data import is running");
    scene("ready").imported("Succeeded").is_ready();
    // The new job has begun, and the status is from before it.
    scene("error")
        .imported("Running")
        .is_pending("status is error");
    scene("ready").imported("Failed").has_failed("no such dump");
}

#[test]
fn volumes_that_cannot_be_resized_are_a_failure() {
    Scene::updating("resizingVolumes")
        .condition("VolumeResizeFailed", "quota exceeded")
        .has_failed("quota exceeded");
    Scene {
        steady_for: Some(HOLD),
        ..Scene::updating("ready")
    }
    .condition("CannotResizeVolume", "the class does not allow it")
    .has_failed("the class does not allow it");
}

#[test]
fn a_database_being_deleted_will_not_become_ready() {
    Scene::new("pxc", "deleting").has_failed("being deleted");
    Scene::new("pxc", "ready")
        .with("/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z"))
        .has_failed("being deleted");
}
