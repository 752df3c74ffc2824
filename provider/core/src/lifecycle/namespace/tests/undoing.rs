//! The objects that a creation makes, and its undoing.

use super::*;

fn creation(body: Value) -> CreateNamespace {
    CreateNamespace::of(&model(body), subscriber())
}

/// The result of undoing a creation.
fn undone(world: &mut World, creation: &mut CreateNamespace) -> (Vec<String>, Action) {
    let made = creation.as_mut().made(false);
    world.run(&mut UndoNamespace::of("prod", made))
}

#[test]
fn a_namespace_that_was_made_goes_with_all_that_was_made_in_it() {
    let mut world = World::default();
    let mut creation = creation(json!({"engines": {"pxc": {}}}));
    let (written, _) = world.run(&mut creation);
    assert_eq!(written[0], "create Namespace prod");
    let (written, last) = undone(&mut world, &mut creation);
    assert_eq!(
        written,
        [
            format!("delete Subscription prod/{PXC}"),
            "delete OperatorGroup prod/everest-databases".to_owned(),
            "delete Namespace prod".to_owned(),
        ]
    );
    assert_eq!(last, Action::Done(()));
}

#[test]
fn a_namespace_with_anything_that_the_call_has_not_made_stays() {
    for (kind, name, body, said) in [
        (
            ObjectKind::Database,
            "orders",
            database("ready"),
            "database orders",
        ),
        (
            ObjectKind::Subscription,
            "theirs",
            subscription("theirs", &json!({})),
            "Subscription theirs",
        ),
        (
            ObjectKind::OperatorGroup,
            "theirs",
            json!({"spec": {}}),
            "OperatorGroup theirs",
        ),
    ] {
        let mut world = World::default();
        let mut creation = creation(json!({"engines": {"pxc": {}}}));
        world.run(&mut creation);
        world.put(kind, name, body);
        let (written, last) = undone(&mut world, &mut creation);
        assert_eq!(written, [""; 0]);
        assert!(words(&last).contains(said), "{}", words(&last));
    }
}

#[test]
fn a_namespace_that_an_earlier_call_has_made_does_not_count_as_made() {
    let mut world = managed().after_making(ObjectKind::Namespace, "prod");
    let mut creation = creation(json!({"engines": {"pxc": {}}}));
    let (written, _) = world.run(&mut creation);
    assert_eq!(written, [format!("apply Subscription prod/{PXC}")]);
    assert!(creation.is_resumed());
    let (written, last) = undone(&mut world, &mut creation);
    assert_eq!(written, [format!("delete Subscription prod/{PXC}")]);
    assert_eq!(last, Action::Done(()));
}

#[test]
fn a_namespace_that_was_taken_over_is_as_it_was_before() {
    let mut world = World::default().with(
        ObjectKind::Namespace,
        "prod",
        json!({"metadata": {"uid": "u", "labels": {"team": "b", "other": "c"}}}),
    );
    install(&mut world, PSMDB, "1.20.0", None);
    let mut creation = creation(json!({"takeOwnership": true, "labels": {"team": "a"},
        "engines": {"psmdb": {"channel": "later"}}}));
    let (written, _) = world.run(&mut creation);
    assert_eq!(
        written,
        [
            "apply Namespace prod".to_owned(),
            "apply OperatorGroup prod/everest-databases".to_owned(),
            format!("merge Subscription prod/{PSMDB}"),
        ]
    );
    let (_, last) = undone(&mut world, &mut creation);
    assert_eq!(last, Action::Done(()));
    let namespace = world.get(ObjectKind::Namespace, "prod").unwrap();
    assert_eq!(
        namespace["metadata"]["labels"],
        json!({"team": "b", "other": "c"})
    );
    let psmdb = world.get(ObjectKind::Subscription, PSMDB).unwrap();
    assert_eq!(psmdb["spec"]["channel"], "stable-v1");
    let group = world.get(ObjectKind::OperatorGroup, "everest-databases");
    assert!(group.is_none());
}

#[test]
fn a_foreign_operator_group_is_refused_before_anything_is_written() {
    for (targets, is_taken) in [(json!(["prod"]), true), (json!(["prod", "b"]), false)] {
        let mut world = World::default()
            .with(
                ObjectKind::Namespace,
                "prod",
                json!({"metadata": {"uid": "u"}}),
            )
            .with(
                ObjectKind::OperatorGroup,
                "theirs",
                json!({"spec": {"targetNamespaces": targets}}),
            );
        let (written, last) = world.run(&mut creation(json!({"takeOwnership": true})));
        match is_taken {
            true => assert_eq!(written, ["apply Namespace prod"]),
            false => {
                assert_eq!(written, [""; 0]);
                assert!(
                    words(&last).contains("OLM allows only one"),
                    "{}",
                    words(&last)
                );
            }
        }
    }
}

#[test]
fn nothing_counts_as_made_before_the_server_has_answered() {
    let mut world = World::default();
    let mut creation = creation(json!({"engines": {"pxc": {}}}));
    let action = world.next(&mut creation);
    assert!(matches!(action, Action::Create { .. }), "{action:?}");
    assert!(creation.as_mut().made(true).is_nothing());
    world.write(&action);
    world.next(&mut creation);
    assert!(!creation.as_mut().made(false).is_nothing());
}

#[test]
fn a_plan_that_was_refused_goes_with_the_subscription_that_it_was_made_for() {
    let mut world = managed();
    install(&mut world, PXC, "1.17.0", Some("1.18.0"));
    let mut change = ChangeNamespace::of(
        &model(json!({"engines": {"pxc": {}}})),
        &model(json!({"engines": {"pxc": {}, "psmdb": {}}})),
        Some("u"),
        subscriber(),
    );
    world.run(&mut change);
    // OLM puts into the new plan what is pending.
    let both = [format!("{PXC}.v1.18.0"), format!("{PSMDB}.v1.21.0")];
    world.put(
        ObjectKind::InstallPlan,
        "shared",
        json!({"spec": {"approval": "Manual", "approved": false,
            "clusterServiceVersionNames": both}, "status": {"phase": "RequiresApproval"}}),
    );
    let status = json!({"currentCSV": both[1], "installPlanRef": {"name": "shared"}});
    world.put(
        ObjectKind::Subscription,
        PSMDB,
        subscription(PSMDB, &status),
    );
    let said = words(&world.run(&mut change).1);
    assert!(said.starts_with("refuses at engines.pxc.version"), "{said}");
    let (written, last) = world.run(&mut UndoNamespace::of("prod", change.made(false)));
    assert_eq!(
        written,
        [
            format!("delete Subscription prod/{PSMDB}"),
            "delete InstallPlan prod/shared".to_owned(),
        ]
    );
    assert_eq!(last, Action::Done(()));
}
