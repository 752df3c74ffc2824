//! Valid and invalid inputs of a composition.

use serde_json::{Value, json};

use crate::fixtures::{composite, input, ready, spec, world};
use crate::world::World;

fn refusal(input: Value) -> String {
    let mut world = World::new(composite(json!({"size": "huge", "zones": ["a"]})), input);
    let answer = world.reconcile();
    assert!(answer.desired().is_empty());
    answer.fatal().expect("it is refused").to_owned()
}

#[test]
fn a_mistake_is_refused_with_its_path() {
    let typo = input(json!([{"resource": "db", "spec": {"engine": {"replica": 3}}}]));
    let refused = refusal(typo);
    assert!(
        refused.contains("databases[0].spec.engine.replica is not a field; the fields are: config"),
        "{refused}"
    );
    let mut other = input(json!([]));
    other["kind"] = json!("Resources");
    let refused = refusal(other);
    assert!(
        refused.contains("kind \"Resources\", and this function reads"),
        "{refused}"
    );
    let answer = World::new(composite(json!({})), input(json!([{}]))).reconcile();
    assert_eq!(
        answer.condition("GuardrailsPassed").1,
        "InvalidInput",
        "the composite resource says so too"
    );
}

#[test]
fn an_answer_holds_as_long_as_the_input_says_unless_something_is_awaited() {
    let mut world = ready(spec("pxc"));
    world.reconcile();
    assert_eq!(world.reconcile().ttl(), 60);
    world.input["ttl"] = json!("5m30s");
    assert_eq!(world.reconcile().ttl(), 330);
    world
        .objects
        .retain(|key, _| key.0 != "PerconaXtraDBCluster");
    let answer = world.reconcile();
    assert_eq!(answer.ttl(), 10, "nothing but a lookup shows the engine");
    for (ttl, words) in [
        ("9s", "must be at least 10s"),
        ("60", "the units are"),
        ("1d", "the units are"),
    ] {
        world.input["ttl"] = json!(ttl);
        let answer = world.reconcile();
        let refused = answer.fatal().expect("it is refused");
        assert!(
            refused.contains("ttl of the composition's step"),
            "{refused}"
        );
        assert!(refused.contains(words), "{refused}");
    }
}

#[test]
fn a_value_that_the_composition_does_not_offer_is_refused_with_those_it_does() {
    let patch = json!({"from": "spec.size", "map": {"small": {}, "large": {}}});
    let refused = refusal(input(json!([{"resource": "db", "patches": [patch]}])));
    assert!(
        refused.contains(
            "database \"db\": spec.size of the composite resource is \"huge\", but \
                          the composition allows only large, small"
        ),
        "{refused}"
    );
}

#[test]
fn patches_say_what_is_wrong_with_them() {
    for (patch, words) in [
        (
            json!({"from": "spec.missing", "required": true}),
            "spec.missing of the composite resource has no value, and the composition requires one (patches[0])",
        ),
        (
            json!({"from": "spec.tier", "source": "Environment", "required": true}),
            "spec.tier of the environment has no value",
        ),
        (
            json!({"from": "spec..size"}),
            "patches[0].from: \"spec..size\" is not a path",
        ),
        (
            json!({"from": "spec.size", "to": "backup.schedules[0].name"}),
            "patches[0].to: \"backup.schedules[0].name\" cannot be written",
        ),
        (
            json!({"from": "spec.size"}),
            "spec.size of the composite resource must be an object",
        ),
        (
            json!({"from": "spec.zones", "map": {"a": {}}}),
            "spec.zones of the composite resource is no single value",
        ),
        (
            json!({"from": "spec.size", "to": "engine.replicas"}),
            "spec.engine.replicas must be a whole number, but is text",
        ),
    ] {
        let entry = json!([{"resource": "db", "spec": spec("pxc"), "patches": [patch]}]);
        let refused = refusal(input(entry));
        assert!(refused.contains(words), "{refused}");
    }
}

#[test]
fn patches_take_values_from_the_composite_resource_and_the_environment() {
    let xr = composite(json!({
        "size": "large",
        "parameters": {"proxy": {"replicas": 2}},
        "storage": "s3",
        "ha": true,
    }));
    let entry = json!([{
        "resource": "db",
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}},
        "patches": [
            {"from": "spec.size", "map": {
                "large": {"engine": {"storage": {"size": "100Gi"}, "resources": {"cpu": "4", "memory": "8G"}}},
            }},
            {"from": "spec.parameters"},
            {"from": "spec.ha", "to": "engine.replicas", "map": {"true": 3, "false": 1}},
            {"from": "spec.replicas", "to": "proxy.replicas", "default": 4},
            {"from": "spec.paused", "to": "paused"},
            {"from": "spec.storage", "to": "backup.schedules[nightly].backupStorageName", "with":
                {"backup": {"schedules": [{"name": "nightly", "schedule": "0 2 * * *", "enabled": true}]}}},
            {"from": "policy", "source": "Environment", "to": "podSchedulingPolicyName"},
        ],
    }]);
    let mut world = World::new(xr, input(entry));
    world.context = json!({"apiextensions.crossplane.io/environment": {"policy": "spread"}});
    let answer = world.reconcile();
    assert_eq!(answer.fatal(), None);
    assert_eq!(
        answer.object("db")["spec"],
        json!({
            "engine": {
                "type": "pxc",
                "replicas": 3,
                "storage": {"size": "100Gi"},
                "resources": {"cpu": "4", "memory": "8G"},
            },
            "proxy": {"replicas": 4},
            "backup": {"schedules": [{
                "name": "nightly", "schedule": "0 2 * * *", "enabled": true,
                "backupStorageName": "s3",
            }]},
            "podSchedulingPolicyName": "spread",
        })
    );
}

#[test]
fn a_step_without_input_looks_after_what_others_compose() {
    let mut world = world(spec("pxc"));
    world.input = Value::Null;
    assert_eq!(world.reconcile().fatal(), None);
}

#[test]
fn a_database_of_which_nothing_is_said_is_refused() {
    let refused = refusal(input(json!([{"resource": "db"}])));
    assert!(refused.contains("the database has no spec"), "{refused}");
}

#[test]
fn the_status_goes_below_status_only() {
    let entry = |to: &str| input(json!([{"resource": "db", "spec": spec("pxc"), "statusTo": to}]));
    assert!(refusal(entry("spec.database")).contains("is not below status"));
    assert!(refusal(entry("status")).contains("is not below status"));
    let mut world = World::new(composite(json!({})), entry("status.databases.main"));
    let status = world.reconcile().status().unwrap();
    assert_eq!(status["databases"]["main"]["ready"], false);
}

/// The paths of all fields of the input; a database's own spec is one field.
fn fields(schema: &Value, path: &str, found: &mut Vec<String>) {
    let properties = schema["properties"].as_object();
    let whole = path.ends_with("spec") || path.ends_with("with");
    match (properties, schema.get("items")) {
        (Some(properties), _) if !whole => {
            for (name, property) in properties {
                let below = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                if !["apiVersion", "kind", "metadata"].contains(&below.as_str()) {
                    fields(property, &below, found);
                }
            }
        }
        (_, Some(items)) => fields(items, &format!("{path}[]"), found),
        _ => found.push(path.to_owned()),
    }
}

#[test]
fn the_guide_has_each_field_of_the_input_and_no_other() {
    let mut wanted = Vec::new();
    fields(&everest_schemas::crds::input_schema(), "", &mut wanted);
    let guide =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/crossplane/function.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let table = guide
        .split("## Input")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let mut told: Vec<String> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
        .flat_map(|cell| cell.trim_end_matches('`').split("`, `"))
        .map(str::to_owned)
        .collect();
    wanted.sort();
    told.sort();
    assert_eq!(told, wanted);
}
