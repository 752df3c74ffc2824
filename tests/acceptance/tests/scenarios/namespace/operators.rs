//! The engine operators of a namespace: added, removed, upgraded.

use super::*;

#[test]
fn three_engines_share_one_plan_and_none_is_left_without_its_operator() {
    let stack = Stack::new("ns-three");
    stack.write(&namespace(
        "pxc = {}, psmdb = {}, postgresql = { channel = \"stable-v2\" }",
        "",
    ));
    stack.apply().succeeded();
    let state = stack.state(ADDRESS);
    for (engine, package) in [("pxc", PXC), ("psmdb", PSMDB), ("postgresql", POSTGRESQL)] {
        let [_, newest] = package.versions;
        assert_eq!(phase(&stack, package, newest), "Succeeded", "{engine}");
        assert_eq!(
            state["engines"][engine]["installed_version"], newest,
            "{state:#}"
        );
    }
    let mut all = PACKAGES
        .each_ref()
        .map(|package| package.csv(package.versions[1]))
        .to_vec();
    all.sort();
    assert!(plans(&stack).contains(&all), "{:?}", plans(&stack));
    stack.plan_is_empty();
    stack.reimport(ADDRESS, &stack.namespace);
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn an_engine_is_added_in_place_and_removed_once_no_database_uses_it() {
    let stack = Stack::new("ns-engines");
    stack.write(&namespace("pxc = {}", ""));
    stack.apply().succeeded();

    let both = namespace("pxc = {}, psmdb = {}", "");
    stack.write(&both);
    assert_eq!(
        stack.planned_actions(),
        [(ADDRESS.to_owned(), vec!["update".to_owned()])]
    );
    stack.apply().succeeded();
    assert_eq!(phase(&stack, PSMDB, PSMDB.versions[1]), "Succeeded");
    assert_eq!(
        stack.state(ADDRESS)["engines"]["psmdb"]["installed_version"],
        PSMDB.versions[1]
    );
    stack.plan_is_empty();

    database_by_hand(&stack, "psmdb");
    stack.write(&namespace("pxc = {}", ""));
    stack.apply().failed().says("orders").says("psmdb");
    assert_eq!(operators(&stack).len(), 2, "nothing was written");
    assert!(
        stack.state(ADDRESS)["engines"]["psmdb"].is_object(),
        "and the state still has it"
    );

    objects::delete(DATABASE, &stack.namespace, "orders");
    stack.apply().succeeded();
    assert_eq!(operators(&stack), [PXC.name]);
    assert!(objects::get(CSV, &stack.namespace, &PSMDB.csv(PSMDB.versions[1])).is_null());
    assert_eq!(
        phase(&stack, PXC, PXC.versions[1]),
        "Succeeded",
        "the other one stays"
    );
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn a_version_that_is_asked_for_is_installed_and_another_engine_does_not_upgrade_it_by_accident() {
    let [older, newer] = PXC.versions;
    let stack = Stack::new("ns-version");
    stack.write(&namespace(&format!("pxc = {{ version = {older:?} }}"), ""));
    stack.apply().succeeded();
    assert_eq!(phase(&stack, PXC, older), "Succeeded");
    assert!(phase(&stack, PXC, newer).is_null());
    assert_eq!(
        stack.state(ADDRESS)["engines"]["pxc"]["installed_version"],
        older
    );

    // The channel has a newer version, so OLM offers it by itself.
    let pending = [PXC.csv(newer)];
    eventually("an upgrade is pending", || {
        plans(&stack).iter().any(|plan| *plan == pending)
    });
    stack.plan_is_empty();
    stack
        .run(&["apply", "-refresh-only", "-auto-approve", "-input=false"])
        .succeeded();
    assert_eq!(
        stack.state(ADDRESS)["engines"]["pxc"]["pending_version"],
        newer
    );
    stack.plan_is_empty();

    // Without a version any is as good as another, so nothing is approved.
    stack.write(&namespace("pxc = {}", "  labels = { team = \"shop\" }"));
    stack.apply().succeeded();
    assert_eq!(labels(&stack)["team"], "shop");
    assert_eq!(phase(&stack, PXC, older), "Succeeded");
    assert!(phase(&stack, PXC, newer).is_null());
    stack.plan_is_empty();

    // OLM puts the new operator and the pending upgrade into one plan.
    stack.write(&namespace(
        &format!("pxc = {{ version = {older:?} }}, psmdb = {{}}"),
        "",
    ));
    stack
        .apply()
        .failed()
        .says(&PXC.csv(newer))
        .says(&format!("engines.pxc.version = {newer:?}"));
    assert_eq!(
        phase(&stack, PXC, older),
        "Succeeded",
        "the upgrade was not approved"
    );
    assert!(phase(&stack, PXC, newer).is_null());
    assert!(phase(&stack, PSMDB, PSMDB.versions[1]).is_null());

    stack.write(&namespace(
        &format!("pxc = {{ version = {newer:?} }}, psmdb = {{}}"),
        "",
    ));
    stack.apply().succeeded();
    assert_eq!(phase(&stack, PXC, newer), "Succeeded");
    assert_eq!(phase(&stack, PSMDB, PSMDB.versions[1]), "Succeeded");
    let state = stack.state(ADDRESS);
    assert_eq!(
        state["engines"]["pxc"]["installed_version"], newer,
        "{state:#}"
    );
    stack.plan_is_empty();
    stack.destroy().succeeded();
}
