//! The rights that `doctor` asks about are those that the provider uses.

use std::collections::BTreeSet;

use everest_core::dialect::Dialect;
use everest_core::doctor::rights::{Place, TABLE};
use test_apiserver::Record;

use crate::plays;
use crate::recovery::in_its_own_time;

/// A right that a request takes: resource, place and verb.
type Right = (String, Place, &'static str);

/// The rights that a request takes.
fn taken(record: &Record) -> Vec<Right> {
    let asked = &record.asked;
    if asked.resource.is_empty() {
        return Vec::new();
    }
    let place = match asked.namespace.as_str() {
        // A namespace is an object of the whole cluster.
        _ if asked.resource == "namespaces" => Place::Cluster,
        "" => Place::Cluster,
        "everest-system" => Place::System,
        "everest-olm" => Place::Catalog,
        _ => Place::Namespaces,
    };
    let resource = format!("{}.{}", asked.resource, asked.group);
    // An apply that makes an object is asked for both.
    let makes = (asked.verb == "patch" && record.code == Some(201)).then_some("create");
    let verbs = [Some(asked.verb), makes].into_iter().flatten();
    verbs.map(|verb| (resource.clone(), place, verb)).collect()
}

/// The rights in the table for a type of resource.
fn told(type_name: &str) -> BTreeSet<Right> {
    let mut told = BTreeSet::new();
    for purpose in TABLE {
        let title = purpose.title().render(Dialect::Terraform);
        if !title.split(", ").any(|name| name == type_name) {
            continue;
        }
        for need in purpose.needs {
            for (group, resource) in need.resources {
                let name = format!("{resource}.{group}");
                told.extend(
                    need.verbs
                        .iter()
                        .map(|verb| (name.clone(), need.place, *verb)),
                );
            }
        }
    }
    told
}

#[test]
fn every_right_that_a_story_takes_is_one_that_doctor_asks_about() {
    let mut lacking = BTreeSet::new();
    for script in plays::scripts() {
        let type_name = script.wanted().type_name;
        let told = told(type_name);
        let requests = in_its_own_time(script.requests());
        let taken = requests.iter().flat_map(taken);
        let lacks = taken.filter(|right| !told.contains(right));
        lacking.extend(lacks.map(|right| format!("{type_name}: {right:?}")));
    }
    let lacking = Vec::from_iter(lacking);
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}
