//! Derives Terraform's attributes from the JSON schema of a model.

use std::any::TypeId;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{LazyLock, Mutex, PoisonError};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use super::{Attribute, Kind, Mode, Nesting, Object, Schema, attribute_name};
use crate::model;
use crate::value::{Type, Value};

mod constraints;
mod extensions;
mod references;

use references::{Definitions, Keywords};

/// The maximum depth of a model.
const MAX_DEPTH: usize = 32;

/// Names that Terraform's language reserves at the root of a resource.
const RESERVED: [&str; 7] = [
    "count",
    "for_each",
    "depends_on",
    "provider",
    "lifecycle",
    "connection",
    "provisioner",
];

/// The reason why a model has no Terraform schema. It is always a bug of the model, which any test
/// that derives the schema finds.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// Terraform has no type for a property: free JSON without `x-dynamic`, or a choice of several
    /// types.
    #[error("{path}: no Terraform type stands for {schema}")]
    NoType {
        /// The property.
        path: String,
        /// Its JSON schema.
        schema: String,
    },
    /// A type contains itself or is nested too deeply.
    #[error("{path}: nested more than {MAX_DEPTH} levels deep")]
    TooDeep {
        /// The property.
        path: String,
    },
    /// Two properties have the same Terraform name, or the name is not valid in Terraform.
    #[error("{path}: the attribute name {name:?} is taken, reserved or malformed")]
    Name {
        /// The property.
        path: String,
        /// The name.
        name: String,
    },
    /// An unknown extension, or an extension with a value of the wrong kind.
    #[error("{path}: the extension {name}: {reason}")]
    Extension {
        /// The property.
        path: String,
        /// The extension.
        name: String,
        /// The fault.
        reason: String,
    },
    /// A type that Terraform has but this crate does not support.
    #[error("{path}: {what} is not supported; {instead}")]
    Unsupported {
        /// The property.
        path: String,
        /// The type.
        what: &'static str,
        /// The alternative.
        instead: &'static str,
    },
    /// Extensions that exclude each other, such as a required attribute with a default.
    #[error("{path}: {reason}")]
    Contradiction {
        /// The property.
        path: String,
        /// Which.
        reason: String,
    },
}

/// A cache of derived schemas, without descriptions. The same model is used for a resource, its
/// list resource and its identity, and by every server of the process.
static DERIVED: LazyLock<Mutex<HashMap<TypeId, Schema>>> = LazyLock::new(Mutex::default);

impl Schema {
    /// The schema of a resource with model `M`. If `description` is empty, the doc comment of the
    /// model is used.
    ///
    /// # Errors
    /// Returns a [`SchemaError`] if the model has no Terraform schema.
    pub fn derive<M: JsonSchema + 'static>(
        version: i64,
        description: &str,
    ) -> Result<Self, SchemaError> {
        let mut derived = DERIVED.lock().unwrap_or_else(PoisonError::into_inner);
        let mut schema = match derived.entry(TypeId::of::<M>()) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(place) => {
                let generator = SchemaSettings::draft2020_12().into_generator();
                let json = generator.into_root_schema_for::<M>().to_value();
                place.insert(Self::from_json_schema(&json, 0, "")?).clone()
            }
        };
        schema.version = version;
        if !description.is_empty() {
            description.clone_into(&mut schema.description);
        }
        Ok(schema)
    }

    /// The schema for a JSON schema with the extensions of this module.
    ///
    /// # Errors
    /// Returns a [`SchemaError`] if there is no Terraform schema for it.
    pub fn from_json_schema(
        json: &Json,
        version: i64,
        description: &str,
    ) -> Result<Self, SchemaError> {
        let definitions = Definitions(json);
        let root = definitions.resolve(json, "", 0)?;
        let object = definitions.object(&root, "", false, 0)?;
        if let Some(attribute) = object
            .attributes
            .iter()
            .find(|a| RESERVED.contains(&a.name.as_str()))
        {
            return Err(SchemaError::Name {
                path: attribute.member.clone(),
                name: attribute.name.clone(),
            });
        }
        let description = match description {
            "" => text(&root, "description"),
            given => given.to_owned(),
        };
        Ok(Self {
            version,
            description,
            root: object,
        })
    }
}

impl<'a> Definitions<'a> {
    fn object(
        &self,
        json: &Keywords<'a>,
        path: &str,
        read_only: bool,
        depth: usize,
    ) -> Result<Object, SchemaError> {
        let mut object = Object::default();
        self.members(&mut object, json, path, &[], read_only, depth)?;
        for attribute in &object.attributes {
            if let Some(name) = attribute
                .conflicts_with
                .iter()
                .find(|name| object.get(name).is_none())
            {
                return Err(SchemaError::Contradiction {
                    path: attribute.member.clone(),
                    reason: format!("it conflicts with {name}, which is no neighbour of it"),
                });
            }
        }
        Ok(object)
    }

    fn members(
        &self,
        object: &mut Object,
        json: &Keywords<'a>,
        path: &str,
        within: &[String],
        read_only: bool,
        depth: usize,
    ) -> Result<(), SchemaError> {
        let required: Vec<&str> = json
            .get("required")
            .and_then(Json::as_array)
            .map(|names| names.iter().filter_map(Json::as_str).collect())
            .unwrap_or_default();
        let properties = json.borrowed("properties").and_then(Json::as_object);
        for (member, property) in properties.into_iter().flatten() {
            let path = if path.is_empty() {
                member.clone()
            } else {
                format!("{path}.{member}")
            };
            let property = self.resolve(property, &path, depth)?;
            extensions::check(&property, &path)?;
            if flag(&property, "x-skip") {
                continue;
            }
            if flag(&property, "x-inline") {
                let mut within = within.to_vec();
                within.push(member.clone());
                let read_only = read_only || flag(&property, "x-read-only");
                self.members(object, &property, &path, &within, read_only, depth + 1)?;
                continue;
            }
            let required = required.contains(&member.as_str());
            let attribute = self.attribute(
                member,
                &property,
                &path,
                within,
                (required, read_only),
                depth,
            )?;
            if attribute.name.is_empty()
                || object.get(&attribute.name).is_some()
                || !attribute
                    .name
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
            {
                return Err(SchemaError::Name {
                    path,
                    name: attribute.name,
                });
            }
            object.attributes.push(attribute);
        }
        Ok(())
    }

    fn attribute(
        &self,
        member: &str,
        json: &Keywords<'a>,
        path: &str,
        within: &[String],
        (required, read_only): (bool, bool),
        depth: usize,
    ) -> Result<Attribute, SchemaError> {
        let contradiction = |reason: &str| SchemaError::Contradiction {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        let read_only = read_only || flag(json, "x-read-only");
        let write_only = flag(json, "x-write-only");
        let default = json
            .get("x-default")
            .or_else(|| json.get("default"))
            .filter(|value| !value.is_null() && !read_only);
        let mode = if read_only {
            Mode::Computed
        } else if required && default.is_none() {
            Mode::Required
        } else if default.is_some() || flag(json, "x-computed") {
            Mode::OptionalComputed
        } else {
            Mode::Optional
        };
        if write_only && mode.is_computed() {
            return Err(contradiction("write-only and computed exclude each other"));
        }
        let kind = self.kind(json, path, read_only, depth + 1)?;
        if let Kind::Nested(_, object) = &kind
            && write_only
            && let Some(stored) = object.attributes.iter().find(|member| !member.write_only)
        {
            return Err(contradiction(&format!(
                "it is write-only and its member {} is not",
                stored.name
            )));
        }
        let deprecated = flag(json, "deprecated");
        let mut attribute = Attribute {
            name: attribute_name(member),
            member: member.to_owned(),
            within: within.to_vec(),
            mode,
            sensitive: flag(json, "x-sensitive"),
            write_only,
            force_new: flag(json, "x-force-new"),
            local: flag(json, "x-local"),
            unfilled: flag(json, "x-unfilled"),
            semantic: json
                .get("x-semantic")
                .and_then(Json::as_str)
                .map(str::to_owned),
            default: None,
            server_default: None,
            keys: keys(json, &kind, mode, path)?,
            kind,
            conflicts_with: conflicts(json),
            never_null: flag(json, "x-never-null"),
            description: text(json, "description"),
            note: text(json, "x-note"),
            facts: json.get("x-facts").cloned().unwrap_or_default(),
            deprecated,
            deprecation_message: if deprecated {
                text(json, "x-deprecation-message")
            } else {
                String::new()
            },
            constraints: self.constraints(json, path, depth)?,
        };
        if attribute.semantic.is_none() {
            let of = json
                .get("items")
                .or_else(|| json.get("additionalProperties"));
            let of = of
                .and_then(|of| of.get("x-semantic"))
                .and_then(Json::as_str);
            attribute.semantic = of.map(str::to_owned);
        }
        let value = |default: Option<&Json>| {
            let value = default.map(|default| model::default_value(default, &attribute));
            let value = value.transpose();
            let value = value
                .map_err(|error| contradiction(&format!("the default does not fit: {error}")))?;
            Ok(value.filter(|value| *value != Value::Null))
        };
        let server_default = json.get("x-server-default").filter(|_| !read_only);
        (attribute.default, attribute.server_default) = (value(default)?, value(server_default)?);
        Ok(attribute)
    }

    fn kind(
        &self,
        json: &Keywords<'a>,
        path: &str,
        read_only: bool,
        depth: usize,
    ) -> Result<Kind, SchemaError> {
        let no_type = || SchemaError::NoType {
            path: path.to_owned(),
            schema: json.to_json().to_string(),
        };
        // Terraform has its elements all of one type, and this one of each its own.
        let mixed = || SchemaError::Unsupported {
            path: path.to_owned(),
            what: "a collection of free JSON",
            instead: "make the whole attribute x-dynamic",
        };
        if flag(json, "x-dynamic") {
            return Ok(Kind::Leaf(Type::Dynamic));
        }
        match type_of(json).ok_or_else(no_type)? {
            "string" => Ok(Kind::Leaf(Type::String)),
            "boolean" => Ok(Kind::Leaf(Type::Bool)),
            "integer" | "number" => Ok(Kind::Leaf(Type::Number)),
            "array" if flag(json, "uniqueItems") => Err(SchemaError::Unsupported {
                path: path.to_owned(),
                what: "a set",
                instead: "a list in a fixed order, or a map by key (x-map-key), shows no false changes",
            }),
            "array" => {
                let items = json.borrowed("items").ok_or_else(no_type)?;
                let items = self.resolve(items, path, depth)?;
                match self.kind(&items, path, read_only, depth + 1)? {
                    Kind::Leaf(Type::Dynamic) => Err(mixed()),
                    Kind::Leaf(of) => Ok(Kind::Leaf(Type::List(Box::new(of)))),
                    Kind::Nested(Nesting::Single, mut object) => {
                        let Some(key) = json.get("x-map-key").and_then(Json::as_str) else {
                            return Ok(Kind::Nested(Nesting::List, object));
                        };
                        object.attributes.retain(|a| a.member != key);
                        let member = Some(key.to_owned());
                        Ok(Kind::Nested(Nesting::Map { member }, object))
                    }
                    Kind::Nested(..) => Err(no_type()),
                }
            }
            "object" if json.get("properties").is_some_and(Json::is_object) => Ok(Kind::Nested(
                Nesting::Single,
                self.object(json, path, read_only, depth)?,
            )),
            "object" => {
                let values = json.borrowed("additionalProperties").ok_or_else(no_type)?;
                let values = self.resolve(values, path, depth)?;
                match self.kind(&values, path, read_only, depth + 1)? {
                    Kind::Leaf(Type::Dynamic) => Err(mixed()),
                    Kind::Leaf(of) => Ok(Kind::Leaf(Type::Map(Box::new(of)))),
                    Kind::Nested(Nesting::Single, object) => {
                        Ok(Kind::Nested(Nesting::Map { member: None }, object))
                    }
                    Kind::Nested(..) => Err(no_type()),
                }
            }
            _ => Err(no_type()),
        }
    }
}

fn flag(json: &Keywords<'_>, key: &str) -> bool {
    json.get(key).and_then(Json::as_bool).unwrap_or(false)
}

/// The attributes that `x-conflicts-with` names, by their Terraform names.
fn conflicts(json: &Keywords<'_>) -> Vec<String> {
    let members = json.get("x-conflicts-with").and_then(Json::as_array);
    let members = members.into_iter().flatten().filter_map(Json::as_str);
    members.map(attribute_name).collect()
}

/// The members that identify the elements of a list, by their Terraform names.
fn keys(
    json: &Keywords<'_>,
    kind: &Kind,
    mode: Mode,
    path: &str,
) -> Result<Vec<String>, SchemaError> {
    let Some(names) = json.get(extensions::LIST_KEYS).and_then(Json::as_array) else {
        return Ok(Vec::new());
    };
    let refused = |reason: String| SchemaError::Extension {
        path: path.to_owned(),
        name: extensions::LIST_KEYS.to_owned(),
        reason,
    };
    let object = match kind {
        Kind::Nested(Nesting::List, object) => object,
        // A map has its key already.
        Kind::Nested(Nesting::Map { member: Some(_) }, _) => return Ok(Vec::new()),
        _ => return Err(refused("only a list of objects has keys".to_owned())),
    };
    if names.is_empty() {
        return Err(refused("it names no member".to_owned()));
    }
    let names = names.iter().filter_map(Json::as_str);
    let keys = names.map(|name| {
        let member = object.attributes.iter().find(|a| a.member == name);
        let member =
            member.ok_or_else(|| refused(format!("{name} is no member of the elements")))?;
        let simple = matches!(
            member.kind,
            Kind::Leaf(Type::String | Type::Number | Type::Bool)
        );
        if !simple || member.write_only {
            return Err(refused(format!(
                "{name} is no string, number or bool that is stored"
            )));
        }
        if member.mode == Mode::Computed && mode != Mode::Computed {
            return Err(refused(format!("{name} cannot be configured")));
        }
        Ok(member.name.clone())
    });
    keys.collect()
}

fn text(json: &Keywords<'_>, key: &str) -> String {
    json.get(key)
        .and_then(Json::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// The only type besides null.
fn type_of<'a>(json: &'a Keywords<'_>) -> Option<&'a str> {
    match json.get("type") {
        Some(Json::String(name)) => Some(name),
        Some(Json::Array(names)) => {
            let mut names = names
                .iter()
                .filter_map(Json::as_str)
                .filter(|n| *n != "null");
            let first = names.next();
            first.filter(|_| names.next().is_none())
        }
        Some(_) => None,
        None if json.get("properties").is_some() => Some("object"),
        None if json.get("enum").is_some() => Some("string"),
        None => None,
    }
}
