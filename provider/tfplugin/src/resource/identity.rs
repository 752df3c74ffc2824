//! The identity of an object: the attributes that distinguish it from all others.

use crate::proto::tfplugin6 as wire;
use crate::schema::{Mode, Object, SchemaError};
use crate::value::{Type, Value};

/// An attribute of the resource that is part of its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityAttribute {
    /// Its Terraform name, at the root of the resource.
    pub name: &'static str,
    /// True if an import by identity must set it.
    pub required_for_import: bool,
}

impl IdentityAttribute {
    /// An attribute that an import must set.
    pub const fn required(name: &'static str) -> Self {
        Self {
            name,
            required_for_import: true,
        }
    }

    /// An attribute that an import may omit.
    pub const fn optional(name: &'static str) -> Self {
        Self {
            name,
            required_for_import: false,
        }
    }
}

/// The identity of a resource: its attributes and their types.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    version: i64,
    attributes: Vec<(IdentityAttribute, Type, String)>,
    ty: Type,
}

impl Identity {
    /// The identity made of `attributes` of `object`; None if there are no attributes.
    ///
    /// # Errors
    /// Returns a [`SchemaError`] if an attribute does not exist, or is nested, sensitive,
    /// write-only or of a type that Terraform does not allow in an identity.
    pub(crate) fn derive(
        object: &Object,
        attributes: &[IdentityAttribute],
        version: i64,
    ) -> Result<Option<Self>, SchemaError> {
        if attributes.is_empty() {
            return Ok(None);
        }
        let attributes = attributes
            .iter()
            .map(|part| {
                let contradiction = |reason: &str| SchemaError::Contradiction {
                    path: part.name.to_owned(),
                    reason: reason.to_owned(),
                };
                let attribute = object.get(part.name).ok_or_else(|| {
                    contradiction("the identity names an attribute that is not there")
                })?;
                let ty = attribute.value_type();
                let scalar = |ty: &Type| matches!(ty, Type::String | Type::Number | Type::Bool);
                let fits = match &ty {
                    Type::List(of) => scalar(of),
                    other => scalar(other),
                };
                if !fits {
                    return Err(contradiction(
                        "an identity is made of strings, numbers, bools and lists of them",
                    ));
                }
                if attribute.sensitive || attribute.write_only {
                    return Err(contradiction("an identity hides nothing"));
                }
                if part.required_for_import && attribute.mode == Mode::Optional {
                    return Err(contradiction(
                        "what an import has to give cannot be absent from the configuration",
                    ));
                }
                Ok((*part, ty, attribute.description.clone()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let types = attributes.iter();
        let ty = Type::Object(
            types
                .map(|(part, ty, _)| (part.name.to_owned(), ty.clone()))
                .collect(),
        );
        Ok(Some(Self {
            version,
            attributes,
            ty,
        }))
    }

    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    pub(crate) fn value_type(&self) -> &Type {
        &self.ty
    }

    /// The identity of the object with the attributes `state`; None if it is not known, or if it
    /// contains no attribute that an import requires.
    pub(crate) fn of(&self, state: &Value) -> Option<Value> {
        let mut members = Vec::new();
        for (part, ..) in &self.attributes {
            let value = state.get(part.name)?;
            if !value.is_wholly_known() || (value.is_null() && part.required_for_import) {
                return None;
            }
            members.push((part.name, value.clone()));
        }
        Some(Value::map(members))
    }

    /// The attributes of `object` that the identity contains, with all others null.
    pub(crate) fn stub(&self, identity: &Value, object: &Object) -> Value {
        let mut stub = object.null_members();
        if let Value::Map(members) = &mut stub {
            for (part, ..) in &self.attributes {
                let value = identity.get(part.name).cloned().unwrap_or_default();
                members.insert(part.name.to_owned(), value);
            }
        }
        stub
    }

    /// An attribute that an import requires but `identity` does not set.
    pub(crate) fn missing(&self, identity: &Value) -> Option<&'static str> {
        let null = |name: &str| identity.get(name).is_none_or(Value::is_null);
        let mut required = self
            .attributes
            .iter()
            .filter(|(p, ..)| p.required_for_import);
        required.find(|(p, ..)| null(p.name)).map(|(p, ..)| p.name)
    }

    pub(crate) fn to_wire(&self) -> wire::ResourceIdentitySchema {
        use wire::resource_identity_schema::IdentityAttribute;
        wire::ResourceIdentitySchema {
            version: self.version,
            identity_attributes: self
                .attributes
                .iter()
                .map(|(part, ty, description)| IdentityAttribute {
                    name: part.name.to_owned(),
                    r#type: ty.to_json().to_string().into(),
                    required_for_import: part.required_for_import,
                    optional_for_import: !part.required_for_import,
                    description: description.clone(),
                })
                .collect(),
        }
    }
}
