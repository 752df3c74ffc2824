use super::*;
use crate::models::{BackupStorageModel, DatabaseModel, NamespaceModel, RestoreModel};

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
            let inside = member["required"].as_array().into_iter().flatten();
            let shown = |name: &&Value| {
                member["properties"][name.as_str().unwrap()]
                    .get("x-skip")
                    .is_none()
            };
            required.extend(inside.filter(shown).cloned());
        }
    }
    required.retain(|name| *name != json!("name") && *name != json!("namespace"));
    // Everest's definition requires neither of them, but a rule of the model does.
    if M::KIND == "DataImporter" {
        required.extend([json!("jobSpec"), json!("supportedEngines")]);
    }
    // A managed resource is never given a Secret that exists.
    if M::KIND == "DataImportJob" {
        required.push(json!("secretRef"));
    }
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
fn a_member_that_cannot_be_changed_may_be_set_later_except_the_location() {
    let (written, _) = spec_of::<RestoreModel>();
    let rules = written["x-kubernetes-validations"].to_string();
    for name in ["databaseName", "backupName", "backupSource", "pitr"] {
        let rule = format!("\"!has(oldSelf.{name}) || has(self.{name})\"");
        assert!(rules.contains(&rule), "{rules}");
        let fixed = &written["properties"][name]["x-kubernetes-validations"][0]["rule"];
        assert_eq!(fixed, "self == oldSelf", "{name}");
    }
    let location = "has(self.__namespace__) == has(oldSelf.__namespace__)";
    assert!(rules.contains(location), "{rules}");
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

/// The keywords of a schema and of those below it that are not structure.
fn rules_in(schema: &mut Value, found: &mut Vec<String>) {
    for keyword in ["required", "enum", "default", "pattern", "minimum", "anyOf"] {
        if schema.get(keyword).is_some() {
            found.push(keyword.to_owned());
        }
    }
    if let Some(object) = schema.as_object() {
        found.extend(
            object
                .keys()
                .filter(|name| name.ends_with("-validations"))
                .cloned(),
        );
    }
    for below in structural::members_below(schema) {
        rules_in(below, found);
    }
}

/// The paths of the members in a schema.
fn paths(schema: &Value, path: &str, found: &mut Vec<String>) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        paths(member, &path, found);
        paths(&member["items"], &path, found);
        found.push(path);
    }
}

fn paths_of<M: ManagedModel>() -> (&'static str, [Vec<String>; 2], Vec<String>) {
    let (written, mut seen) = spec_of::<M>();
    let mut found = [Vec::new(), Vec::new()];
    paths(&written, "", &mut found[0]);
    paths(&seen, "", &mut found[1]);
    let mut rules = Vec::new();
    rules_in(&mut seen, &mut rules);
    (M::KIND, found, rules)
}

#[test]
fn the_observed_members_are_those_of_the_model_and_take_any_value() {
    macro_rules! of_each {
        ($($module:ident::$kind:ident = $model:ty;)*) => { [$(paths_of::<$model>()),*] };
    }
    // Members that no object has.
    let own = [
        "dataSource",
        "deletionProtection",
        "finalBackup",
        "forceDestroy",
        "importSecretRef",
        "keepBackupData",
        "keepNamespace",
        "namespace",
        "restartTrigger",
        "secretRef",
        "takeOwnership",
        "usersSecretRef",
    ];
    for (kind, [written, seen], rules) in crate::for_each_kind!(of_each) {
        assert_eq!(rules, Vec::<String>::new(), "{kind}");
        for path in written {
            let is_own = own.contains(&path.split('.').nth(1).unwrap());
            assert_ne!(is_own, seen.contains(&path), "{kind} {path}");
        }
        for path in seen {
            let name = path.rsplit('.').next().unwrap();
            assert!(
                !own.contains(&name) && !name.contains("Wo"),
                "{kind} {path}"
            );
        }
    }
}

#[test]
fn a_column_shows_an_observed_member_with_its_type() {
    fn columns<M: ManagedModel>() -> Vec<(String, String, bool)> {
        let (_, mut seen) = spec_of::<M>();
        for column in M::SHAPE.columns {
            let member = members::at(&mut seen, column.path);
            assert!(member.is_some(), "{} has no {}", M::KIND, column.path);
        }
        let definition = managed_resource::<M>(&[]);
        let columns = definition.spec.versions[0]
            .additional_printer_columns
            .clone();
        let columns = columns.unwrap().into_iter();
        columns
            .map(|column| (column.name, column.type_, column.priority == Some(1)))
            .collect()
    }
    macro_rules! of_each {
        ($($module:ident::$kind:ident = $model:ty;)*) => { [$(columns::<$model>()),*] };
    }
    for columns in crate::for_each_kind!(of_each) {
        let names: Vec<_> = columns.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names[..3], ["READY", "SYNCED", "EXTERNAL-NAME"]);
        assert_eq!(names.last(), Some(&"AGE"));
        assert!(names.len() > 5, "{names:?}");
        for (name, type_, _) in &columns {
            let types = ["boolean", "date", "integer", "number", "string"];
            assert!(types.contains(&type_.as_str()), "{name}: {type_}");
        }
    }
    let columns = columns::<DatabaseModel>();
    for (name, type_, is_wide) in [
        ("ENGINE", "string", false),
        ("VERSION", "string", false),
        ("STATE", "string", false),
        ("REPLICAS", "integer", true),
    ] {
        let column = (name.to_owned(), type_.to_owned(), is_wide);
        assert!(columns.contains(&column), "{columns:?}");
    }
}
