use super::*;
use crate::models::{BackupStorageModel, DatabaseModel, NamespaceModel};

fn spec_of<M: ManagedModel>() -> (Value, Value) {
    let definition = serde_json::to_value(managed_resource::<M>(&[])).unwrap();
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
    (
        schema["spec"]["properties"]["forProvider"].clone(),
        schema["status"]["properties"]["atProvider"].clone(),
    )
}

fn required_of<M: ManagedModel>() {
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    let schema = settings
        .into_generator()
        .into_root_schema_for::<M>()
        .to_value();
    let mut required: Vec<Value> = schema["required"].as_array().unwrap().clone();
    for (name, member) in schema["properties"].as_object().unwrap() {
        if member.get("x-inline").is_some() {
            required.retain(|required| *required != json!(name));
            let inside = member["required"].as_array().unwrap().iter();
            let shown = |name: &&Value| {
                member["properties"][name.as_str().unwrap()]
                    .get("x-skip")
                    .is_none()
            };
            required.extend(inside.filter(shown).cloned());
        }
    }
    required.retain(|name| *name != json!("name") && *name != json!("namespace"));
    let mut said: Vec<Value> = M::SHAPE.required.iter().map(|name| json!(name)).collect();
    required.sort_by_key(Value::to_string);
    said.sort_by_key(Value::to_string);
    assert_eq!(required, said, "{}", M::KIND);
}

#[test]
fn what_a_kind_requires_is_what_its_model_requires() {
    macro_rules! check_each {
        ($($module:ident::$kind:ident = $model:ty;)*) => { $(required_of::<$model>();)* };
    }
    crate::for_each_kind!(check_each);
}

#[test]
fn members_of_the_server_are_at_provider_and_nothing_secret_is_anywhere() {
    let (written, seen) = spec_of::<DatabaseModel>();
    assert!(seen["properties"].get("hostname").is_some());
    assert!(written["properties"].get("hostname").is_none());
    assert!(written["properties"].get("name").is_none());
    assert!(written["properties"].get("timeouts").is_none());
    assert!(written["properties"].get("keepBackupData").is_some());
    let (written, _) = spec_of::<BackupStorageModel>();
    let text = written.to_string();
    assert!(
        text.contains("secretRef") && !text.contains("secretAccessKey"),
        "{text}"
    );
    let (_, seen) = spec_of::<NamespaceModel>();
    let engine = &seen["properties"]["engines"]["properties"]["pxc"]["properties"];
    assert!(engine.get("installedVersion").is_some(), "{seen}");
}

#[test]
fn what_cannot_be_changed_is_held_by_a_rule() {
    let (written, _) = spec_of::<DatabaseModel>();
    let rule =
        |pointer: &str| written.pointer(pointer).unwrap()["x-kubernetes-validations"].to_string();
    assert!(rule("/properties/engine/properties/type").contains("self == oldSelf"));
    assert!(
        rule("").contains("has(self.__namespace__) == has(oldSelf.__namespace__)"),
        "{written}"
    );
    assert!(
        written
            .pointer("/properties/engine/x-kubernetes-validations")
            .is_none()
            || !rule("/properties/engine").contains("storage")
    );
}

#[test]
fn schedules_are_merged_by_their_names_and_are_enabled_unless_said_otherwise() {
    let (written, _) = spec_of::<DatabaseModel>();
    let schedules = &written["properties"]["backup"]["properties"]["schedules"];
    assert_eq!(schedules["x-kubernetes-list-map-keys"], json!(["name"]));
    assert_eq!(
        schedules["items"]["properties"]["enabled"]["default"],
        json!(true)
    );
    assert!(
        !schedules["items"]["required"]
            .to_string()
            .contains("enabled")
    );
}

#[test]
fn a_rule_goes_where_its_path_says() {
    let rule = Validation {
        path: "engine.storage",
        rule: "self.size != ''".to_owned(),
        message: "no size".to_owned(),
    };
    let definition = serde_json::to_value(managed_resource::<DatabaseModel>(&[rule])).unwrap();
    let storage = definition
        .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/forProvider/properties/engine/properties/storage")
        .unwrap();
    assert!(
        storage["x-kubernetes-validations"]
            .to_string()
            .contains("no size")
    );
}

/// The descriptions in a schema, each with the name of its member.
fn described(schema: &Value, name: &str, told: &mut Vec<(String, String)>) {
    if let Some(text) = schema["description"].as_str() {
        told.push((name.to_owned(), text.to_owned()));
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        described(member, name, told);
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(inner) {
            described(inner, name, told);
        }
    }
}

/// Where what is said of a kind's members is said.
fn descriptions<M: ManagedModel>() -> Vec<(String, String)> {
    let definition = serde_json::to_value(managed_resource::<M>(&[])).unwrap();
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let mut told = Vec::new();
    described(schema, M::KIND, &mut told);
    for (path, text) in M::SHAPE.descriptions {
        let name = path.rsplit('.').next().unwrap();
        let is_there = |(member, said): &(String, String)| member == name && said == text;
        assert!(told.iter().any(is_there), "{} has no {path}", M::KIND);
    }
    told
}

#[test]
fn a_definition_speaks_of_nothing_that_only_terraform_has() {
    macro_rules! of_each {
        ($($module:ident::$kind:ident = $model:ty;)*) => { [$(descriptions::<$model>()),*] };
    }
    let told = crate::for_each_kind!(of_each).concat();
    for (name, text) in told {
        let text = text.replace("install plan", "");
        for word in text.split(|letter: char| !letter.is_alphanumeric() && letter != '_') {
            let is_snake = word.contains('_') && word.chars().any(char::is_lowercase);
            let foreign = ["Terraform", "plan", "apply", "destroyed", "replaces"];
            assert!(
                !is_snake && !foreign.contains(&word),
                "{name}: {word} in {text:?}"
            );
        }
    }
}
