//! What the fronts read off the models' schemas is complete and consistent.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::facts::{FACTS, Fact};
use everest_schemas::models::{BackupStorageModel, DatabaseModel, ProviderModel};
use everest_schemas::{Engine, Field};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// Every property of a model: its path, whether it is required, its schema.
fn properties<M: JsonSchema>() -> Vec<(String, bool, Value)> {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings
        .into_generator()
        .into_root_schema_for::<M>()
        .to_value();
    let mut found = Vec::new();
    collect(&schema, "", &mut found);
    found
}

fn collect(schema: &Value, path: &str, found: &mut Vec<(String, bool, Value)>) {
    for below in ["items", "additionalProperties"] {
        if let Some(below) = schema.get(below) {
            collect(below, path, found);
        }
    }
    let required = schema.get("required").and_then(Value::as_array);
    for (name, property) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let path = format!("{path}.{name}");
        collect(property, &path, found);
        let required = required.is_some_and(|names| names.contains(&json!(name)));
        found.push((path, required, property.clone()));
    }
}

fn of<M: JsonSchema>(path: &str) -> Value {
    properties::<M>()
        .into_iter()
        .find_map(|(at, _, schema)| (at == path).then_some(schema))
        .unwrap_or_else(|| panic!("no property {path}"))
}

/// The keywords, other than JSON Schema's own, that a property may carry.
const KEYWORDS: [&str; 16] = [
    "x-read-only",
    "x-computed",
    "x-unfilled",
    "x-force-new",
    "x-sensitive",
    "x-write-only",
    "x-semantic",
    "x-map-key",
    "x-inline",
    "x-local",
    "x-default",
    "x-skip",
    "x-dynamic",
    "x-since",
    "x-facts",
    "x-note",
];

#[test]
fn every_property_is_described_and_carries_known_keywords() {
    macro_rules! of_models {
        ($($module:ident::$kind:ident = $model:ty;)*) => {
            [properties::<ProviderModel>(), $(properties::<$model>()),*]
        };
    }
    let kinds = everest_schemas::for_each_kind!(of_models);
    let settings = everest_schemas::for_each_server_setting!(of_models);
    for (path, required, schema) in kinds.iter().chain(&settings).flatten() {
        let text = schema
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        assert!(
            text.ends_with('.'),
            "{path} is not described in sentences: {text:?}"
        );
        for keyword in schema.as_object().unwrap().keys() {
            let ours = keyword.starts_with("x-") && !keyword.starts_with("x-kubernetes-");
            assert!(
                !ours || KEYWORDS.contains(&keyword.as_str()),
                "{path}: {keyword}"
            );
        }
        assert!(schema.get("$ref").is_none(), "{path} is not inlined");
        let settled = ["x-read-only", "x-computed", "default"];
        let contradiction =
            *required && settled.iter().any(|keyword| schema.get(*keyword).is_some());
        assert!(
            !contradiction,
            "{path} is required, yet somebody else may set it"
        );
    }
}

/// Every property that users write in a kind or a setting.
fn written() -> Vec<(String, bool, Value)> {
    macro_rules! of_models {
        ($($module:ident::$kind:ident = $model:ty;)*) => {
            [$(properties::<$model>()),*].concat()
        };
    }
    let mut written = everest_schemas::for_each_kind!(of_models);
    written.extend(everest_schemas::for_each_server_setting!(of_models));
    written.retain(|(_, _, schema)| schema["x-skip"] != true && schema["x-read-only"] != true);
    written
}

#[test]
fn a_description_repeats_no_fact() {
    for (path, _, schema) in written() {
        let text = schema["description"].as_str().unwrap_or_default();
        for repeated in [
            "Default",
            "Omitted",
            "Needs Everest",
            "Required",
            "A change replaces",
        ] {
            assert!(
                !text.contains(repeated),
                "{path}: state it with everest_schemas::facts instead: {text:?}"
            );
        }
    }
}

#[test]
fn allowed_values_in_words_name_each_value_of_the_schema() {
    for (path, _, schema) in written() {
        let Some(words) = Fact::Allowed.words(&schema[FACTS]) else {
            continue;
        };
        for value in schema["enum"].as_array().into_iter().flatten() {
            let name = format!("`{}`", value.as_str().unwrap());
            assert!(
                words.contains(&name),
                "{path}: {name} is missing in {words:?}"
            );
        }
    }
}

#[test]
fn a_value_that_everest_fills_in_says_what_it_is() {
    for (path, _, schema) in properties::<DatabaseModel>() {
        let is_filled = schema["x-computed"] == true && schema["x-unfilled"] != true;
        if is_filled && schema["properties"].is_null() && schema["x-skip"] != true {
            let default = Fact::Default.words(&schema[FACTS]);
            assert!(default.is_some(), "{path} has no default in words");
        }
    }
}

#[test]
fn what_a_spec_leaves_out_is_what_the_server_has() {
    for (path, required, schema) in properties::<DatabaseModel>() {
        let in_spec = path.starts_with(".spec.") && !path.starts_with(".spec.dataSource");
        let settled = ["x-computed", "x-default", "x-skip", "default"];
        if in_spec && !required {
            assert!(
                settled.iter().any(|keyword| schema.get(*keyword).is_some()),
                "{path} does not say what its omission means"
            );
        }
    }
    assert_eq!(
        of::<DatabaseModel>(".spec.engine.version")["x-computed"],
        true
    );
    assert_eq!(
        of::<DatabaseModel>(".spec.proxy.expose.type").get("x-computed"),
        None
    );
}

#[test]
fn the_public_attributes_keep_their_meaning() {
    let database = of::<DatabaseModel>;
    assert_eq!(database(".spec")["x-inline"], true);
    assert_eq!(database(".spec.dataSource")["x-local"], true);
    assert_eq!(database(".spec.backup.schedules")["x-map-key"], "name");
    assert_eq!(
        database(".spec.backup.schedules.enabled")["x-default"],
        true
    );
    assert_eq!(
        database(".spec.engine.storage.size")["x-semantic"],
        "quantity"
    );
    assert_eq!(
        database(".spec.engine.type")["enum"],
        json!(["pxc", "psmdb", "postgresql"])
    );
    assert_eq!(database(".spec.engine.type")["x-force-new"], true);
    assert_eq!(database(".spec.engine.replicas")["minimum"], json!(1));
    assert_eq!(
        database(".spec.monitoring.resources.limits")["additionalProperties"]["x-semantic"],
        "quantity"
    );
    assert_eq!(database(".deletionProtection")["default"], true);
    let storage = of::<BackupStorageModel>;
    assert_eq!(storage(".secretAccessKeyWo")["x-write-only"], true);
    assert_eq!(storage(".secretAccessKey")["x-sensitive"], true);
    assert_eq!(storage(".spec.credentialsSecretName")["x-skip"], true);
    assert_eq!(of::<ProviderModel>(".token")["x-sensitive"], true);
}

#[test]
fn a_quantity_that_the_cluster_holds_as_a_number_is_read() {
    let database: DatabaseCluster = serde_json::from_value(json!({
        "apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DatabaseCluster",
        "metadata": {"name": "a"},
        "spec": {
            "engine": {
                "type": "pxc",
                "storage": {"size": 1_073_741_824},
                "resources": {"cpu": 1, "memory": "2G"}
            },
            "monitoring": {"resources": {"limits": {"cpu": 0.5}}}
        }
    }))
    .unwrap();
    let engine = database.spec.engine.known().unwrap();
    assert_eq!(engine.type_, Field::Known(Engine::Pxc));
    assert_eq!(
        engine.storage.known().unwrap().size,
        Field::from("1073741824")
    );
    assert_eq!(engine.resources.known().unwrap().cpu, Field::from("1"));
    let monitoring = database.spec.monitoring.known().unwrap();
    let limits = monitoring
        .resources
        .known()
        .unwrap()
        .limits
        .known()
        .unwrap();
    assert_eq!(limits["cpu"], Field::from("0.5"));
}

#[test]
fn nothing_sent_mentions_what_was_not_set() {
    let database = DatabaseModel {
        name: Field::from("a"),
        ..DatabaseModel::default()
    };
    let value = serde_json::to_value(&database).unwrap();
    assert_eq!(value, json!({"namespace": null, "name": "a", "spec": null}));
}
