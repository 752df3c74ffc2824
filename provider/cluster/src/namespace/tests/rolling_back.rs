//! A creation or a change that is refused leaves what was there before as it was.

use everest_schemas::Field;

use super::*;

const PXC: &str = Engine::Pxc.operator();
const PSMDB: &str = Engine::Psmdb.operator();

fn subscription(engine: Engine) -> String {
    format!("{OLM}/subscriptions/{}", engine.operator())
}

/// OLM with a catalog that does not have any version 9.9.9. What this provider applies is marked
/// as its own, as the API server does it.
fn catalog(objects: &mut api_server::Objects, method: &str, path: &str) {
    if method != "PATCH" || !path.starts_with(&format!("{OLM}/subscriptions/")) {
        return olm("1.18.0", None)(objects, method, path);
    }
    let found = objects.get_mut(path).unwrap();
    if found["metadata"]["managedFields"].is_null() {
        found["metadata"]["managedFields"] =
            json!([{"manager": crate::FIELD_MANAGER, "operation": "Apply"}]);
    }
    let csv = found["spec"]["startingCSV"].as_str().unwrap_or_default();
    if csv.ends_with(".v9.9.9") {
        found["status"] = unresolved(csv);
    } else if found["status"].is_null() {
        olm("1.18.0", None)(objects, method, path);
    }
}

fn unresolved(csv: &str) -> Value {
    json!({"conditions": [{"type": "ResolutionFailed", "status": "True",
        "message": format!("no operators found with name {csv} in channel stable-v1")}]})
}

/// The remains of a change that ended early: a Subscription that OLM cannot resolve.
fn left_behind(manager: &str) -> (String, Value) {
    let csv = format!("{PSMDB}.v9.9.9");
    (
        subscription(Engine::Psmdb),
        json!({
            "metadata": {"name": PSMDB, "namespace": "prod",
                "managedFields": [{"manager": manager, "operation": "Apply"}]},
            "spec": {"name": PSMDB, "source": "s", "sourceNamespace": "s", "startingCSV": csv},
            "status": unresolved(&csv),
        }),
    )
}

fn installed(engine: Engine, version: &str, channel: &str) -> (String, Value) {
    let name = engine.operator();
    (
        subscription(engine),
        json!({
            "metadata": {"name": name, "namespace": "prod"},
            "spec": {"name": name, "source": "s", "sourceNamespace": "s", "channel": channel},
            "status": {"installedCSV": format!("{name}.v{version}"), "state": "AtLatestKnown"},
        }),
    )
}

/// A namespace with PXC, made by this provider.
async fn with_pxc() -> (Cluster, api_server::Held) {
    let (cluster, _, objects) = api_server::bare(api_server::Objects::new(), catalog);
    let created = create(
        &cluster,
        &model(json!({"pxc": {}})),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    (cluster, objects)
}

#[tokio::test(start_paused = true)]
async fn a_plan_with_an_upgrade_nobody_asked_for_is_refused_and_rolled_back() {
    let also = "percona-server-mongodb-operator.v1.21.1";
    for labels in [
        json!({}),
        json!({"app.kubernetes.io/managed-by": "everest", "team": "b"}),
    ] {
        let objects = [
        (NAMESPACE.to_owned(), namespace_object(labels.clone())),
        (format!("{OLM}/subscriptions/{}", package(Engine::Psmdb)), json!({
            "metadata": {"name": package(Engine::Psmdb), "namespace": "prod"},
            "spec": {"name": package(Engine::Psmdb), "source": "everest-catalog", "sourceNamespace": "everest-olm"},
            "status": {"installedCSV": "percona-server-mongodb-operator.v1.19.1"}})),
    ]
    .into();
        let (cluster, _, objects) = api_server::bare(objects, olm("1.18.0", Some(also)));
        let mut planned = model(json!({"pxc": {}, "psmdb": {}}));
        planned.take_ownership = true.into();
        planned.labels = Field::Known([("team".to_owned(), "a".into())].into());
        let created = create(&cluster, &planned, &Unacknowledged::default(), &wait()).await;
        let Creation::NotCreated(error) = created else {
            panic!("{created:?}")
        };
        assert!(
            error
                .to_string()
                .contains("engines.psmdb.version = \"1.21.1\""),
            "{error}"
        );
        assert_eq!(
            error.attribute().unwrap().to_string(),
            "engines.psmdb.version"
        );
        let objects = objects.lock().unwrap();
        assert!(
            !objects.contains_key(&format!("{OLM}/subscriptions/{}", package(Engine::Pxc))),
            "rolled back"
        );
        assert!(
            objects.contains_key(&format!("{OLM}/subscriptions/{}", package(Engine::Psmdb))),
            "not ours"
        );
        let metadata = &objects[NAMESPACE]["metadata"];
        assert_eq!(metadata["labels"], named(labels), "as it was before");
        let annotations = metadata["annotations"].as_object();
        assert!(annotations.is_none_or(|keys| keys.is_empty()), "{metadata}");
        assert!(!objects.contains_key(&format!("{GROUPS}/everest-databases")));
    }
}

#[tokio::test(start_paused = true)]
async fn an_operator_that_would_have_to_go_back_is_refused_before_anything_is_written() {
    let labels = json!({"app.kubernetes.io/managed-by": "everest"});
    let objects = [
        (NAMESPACE.to_owned(), namespace_object(labels)),
        installed(Engine::Pxc, "1.18.0", "stable-v1"),
        database("orders"),
    ];
    let (cluster, seen, _) = api_server::bare(objects.into(), catalog);
    let mut planned = model(json!({"pxc": {"version": "1.17.0"}, "psmdb": {}}));
    planned.take_ownership = true.into();
    let created = create(&cluster, &planned, &Unacknowledged::default(), &wait()).await;
    let Creation::NotCreated(error) = created else {
        panic!("{created:?}")
    };
    assert!(
        error.to_string().contains("OLM cannot go back to 1.17.0"),
        "{error}"
    );
    assert_eq!(
        error.attribute().unwrap().to_string(),
        "engines.pxc.version"
    );
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_was_changed_is_the_former_one_again() {
    let objects = [
        (
            NAMESPACE.to_owned(),
            namespace_object(json!({"app.kubernetes.io/managed-by": "everest"})),
        ),
        installed(Engine::Psmdb, "1.19.1", "former"),
    ];
    let (cluster, seen, objects) = api_server::bare(objects.into(), catalog);
    let mut planned = model(json!({"pxc": {"version": "9.9.9"}, "psmdb": {"channel": "later"}}));
    planned.take_ownership = true.into();
    let created = create(&cluster, &planned, &Unacknowledged::default(), &wait()).await;
    assert!(matches!(created, Creation::NotCreated(_)), "{created:?}");
    let writes = api_server::writes(&seen);
    let patches = writes.iter().filter(|line| line.contains(PSMDB)).count();
    assert_eq!(patches, 2, "{writes:?}");
    let objects = objects.lock().unwrap();
    assert_eq!(
        objects[&subscription(Engine::Psmdb)]["spec"]["channel"],
        "former"
    );
    assert!(!objects.contains_key(&subscription(Engine::Pxc)));
}

#[tokio::test(start_paused = true)]
async fn what_has_a_database_by_now_is_not_rolled_back() {
    let (cluster, _, objects) =
        api_server::bare(api_server::Objects::new(), |objects, method, path| {
            catalog(objects, method, path);
            let (path, orders) = database("orders");
            objects.insert(path, orders);
        });
    let planned = model(json!({"pxc": {"version": "9.9.9"}}));
    let created = create(&cluster, &planned, &Unacknowledged::default(), &wait()).await;
    let Creation::Pending { error, .. } = created else {
        panic!("{created:?}")
    };
    assert!(error.to_string().contains("9.9.9"), "{error}");
    let objects = objects.lock().unwrap();
    assert_eq!(
        objects[NAMESPACE]["metadata"]["labels"]["app.kubernetes.io/managed-by"],
        "everest"
    );
    assert!(objects.contains_key(&subscription(Engine::Pxc)));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_cannot_be_added_leaves_nothing_and_is_installed_once_it_is_corrected() {
    let (cluster, objects) = with_pxc().await;
    let prior = model(json!({"pxc": {}}));
    let wrong = model(json!({"pxc": {}, "psmdb": {"version": "9.9.9"}}));
    for _ in 0..2 {
        let changed = update(&cluster, &prior, &wrong, &wait()).await;
        let Change::Refused(error) = changed else {
            panic!("{changed:?}")
        };
        assert_eq!(
            error.attribute().unwrap().to_string(),
            "engines.psmdb.version"
        );
        let objects = objects.lock().unwrap();
        assert!(!objects.contains_key(&subscription(Engine::Psmdb)));
        assert!(objects.contains_key(&subscription(Engine::Pxc)));
    }
    let right = model(json!({"pxc": {}, "psmdb": {"version": "1.21.1"}}));
    let changed = update(&cluster, &prior, &right, &wait()).await;
    let Change::Done(done) = changed else {
        panic!("{changed:?}")
    };
    let psmdb = done.engines.known().unwrap().psmdb.known().unwrap();
    assert_eq!(psmdb.installed_version.known_str(), Some("1.21.1"));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_waits_for_another_version_than_the_one_asked_for_is_made_anew() {
    let (cluster, objects) = with_pxc().await;
    let (path, left) = left_behind(crate::FIELD_MANAGER);
    objects.lock().unwrap().insert(path, left);
    let prior = model(json!({"pxc": {}}));
    let right = model(json!({"pxc": {}, "psmdb": {"version": "1.21.1"}}));
    let changed = update(&cluster, &prior, &right, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    let objects = objects.lock().unwrap();
    assert_eq!(
        objects[&subscription(Engine::Psmdb)]["spec"]["startingCSV"],
        format!("{PSMDB}.v1.21.1")
    );
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_installed_nothing_goes_unless_somebody_else_made_it() {
    for (manager, is_left) in [(crate::FIELD_MANAGER, false), ("helm", true)] {
        let (cluster, objects) = with_pxc().await;
        let (path, left) = left_behind(manager);
        objects.lock().unwrap().insert(path.clone(), left);
        let prior = model(json!({"pxc": {}}));
        let changed = update(&cluster, &prior, &prior, &wait()).await;
        assert!(matches!(changed, Change::Done(_)), "{changed:?}");
        assert_eq!(
            objects.lock().unwrap().contains_key(&path),
            is_left,
            "{manager}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_operator_without_its_subscription_is_named_with_a_way_out_and_stays() {
    let csv = format!("{PXC}.v1.18.0");
    let path = format!("{OLM}/clusterserviceversions/{csv}");
    let orphan =
        json!({"metadata": {"name": csv, "namespace": "prod"}, "spec": {"version": "1.18.0"}});
    let objects = [
        (NAMESPACE.to_owned(), namespace_object(json!({}))),
        (path.clone(), orphan),
    ];
    let (cluster, _, objects) = api_server::bare(objects.into(), |objects, method, path| {
        if method == "PATCH" && path.contains("/subscriptions/") {
            objects.get_mut(path).unwrap()["status"] = json!({"conditions": [{
                "type": "ResolutionFailed", "status": "True",
                "message": format!("constraints not satisfiable: clusterserviceversion {PXC}.v1.18.0 \
                    exists and is not referenced by a subscription, subscription {PSMDB} exists")}]});
        }
    });
    let mut planned = model(json!({"pxc": {}, "psmdb": {}}));
    planned.take_ownership = true.into();
    let created = create(&cluster, &planned, &Unacknowledged::default(), &wait()).await;
    let Creation::NotCreated(error) = created else {
        panic!("{created:?}")
    };
    assert_eq!(error.attribute().unwrap().to_string(), "engines.pxc");
    let text = error.to_string();
    for words in [
        "no Subscription refers to it",
        "kubectl -n prod delete clusterserviceversion percona-xtradb-cluster-operator.v1.18.0",
        "engines.pxc.version = \"1.18.0\"",
    ] {
        assert!(text.contains(words), "{text}");
    }
    assert!(objects.lock().unwrap().contains_key(&path));
}
