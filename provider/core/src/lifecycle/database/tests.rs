use everest_schemas::models::DatabaseModel;
use serde_json::{Value, json};

use super::*;
use crate::lifecycle::world::{World, object};
use crate::lifecycle::{Action, Apply, EngineRole, Lifecycle, ObjectKind};
use crate::restart::{RESTART, RESTARTED_FOR};

const MANAGER: &str = "ours";

fn model(engine: Value, more: Value) -> DatabaseModel {
    let mut spec = json!({"type": "pxc", "replicas": 3, "version": "8.0.36",
        "storage": {"size": "25Gi"}});
    merge(&mut spec, engine);
    let mut model = json!({"namespace": "prod", "name": "orders", "ready": true,
        "spec": {"engine": spec}});
    merge(&mut model, more);
    serde_json::from_value(model).unwrap()
}

fn merge(into: &mut Value, more: Value) {
    let members = into.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
}

fn live(status: Value, metadata: Value) -> Value {
    let mut all = json!({"status": "ready", "observedGeneration": 1});
    merge(&mut all, status);
    let mut held = json!({"uid": "u", "resourceVersion": "7", "generation": 1});
    merge(&mut held, metadata);
    json!({"metadata": held, "status": all, "spec": {"engine": {"type": "pxc", "replicas": 3,
        "version": "8.0.36", "storage": {"size": "25Gi"}}}})
}

fn with(live: Value) -> World {
    World::default().with(ObjectKind::Database, "orders", live)
}

fn change(planned: &DatabaseModel) -> ChangeDatabase {
    ChangeDatabase::of(&model(json!({}), json!({})), planned, planned, MANAGER)
}

/// The body of an apply to the database.
fn applied<T>(action: Action<T>) -> Value {
    match action {
        Action::Apply(apply) => {
            let Apply {
                object: to, body, ..
            } = *apply;
            assert_eq!(to, object(ObjectKind::Database, "orders"));
            body.into_inner()
        }
        _ => panic!("nothing is applied"),
    }
}

fn annotations<T>(action: Action<T>) -> Value {
    match action {
        Action::Merge(changes) => changes[0].body.expose()["metadata"]["annotations"].clone(),
        _ => panic!("nothing is merged"),
    }
}

#[test]
fn a_change_waits_until_everest_takes_it_and_then_until_it_has_come() {
    let planned = model(json!({"replicas": 5}), json!({}));
    let mut change = change(&planned);
    let mut world = with(live(json!({"status": "restoring"}), json!({})));
    assert!(matches!(world.next(&mut change), Action::Await(_)));
    assert!(!change.is_begun(false));
    let locked = json!({"metadata": {"annotations": {crate::facts::UPGRADE_LOCK: "now"}},
        "spec": {"type": "pxc"}});
    world.put(
        ObjectKind::DatabaseEngine,
        "percona-xtradb-cluster-operator",
        locked,
    );
    world.put(ObjectKind::Database, "orders", live(json!({}), json!({})));
    assert!(matches!(world.next(&mut change), Action::Await(_)));
    world.drop(
        ObjectKind::DatabaseEngine,
        "percona-xtradb-cluster-operator",
    );
    let body = applied(world.next(&mut change));
    assert_eq!(body["spec"]["engine"]["replicas"], 5);
    assert_eq!(body["metadata"]["uid"], "u", "no other database takes it");
    change.wrote(&object(ObjectKind::Database, "orders"), Some(1));
    let seen = json!({"generation": 2});
    world.put(ObjectKind::Database, "orders", live(json!({}), seen));
    assert!(matches!(world.next(&mut change), Action::Await(_)));
    assert!(change.is_begun(false));
}

#[test]
fn a_change_waits_for_an_import_that_has_paused_everest_and_names_it() {
    let planned = model(json!({"replicas": 5}), json!({}));
    let paused = json!({"annotations": {crate::api::RECONCILE_PAUSED: "true"}});
    let job = |database: &str, state: &str| {
        json!({"spec": {"targetClusterName": database, "dataImporterName": "dump",
            "source": {"path": "/d"}}, "status": {"state": state}})
    };
    let awaited = |world: World| {
        let mut world = world
            .with(
                ObjectKind::DataImportJob,
                "before",
                job("orders", "Succeeded"),
            )
            .with(ObjectKind::DataImportJob, "beside", job("other", "Running"));
        let mut change = change(&planned);
        assert!(matches!(world.next(&mut change), Action::Apply(_)));
        change.wrote(&object(ObjectKind::Database, "orders"), Some(1));
        match world.next(&mut change) {
            Action::Await(missing) => missing.render(crate::dialect::Dialect::Terraform),
            action => panic!("{action:?}"),
        }
    };
    let world = || with(live(json!({}), paused.clone()));
    let running = world().with(ObjectKind::DataImportJob, "later", job("orders", "Running"));
    let said = awaited(running);
    assert!(
        said.contains("The import later into it has not ended"),
        "{said}"
    );
    let said = awaited(world());
    assert!(said.contains("reconcile the database; remove it"), "{said}");
    let said = awaited(world().hiding(ObjectKind::DataImportJob));
    assert!(said.contains("If no import runs, remove it"), "{said}");
}

/// What a change waits for beside a database in `status` and the objects of its engine.
fn awaited(status: &str, beside: &[(ObjectKind, &str, Value)]) -> String {
    let planned = model(json!({"replicas": 5}), json!({}));
    let mut world = with(live(
        json!({"status": status, "ready": 1, "size": 3}),
        json!({"namespace": "prod"}),
    ));
    for (kind, name, body) in beside {
        world.put(*kind, name, body.clone());
    }
    match world.next(&mut change(&planned)) {
        Action::Await(missing) => missing.render(crate::dialect::Dialect::Terraform),
        action => panic!("{action:?}"),
    }
}

#[test]
fn a_change_that_waits_for_everest_says_what_the_engine_says_and_what_to_do() {
    let engine = ObjectKind::Engine(everest_schemas::Engine::Pxc, EngineRole::Database);
    let troubled = json!({"status": {"state": "initializing",
        "conditions": [{"message": "pod orders-pxc-2: 0/3 nodes: insufficient memory"}]}});
    let beside = [(engine, "orders", troubled)];
    for (state, way_out) in [
        ("upgrading", "kubectl -n prod edit databasecluster orders"),
        (
            "resizingVolumes",
            "kubectl -n prod describe pvc -l app.kubernetes.io/instance=orders",
        ),
        (
            "restoring",
            "kubectl -n prod describe perconaxtradbclusterrestore",
        ),
    ] {
        let said = awaited(state, &beside);
        for part in [
            &format!("no longer {state} (status is {state}, 1 of 3 ready"),
            "the PerconaXtraDBCluster prod/orders is initializing",
            "the engine's operator says: pod orders-pxc-2: 0/3 nodes: insufficient memory",
            way_out,
        ] {
            assert!(said.contains(part), "{part} is not in {said}");
        }
    }
    // Without the engine's object what Everest says is told.
    let said = awaited("upgrading", &[]);
    assert!(said.contains("has not created the"), "{said}");
}

#[test]
fn a_change_that_waits_for_a_restore_names_it_with_what_the_engine_says() {
    let of = |database: &str, status: Value| {
        json!({"metadata": {"namespace": "prod"}, "status": status,
            "spec": {"dbClusterName": database, "dataSource": {"dbClusterBackupName": "b"}}})
    };
    let restore = ObjectKind::Engine(everest_schemas::Engine::Pxc, EngineRole::Restore);
    let stuck = json!({"status": {"state": "Starting", "comments": "no such bucket"}});
    let said = awaited(
        "restoring",
        &[
            (
                ObjectKind::Restore,
                "drill",
                of("orders", json!({"state": "Starting"})),
            ),
            (
                ObjectKind::Restore,
                "over",
                of("orders", json!({"state": "Failed"})),
            ),
            (
                ObjectKind::Restore,
                "other",
                of("carts", json!({"state": "Restoring"})),
            ),
            (
                ObjectKind::Restore,
                "told",
                of("orders", json!({"state": "Restoring", "message": "slow"})),
            ),
            (restore, "drill", stuck),
        ],
    );
    for part in [
        "the DatabaseClusterRestore drill is Starting, and its PerconaXtraDBClusterRestore says: \
         no such bucket",
        "the DatabaseClusterRestore told is Restoring: slow",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert!(!said.contains("over") && !said.contains("other"), "{said}");
}

#[test]
fn a_restart_begins_after_the_change_that_asks_for_it() {
    let planned = model(
        json!({"replicas": 5}),
        json!({"restartTrigger": "a", "wait": false}),
    );
    let mut change = change(&planned);
    let mut world = with(live(json!({}), json!({})));
    applied(world.next(&mut change));
    // An answer that is missing leaves the restart to be asked for again.
    assert!(!change.is_begun(true));
    change.wrote(&object(ObjectKind::Database, "orders"), Some(1));
    let begun = json!({RESTART: "true", RESTARTED_FOR: "a"});
    assert_eq!(annotations(world.next(&mut change)), begun);
    assert!(!change.is_begun(false));
    let annotated = json!({"generation": 2, "annotations": begun});
    world.put(ObjectKind::Database, "orders", live(json!({}), annotated));
    assert_eq!(world.next(&mut change), Action::Done(()));
}

#[test]
fn a_restart_comes_once_another_version_or_larger_volumes_have_taken_effect() {
    for engine in [
        json!({"version": "8.0.41"}),
        json!({"storage": {"size": "50Gi"}}),
    ] {
        let planned = model(engine.clone(), json!({"restartTrigger": "a"}));
        let mut change = change(&planned);
        let mut world = with(live(json!({}), json!({})));
        applied(world.next(&mut change));
        change.wrote(&object(ObjectKind::Database, "orders"), Some(1));
        let changed = |status: &str| {
            let status = json!({"status": status, "observedGeneration": 2});
            let mut changed = live(status, json!({"generation": 2}));
            merge(&mut changed["spec"]["engine"], engine.clone());
            changed
        };
        for status in ["upgrading", "ready"] {
            world.put(ObjectKind::Database, "orders", changed(status));
            assert!(matches!(world.next(&mut change), Action::Await(_)));
            // A state that recorded the change would never begin the restart.
            assert!(!change.is_begun(false));
        }
        world.pass(15);
        applied(world.next(&mut change));
        change.wrote(&object(ObjectKind::Database, "orders"), Some(2));
        let begun = annotations(world.next(&mut change));
        assert_eq!(begun, json!({RESTART: "true", RESTARTED_FOR: "a"}));
    }
}

#[test]
fn a_stopped_database_that_goes_on_once_it_runs_can_be_started() {
    let of = |paused: bool| {
        let mut model = model(json!({}), json!({}));
        model.spec.known_mut().unwrap().paused = paused.into();
        model
    };
    for state in ["upgrading", "resizingVolumes"] {
        let next = |pods: i64| {
            let mut stopped = live(json!({"status": state, "ready": pods}), json!({}));
            stopped["spec"]["paused"] = json!(true);
            let mut start = ChangeDatabase::of(&of(true), &of(false), &of(false), MANAGER);
            with(stopped).next(&mut start)
        };
        assert_eq!(applied(next(0))["spec"]["paused"], false);
        assert!(matches!(next(2), Action::Await(_)), "it is stopping");
    }
}

#[test]
fn a_change_without_work_is_done_at_once_unless_the_one_before_was_not_waited_for() {
    let at_rest = json!({"metadata": {"generation": 3},
        "status": {"state": "ready", "observedGeneration": 3}});
    let engine = ObjectKind::Engine(everest_schemas::Engine::Pxc, EngineRole::Database);
    for was_ready in [true, false] {
        let prior = model(json!({}), json!({"ready": was_ready}));
        let mut planned = prior.clone();
        let spec = planned.spec.known_mut().unwrap();
        spec.allow_unsafe_configuration = true.into();
        let mut change = ChangeDatabase::of(&prior, &planned, &planned, MANAGER);
        let mut world = with(live(json!({}), json!({}))).with(engine, "orders", at_rest.clone());
        let (written, last) = world.run(&mut change);
        assert_eq!(written.len(), 1, "{written:?}");
        assert_eq!(last == Action::Done(()), was_ready, "{last:?}");
        world.pass(15);
        assert_eq!(world.next(&mut change), Action::Done(()));
    }
}

#[test]
fn somebody_elses_pause_is_not_ended_by_a_restart() {
    let planned = model(json!({}), json!({"restartTrigger": "a"}));
    let mut paused = live(json!({"status": "paused"}), json!({}));
    paused["spec"]["paused"] = json!(true);
    let action = with(paused).next(&mut change(&planned));
    assert!(matches!(action, Action::Refuse { .. }), "{action:?}");
}

#[test]
fn the_operators_version_comes_before_the_engines() {
    let planned = model(json!({"version": "8.0.41"}), json!({"crVersion": "1.18.0"}));
    let mut change = change(&planned);
    let pending = json!({"crVersion": "1.17.0", "recommendedCRVersion": "1.18.0"});
    let mut world = with(live(pending, json!({})));
    let first = applied(world.next(&mut change));
    assert_eq!(first["spec"]["engine"]["crVersion"], "1.18.0");
    assert_eq!(first["spec"]["engine"]["version"], "8.0.36");
    change.wrote(&object(ObjectKind::Database, "orders"), Some(1));
    let seen = json!({"observedGeneration": 2, "crVersion": "1.18.0",
        "recommendedCRVersion": "1.18.0"});
    world.put(
        ObjectKind::Database,
        "orders",
        live(seen, json!({"generation": 2})),
    );
    assert!(matches!(world.next(&mut change), Action::Await(_)));
    world.pass(60);
    assert!(
        matches!(world.next(&mut change), Action::Await(_)),
        "it is recommended still"
    );
    let taken = json!({"observedGeneration": 2, "crVersion": "1.18.0"});
    world.put(
        ObjectKind::Database,
        "orders",
        live(taken, json!({"generation": 2})),
    );
    let second = applied(world.next(&mut change));
    assert_eq!(second["spec"]["engine"]["version"], "8.0.41");
}

#[test]
fn a_change_of_a_database_that_is_gone_or_going_is_refused() {
    let planned = model(json!({"replicas": 5}), json!({}));
    let going = json!({"deletionTimestamp": "2026-01-01T00:00:00Z"});
    for mut world in [World::default(), with(live(json!({}), going))] {
        let action = world.next(&mut change(&planned));
        assert!(matches!(action, Action::Refuse { .. }), "{action:?}");
    }
}

fn keep(config: &DatabaseModel, remembered: Option<&str>) -> KeepDatabase {
    KeepDatabase::of(config, remembered, MANAGER)
}

#[test]
fn a_database_is_kept_as_it_is_said_and_restarted_once_a_trigger() {
    let config = model(json!({"replicas": 5}), json!({"restartTrigger": "b"}));
    let mut world = with(live(
        json!({}),
        json!({"annotations": {RESTARTED_FOR: "a"}}),
    ));
    let body = applied(world.next(&mut keep(&config, Some("a"))));
    assert_eq!(body["metadata"]["resourceVersion"], "7");
    let same = model(json!({}), json!({"restartTrigger": "b"}));
    let restart = annotations(world.next(&mut keep(&same, Some("a"))));
    assert_eq!(restart, json!({RESTART: "true", RESTARTED_FOR: "b"}));
    // Everest may be about to upgrade it.
    let unseen = json!({"generation": 2, "annotations": {RESTARTED_FOR: "a"}});
    let next = with(live(json!({}), unseen)).next(&mut keep(&same, Some("a")));
    assert!(matches!(next, Action::Await(_)), "{next:?}");
    // Everest has lost the note; the managed resource has not.
    let mut lost = with(live(json!({}), json!({})));
    assert_eq!(lost.next(&mut keep(&same, Some("b"))), Action::Done(()));
}

#[test]
fn a_paused_database_that_is_started_is_not_restarted_too() {
    let config = model(json!({}), json!({"restartTrigger": "b"}));
    let mut config = config;
    config.spec.known_mut().unwrap().paused = false.into();
    let mut paused = live(json!({"status": "paused"}), json!({}));
    paused["spec"]["paused"] = json!(true);
    let noted = annotations(with(paused.clone()).next(&mut keep(&config, Some("a"))));
    assert_eq!(noted, json!({RESTARTED_FOR: "b"}));
    paused["metadata"]["annotations"] = json!({RESTARTED_FOR: "b"});
    let body = applied(with(paused).next(&mut keep(&config, Some("a"))));
    assert_eq!(body["spec"]["paused"], false);
}

#[test]
fn what_everest_does_not_take_now_is_kept_for_later() {
    let config = model(json!({"replicas": 5}), json!({}));
    let busy = live(json!({"status": "upgrading"}), json!({}));
    assert!(matches!(
        with(busy).next(&mut keep(&config, None)),
        Action::Await(_)
    ));
}

#[test]
fn a_data_source_that_is_taken_out_stays_for_as_long_as_everest_keeps_it_and_is_named() {
    let kept = |source: Value, owned: Value, config: &DatabaseModel| -> Vec<String> {
        let fields = json!([{"manager": MANAGER, "operation": "Apply", "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": owned}}]);
        let mut object = live(json!({}), json!({"managedFields": fields}));
        object["spec"]["dataSource"] = source;
        let object = serde_json::from_value(object).unwrap();
        let compared = keep(config, None).compare(&object);
        assert_eq!(compared.change, None);
        let kept = compared.kept.iter();
        kept.map(|kept| kept.kept("DatabaseCluster")).collect()
    };
    let import = json!({"dataImport": {"dataImporterName": "dump", "source": {"path": "/a"}}});
    let ours = json!({"f:dataSource": {"f:dataImport": {"f:dataImporterName": {}}}});
    let plain = model(json!({}), json!({}));
    let told = kept(import.clone(), ours.clone(), &plain);
    assert_eq!(told.len(), 1, "{told:?}");
    let named = "spec.forProvider.dataSource is no longer set and stays in the object";
    assert!(told[0].starts_with(named), "{told:?}");

    let mut same = plain.clone();
    same.spec.known_mut().unwrap().data_source = serde_json::from_value(import.clone()).unwrap();
    assert_eq!(kept(import.clone(), ours.clone(), &same), [""; 0]);
    assert_eq!(
        kept(import, json!({}), &plain),
        [""; 0],
        "it was never ours"
    );
    assert_eq!(
        kept(Value::Null, ours, &plain),
        [""; 0],
        "Everest removed it"
    );
}
