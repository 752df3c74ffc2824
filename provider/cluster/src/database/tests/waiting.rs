//! When a change or a creation counts as done.

use tokio::time::Instant;

use super::*;

const PXC: &str = "/apis/pxc.percona.com/v1/namespaces/prod/perconaxtradbclusters/orders";
const PG: &str = "/apis/pgv2.percona.com/v2/namespaces/prod/perconapgclusters/orders";

fn spec(engine: &str, replicas: i64) -> Value {
    json!({"engine": {"type": engine, "replicas": replicas, "storage": {"size": "25Gi"}}})
}

fn of(engine: &str, replicas: i64) -> DatabaseModel {
    model(json!({"ready": true, "spec": spec(engine, replicas)}))
}

/// The engine's own object of a MySQL database, at rest.
fn pxc(size: i64, generation: i64, observed: i64) -> Value {
    json!({"apiVersion": "pxc.percona.com/v1", "kind": "PerconaXtraDBCluster",
        "metadata": {"name": "orders", "namespace": "prod", "generation": generation},
        "spec": {"pxc": {"size": size}},
        "status": {"state": "ready", "observedGeneration": observed}})
}

/// A database of an engine that is ready, with the engine's own object. Everest sees every change
/// at once and says that it has; of the engine's object it makes what `carry` does.
fn ready(
    engine: &str,
    path: &'static str,
    engine_cr: Value,
    carry: impl Fn(&mut Value) + Send + Sync + 'static,
) -> (Cluster, api_server::Seen, api_server::Held) {
    let mut database = object("ready");
    database["spec"] = spec(engine, 3);
    let objects = [
        (DATABASE.to_owned(), database),
        (path.to_owned(), engine_cr),
    ];
    api_server::store(objects.into(), move |objects, method, changed| {
        if method == "PATCH" && changed == DATABASE {
            let database = objects.get_mut(DATABASE).unwrap();
            database["metadata"]["generation"] = json!(2);
            database["status"] = json!({"status": "ready", "observedGeneration": 2, "port": 3306});
            carry(objects.get_mut(path).unwrap());
        }
    })
}

fn pending(changed: &Change<DatabaseModel>) -> String {
    match changed {
        Change::Pending { observed, error } => {
            assert_eq!(observed.ready.known(), Some(&false));
            error.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_does_not_reach_the_engines_object_is_pending_and_says_which_field() {
    let engine_cr = json!({"apiVersion": "pgv2.percona.com/v2", "kind": "PerconaPGCluster",
        "metadata": {"name": "orders", "namespace": "prod", "generation": 1},
        "spec": {"instances": [{"replicas": 3}]}, "status": {"state": "ready"}});
    let (cluster, _, _) = ready("postgresql", PG, engine_cr, |_| {});
    let planned = of("postgresql", 5);
    let changed = update(&cluster, &of("postgresql", 3), &planned, &planned, &wait()).await;
    let text = pending(&changed);
    assert!(
        text.contains(
            "the PerconaPGCluster prod/orders still has spec.instances[0].replicas 3, not 5"
        ),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_that_everest_does_not_take_says_what_the_engine_complains_of_and_is_sent_later() {
    let mut troubled = pxc(3, 4, 4);
    troubled["status"] = json!({"state": "initializing", "observedGeneration": 4,
        "conditions": [{"message": "orders-pxc-2: ImagePullBackOff"}]});
    let (cluster, _, objects) = ready("pxc", PXC, troubled, |engine_cr| {
        *engine_cr = pxc(5, 5, 5);
    });
    objects.lock().unwrap().get_mut(DATABASE).unwrap()["status"]["status"] = json!("upgrading");
    let short = Wait::new(Duration::from_secs(30), CancellationToken::new());
    let planned = of("pxc", 5);
    let changed = update(&cluster, &of("pxc", 3), &planned, &planned, &short).await;
    let Change::Refused(error) = &changed else {
        panic!("{changed:?}")
    };
    let text = error.to_string();
    for part in [
        "did not accept changes",
        "no longer upgrading (status is upgrading; the PerconaXtraDBCluster prod/orders is \
         initializing; the engine's operator says: orders-pxc-2: ImagePullBackOff)",
        "kubectl -n prod edit databasecluster orders",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let over = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let mut objects = objects.lock().unwrap();
        objects.get_mut(DATABASE).unwrap()["status"]["status"] = json!("ready");
    };
    let patient = wait();
    let before = of("pxc", 3);
    let (changed, ()) = tokio::join!(
        update(&cluster, &before, &planned, &planned, &patient),
        over
    );
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_has_seen_a_change_and_not_begun_is_given_time_to_begin() {
    let (cluster, _, _) = ready("pxc", PXC, pxc(3, 4, 4), |engine_cr| {
        *engine_cr = pxc(5, 5, 5);
    });
    let begun = Instant::now();
    let planned = of("pxc", 5);
    let changed = update(&cluster, &of("pxc", 3), &planned, &planned, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    assert!(begun.elapsed() >= Duration::from_secs(15), "{begun:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{begun:?}");
}

/// Lets the engine and Everest report these states, each so many seconds after the one before.
fn report(objects: api_server::Held, states: &'static [(u64, &'static str)]) {
    tokio::spawn(async move {
        for (number, (after, state)) in states.iter().enumerate() {
            tokio::time::sleep(Duration::from_secs(*after)).await;
            let mut objects = objects.lock().unwrap();
            objects.get_mut(PXC).unwrap()["status"]["state"] = json!(state);
            let database = objects.get_mut(DATABASE).unwrap();
            database["status"]["status"] = json!(state);
            database["metadata"]["resourceVersion"] = json!((1000 + number).to_string());
        }
    });
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_begins_a_change_with_its_second_check_is_waited_for() {
    let (cluster, _, objects) = ready("pxc", PXC, pxc(3, 4, 4), |engine_cr| {
        *engine_cr = pxc(5, 5, 5);
    });
    // The first check wrote the configuration alone.
    report(objects, &[(9, "initializing"), (30, "ready")]);
    let begun = Instant::now();
    let planned = of("pxc", 5);
    let changed = update(&cluster, &of("pxc", 3), &planned, &planned, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    assert!(begun.elapsed() >= Duration::from_secs(39), "{begun:?}");
}

#[tokio::test(start_paused = true)]
async fn an_error_while_pods_restart_ends_a_wait_only_if_it_lasts() {
    let at_work = |engine_cr: &mut Value| {
        *engine_cr = pxc(5, 5, 5);
        engine_cr["status"]["state"] = json!("initializing");
    };
    let planned = of("pxc", 5);
    let (cluster, _, objects) = ready("pxc", PXC, pxc(3, 4, 4), at_work);
    report(
        objects,
        &[
            (5, "initializing"),
            (10, "error"),
            (40, "initializing"),
            (60, "ready"),
        ],
    );
    let changed = update(&cluster, &of("pxc", 3), &planned, &planned, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");

    let (cluster, _, objects) = ready("pxc", PXC, pxc(3, 4, 4), at_work);
    report(objects, &[(5, "initializing"), (10, "error")]);
    let begun = Instant::now();
    let changed = update(&cluster, &of("pxc", 3), &planned, &planned, &wait()).await;
    let text = pending(&changed);
    assert!(text.contains("Status: error"), "{text}");
    assert!(begun.elapsed() >= Duration::from_secs(135), "{begun:?}");
    assert!(begun.elapsed() < Duration::from_secs(150), "{begun:?}");
}

/// The duration of an update in seconds. The engine works until `engine_is_done`, and Everest
/// reports these statuses meanwhile.
async fn takes(engine_is_done: u64, says: &[(u64, &'static str)]) -> Duration {
    let (cluster, _, objects) = ready("pxc", PXC, pxc(3, 4, 4), |engine_cr| {
        *engine_cr = pxc(5, 5, 5);
        engine_cr["status"]["state"] = json!("initializing");
    });
    let begun = Instant::now();
    let done = objects.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(engine_is_done)).await;
        let mut objects = done.lock().unwrap();
        objects.get_mut(PXC).unwrap()["status"]["state"] = json!("ready");
    });
    for (number, (at, status)) in says.iter().copied().enumerate() {
        let objects = objects.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(at)).await;
            let mut objects = objects.lock().unwrap();
            let database = objects.get_mut(DATABASE).unwrap();
            database["status"]["status"] = json!(status);
            database["metadata"]["resourceVersion"] = json!((1000 + number).to_string());
        });
    }
    let planned = of("pxc", 5);
    let changed = update(&cluster, &of("pxc", 3), &planned, &planned, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_was_seen_at_work_on_a_change_needs_no_more_time() {
    let taken = takes(30, &[(5, "initializing"), (30, "ready")]).await;
    assert!((30..33).contains(&taken.as_secs()), "{taken:?}");
}

#[tokio::test(start_paused = true)]
async fn an_everest_that_lags_behind_a_quick_engine_is_not_believed_at_once() {
    let taken = takes(2, &[(5, "initializing"), (20, "ready")]).await;
    assert!((20..23).contains(&taken.as_secs()), "{taken:?}");
    let taken = takes(2, &[]).await;
    assert!((17..20).contains(&taken.as_secs()), "{taken:?}");
}

#[tokio::test(start_paused = true)]
async fn an_error_of_before_the_repair_is_waited_out() {
    let (cluster, _, objects) = ready("pxc", PXC, pxc(3, 4, 4), |engine_cr| {
        *engine_cr = pxc(5, 5, 4);
        engine_cr["status"]["state"] = json!("error");
    });
    let say = move |state: &str, engine_cr: Value| {
        let mut objects = objects.lock().unwrap();
        let database = objects.get_mut(DATABASE).unwrap();
        database["status"]["status"] = json!(state);
        database["metadata"]["resourceVersion"] = json!("1000");
        objects.insert(PXC.to_owned(), engine_cr);
    };
    let mut broken = pxc(3, 4, 4);
    broken["status"]["state"] = json!("error");
    say("error", broken);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let mut broken = pxc(5, 5, 4);
        broken["status"]["state"] = json!("error");
        say("error", broken);
        tokio::time::sleep(Duration::from_secs(25)).await;
        say("ready", pxc(5, 5, 5));
    });
    let planned = of("pxc", 5);
    let changed = update(&cluster, &of("pxc", 3), &planned, &planned, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_engine_operator_does_nothing_says_so() {
    let (cluster, _, _) = api_server::store(api_server::Objects::new(), |objects, method, path| {
        if method == "PATCH" && path == DATABASE {
            let database = objects.get_mut(path).unwrap();
            database["metadata"]["generation"] = json!(1);
            database["status"] = json!({"status": "creating", "observedGeneration": 1});
            let mut engine_cr = pxc(3, 1, 0);
            engine_cr.as_object_mut().unwrap().remove("status");
            objects.insert(PXC.to_owned(), engine_cr);
        }
    });
    let created = create(
        &cluster,
        &model(json!({})),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    let Creation::Pending { error, .. } = created else {
        panic!("{created:?}")
    };
    let text = error.to_string();
    assert!(
        text.contains("the PerconaXtraDBCluster prod/orders has no status yet")
            && text.contains("percona-xtradb-cluster-operator in namespace prod"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn giving_up_a_broken_database_does_not_wait_for_it() {
    let objects = [(DATABASE.to_owned(), object("error"))].into();
    let (cluster, seen, _) = api_server::store(objects, |_, _, _| {});
    let broken = |more: Value| {
        let mut model = model(more);
        model.ready = false.into();
        model
    };
    let prior = broken(json!({"deletionProtection": true,
        "finalBackup": {"backupStorageName": "s3"}}));
    let planned = broken(json!({"deletionProtection": false}));
    let begun = Instant::now();
    let changed = update(&cluster, &prior, &planned, &planned, &wait()).await;
    let text = pending(&changed);
    assert!(text.contains("Status: error"), "{text}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{begun:?}");
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn more_time_for_a_database_that_is_not_ready_is_waited() {
    let objects = [(DATABASE.to_owned(), object("initializing"))].into();
    let (cluster, _, objects) = api_server::store(objects, |_, _, _| {});
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let mut objects = objects.lock().unwrap();
        let database = objects.get_mut(DATABASE).unwrap();
        database["status"]["status"] = json!("ready");
        database["metadata"]["resourceVersion"] = json!("1000");
    });
    let mut prior = model(json!({}));
    prior.ready = false.into();
    let mut planned = model(json!({"timeouts": {"update": "3h"}}));
    planned.ready = everest_schemas::Field::Unknown;
    let changed = update(&cluster, &prior, &planned, &planned, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_without_an_address_is_waited_for() {
    let (cluster, _, objects) = ready("pxc", PXC, pxc(3, 4, 4), |engine_cr| {
        *engine_cr = pxc(3, 5, 5);
        engine_cr["spec"]["haproxy"] = json!({"exposePrimary": {"type": "LoadBalancer"}});
    });
    let inside = "orders-haproxy.prod";
    let hostname = move |hostname: &str| {
        let mut objects = objects.lock().unwrap();
        let database = objects.get_mut(DATABASE).unwrap();
        database["status"]["hostname"] = json!(hostname);
        database["metadata"]["resourceVersion"] = json!("1000");
    };
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        hostname(inside);
        tokio::time::sleep(Duration::from_secs(60)).await;
        hostname("203.0.113.10");
    });
    let mut planned = of("pxc", 3);
    planned.spec.known_mut().unwrap().proxy =
        serde_json::from_value(json!({"expose": {"type": "LoadBalancer"}})).unwrap();
    let changed = update(&cluster, &of("pxc", 3), &planned, &planned, &wait()).await;
    let Change::Done(observed) = changed else {
        panic!("{changed:?}")
    };
    assert_eq!(observed.hostname.known_str(), Some("203.0.113.10"));
}

#[tokio::test(start_paused = true)]
async fn reads_that_are_never_answered_do_not_end_a_wait() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let at_version = |status: &str, version: &str| {
        let mut database = object(status);
        database["metadata"]["resourceVersion"] = json!(version);
        database
    };
    let ready = at_version("ready", "9");
    let (cluster, _) = api_server::cluster(move |_, target, _| {
        if target != DATABASE {
            return api_server::failure(403, "Forbidden", "no", json!({}));
        }
        match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0..4 => api_server::Answer::Never,
            _ => api_server::Answer::Json(200, ready.clone()),
        }
    });
    let written = serde_json::from_value(at_version("initializing", "1")).unwrap();
    let begun = Instant::now();
    let after = After::NoChange;
    let mut lifecycle = AwaitReady::of(&written, after, false);
    let clock = wait().start();
    let mut driver = Driver::new(&cluster, &clock);
    driver.note_written(&lifecycle.subject(), written);
    let waited = driver.run(&mut lifecycle, &Unacknowledged::default()).await;
    assert!(waited.is_ok(), "{:?}", waited.err());
    assert!(begun.elapsed() >= Duration::from_secs(60), "{begun:?}");
}

/// Takes the database away after a while of waiting.
fn deleted_by_somebody(objects: &api_server::Held) {
    let objects = objects.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        objects.lock().unwrap().remove(DATABASE);
    });
}

#[tokio::test(start_paused = true)]
async fn a_database_that_somebody_deletes_while_it_is_made_is_not_created() {
    let (cluster, seen, objects) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    deleted_by_somebody(&objects);
    let made = Unacknowledged::default();
    let created = create(&cluster, &of("pxc", 3), &made, &wait()).await;
    let Creation::NotCreated(error) = created else {
        panic!("{created:?}")
    };
    assert!(matches!(error, ClusterError::NotFound { .. }), "{error}");
    assert_eq!(api_server::writes(&seen).len(), 1, "it is not made anew");
}

#[tokio::test(start_paused = true)]
async fn a_database_that_somebody_deletes_while_it_is_changed_is_not_made_anew() {
    let (cluster, seen, objects) = ready("pxc", PXC, pxc(3, 4, 4), |engine_cr| {
        *engine_cr = pxc(5, 5, 4);
    });
    deleted_by_somebody(&objects);
    let planned = of("pxc", 5);
    let changed = update(&cluster, &of("pxc", 3), &planned, &planned, &wait()).await;
    // The state keeps what was there: the next plan's read finds that it is gone.
    let text = pending(&changed);
    assert!(text.contains("does not exist"), "{text}");
    let patches = api_server::writes(&seen);
    assert!(patches.iter().all(|line| line.starts_with("PATCH")));
    assert!(
        !objects.lock().unwrap().contains_key(DATABASE),
        "{patches:?}"
    );
}
