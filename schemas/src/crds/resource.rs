//! The definition of a managed resource, made from its model.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionNames, CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion, CustomResourceSubresourceStatus, CustomResourceSubresources,
    CustomResourceValidation,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::structural;
use crate::managed::{
    Condition, GROUP, ManagedModel, ManagementPolicy, ProviderConfigReference, VERSION,
};

/// A rule in the Common Expression Language, which the API server evaluates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    /// The member of `forProvider` that `self` is, as names separated by dots; empty for
    /// `forProvider` itself.
    pub path: &'static str,
    /// What must hold.
    pub rule: String,
    /// What users read where it does not.
    pub message: String,
}

/// The policies that only look.
const CHANGES: &str = "self.managementPolicies.exists(p, p in ['*', 'Create', 'Update'])";

/// The definition of a managed resource, with `validations` on its `forProvider`.
///
/// Members that users write are those of the model, its spec inlined; a member that cannot be
/// changed is held by a rule; a list whose elements have a name is merged by that name. There
/// are no defaults but those that Crossplane's contract has, and those that the server leaves
/// out.
pub fn managed_resource<M: ManagedModel>(validations: &[Validation]) -> CustomResourceDefinition {
    let settings = || SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    let schema_of = |schema: schemars::Schema| schema.to_value();
    let (mut model, at_provider) = parts::<M>();
    immutable(&mut model);
    rewrite(&mut model);
    for (member, text) in M::SHAPE.said {
        if let Some(member) = model.pointer_mut(&format!("/properties/{member}")) {
            member["description"] = json!(text);
        }
    }
    if let Some(text) = M::SHAPE.secret {
        model["properties"]["secretRef"] = reference(text);
    }
    for validation in validations {
        add_rule(
            &mut model,
            validation.path,
            &validation.rule,
            &validation.message,
        );
    }
    model["description"] = json!("What the external object is to be.");

    let config = schema_of(
        settings()
            .into_generator()
            .into_root_schema_for::<ProviderConfigReference>(),
    );
    let conditions = schema_of(
        settings()
            .into_generator()
            .into_root_schema_for::<Condition>(),
    );
    let object = json!({
        "description": M::DOC,
        "properties": {
            "spec": spec::<M>(model, config),
            "status": status(at_provider, conditions),
        },
    });
    let mut schema = structural::root(object, &["spec"]);
    schema["type"] = json!("object");
    definition::<M>(schema)
}

/// The members of a model, as a schema, that only the server says: those of `status.atProvider`.
pub fn at_provider<M: ManagedModel>() -> Value {
    parts::<M>().1
}

/// The schemas of what users write of a model, and of what only the server says.
fn parts<M: ManagedModel>() -> (Value, Value) {
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    let mut model = settings
        .into_generator()
        .into_root_schema_for::<M>()
        .to_value();
    inline(&mut model);
    leave_out::<M>(&mut model);
    let at_provider = read_only(&mut model);
    (model, at_provider)
}

/// The members of an inlined object become those of its parent.
fn inline(schema: &mut Value) {
    let Some(properties) = schema["properties"].as_object_mut() else {
        return;
    };
    let inlined: Vec<String> = properties
        .iter()
        .filter(|(_, member)| member.get("x-inline").is_some())
        .map(|(name, _)| name.clone())
        .collect();
    for name in inlined {
        if let Some(Value::Object(mut member)) = properties.remove(&name)
            && let Some(Value::Object(members)) = member.remove("properties")
        {
            properties.extend(members);
        }
    }
}

/// Takes out what is not written here: the name, what Terraform alone has, secrets and what no
/// user sees.
fn leave_out<M: ManagedModel>(schema: &mut Value) {
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.remove("name");
        for member in M::SHAPE.left_out {
            properties.remove(*member);
        }
    }
    hide(schema);
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    object.remove("required");
    object.remove("title");
    object.remove("$schema");
}

/// Takes out secrets and what no user sees, at any depth.
fn hide(schema: &mut Value) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|_, member| {
            ["x-skip", "x-sensitive", "x-write-only"]
                .iter()
                .all(|keyword| member.get(*keyword).is_none())
        });
    }
    for below in structural::members_below(schema) {
        hide(below);
    }
}

/// Takes out what the server alone says, and gives it back as a schema of its own.
fn read_only(schema: &mut Value) -> Value {
    let mut taken = Map::new();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return json!({ "type": "object" });
    };
    let names: Vec<String> = properties.keys().cloned().collect();
    for name in names {
        let Some(member) = properties.get_mut(&name) else {
            continue;
        };
        if member.get("x-read-only").is_some() {
            taken.extend(properties.remove_entry(&name));
        } else if member.get("properties").is_some() {
            let inside = read_only(member);
            if inside["properties"]
                .as_object()
                .is_some_and(|all| !all.is_empty())
            {
                taken.insert(name, inside);
            }
        }
    }
    json!({ "type": "object", "properties": taken })
}

/// A rule for each member that cannot be changed. One that the server fills in may be set
/// later, to what the server chose; one that it does not may neither be added nor taken away.
fn immutable(schema: &mut Value) {
    for below in structural::members_below(schema) {
        immutable(below);
    }
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    let mut rules = Vec::new();
    for (name, member) in properties {
        let Some(object) = member.as_object_mut() else {
            continue;
        };
        if object.remove("x-force-new").is_none() {
            continue;
        }
        let message = format!(
            "{name} cannot be changed: delete this and create another, or restore the former value"
        );
        object.insert(
            "x-kubernetes-validations".to_owned(),
            json!([{ "rule": "self == oldSelf", "message": message }]),
        );
        if !object.contains_key("x-computed") && !required.contains(&json!(name)) {
            let escaped = escape(name);
            rules.push(json!({
                "rule": format!("has(self.{escaped}) == has(oldSelf.{escaped})"),
                "message": format!("{name} cannot be added or taken away once this exists"),
            }));
        }
    }
    push_rules(schema, rules);
}

/// A name as expressions spell it: some are words of the language.
fn escape(name: &str) -> String {
    if name == "namespace" {
        "__namespace__".to_owned()
    } else {
        name.to_owned()
    }
}

/// Keyed lists, and no defaults but those that the server leaves out.
fn rewrite(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        object.remove("default");
        if let Some(key) = object.remove("x-map-key") {
            object.insert("x-kubernetes-list-type".to_owned(), json!("map"));
            object.insert("x-kubernetes-list-map-keys".to_owned(), json!([key]));
        }
        if let Some(default) = object.remove("x-default") {
            object.insert("default".to_owned(), default);
        }
        let defaulted: Vec<String> = object
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter(|(_, member)| member.get("x-default").is_some())
            .map(|(name, _)| name.clone())
            .collect();
        if let Some(required) = object.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|name| !defaulted.iter().any(|defaulted| *name == json!(defaulted)));
        }
    }
    for below in structural::members_below(schema) {
        rewrite(below);
    }
}

/// Adds a rule to the member at `path`.
fn add_rule(schema: &mut Value, path: &str, rule: &str, message: &str) {
    let pointer: String = path
        .split('.')
        .filter(|name| !name.is_empty())
        .map(|name| format!("/properties/{name}"))
        .collect();
    if let Some(member) = schema.pointer_mut(&pointer) {
        push_rules(member, vec![json!({ "rule": rule, "message": message })]);
    }
}

fn push_rules(schema: &mut Value, rules: Vec<Value>) {
    if rules.is_empty() {
        return;
    }
    if let Some(object) = schema.as_object_mut()
        && let Value::Array(present) = object
            .entry("x-kubernetes-validations")
            .or_insert_with(|| json!([]))
    {
        present.extend(rules);
    }
}

fn reference(description: &str) -> Value {
    json!({
        "type": "object",
        "description": description,
        "properties": { "name": { "type": "string", "minLength": 1, "description": "Name of the Secret." } },
        "required": ["name"],
    })
}

fn spec<M: ManagedModel>(for_provider: Value, mut config: Value) -> Value {
    config["description"] = json!("The config that says which cluster the external object is in.");
    config["default"] = json!(ProviderConfigReference::default());
    let rules: Vec<Value> = M::SHAPE
        .required
        .iter()
        .map(|member| {
            json!({
                "rule": format!("!{CHANGES} || has(self.forProvider.{member})"),
                "message": format!(
                    "spec.forProvider.{member} is required, unless managementPolicies only observe"
                ),
            })
        })
        .collect();
    json!({
        "type": "object",
        "description": "What is wanted.",
        "required": ["forProvider"],
        "x-kubernetes-validations": rules,
        "properties": {
            "forProvider": for_provider,
            "managementPolicies": {
                "type": "array",
                "description": "What the provider may do with the external object: `*` for \
                    everything, or a set of the actions that contains `Observe`; empty pauses. \
                    Without `Delete` the object stays when the managed resource is deleted, and \
                    the cluster is not even asked.",
                "default": ["*"],
                "maxItems": ManagementPolicy::EVERY.len(),
                "x-kubernetes-list-type": "set",
                "items": { "type": "string", "enum": ManagementPolicy::EVERY },
            },
            "providerConfigRef": config,
            "writeConnectionSecretToRef": reference(
                "The Secret, in the managed resource's namespace, that connection details are \
                 written to.",
            ),
        },
    })
}

fn status(mut at_provider: Value, condition: Value) -> Value {
    at_provider["description"] = json!("What the server alone says of the external object.");
    json!({
        "type": "object",
        "description": "What was last seen.",
        "properties": {
            "atProvider": at_provider,
            "conditions": {
                "type": "array",
                "description": "`Ready`: whether it can be used. `Synced`: whether the last look \
                    at it and the last write succeeded. `UpToDate`: whether it is as wanted.",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["type"],
                "items": condition,
            },
            "observedGeneration": {
                "type": "integer",
                "format": "int64",
                "description": "The generation that was last handled.",
            },
            "lastHandledReconcileAt": {
                "type": "string",
                "description": "The last value of the annotation \
                    `crossplane.io/reconcile-requested-at` that was handled.",
            },
        },
    })
}

fn definition<M: ManagedModel>(schema: Value) -> CustomResourceDefinition {
    let schema = serde_json::from_value(schema).unwrap_or_else(|error| {
        panic!(
            "the schema of {} is not a Kubernetes schema: {error}",
            M::KIND
        )
    });
    let condition = |type_: &str| format!(".status.conditions[?(@.type=='{type_}')].status");
    let column = |name: &str, type_: &str, path: &str| json!({ "name": name, "type": type_, "jsonPath": path });
    let columns = json!([
        column("READY", "string", &condition("Ready")),
        column("SYNCED", "string", &condition("Synced")),
        column(
            "EXTERNAL-NAME",
            "string",
            r".metadata.annotations.crossplane\.io/external-name"
        ),
        column("AGE", "date", ".metadata.creationTimestamp"),
    ]);
    CustomResourceDefinition {
        metadata: ObjectMeta {
            name: Some(format!("{}.{GROUP}", M::PLURAL)),
            ..ObjectMeta::default()
        },
        spec: CustomResourceDefinitionSpec {
            group: GROUP.to_owned(),
            names: CustomResourceDefinitionNames {
                kind: M::KIND.to_owned(),
                list_kind: Some(format!("{}List", M::KIND)),
                plural: M::PLURAL.to_owned(),
                singular: M::PLURAL.strip_suffix('s').map(str::to_owned),
                categories: Some(
                    ["crossplane", "managed", "everest"]
                        .map(str::to_owned)
                        .to_vec(),
                ),
                ..CustomResourceDefinitionNames::default()
            },
            scope: "Namespaced".to_owned(),
            versions: vec![CustomResourceDefinitionVersion {
                name: VERSION.to_owned(),
                served: true,
                storage: true,
                additional_printer_columns: serde_json::from_value(columns).ok(),
                subresources: Some(CustomResourceSubresources {
                    status: Some(CustomResourceSubresourceStatus(json!({}))),
                    ..CustomResourceSubresources::default()
                }),
                schema: Some(CustomResourceValidation {
                    open_api_v3_schema: Some(schema),
                }),
                ..CustomResourceDefinitionVersion::default()
            }],
            ..CustomResourceDefinitionSpec::default()
        },
        status: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{
        BackupModel, BackupStorageModel, DatabaseModel, NamespaceModel, RestoreModel,
    };

    fn spec_of<M: ManagedModel>() -> (Value, Value) {
        let definition = serde_json::to_value(managed_resource::<M>(&[])).unwrap();
        let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
        (
            schema["spec"]["properties"]["forProvider"].clone(),
            schema["status"]["properties"]["atProvider"].clone(),
        )
    }

    fn required_of<M: ManagedModel>() {
        let settings =
            SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
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
        required_of::<DatabaseModel>();
        required_of::<BackupStorageModel>();
        required_of::<BackupModel>();
        required_of::<RestoreModel>();
        required_of::<NamespaceModel>();
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
        let rule = |pointer: &str| {
            written.pointer(pointer).unwrap()["x-kubernetes-validations"].to_string()
        };
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
}
