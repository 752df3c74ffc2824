//! Schemas in the protocol's form.

use super::{Attribute, Kind, Mode, Nesting, Object, Schema};
use crate::proto::tfplugin6 as wire;

impl Schema {
    pub(crate) fn to_wire(&self) -> wire::Schema {
        wire::Schema {
            version: self.version,
            block: Some(wire::schema::Block {
                version: self.version,
                attributes: self.root.to_wire(),
                description: self.description.clone(),
                description_kind: wire::StringKind::Markdown as i32,
                ..Default::default()
            }),
        }
    }
}

impl Object {
    fn to_wire(&self) -> Vec<wire::schema::Attribute> {
        self.attributes.iter().map(Attribute::to_wire).collect()
    }
}

impl Attribute {
    fn to_wire(&self) -> wire::schema::Attribute {
        use wire::schema::object::NestingMode;
        let (ty, nested_type) = match &self.kind {
            Kind::Leaf(ty) => (ty.to_json().to_string().into_bytes(), None),
            Kind::Nested(nesting, object) => {
                let nesting = match nesting {
                    Nesting::Single => NestingMode::Single,
                    Nesting::List => NestingMode::List,
                    Nesting::Map { .. } => NestingMode::Map,
                };
                let object = wire::schema::Object {
                    attributes: object.to_wire(),
                    nesting: nesting as i32,
                    ..Default::default()
                };
                (Vec::new(), Some(object))
            }
        };
        wire::schema::Attribute {
            name: self.name.clone(),
            r#type: ty.into(),
            nested_type,
            description: self.description.clone(),
            required: self.mode == Mode::Required,
            optional: matches!(self.mode, Mode::Optional | Mode::OptionalComputed),
            computed: self.mode.is_computed(),
            sensitive: self.sensitive,
            description_kind: wire::StringKind::Markdown as i32,
            deprecated: self.deprecated,
            write_only: self.write_only,
            deprecation_message: self.deprecation_message.clone(),
        }
    }
}
