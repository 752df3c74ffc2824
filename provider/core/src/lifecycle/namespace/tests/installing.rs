//! Which plans of OLM's are approved, and what comes before.

use super::*;
use crate::facts::UPGRADE_LOCK;

fn change(prior: Value, planned: Value) -> ChangeNamespace {
    let (prior, planned) = (
        model(json!({"engines": prior})),
        model(json!({"engines": planned})),
    );
    ChangeNamespace::of(&prior, &planned, Some("u"), subscriber())
}

#[test]
fn operators_are_subscribed_to_and_what_was_asked_for_is_approved() {
    let mut world = managed();
    world.drop(ObjectKind::OperatorGroup, "everest-databases");
    let mut change = change(json!({}), json!({"pxc": {"version": "1.17.0"}}));
    let (written, last) = world.run(&mut change);
    assert_eq!(
        written,
        [
            "apply Namespace prod".to_owned(),
            "apply OperatorGroup prod/everest-databases".to_owned(),
            format!("apply Subscription prod/{PXC}"),
        ]
    );
    let said = words(&last);
    assert!(said.contains("OLM to plan the installation"), "{said}");
    let spec = &world.get(ObjectKind::Subscription, PXC).unwrap()["spec"];
    assert_eq!(spec["startingCSV"], format!("{PXC}.v1.17.0"));

    plan(&mut world, &[&format!("{PXC}.v1.17.0")]);
    let status = json!({"installPlanRef": {"name": "install"}});
    world.put(ObjectKind::Subscription, PXC, subscription(PXC, &status));
    let (written, last) = world.run(&mut change);
    assert_eq!(written, ["merge InstallPlan prod/install"]);
    assert!(words(&last).contains("to be installed"), "{}", words(&last));

    install(&mut world, PXC, "1.17.0", None);
    assert_eq!(world.run(&mut change), (vec![], Action::Done(())));
}

/// The catalog in this state.
fn catalog(state: &str) -> Value {
    json!({"spec": {"sourceType": "grpc"}, "status": {
        "connectionState": {"lastObservedState": state}, "message": "cannot pull the image"}})
}

#[test]
fn nothing_is_made_before_olm_can_read_the_catalog_and_what_it_says_of_itself_is_told() {
    let mut world = World::default();
    let mut creation = CreateNamespace::of(&model(json!({"engines": {"pxc": {}}})), subscriber());
    for state in ["", "CONNECTING", "TRANSIENT_FAILURE"] {
        world.put(ObjectKind::CatalogSource, "everest-catalog", catalog(state));
        let (written, last) = world.run(&mut creation);
        assert_eq!(written, Vec::<String>::new(), "{state}");
        let said = words(&last);
        assert!(
            said.contains("CatalogSource everest-olm/everest-catalog"),
            "{said}"
        );
        assert!(
            said.contains(state) && said.contains("cannot pull the image"),
            "{said}"
        );
        assert!(said.contains("kubectl -n everest-olm get pods"), "{said}");
    }
    world.put(
        ObjectKind::CatalogSource,
        "everest-catalog",
        catalog("READY"),
    );
    let (written, _) = world.run(&mut creation);
    assert_eq!(written[0], "create Namespace prod");
    assert_eq!(
        written.last().unwrap(),
        &format!("apply Subscription prod/{PXC}")
    );
}

#[test]
fn an_engine_is_added_once_olm_can_read_the_catalog() {
    let mut world = managed();
    world.put(
        ObjectKind::CatalogSource,
        "everest-catalog",
        catalog("CONNECTING"),
    );
    let mut adding = change(json!({}), json!({"pxc": {}}));
    let (written, last) = world.run(&mut adding);
    assert_eq!(written, ["apply Namespace prod"]);
    assert!(
        words(&last).contains("its state is CONNECTING"),
        "{}",
        words(&last)
    );
    assert!(adding.made(false).is_nothing(), "nothing is to be undone");
    world.put(
        ObjectKind::CatalogSource,
        "everest-catalog",
        catalog("IDLE"),
    );
    assert_eq!(
        world.run(&mut adding).0,
        [format!("apply Subscription prod/{PXC}")]
    );
    // One that is there needs no catalog.
    let mut world = managed();
    world.put(
        ObjectKind::CatalogSource,
        "everest-catalog",
        catalog("CONNECTING"),
    );
    install(&mut world, PXC, "1.18.0", None);
    let mut none = change(json!({"pxc": {}}), json!({"pxc": {}}));
    assert_eq!(world.run(&mut none).1, Action::Done(()));
}

#[test]
fn a_channel_is_the_one_asked_for_or_the_catalogs_or_that_of_another_namespace() {
    let manifest = json!({"spec": {}, "status": {"catalogSource": "everest-catalog",
        "catalogSourceNamespace": "everest-olm", "packageName": PXC, "defaultChannel": "theirs"}});
    for (asked, offered, expected) in [
        (json!({"channel": "mine"}), true, "mine"),
        (json!({}), true, "theirs"),
        (json!({}), false, "stable-v1"),
    ] {
        let mut world = managed();
        if offered {
            world.put(ObjectKind::PackageManifest, PXC, manifest.clone());
        }
        let mut change = change(json!({}), json!({ "pxc": asked }));
        world.run(&mut change);
        let spec = &world.get(ObjectKind::Subscription, PXC).unwrap()["spec"];
        assert_eq!(spec["channel"], expected);
    }
}

#[test]
fn a_plan_with_more_than_was_asked_for_is_refused() {
    let mut world = managed();
    install(&mut world, PXC, "1.17.0", Some("1.18.0"));
    let raised = || {
        change(
            json!({"pxc": {"version": "1.17.0"}}),
            json!({"pxc": {"version": "1.18.0"}}),
        )
    };
    let both = [format!("{PXC}.v1.18.0"), format!("{PSMDB}.v1.20.0")];
    plan(&mut world, &[&both[0], &both[1]]);
    // Nobody subscribes to it any more.
    let (written, last) = world.run(&mut raised());
    assert_eq!(written, ["apply Namespace prod"]);
    let said = words(&last);
    assert!(said.starts_with("refuses at : "), "{said}");
    assert!(
        said.contains("delete installplans.operators.coreos.com install"),
        "{said}"
    );
    install(&mut world, PSMDB, "1.19.0", None);
    let said = words(&world.run(&mut raised()).1);
    assert!(
        said.starts_with("refuses at engines.psmdb.version"),
        "{said}"
    );
}

#[test]
fn an_upgrade_alone_changes_nothing_else_and_no_other_operator() {
    let upgrade = || {
        let planned = model(json!({"engines": {"pxc": {"version": "1.18.0"}}}));
        ChangeNamespace::upgrade(&planned, subscriber())
    };
    // A group of another name, as in a namespace that was taken over.
    let mut world = managed().with(
        ObjectKind::OperatorGroup,
        "theirs",
        json!({"spec": {"targetNamespaces": ["prod"]}}),
    );
    world.drop(ObjectKind::OperatorGroup, "everest-databases");
    install(&mut world, PSMDB, "1.20.0", None);
    install(&mut world, PXC, "1.17.0", Some("1.18.0"));
    let both = [format!("{PXC}.v1.18.0"), format!("{PSMDB}.v1.21.0")];
    plan(&mut world, &[&both[0], &both[1]]);
    let (written, last) = world.run(&mut upgrade());
    assert_eq!(written, [""; 0]);
    let said = words(&last);
    assert!(said.starts_with("refuses at engines: "), "{said}");
    assert!(said.ends_with("add \"psmdb\" to engines"), "{said}");
    plan(&mut world, &[&both[0]]);
    let (written, _) = world.run(&mut upgrade());
    let lock = format!("merge DatabaseEngine prod/{PXC}");
    assert_eq!(written, [lock, "merge InstallPlan prod/install".to_owned()]);
}

#[test]
fn a_plan_that_failed_ends_the_wait_with_its_reason() {
    let mut world = managed();
    install(&mut world, PXC, "1.17.0", Some("1.18.0"));
    let mut plan = world
        .get(ObjectKind::InstallPlan, "install")
        .unwrap()
        .clone();
    plan["status"] = json!({"phase": "Installing", "message": "retrying execution: no quota"});
    world.put(ObjectKind::InstallPlan, "install", plan.clone());
    let raised = || {
        change(
            json!({"pxc": {"version": "1.17.0"}}),
            json!({"pxc": {"version": "1.18.0"}}),
        )
    };
    let said = words(&world.run(&mut raised()).1);
    assert!(
        said.contains("Installing: retrying execution: no quota"),
        "{said}"
    );
    plan["status"] = json!({"phase": "Failed", "message": "no quota"});
    world.put(ObjectKind::InstallPlan, "install", plan);
    let Action::Failed(reason) = world.run(&mut raised()).1 else {
        panic!("it is waited for")
    };
    assert!(reason.contains("install failed: no quota"), "{reason}");
    // What somebody else's plan became is no matter.
    let mut unchanged = change(json!({"pxc": {}}), json!({"pxc": {}}));
    assert_eq!(world.run(&mut unchanged).1, Action::Done(()));
}

#[test]
fn that_there_is_nothing_newer_is_believed_only_of_a_catalog_that_olm_can_read() {
    let mut world = managed();
    install(&mut world, PXC, "1.17.0", None);
    let state = |world: &mut World, state: &str| {
        world.put(ObjectKind::CatalogSource, "everest-catalog", catalog(state));
    };
    state(&mut world, "CONNECTING");
    let mut change = change(
        json!({"pxc": {"version": "1.17.0"}}),
        json!({"pxc": {"version": "1.18.0"}}),
    );
    let said = words(&world.run(&mut change).1);
    assert!(said.contains("its state is CONNECTING"), "{said}");
    world.pass(60);
    let said = words(&world.next(&mut change));
    assert!(said.contains("its state is CONNECTING"), "{said}");
    state(&mut world, "READY");
    let said = words(&world.next(&mut change));
    assert!(said.starts_with("waits for channel stable-v1"), "{said}");
    world.pass(30);
    let said = words(&world.next(&mut change));
    assert!(said.starts_with("refuses at engines.pxc.version"), "{said}");
}

#[test]
fn an_upgrade_is_approved_under_a_lock_that_is_taken_off_where_it_is_refused() {
    let lock = format!("merge DatabaseEngine prod/{PXC}");
    let approval = "merge InstallPlan prod/install".to_owned();
    let namespace = "apply Namespace prod".to_owned();
    for (database_is, expected, said) in [
        ("ready", [&namespace, &lock, &approval], "to be installed"),
        (
            "initializing",
            [&namespace, &lock, &lock],
            "orders (in state \"initializing\")",
        ),
    ] {
        let mut world = managed().with(ObjectKind::Database, "orders", database(database_is));
        install(&mut world, PXC, "1.17.0", Some("1.18.0"));
        let mut change = change(
            json!({"pxc": {"version": "1.17.0"}}),
            json!({"pxc": {"version": "1.18.0"}}),
        );
        let (written, last) = world.run(&mut change);
        assert_eq!(written.iter().collect::<Vec<_>>(), expected);
        assert!(words(&last).contains(said), "{}", words(&last));
        let engine = world.get(ObjectKind::DatabaseEngine, PXC).unwrap();
        let locked = engine["metadata"]["annotations"][UPGRADE_LOCK].is_string();
        assert_eq!(locked, database_is == "ready");
        // What is refused stays refused, and is not locked anew.
        if database_is != "ready" {
            assert_eq!(world.run(&mut change).0, [""; 0]);
        }
    }
}

#[test]
fn a_lock_is_ours_if_this_provider_has_set_it() {
    for (manager, says) in [
        (MANAGER, "to be installed"),
        ("everest-server", "which someone else started at"),
    ] {
        let mut world = managed();
        install(&mut world, PXC, "1.17.0", Some("1.18.0"));
        let mut engine = world.get(ObjectKind::DatabaseEngine, PXC).unwrap().clone();
        let fields = json!({"f:metadata": {"f:annotations": {format!("f:{UPGRADE_LOCK}"): {}}}});
        engine["metadata"]["annotations"] = json!({UPGRADE_LOCK: "2026-01-01T11:58:00Z"});
        engine["metadata"]["managedFields"] =
            json!([{"manager": manager, "operation": "Update", "fieldsV1": fields}]);
        world.put(ObjectKind::DatabaseEngine, PXC, engine);
        let mut change = change(
            json!({"pxc": {"version": "1.17.0"}}),
            json!({"pxc": {"version": "1.18.0"}}),
        );
        let said = words(&world.run(&mut change).1);
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn a_change_that_is_given_up_takes_its_lock_off_and_does_nothing_else() {
    let mut world = managed();
    install(&mut world, PXC, "1.17.0", Some("1.18.0"));
    let mut change = change(
        json!({"pxc": {"version": "1.17.0"}}),
        json!({"pxc": {"version": "1.18.0"}}),
    );
    for _ in 0..2 {
        let action = world.next(&mut change);
        world.write(&action);
    }
    assert!(change.give_up());
    let (written, last) = world.run(&mut change);
    assert_eq!(written, [format!("merge DatabaseEngine prod/{PXC}")]);
    assert_eq!(last, Action::Done(()));
    assert_eq!(
        world.get(ObjectKind::InstallPlan, "install").unwrap()["spec"]["approved"],
        false
    );
}

#[test]
fn what_olm_cannot_resolve_is_believed_after_a_while_in_which_it_does_not_pass() {
    let unresolved = json!({"conditions": [{"type": "ResolutionFailed", "status": "True",
        "message": format!("no operators found with name {PXC}.v9.9.9")}]});
    let unresolved = subscription(PXC, &unresolved);
    let mut world = managed().with(ObjectKind::Subscription, PXC, unresolved.clone());
    let mut change = change(json!({"pxc": {}}), json!({"pxc": {"version": "9.9.9"}}));
    let said = words(&world.run(&mut change).1);
    assert!(said.starts_with("waits for OLM cannot resolve"), "{said}");
    world.pass(20);
    assert!(words(&world.next(&mut change)).starts_with("waits"));
    world.put(ObjectKind::Subscription, PXC, subscription(PXC, &json!({})));
    world.next(&mut change);
    world.put(ObjectKind::Subscription, PXC, unresolved);
    world.pass(20);
    assert!(words(&world.next(&mut change)).starts_with("waits"));
    world.pass(30);
    let said = words(&world.next(&mut change));
    assert!(said.starts_with("refuses at engines.pxc.version"), "{said}");
}

#[test]
fn what_kept_olm_from_resolving_is_no_fault_of_the_configuration() {
    let unread = json!({"conditions": [{"type": "ResolutionFailed", "status": "True",
        "reason": "ErrorPreventedResolution",
        "message": "failed to populate resolver cache from source community-operators/olm: failed \
                    to list bundles: rpc error: code = Unavailable"}]});
    let mut world = managed().with(ObjectKind::Subscription, PXC, subscription(PXC, &unread));
    let mut change = change(json!({"pxc": {}}), json!({"pxc": {"version": "1.17.0"}}));
    for _ in 0..3 {
        let said = words(&world.run(&mut change).1);
        assert!(said.starts_with("waits for OLM cannot resolve"), "{said}");
        assert!(said.contains("community-operators/olm"), "{said}");
        assert!(said.contains("OLM tries again by itself"), "{said}");
        world.pass(60);
    }
}

#[test]
fn an_engine_that_is_taken_out_loses_its_operator_unless_databases_use_it() {
    let mut world = managed();
    install(&mut world, PXC, "1.17.0", None);
    let taken_out = || change(json!({"pxc": {}}), json!({}));
    world.put(ObjectKind::Database, "orders", database("ready"));
    let (written, last) = world.run(&mut taken_out());
    assert_eq!(written, [""; 0]);
    let said = words(&last);
    assert!(
        said.starts_with("refuses at engines.pxc: the engine pxc is used by database orders"),
        "{said}"
    );
    world.drop(ObjectKind::Database, "orders");
    let (written, last) = world.run(&mut taken_out());
    assert_eq!(
        written,
        [
            "apply Namespace prod".to_owned(),
            format!("delete Subscription prod/{PXC}"),
            format!("delete ClusterServiceVersion prod/{PXC}.v1.17.0"),
        ]
    );
    assert_eq!(last, Action::Done(()));
}

#[test]
fn a_plan_that_would_bring_a_removed_operator_back_goes_unless_it_is_approved() {
    for approved in [false, true] {
        let mut world = managed();
        install(&mut world, PXC, "1.17.0", Some("1.18.0"));
        install(&mut world, PSMDB, "1.20.0", Some("1.21.0"));
        let both = [format!("{PXC}.v1.18.0"), format!("{PSMDB}.v1.21.0")];
        plan(&mut world, &[&both[0], &both[1]]);
        let mut shared = world
            .get(ObjectKind::InstallPlan, "install")
            .unwrap()
            .clone();
        shared["spec"]["approved"] = json!(approved);
        world.put(ObjectKind::InstallPlan, "install", shared);
        let mut change = change(json!({"pxc": {}, "psmdb": {}}), json!({"pxc": {}}));
        let (written, last) = world.run(&mut change);
        let mut expected = vec![
            "apply Namespace prod".to_owned(),
            format!("delete Subscription prod/{PSMDB}"),
            "delete InstallPlan prod/install".to_owned(),
            format!("delete ClusterServiceVersion prod/{PSMDB}.v1.20.0"),
        ];
        if approved {
            expected.remove(2);
        }
        assert_eq!(written, expected);
        assert_eq!(last, Action::Done(()));
    }
}

#[test]
fn a_subscription_of_ours_that_installed_nothing_is_made_anew_for_another_version() {
    for (manager, is_anew) in [(MANAGER, true), ("helm", false)] {
        let mut stale = subscription(PXC, &json!({}));
        stale["spec"]["startingCSV"] = json!(format!("{PXC}.v9.9.9"));
        stale["metadata"] = json!({"managedFields": [{"manager": manager, "operation": "Apply"}]});
        let mut world = managed().with(ObjectKind::Subscription, PXC, stale);
        let mut change = change(json!({"pxc": {}}), json!({"pxc": {"version": "1.17.0"}}));
        let (written, _) = world.run(&mut change);
        let deletion = format!("delete Subscription prod/{PXC}");
        assert_eq!(written.contains(&deletion), is_anew, "{written:?}");
    }
}
