use super::*;
use serde_json::json;

const POLICY: &str = "\
# Administrators
g, admin, role:admin

p, role:dev, database-clusters, read, dev/*
# Operators
p, role:ops, namespaces, read, *
p, role:dev, database-clusters, update, dev/*
g, bob, role:dev
g, olga, role:ops";

fn config_map(policy: &str) -> ConfigMap {
    let value = json!({"metadata": {}, "data": {"enabled": "true", "policy.csv": policy}});
    serde_json::from_value(value).unwrap()
}

fn dev(members: &[&str], actions: &[&str]) -> RbacRoleModel {
    serde_json::from_value(json!({"name": "dev", "members": members, "permissions":
        [{"resource": "database-clusters", "actions": actions, "object": "dev/*"}]}))
    .unwrap()
}

fn written(next: &Next<Value>) -> &str {
    match next {
        Next::Write(patch) => patch["data"]["policy.csv"].as_str().unwrap(),
        Next::Same => panic!("nothing is written"),
    }
}

#[test]
fn a_role_is_read_from_its_lines() {
    let read = role(&config_map(POLICY), "dev", None).unwrap();
    assert_eq!(read, dev(&["bob"], &["read", "update"]));
    assert_eq!(
        role(
            &config_map(POLICY),
            "dev",
            Some(&dev(&["bob"], &["update", "read"]))
        ),
        Some(dev(&["bob"], &["update", "read"])),
        "the order is that of the configuration"
    );
    let admin = role(&config_map(POLICY), "admin", None).unwrap();
    assert_eq!(admin.permissions, Field::Null);
    assert_eq!(role(&config_map(POLICY), "de", None), None);
}

#[test]
fn what_is_not_known_of_a_role_leaves_the_order_of_the_rest() {
    let prior = dev(&["bob", "eve"], &["read", "update"]);
    let other = dev(&["eve", "bob"], &["update", "read"]);
    let mut planned = other.clone();
    keep_order(&mut planned, &prior);
    assert_eq!(planned, prior);
    for members in [
        Field::Unknown,
        Field::Known(vec!["eve".into(), Field::Unknown]),
        Field::Known(vec!["eve".into()]),
    ] {
        let mut planned = RbacRoleModel {
            members: members.clone(),
            ..other.clone()
        };
        keep_order(&mut planned, &prior);
        assert_eq!(
            planned,
            RbacRoleModel {
                members,
                ..prior.clone()
            }
        );
    }
    let mut planned = RbacRoleModel {
        permissions: Field::Unknown,
        ..other
    };
    keep_order(&mut planned, &prior);
    assert_eq!(
        planned,
        RbacRoleModel {
            permissions: Field::Unknown,
            ..prior.clone()
        }
    );
    // An empty list is no list that is left out.
    let prior = RbacRoleModel {
        permissions: Field::Null,
        ..prior
    };
    let mut planned = RbacRoleModel {
        permissions: Field::Known(Vec::new()),
        ..prior.clone()
    };
    keep_order(&mut planned, &prior);
    assert_eq!(planned.permissions, Field::Known(Vec::new()));
}

#[test]
fn a_changed_role_keeps_every_other_line() {
    let wanted = dev(&["bob", "team, shop"], &["*"]);
    let next = write(&config_map(POLICY), &wanted, false, None).unwrap();
    assert_eq!(
        written(&next),
        "# Administrators\ng, admin, role:admin\n\np, role:dev, database-clusters, *, dev/*\n\
         g, bob, role:dev\ng, \"team, shop\", role:dev\n# Operators\n\
         p, role:ops, namespaces, read, *\ng, olga, role:ops\n"
    );
    let read = role(&config_map(written(&next)), "dev", None).unwrap();
    assert_eq!(content(&read), content(&wanted));
}

#[test]
fn a_new_role_is_appended_and_an_existing_one_is_taken_over_only_as_it_is() {
    let empty = config_map("");
    let next = write(&empty, &dev(&["bob"], &["read"]), true, None).unwrap();
    assert_eq!(
        written(&next),
        "p, role:dev, database-clusters, read, dev/*\ng, bob, role:dev\n"
    );
    let same = dev(&["bob"], &["update", "read"]);
    assert_eq!(
        write(&config_map(POLICY), &same, true, None),
        Ok(Next::Same)
    );
    let other = write(&config_map(POLICY), &dev(&["eve"], &["read"]), true, None);
    assert_eq!(other, Err(PolicyError::Exists(Exists)));
}

#[test]
fn a_policy_that_is_broken_elsewhere_is_not_written() {
    let broken = config_map("p, role:x, namespaces, read, *\n");
    let error = write(&broken, &dev(&["bob"], &["read"]), true, None).unwrap_err();
    assert!(error.to_string().contains("line 1: "), "{error}");
}

#[test]
fn a_removed_role_leaves_a_valid_policy() {
    let next = remove(&config_map(POLICY), "dev");
    let left = written(&next).to_owned();
    assert!(
        !left.contains("role:dev") && left.contains("# Operators"),
        "{left}"
    );
    assert_eq!(policy::faults(&left), []);
    assert_eq!(remove(&config_map(&left), "dev"), Next::Same);
}

mod any {
    use super::*;
    use proptest::prelude::*;

    fn any_role() -> impl Strategy<Value = RbacRoleModel> {
        let members = proptest::collection::btree_set("[a-c@ ,\"]{1,4}", 1..4)
            .prop_filter("names", |all| {
                all.iter().all(|each| !each.trim().is_empty())
            });
        (
            "[a-c]",
            members,
            proptest::collection::vec(("[a-c]{1,3}", 0..3_usize), 0..3),
        )
            .prop_map(|(name, members, objects)| {
                let permissions: Vec<_> = objects
                    .into_iter()
                    .map(|(namespace, action)| {
                        json!({"resource": "database-clusters", "object": format!("{namespace}/*"),
                            "actions": [policy::ACTIONS[action]]})
                    })
                    .collect();
                serde_json::from_value(
                    json!({"name": name, "members": members, "permissions": permissions}),
                )
                .unwrap()
            })
    }

    proptest! {
        #[test]
        fn roles_come_and_go_beside_each_other(roles in proptest::collection::vec(any_role(), 1..5)) {
            let mut text = POLICY.to_owned() + "\n";
            for wanted in &roles {
                let name = wanted.name.known_str().unwrap();
                if let Next::Write(patch) = write(&config_map(&text), wanted, false, None).unwrap() {
                    text = patch["data"]["policy.csv"].as_str().unwrap().to_owned();
                }
                let read = role(&config_map(&text), name, None).unwrap();
                prop_assert_eq!(content(&read), content(wanted));
            }
            for wanted in &roles {
                let name = wanted.name.known_str().unwrap();
                if let Next::Write(patch) = remove(&config_map(&text), name) {
                    text = patch["data"]["policy.csv"].as_str().unwrap().to_owned();
                }
            }
            prop_assert_eq!(text, POLICY.to_owned() + "\n");
        }
    }
}
