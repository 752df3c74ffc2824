//! A right that is missing at plan: reported once, with what does not work without it.

use std::collections::BTreeSet;

use everest_core::rights::Roles;
use serde_json::json;
use test_apiserver::Process;
use test_stories::World;
use tfplugin::testing::State;
use tfplugin::{Diagnostic, Severity};

use crate::plays;
use crate::recovery::in_its_own_time;
use crate::rights::{purpose, run};
use crate::script::Script;

/// A verb, a plural with its group, and the namespace, which is empty for the whole cluster.
type Right = (String, String, String);

fn right(verb: &str, plural: &str, group: &str, namespace: &str) -> Right {
    let resource = match group {
        "" => plural.to_owned(),
        group => format!("{plural}.{group}"),
    };
    (verb.to_owned(), resource, namespace.to_owned())
}

/// A process that has every right but one.
fn without(world: &World, missing: Right) -> Process {
    let process = world.server.process();
    process.of_user("terraform", move |asks| {
        right(asks.verb, asks.resource, asks.group, asks.namespace) != missing
    })
}

/// What two plans of a configuration report together about rights, by a process.
async fn planned_twice(process: &Process, script: &Script) -> Vec<Diagnostic> {
    let run = run(process).await;
    let resource = run.resource(script.wanted().type_name);
    let block = script.wanted().block.clone().unwrap();
    let mut reported = Vec::new();
    for _ in 0..2 {
        let planned = resource.plan(&State::none(), block.clone()).await;
        reported.extend(planned.diagnostics);
    }
    reported.retain(|reported: &Diagnostic| {
        reported.severity == Severity::Error || reported.detail.contains("issing permission")
    });
    reported
}

/// The rights that a plan asks for.
async fn asked_for(world: &World, script: &Script) -> BTreeSet<Right> {
    let process = world.server.process();
    assert_eq!(planned_twice(&process, script).await.len(), 0);
    let requests = process.requests().into_iter().map(|request| request.asked);
    let requests = requests.filter(|asked| !asked.resource.is_empty());
    let rights =
        requests.map(|asked| right(asked.verb, &asked.resource, &asked.group, &asked.namespace));
    rights.collect()
}

/// What is wrong with the reports of a missing right.
fn fault(reported: &[Diagnostic], (verb, resource, _): &Right) -> Option<String> {
    let [report] = reported else {
        return Some(format!("{} reports: {reported:#?}", reported.len()));
    };
    let words = [
        format!("Missing permission: {verb} {resource}"),
        "Without it, ".to_owned(),
        "A role in examples/terraform/rbac/".to_owned(),
    ];
    let lacks = words.iter().find(|words| !report.detail.contains(*words));
    match lacks {
        _ if report.severity != Severity::Warning => Some(format!("not a warning: {report:?}")),
        Some(words) => Some(format!("no {words:?} in {report:?}")),
        None => None,
    }
}

#[test]
fn a_right_that_a_creation_is_planned_without_is_one_warning_for_all_resources() {
    let mut faults = Vec::new();
    // A plan that creates a setting of Everest's server asks for nothing.
    let creations = plays::scripts().filter(|script| {
        script.name().ends_with("/create")
            && purpose(script.wanted().type_name).roles != Roles::Settings
    });
    for script in creations {
        in_its_own_time(async {
            let world = script.world().await;
            let rights = asked_for(&world, &script).await;
            assert!(!rights.is_empty(), "{}", script.name());
            for right in rights {
                let process = without(&world, right.clone());
                let reported = planned_twice(&process, &script).await;
                let fault = fault(&reported, &right);
                faults.extend(fault.map(|why| format!("{} {right:?}: {why}", script.name())));
            }
        });
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_right_that_resources_are_read_with_is_one_error_for_all_of_them() {
    in_its_own_time(async {
        let world = World::new().await;
        let names = ["a", "b", "c"];
        for name in names {
            world.add_database(name);
        }
        world.passes(std::time::Duration::from_secs(120)).await;
        let missing = right("get", "databaseclusters", "everest.percona.com", "shop");
        let importing = run(&world.server.process()).await;
        let importing = importing.resource("everest_database");
        let reading = run(&without(&world, missing)).await;
        let reading = reading.resource("everest_database");
        let mut reported = Vec::new();
        for name in names {
            let stub = importing.import(&format!("shop/{name}")).await.succeeded();
            let known = importing.read(&stub).await.succeeded();
            let read = reading.read(&known).await;
            assert_eq!(
                read.value.get("engine"),
                known.get("engine"),
                "the state stays"
            );
            reported.extend(read.diagnostics);
        }
        let [error] = reported.as_slice() else {
            panic!("{reported:#?}");
        };
        assert_eq!(error.severity, Severity::Error);
        for words in [
            "may not get databaseclusters.everest.percona.com in namespace shop",
            "Without it, no everest_database can be read or planned.",
            "examples/terraform/rbac/plan-only.yaml grants it for plans",
            "examples/terraform/rbac/apply.yaml for applies",
        ] {
            assert!(error.detail.contains(words), "{words:?}: {error:?}");
        }
    });
}

#[test]
fn a_secret_that_may_not_be_looked_at_is_one_warning_for_all_resources() {
    in_its_own_time(async {
        let world = World::new().await;
        let config = |name: &str| {
            json!({"namespace": "shop", "name": name, "type": "s3", "bucket": name,
                "region": "r", "access_key_id": "id", "secret_access_key": "key"})
        };
        let applying = run(&world.server.process()).await;
        let applying = applying.resource("everest_backup_storage");
        let missing = right("get", "secrets", "", "shop");
        let reading = run(&without(&world, missing.clone())).await;
        let reading = reading.resource("everest_backup_storage");
        let mut reported = Vec::new();
        for name in ["first", "second"] {
            let made = applying.create(config(name)).await.succeeded();
            let read = reading.read(&made).await;
            reported.extend(read.diagnostics);
        }
        assert_eq!(fault(&reported, &missing), None);
        assert!(reported[0].detail.contains("a plan does not notice"));
    });
}
