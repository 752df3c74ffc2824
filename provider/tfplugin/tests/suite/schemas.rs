//! From a model to a schema.

use schemars::JsonSchema;
use serde_json::json;
use tfplugin::schema::{Kind, Mode, Nesting, Schema, SchemaError};
use tfplugin::value::{Type, Value};

use crate::model::Shelf;

fn shelf() -> Schema {
    Schema::derive::<Shelf>(3, "").unwrap()
}

#[test]
fn inlined_members_stand_beside_the_others() {
    let schema = shelf();
    let names: Vec<&str> = schema
        .root
        .attributes
        .iter()
        .map(|a| a.name.as_str())
        .collect();
    assert_eq!(names[..4], ["name", "wood", "load_kg", "boards"]);
    assert!(!names.contains(&"spec"));
    assert_eq!(schema.root.get("load_kg").unwrap().within, ["spec"]);
    assert_eq!(schema.version, 3);
    assert_eq!(schema.description, "A shelf, stored as a **file**.");
}

#[test]
fn who_sets_an_attribute_follows_from_its_extensions() {
    let schema = shelf();
    let mode = |name: &str| schema.root.get(name).unwrap().mode;
    assert_eq!(mode("name"), Mode::Required);
    assert_eq!(mode("wood"), Mode::Required);
    assert_eq!(mode("boards"), Mode::OptionalComputed);
    assert_eq!(mode("wait"), Mode::OptionalComputed);
    assert_eq!(mode("labels"), Mode::Optional);
    assert_eq!(mode("ready"), Mode::Computed);
    let default = schema.root.get("wait").unwrap().default.clone();
    assert_eq!(default, Some(Value::Bool(true)));
}

#[test]
fn a_list_with_a_key_is_a_map_without_it() {
    let schema = shelf();
    let Kind::Nested(nesting, object) = &schema.root.get("boxes").unwrap().kind else {
        panic!("boxes are nested");
    };
    let member = Some("name".to_owned());
    assert_eq!(*nesting, Nesting::Map { member });
    assert!(object.get("name").is_none() && object.get("volume").is_some());
}

#[test]
fn constraints_and_types_are_taken_over() {
    let schema = shelf();
    let attribute = |name: &str| schema.root.get(name).unwrap();
    assert_eq!(attribute("wood").constraints.allowed, ["oak", "pine"]);
    assert_eq!(attribute("boards").constraints.maximum, Some(9i64.into()));
    assert!(attribute("boards").constraints.integer);
    assert_eq!(attribute("name").constraints.max_length, Some(22));
    assert!(attribute("name").force_new);
    let strings = |of: fn(Box<Type>) -> Type| Kind::Leaf(of(Box::new(Type::String)));
    assert_eq!(attribute("labels").kind, strings(Type::Map));
    assert_eq!(attribute("hooks").kind, strings(Type::List));
    assert_eq!(attribute("extra").kind, Kind::Leaf(Type::Dynamic));
}

fn refusal(property: serde_json::Value) -> SchemaError {
    let json = json!({ "type": "object", "properties": { "a": property } });
    Schema::from_json_schema(&json, 0, "").unwrap_err()
}

#[test]
fn what_terraform_cannot_express_is_refused() {
    assert!(matches!(refusal(json!(true)), SchemaError::NoType { .. }));
    assert!(matches!(
        refusal(json!({ "type": ["string", "integer"] })),
        SchemaError::NoType { .. }
    ));
    let endless = json!({ "$ref": "#/properties/a" });
    assert!(matches!(refusal(endless), SchemaError::TooDeep { .. }));
    let endless = json!({ "type": "object", "properties": { "b": { "$ref": "#/properties/a" } } });
    assert!(matches!(refusal(endless), SchemaError::TooDeep { .. }));
    let both = json!({ "type": "string", "x-write-only": true, "x-computed": true });
    assert!(matches!(refusal(both), SchemaError::Contradiction { .. }));
    let misfit = json!({ "type": "string", "default": 1 });
    assert!(matches!(refusal(misfit), SchemaError::Contradiction { .. }));
    let bad = json!({ "type": "string", "pattern": "(" });
    assert!(matches!(refusal(bad), SchemaError::Contradiction { .. }));
}

#[test]
fn names_of_the_language_are_refused_at_the_root() {
    let json = json!({ "type": "object", "properties": { "forEach": { "type": "string" } } });
    let error = Schema::from_json_schema(&json, 0, "").unwrap_err();
    assert!(matches!(error, SchemaError::Name { name, .. } if name == "for_each"));
}

#[test]
fn options_enums_and_descriptions_of_plain_types_are_understood() {
    /// Of its own.
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Plain {
        number: Option<u16>,
        /// Said here.
        inner: Option<Inner>,
        kind: Option<Documented>,
    }
    /// Said there.
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Inner {
        flag: bool,
    }
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    enum Documented {
        /// One.
        One,
        /// Two.
        Two,
    }
    let schema = Schema::derive::<Plain>(0, "").unwrap();
    let attribute = |name: &str| schema.root.get(name).unwrap();
    assert_eq!(attribute("number").kind, Kind::Leaf(Type::Number));
    assert_eq!(attribute("number").mode, Mode::Optional);
    assert_eq!(attribute("inner").description, "Said here.");
    assert!(matches!(
        &attribute("inner").kind,
        Kind::Nested(Nesting::Single, _)
    ));
    assert_eq!(attribute("kind").constraints.allowed, ["One", "Two"]);
}

#[test]
fn what_the_server_chooses_and_what_excludes_each_other_is_taken_over() {
    let schema = shelf();
    let attribute = |name: &str| schema.root.get(name).unwrap();
    assert_eq!(attribute("boards").server_default, Some(2.into()));
    assert_eq!(attribute("boards").default, None);
    assert_eq!(attribute("rail").conflicts_with, ["legs"]);
    assert!(attribute("generation").never_null);
    let lonely = json!({ "type": "string", "x-conflicts-with": ["b"] });
    assert!(matches!(refusal(lonely), SchemaError::Contradiction { .. }));
}

fn refused_for(property: &serde_json::Value) -> String {
    let model = json!({"type": "object", "properties": {"size": property}});
    let refused = Schema::from_json_schema(&model, 0, "");
    refused.expect_err(&property.to_string()).to_string()
}

#[test]
fn what_is_not_understood_is_refused_and_not_passed_over() {
    let refused = [
        (
            json!({"type": "string", "x-sensitve": true}),
            "x-sensitve: there is no such extension",
        ),
        (
            json!({"type": "string", "x-force-new": "true"}),
            "x-force-new: it is true or false",
        ),
        (
            json!({"type": "string", "x-semantic": true}),
            "x-semantic: it is a string",
        ),
        (
            json!({"type": "string", "x-conflicts-with": "a"}),
            "it is a list of names",
        ),
        (
            json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true}),
            "a set is not supported",
        ),
        (
            json!({"type": "array", "items": {"x-dynamic": true}}),
            "a collection of free JSON",
        ),
        (
            json!({"type": "object", "additionalProperties": {"x-dynamic": true}}),
            "a collection of free JSON",
        ),
        (
            json!({"type": "object", "x-write-only": true,
                "properties": {"key": {"type": "string"}}}),
            "its member key is not",
        ),
    ];
    for (property, reason) in refused {
        let said = refused_for(&property);
        assert!(
            said.starts_with("size: ") && said.contains(reason),
            "{said}"
        );
    }
    let model = json!({"type": "object", "properties": {"size": {"type": "string",
        "x-kubernetes-int-or-string": true}}});
    assert!(Schema::from_json_schema(&model, 0, "").is_ok());
}
