//! A composed database over its life.

use function_sdk_rust::proto::v1::Severity;
use serde_json::{Value, json};

use crate::everest;
use crate::fixtures::{composite, input, ready, spec, world};
use crate::world::{Answer, World, key};

fn name(world: &mut World) -> String {
    let answer = world.reconcile();
    assert_eq!(answer.fatal(), None);
    answer.object("db")["metadata"]["name"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_name_is_derived_that_everest_accepts_and_that_stays() {
    let mut names = std::collections::BTreeSet::new();
    for (own, prefix) in [
        ("orders", "orders-"),
        ("the-orders-of-the-whole-shop", "the-orders-of-t-"),
        ("the-orders-of-the-whole-market", "the-orders-of-t-"),
        ("3.orders", "db-3-orders-"),
        ("a.b.c", "a-b-c-"),
    ] {
        let mut world = world(spec("pxc"));
        world.composite["metadata"]["name"] = json!(own);
        let derived = name(&mut world);
        assert!(derived.starts_with(prefix), "{derived}");
        assert!(derived.len() <= 22, "{derived}");
        assert_eq!(name(&mut world), derived, "it stays");
        assert!(names.insert(derived), "each has its own");
    }
    let mut other = world(spec("pxc"));
    other.composite["kind"] = json!("OtherDatabase");
    assert!(names.insert(name(&mut other)), "kinds are told apart");
    let mut again = world(spec("pxc"));
    again.composite["metadata"]["uid"] = json!("another");
    assert!(
        !names.insert(name(&mut again)),
        "a composite resource made again has its name again"
    );
}

#[test]
fn a_derived_name_is_explained_once() {
    let mut world = world(spec("pxc"));
    let notes = world.reconcile().0.results;
    assert!(notes[0].message.contains("set name or nameFrom"));
    assert!(world.reconcile().messages(Severity::Normal).is_empty());
}

#[test]
fn a_given_name_is_checked_and_the_observed_one_is_kept() {
    let named = |name: &str| {
        input(
            json!([{"resource": "db", "spec": spec("pxc"), "nameFrom": "spec.name", "name": name}]),
        )
    };
    let mut world = World::new(
        composite(json!({"name": "far-too-long-a-name-for-everest"})),
        named("x"),
    );
    let answer = world.reconcile();
    assert!(
        answer.fatal().unwrap().contains("at most 22"),
        "{:?}",
        answer.fatal()
    );
    world.composite["spec"]["name"] = json!("shop");
    assert_eq!(name(&mut world), "shop");
    world.composite["spec"]["name"] = json!("store");
    assert_eq!(name(&mut world), "shop");
}

#[test]
fn a_database_of_somebody_else_is_not_taken_over() {
    let mut world = world(spec("pxc"));
    let name = name(&mut world);
    world.composed.clear();
    let key = (
        "DatabaseCluster".to_owned(),
        "prod".to_owned(),
        name.clone(),
    );
    assert_eq!(
        world.reconcile().fatal(),
        None,
        "its own is recognised by its owner"
    );
    world.composed.clear();
    world.objects.get_mut(&key).unwrap()["metadata"]["ownerReferences"] = json!([]);
    let answer = world.reconcile();
    let refused = answer.fatal().unwrap();
    assert!(
        refused.contains(&format!("the DatabaseCluster {name:?} exists in the namespace and is not this composite resource's")),
        "{refused}"
    );
    // One that is being deleted is waited for.
    let metadata = &mut world.objects.get_mut(&key).unwrap()["metadata"];
    metadata["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    metadata["finalizers"] = json!(["everest.percona.com/upstream-cluster-cleanup"]);
    let answer = world.reconcile();
    assert_eq!(answer.fatal(), None);
    assert_eq!(answer.desired().len(), 0);
    let told = answer.condition("DatabasesReady").2;
    assert!(
        told.contains("which is being deleted, held by the finalizers"),
        "{told}"
    );
    world.objects.remove(&key);
    assert!(world.reconcile().desired().contains_key("db"));
}

#[test]
fn the_namespace_is_the_composite_resources_or_is_said() {
    let entry = |namespace: Value| {
        let mut entry = json!({"resource": "db", "spec": spec("pxc")});
        entry["namespace"] = namespace;
        input(json!([entry]))
    };
    let mut other = World::new(composite(json!({})), entry(json!("staging")));
    assert!(
        other
            .reconcile()
            .fatal()
            .unwrap()
            .contains("composes only into that namespace")
    );
    let mut cluster = composite(json!({}));
    cluster["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("namespace");
    let mut none = World::new(cluster.clone(), entry(Value::Null));
    assert!(
        none.reconcile()
            .fatal()
            .unwrap()
            .contains("no namespace is given")
    );
    let mut given = World::new(cluster, entry(json!("staging")));
    assert_eq!(
        given.reconcile().object("db")["metadata"]["namespace"],
        "staging"
    );
}

#[test]
fn what_is_written_is_what_is_said_in_everests_own_spelling() {
    let mut said = spec("pxc");
    said["engine"]["storage"]["size"] = json!("10240Mi");
    said["engine"]["resources"] = json!({"cpu": "1000m", "memory": "1.5Gi"});
    let mut world = ready(said);
    let answer = world.reconcile();
    assert_eq!(
        answer.object("db")["spec"],
        json!({"engine": {
            "type": "pxc", "replicas": 3, "storage": {"size": "10Gi"},
            "resources": {"cpu": "1", "memory": "1536Mi"},
        }}),
        "none of what Everest wrote"
    );
    assert!(answer.is_ready("db"));
}

#[test]
fn what_somebody_pauses_stays_paused_and_a_restart_is_left_alone() {
    let mut paused = ready(spec("pxc"));
    paused.object("db")["spec"]["paused"] = json!(true);
    paused.object("db")["status"]["status"] = json!("paused");
    paused.object("db")["status"]["ready"] = json!(0);
    let answer = paused.reconcile();
    assert_eq!(answer.object("db")["spec"].get("paused"), None);
    assert!(answer.is_ready("db"), "paused as asked is as it should be");

    let mut said = spec("pxc");
    said["paused"] = json!(false);
    let mut restarting = ready(said);
    assert_eq!(restarting.reconcile().object("db")["spec"]["paused"], false);
    restarting.object("db")["metadata"]["annotations"] =
        json!({"everest.percona.com/restart": "true"});
    restarting.object("db")["spec"]["paused"] = json!(true);
    let answer = restarting.respond();
    let answer = crate::world::Answer(answer);
    assert_eq!(answer.object("db")["spec"].get("paused"), None);
    assert!(!answer.is_ready("db"));
}

#[test]
fn a_version_of_the_operator_that_is_followed_comes_before_another_one_of_the_engine() {
    let mut followed = spec("pxc");
    followed["engine"]["crVersion"] = json!("recommended");
    followed["engine"]["version"] = json!("8.0.42-33.1");
    let mut world = ready(followed);
    let engine = |world: &mut World| world.object("db")["spec"]["engine"].clone();
    assert_eq!(
        engine(&mut world).get("crVersion"),
        None,
        "it is no version"
    );

    let operator = "percona-xtradb-cluster-operator".to_owned();
    let offer = ("DatabaseEngine".to_owned(), "prod".to_owned(), operator);
    world.objects.get_mut(&offer).unwrap()["status"]["availableVersions"]["engine"]["8.0.43-34.1"] =
        json!({"status": "recommended"});
    world.object("db")["status"]["crVersion"] = json!("1.17.0");
    world.object("db")["status"]["recommendedCRVersion"] = json!("1.18.0");
    world.input["databases"][0]["spec"]["engine"]["version"] = json!("8.0.43-34.1");
    assert!(!world.reconcile().all_ready());
    assert_eq!(engine(&mut world)["crVersion"], "1.18.0");
    assert_eq!(engine(&mut world)["version"], "8.0.42-33.1");

    world.object("db")["status"]["crVersion"] = json!("1.18.0");
    assert!(
        !world.reconcile().all_ready(),
        "the recommendation still stands"
    );
    assert_eq!(engine(&mut world)["version"], "8.0.42-33.1");

    let status = world.object("db")["status"].as_object_mut().unwrap();
    status.remove("recommendedCRVersion");
    world.reconcile();
    assert_eq!(engine(&mut world)["crVersion"], "1.18.0");
    assert_eq!(engine(&mut world)["version"], "8.0.43-34.1");
}

#[test]
fn a_composed_restart_is_refused() {
    let mut world = world(spec("pxc"));
    world.input["databases"][0]["annotations"] = json!({"everest.percona.com/restart": "1"});
    assert!(world.reconcile().fatal().unwrap().contains("endlessly"));
}

#[test]
fn a_change_is_not_ready_before_the_engine_has_taken_it_up() {
    let mut world = ready(spec("pxc"));
    let name = world.name("db");
    assert!(world.reconcile().all_ready());
    world.input["databases"][0]["spec"]["engine"]["resources"]["cpu"] = json!("2");
    let answer = world.reconcile();
    assert!(!answer.is_ready("db"), "what is observed is from before");
    assert!(
        answer
            .condition("DatabasesReady")
            .2
            .contains("a change of it is being written")
    );

    let generation = world.object("db")["metadata"]["generation"].clone();
    assert!(
        !world.reconcile().all_ready(),
        "Everest has not seen the generation"
    );
    world.object("db")["status"]["observedGeneration"] = generation.clone();
    let kind = "PerconaXtraDBCluster";
    let engine = (kind.to_owned(), "prod".to_owned(), name.clone());
    world.objects.get_mut(&engine).unwrap()["metadata"]["generation"] = generation.clone();
    let answer = world.reconcile();
    assert!(!answer.all_ready(), "the engine has not seen its own");
    assert!(
        answer
            .condition("DatabasesReady")
            .2
            .contains("from before the change")
    );
    assert_eq!(answer.ttl(), 10, "nothing but a lookup shows the engine");
    everest::set_engine(&mut world, kind, &name, "initializing", &generation);
    assert!(!world.reconcile().all_ready(), "the engine is at work");
    everest::set_engine(&mut world, kind, &name, "ready", &generation);
    assert!(world.reconcile().all_ready());
    world.objects.remove(&engine);
    assert!(
        !world.reconcile().all_ready(),
        "an engine that does not exist is not ready"
    );
}

#[test]
fn a_change_that_does_not_reach_the_engines_object_is_not_ready_and_says_which_field() {
    let mut world = ready(spec("pxc"));
    let name = world.name("db");
    let engine = ("PerconaXtraDBCluster".to_owned(), "prod".to_owned(), name);
    world.objects.get_mut(&engine).unwrap()["spec"] = json!({"pxc": {"size": 1}});
    let answer = world.reconcile();
    assert!(!answer.all_ready());
    let (_, reason, message) = answer.condition("DatabasesReady");
    assert!(
        message.contains("still has spec.pxc.size 1, not 3 (engine.replicas)"),
        "{reason}: {message}"
    );
    assert_eq!(answer.ttl(), 10, "nothing but a lookup shows the engine");
}

#[test]
fn a_failure_from_before_a_change_is_looked_at_again_soon() {
    let mut world = ready(spec("pxc"));
    let name = world.name("db");
    world.object("db")["status"]["status"] = json!("error");
    let generation = world.object("db")["metadata"]["generation"].clone();
    let kind = "PerconaXtraDBCluster";
    everest::set_engine(&mut world, kind, &name, "initializing", &generation);
    let answer = world.reconcile();
    assert!(!answer.all_ready());
    let (_, reason, message) = answer.condition("DatabasesReady");
    assert!(message.contains("before the change"), "{reason}: {message}");
    assert_eq!(answer.ttl(), 10, "nothing but a lookup shows the engine");
}

#[test]
fn without_lookups_everests_word_is_taken() {
    let mut world = ready(spec("pxc"));
    world.input["lookups"] = json!("None");
    world
        .objects
        .retain(|key, _| key.0 != "PerconaXtraDBCluster");
    let answer = world.reconcile();
    assert!(answer.is_ready("db"));
    let asked = answer.0.requirements.unwrap().resources;
    assert!(asked.values().all(|selector| selector.kind == "Secret"));
}

#[test]
fn a_failure_is_told_and_seen_by_the_next_call() {
    let mut world = ready(spec("pxc"));
    let name = world.name("db");
    world.object("db")["status"]["status"] = json!("error");
    world.object("db")["status"]["message"] = json!("disk full");
    let generation = world.object("db")["metadata"]["generation"].clone();
    everest::set_engine(
        &mut world,
        "PerconaXtraDBCluster",
        &name,
        "error",
        &generation,
    );
    let answer = world.reconcile();
    let (ready, reason, message) = answer.condition("DatabasesReady");
    assert!(
        !ready && reason == "Failed" && message.contains("disk full"),
        "{message}"
    );
    assert!(answer.messages(Severity::Warning)[0].contains("disk full"));
    assert!(!answer.all_ready());
}

#[test]
fn what_a_change_breaks_is_refused_and_what_was_broken_before_is_not() {
    let mut world = ready(spec("pxc"));
    for (pointer, value, words) in [
        (
            "/engine/replicas",
            json!(1),
            "would go from 3 replicas to 1",
        ),
        ("/engine/replicas", json!(4), "engine.replicas"),
        (
            "/engine/storage/size",
            json!("5Gi"),
            "would shrink from 10Gi to 5Gi",
        ),
        (
            "/engine/type",
            json!("psmdb"),
            "engine.type cannot be changed",
        ),
    ] {
        let mut changed = world.input.clone();
        *changed["databases"][0]["spec"]
            .pointer_mut(pointer)
            .unwrap() = value;
        let before = std::mem::replace(&mut world.input, changed);
        let answer = world.reconcile();
        let refused = answer
            .fatal()
            .unwrap_or_else(|| panic!("{pointer} is refused"));
        assert!(refused.contains(words), "{refused}");
        let (passed, reason, _) = answer.condition("GuardrailsPassed");
        assert!(!passed && reason == "Refused");
        world.input = before;
    }
    // An even number of replicas, as somebody has made it by other means.
    world.input["databases"][0]["spec"]["engine"]["replicas"] = json!(4);
    world.object("db")["spec"]["engine"]["replicas"] = json!(4);
    let answer = world.reconcile();
    assert_eq!(answer.fatal(), None);
    // Nothing is said of it either, since nothing changes.
    assert_eq!(answer.condition("GuardrailsPassed").1, "Passed");
}

#[test]
fn what_the_cluster_lacks_is_a_warning_because_the_pipeline_may_make_it() {
    let mut said = spec("pxc");
    said["backup"] = json!({"schedules": [{
        "name": "nightly", "schedule": "0 2 * * *", "enabled": true, "backupStorageName": "other",
    }]});
    said["engine"]["version"] = json!("9.9.9");
    let mut world = world(said);
    let answer = world.reconcile();
    let refused = answer.fatal().unwrap();
    assert!(
        refused.contains("9.9.9 is not offered for pxc"),
        "{refused}"
    );
    let warned = answer.messages(Severity::Warning).join("\n");
    assert!(
        warned.contains("No backup storage of the namespace is called \"other\""),
        "{warned}"
    );
}

#[test]
fn a_change_waits_for_the_end_of_a_restore() {
    let mut world = ready(spec("pxc"));
    world.object("db")["status"]["status"] = json!("restoring");
    assert_eq!(world.reconcile().fatal(), None, "nothing is to be changed");
    world.input["databases"][0]["spec"]["engine"]["resources"]["cpu"] = json!("2");
    let answer = world.reconcile();
    let held = answer.fatal().unwrap();
    assert!(held.contains("waits until this is over"), "{held}");
    assert_eq!(answer.condition("GuardrailsPassed").1, "Waiting");
}

#[test]
fn an_import_that_has_paused_everest_is_named_and_left_alone() {
    let mut world = ready(spec("postgresql"));
    let name = world.name("db");
    let annotations = &mut world.object("db")["metadata"]["annotations"];
    annotations["everest.percona.com/reconcile-paused"] = json!("true");
    let waits_for = |answer: &Answer| answer.condition("DatabasesReady").2.to_owned();
    let missing = waits_for(&world.reconcile());
    assert!(missing.contains("remove it"), "{missing}");
    world.add(json!({
        "apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DataImportJob",
        "metadata": {"name": "later", "namespace": "prod"},
        "spec": {"targetClusterName": name, "dataImporterName": "dump",
            "source": {"path": "/dump"}},
        "status": {"state": "Running"},
    }));
    let missing = waits_for(&world.reconcile());
    let running = "The import later into it has not ended";
    assert!(missing.contains(running), "{missing}");
}

#[test]
fn schedules_are_warned_of_until_they_are_silenced() {
    let mut said = spec("pxc");
    said["backup"] = json!({"schedules": [{
        "name": "nightly", "schedule": "0 2 * * *", "enabled": true, "backupStorageName": "s3",
    }]});
    let mut world = world(said);
    let answer = world.reconcile();
    let warned = answer.messages(Severity::Warning).join("\n");
    assert!(
        warned.contains("a composition cannot protect them"),
        "{warned}"
    );
    world.input["silence"] = json!(["scheduled-backups"]);
    assert!(world.reconcile().messages(Severity::Warning).is_empty());
}

#[test]
fn a_data_source_is_kept_until_it_is_restored_and_never_sent_again() {
    let mut said = spec("pxc");
    said["dataSource"] = json!({"backupSource": {"path": "orders/1/x", "backupStorageName": "s3"}});
    let source = said["dataSource"].clone();
    let mut world = world(said);
    assert_eq!(world.reconcile().object("db")["spec"]["dataSource"], source);
    everest::take_up(&mut world, "db");
    everest::make_ready(&mut world, "db");
    let answer = world.reconcile();
    let object = answer.object("db");
    assert_eq!(
        object["spec"]["dataSource"], source,
        "the restore has not begun"
    );
    assert_eq!(
        object["metadata"]["resourceVersion"],
        world.object("db")["metadata"]["resourceVersion"],
        "so that an Everest that clears it meanwhile is not overruled"
    );
    assert!(!answer.is_ready("db"), "its data is not there");

    let name = object["metadata"]["name"].clone();
    world.add(json!({
        "apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DatabaseClusterRestore",
        "metadata": {"name": name, "namespace": "prod"},
        "spec": {"dbClusterName": name, "dataSource": {"backupSource": source["backupSource"]}},
        "status": {"state": "Succeeded"},
    }));
    assert!(
        world.reconcile().is_ready("db"),
        "the restore has brought it"
    );
    // Everest clears it.
    let spec = world.object("db")["spec"].as_object_mut().unwrap();
    spec.remove("dataSource");
    let answer = world.reconcile();
    let object = answer.object("db");
    assert_eq!(object["spec"].get("dataSource"), None);
    assert_eq!(object["metadata"].get("resourceVersion"), None);
    assert!(answer.is_ready("db"));
}

#[test]
fn a_database_of_an_earlier_step_is_named_checked_and_judged() {
    let mut world = world(Value::Null);
    world.input = Value::Null;
    let mut said = spec("postgresql");
    said["engine"]["turbo"] = json!(true);
    said["engine"]["resources"]["cpu"] = json!("1000m");
    world.earlier.insert(
        "theirs".to_owned(),
        json!({
            "apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
            "metadata": {"labels": {"a": "b"}}, "spec": said,
        }),
    );
    world.earlier.insert(
        "bucket".to_owned(),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}),
    );
    let answer = Answer(world.respond());
    assert_eq!(answer.fatal(), None);
    let object = answer.object("theirs");
    assert!(
        object["metadata"]["name"]
            .as_str()
            .unwrap()
            .starts_with("orders-")
    );
    assert_eq!(object["metadata"]["labels"], json!({"a": "b"}));
    assert_eq!(
        object["spec"]["engine"]["turbo"], true,
        "a later Everest may know it"
    );
    assert_eq!(object["spec"]["engine"]["resources"]["cpu"], "1");
    assert_eq!(
        answer.object("bucket"),
        world.earlier["bucket"],
        "what is not Everest's is passed on"
    );
    // This one does not.
    let engine = &mut world.earlier.get_mut("theirs").unwrap()["spec"]["engine"];
    engine.as_object_mut().unwrap().remove("turbo");
    world.reconcile();
    everest::take_up(&mut world, "theirs");
    everest::make_ready(&mut world, "theirs");
    assert!(world.reconcile().is_ready("theirs"));

    let theirs = world.earlier.get_mut("theirs").unwrap();
    theirs["spec"]["engine"]["storage"]["size"] = json!("1Gi");
    assert!(world.reconcile().fatal().unwrap().contains("would shrink"));
}

#[test]
fn an_input_is_laid_over_what_an_earlier_step_says() {
    let mut world = world(json!({"engine": {"replicas": 5}}));
    world.earlier.insert(
        "db".to_owned(),
        json!({
            "apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
            "metadata": {"name": "theirs"}, "spec": spec("pxc"),
        }),
    );
    let answer = world.reconcile();
    let object = answer.object("db");
    assert_eq!(object["metadata"]["name"], "theirs");
    assert_eq!(object["spec"]["engine"]["replicas"], 5);
    assert_eq!(object["spec"]["engine"]["storage"]["size"], "10Gi");
    world.earlier.get_mut("db").unwrap()["kind"] = json!("BackupStorage");
    assert!(
        world
            .reconcile()
            .fatal()
            .unwrap()
            .contains("composes a BackupStorage with this name")
    );
}

/// Everest's interface, or an administrator, may raise the size of a composed database.
#[test]
fn a_size_that_somebody_else_has_raised_stays_and_is_no_error() {
    let mut world = ready(spec("pxc"));
    for object in world.objects.values_mut() {
        if object["kind"] == "DatabaseCluster" {
            object["spec"]["engine"]["storage"]["size"] = json!("20Gi");
            object["metadata"]["managedFields"] = json!([]);
        }
    }
    let answer = Answer(world.respond());
    assert_eq!(answer.fatal(), None);
    let composed = &answer.object("db")["spec"]["engine"];
    assert_eq!(composed["type"], "pxc");
    assert_eq!(composed["storage"].get("size"), None);
}

#[test]
fn a_composed_resource_that_exists_as_another_kind_is_refused() {
    let managed = json!({
        "apiVersion": "everest.m.openeverest.io/v1alpha1",
        "kind": "Database",
        "metadata": {"name": "orders-0f3b8c1d2e4a", "namespace": "prod"},
        "spec": {"forProvider": {"engine": {"type": "pxc"}}},
    });
    let secret = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "orders-connection", "namespace": "prod"},
    });
    for (resource, object, words) in [
        (
            "db",
            managed,
            "exists as the Database \"orders-0f3b8c1d2e4a\" of everest.m.openeverest.io/v1alpha1",
        ),
        (
            "db-connection",
            secret,
            "exists as the ConfigMap \"orders-connection\" of v1",
        ),
    ] {
        let mut world = world(spec("pxc"));
        world.composed.insert(resource.to_owned(), key(&object));
        world.add(object);
        let answer = world.reconcile();
        let refused = answer.fatal().unwrap();
        assert!(refused.contains(words), "{refused}");
        assert!(refused.contains("another resource name"), "{refused}");
    }
}
