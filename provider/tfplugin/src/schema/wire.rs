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
    /// The description as users of an editor read it: with the note and the default, unless only
    /// the provider sets the value.
    fn described(&self) -> String {
        let mut text = self.description.clone();
        if self.mode == Mode::Computed {
            return text;
        }
        let default = self.default_json().map(|default| {
            let text = default.as_str().map(str::to_owned);
            format!(
                "Default: `{}`.",
                text.unwrap_or_else(|| default.to_string())
            )
        });
        for more in [Some(self.note.clone()), default].into_iter().flatten() {
            if !text.is_empty() && !more.is_empty() {
                text.push(' ');
            }
            text.push_str(&more);
        }
        text
    }

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
            description: self.described(),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_description_is_followed_by_the_note_and_the_default_of_what_users_set() {
        let schema = json!({"type": "object", "properties": {
            "wood": {"type": "string", "default": "oak", "description": "The wood.",
                "x-note": "Allowed: hard wood.", "x-facts": {"allowed": "hard wood"}},
            "boards": {"type": "array", "items": {"type": "string"}, "x-default": ["top"],
                "description": "Boards."},
            "label": {"type": "string", "x-default": "", "description": "Label."},
            "seen": {"type": "string", "description": "Seen.", "x-read-only": true,
                "x-note": "Allowed: nothing."},
        }});
        let schema = Schema::from_json_schema(&schema, 0, "").unwrap();
        assert_eq!(
            schema.root.get("wood").unwrap().facts["allowed"],
            "hard wood"
        );
        let block = schema.to_wire().block.unwrap();
        let described = |name: &str| {
            let found = block.attributes.iter().find(|a| a.name == name);
            found.unwrap().description.clone()
        };
        assert_eq!(
            described("wood"),
            "The wood. Allowed: hard wood. Default: `oak`."
        );
        assert_eq!(described("boards"), "Boards. Default: `[\"top\"]`.");
        assert_eq!(described("label"), "Label.");
        assert_eq!(described("seen"), "Seen.");
    }
}
