//! Texts for users, in which fields and resources keep the model's names until a front end renders
//! them.

use crate::dialect::{Dialect, Phrase, Resource};
use crate::path::FieldPath;

/// A text that contains names of fields and resources and is rendered in a front end's [`Dialect`].
///
/// A string literal is a template. A `String`, which may contain user input, is used as it is. In a
/// template
///
/// | Written | Meant |
/// |---|---|
/// | `{engine.storage.size}` | a field, by its path in the model |
/// | `{.backupStorageName}` | a field that the sentence has placed already, by its name alone |
/// | `{paused = false}` | a field and its value |
/// | `{Database}`, `{a Database}` | a resource |
/// | `{:takeOverFirst}` | a [`Phrase`] |
///
/// ```
/// use everest_core::{dialect::Dialect, text::Text};
/// let text = Text::from("Set {engine.crVersion} of {a Database}.");
/// assert_eq!(text.render(Dialect::Terraform), "Set engine.cr_version of an everest_database.");
/// assert_eq!(
///     text.render(Dialect::ManagedResource),
///     "Set spec.forProvider.engine.crVersion of a Database."
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Words(String),
    Name(Name),
    Value(Name, String),
    Resource { is: Resource, article: bool },
    Phrase(Phrase),
}

/// A reference to a field.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Path(FieldPath),
    Member(String),
}

impl Text {
    /// Appends another text.
    #[must_use]
    pub fn and(mut self, more: impl Into<Text>) -> Self {
        self.parts.extend(more.into().parts);
        self
    }

    /// Several texts with words between them.
    pub fn join(texts: impl IntoIterator<Item = Text>, between: &'static str) -> Self {
        texts
            .into_iter()
            .reduce(|joined, text| joined.and(between).and(text))
            .unwrap_or_default()
    }

    /// The paths of the fields that are named in it, each once.
    pub fn fields(&self) -> Vec<&FieldPath> {
        let mut fields = Vec::new();
        for part in &self.parts {
            if let Part::Name(Name::Path(path)) | Part::Value(Name::Path(path), _) = part
                && !fields.contains(&path)
            {
                fields.push(path);
            }
        }
        fields
    }

    /// A field and a text value of it.
    pub fn setting(path: FieldPath, value: &str) -> Self {
        Self {
            parts: vec![Part::Value(Name::Path(path), format!("{value:?}"))],
        }
    }

    /// The text as a front end's users read it.
    pub fn render(&self, dialect: Dialect) -> String {
        self.parts.iter().map(|part| part.render(dialect)).collect()
    }
}

impl Part {
    /// Parses the content of braces in a template; `None` if it is not a name.
    fn of(written: &str) -> Option<Self> {
        if let Some(name) = written.strip_prefix(':') {
            let phrase = Phrase::ALL.into_iter().find(|one| one.name() == name)?;
            return Some(Part::Phrase(phrase));
        }
        if let Some((name, value)) = written.split_once(" = ") {
            return Some(Part::Value(Name::of(name), value.to_owned()));
        }
        let (article, name) = match written.strip_prefix("a ") {
            Some(name) => (true, name),
            None => (false, written),
        };
        if name.starts_with(|first: char| first.is_ascii_uppercase()) {
            let is = Resource::ALL
                .iter()
                .copied()
                .find(|resource| resource.name() == name)?;
            return Some(Part::Resource { is, article });
        }
        Some(Part::Name(Name::of(written)))
    }

    fn render(&self, dialect: Dialect) -> String {
        match self {
            Part::Words(words) => words.clone(),
            Part::Name(name) => name.render(dialect),
            Part::Value(name, value) => dialect.setting(&name.render(dialect), value),
            Part::Resource { is, article } => {
                let name = dialect.resource(*is);
                match article {
                    true if name.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {name}"),
                    true => format!("a {name}"),
                    false => name.to_owned(),
                }
            }
            Part::Phrase(phrase) => Text::from(dialect.phrase(*phrase)).render(dialect),
        }
    }
}

impl Name {
    fn of(written: &str) -> Self {
        match written.strip_prefix('.') {
            Some(member) => Name::Member(member.to_owned()),
            None => Name::Path(FieldPath::of(written)),
        }
    }

    fn render(&self, dialect: Dialect) -> String {
        match self {
            Name::Path(path) => dialect.field(path),
            Name::Member(member) => dialect.member(member),
        }
    }
}

/// A template.
impl From<&'static str> for Text {
    fn from(template: &'static str) -> Self {
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((before, opened)) = rest.split_once('{')
            && let Some((written, after)) = opened.split_once('}')
            && let Some(part) = Part::of(written)
        {
            parts.push(Part::Words(before.to_owned()));
            parts.push(part);
            rest = after;
        }
        parts.push(Part::Words(rest.to_owned()));
        Self { parts }
    }
}

/// A text without names.
impl From<String> for Text {
    fn from(words: String) -> Self {
        Self {
            parts: vec![Part::Words(words)],
        }
    }
}

/// A field.
impl From<&FieldPath> for Text {
    fn from(path: &FieldPath) -> Self {
        Self {
            parts: vec![Part::Name(Name::Path(path.clone()))],
        }
    }
}

#[cfg(test)]
pub(crate) mod vocabulary;

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{ManagedResource, Terraform};

    fn said(template: &'static str) -> [String; 3] {
        Dialect::ALL.map(|dialect| Text::from(template).render(dialect))
    }

    #[test]
    fn each_front_end_says_its_own_names() {
        assert_eq!(
            said("Set {paused = false} or {.dbClusterBackupName} with {a Restore}."),
            [
                "Set paused = false or db_cluster_backup_name with an everest_restore.",
                "Set spec.forProvider.paused: false or dbClusterBackupName with a Restore.",
                "Set paused: false or dbClusterBackupName with a DatabaseClusterRestore.",
            ]
        );
        assert_eq!(
            said("engines of the {DatabaseNamespace}")[0],
            "engines of the everest_namespace"
        );
    }

    #[test]
    fn what_users_wrote_is_no_template() {
        let text = Text::from(format!("No database is called {:?}", "{paused}"));
        assert_eq!(text.render(Terraform), "No database is called \"{paused}\"");
    }

    #[test]
    fn several_texts_are_joined() {
        let settings = ["1.18.0", "1.19.0"]
            .map(|version| Text::setting(FieldPath::of("engines.pxc.version"), version));
        assert_eq!(
            Text::join(settings, " and ").render(ManagedResource),
            "spec.forProvider.engines.pxc.version: \"1.18.0\" and \
             spec.forProvider.engines.pxc.version: \"1.19.0\""
        );
        assert_eq!(Text::join([], " and "), Text::default());
    }
}
