//! Paths of values in a model.

use std::fmt;

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A member, by the name that serde gives it (`backupStorageName`).
    Field(String),
    /// An element of a map, or of a list whose elements have a name.
    Key(String),
    /// An element of a list.
    Index(usize),
}

/// The path of a value in a model, with the custom resource's `spec` flattened
/// into the model: `engine.storage.size`, never `spec.engine…`.
///
/// ```
/// use everest_core::path::FieldPath;
/// let path = FieldPath::of("backup.schedules").key("nightly").field("backupStorageName");
/// assert_eq!(path.to_string(), "backup.schedules[\"nightly\"].backupStorageName");
/// assert_eq!(path.snake_case(), "backup.schedules[\"nightly\"].backup_storage_name");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath {
    segments: Vec<Segment>,
}

impl FieldPath {
    /// The model itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// The path of nested members whose names are separated by dots.
    pub fn of(dotted: &str) -> Self {
        Self {
            segments: dotted
                .split('.')
                .map(|name| Segment::Field(name.to_owned()))
                .collect(),
        }
    }

    /// The path of a member of the value at this path.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        self.then(Segment::Field(name.to_owned()))
    }

    /// The path of the element with this key.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.then(Segment::Key(key.to_owned()))
    }

    /// The path of the element at this index, counted from zero.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.then(Segment::Index(index))
    }

    /// The steps from the model to the value.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Returns true if the value is in the member `name` of the model, or is that member.
    pub fn is_within(&self, name: &str) -> bool {
        matches!(self.segments.first(), Some(Segment::Field(first)) if first == name)
    }

    /// The path with member names in snake case, as Terraform spells them.
    pub fn snake_case(&self) -> String {
        self.render(snake_case)
    }

    fn then(&self, segment: Segment) -> Self {
        let mut segments = self.segments.clone();
        segments.push(segment);
        Self { segments }
    }

    fn render(&self, spell: impl Fn(&str) -> String) -> String {
        let mut text = String::new();
        for segment in &self.segments {
            match segment {
                Segment::Field(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(&spell(name));
                }
                Segment::Key(key) => text.push_str(&format!("[{key:?}]")),
                Segment::Index(index) => text.push_str(&format!("[{index}]")),
            }
        }
        text
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(str::to_owned))
    }
}

/// `endpointURL` → `endpoint_url`, `verifyTLS` → `verify_tls`, `s3` → `s3`: a
/// run of capitals is one word, its plural included: `nonResourceURLs` → `non_resource_urls`. A number
/// belongs to the letter before it: `openAPIV3Schema` → `open_api_v3_schema`.
fn snake_case(camel: &str) -> String {
    let mut snake = String::with_capacity(camel.len() + 4);
    let mut before: Option<char> = None;
    for (at, letter) in camel.char_indices() {
        if letter.is_uppercase() {
            let mut after = camel[at..].chars().skip(1);
            let next = after.next();
            let is_plural = next == Some('s') && after.next().is_none_or(char::is_uppercase);
            let begins = next.is_some_and(|next| next.is_lowercase() || next.is_ascii_digit());
            let starts_word =
                before.is_some_and(|before| !before.is_uppercase() || (begins && !is_plural));
            if starts_word {
                snake.push('_');
            }
            snake.extend(letter.to_lowercase());
        } else {
            snake.push(letter);
        }
        before = Some(letter);
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_it_is_written_in_a_configuration() {
        assert_eq!(
            FieldPath::of("engine.storage.size").to_string(),
            "engine.storage.size"
        );
        assert_eq!(
            FieldPath::of("proxy.expose.ipSourceRanges")
                .index(1)
                .snake_case(),
            "proxy.expose.ip_source_ranges[1]"
        );
        assert_eq!(FieldPath::root().to_string(), "");
    }

    #[test]
    fn member_names_become_snake_case() {
        for (camel, snake) in [
            ("endpointURL", "endpoint_url"),
            ("verifyTLS", "verify_tls"),
            ("ipSourceRanges", "ip_source_ranges"),
            ("dbClusterBackupName", "db_cluster_backup_name"),
            ("s3", "s3"),
            ("uploadIntervalSec", "upload_interval_sec"),
            ("nonResourceURLs", "non_resource_urls"),
            ("openAPIV3Schema", "open_api_v3_schema"),
        ] {
            assert_eq!(snake_case(camel), snake);
        }
    }
}
