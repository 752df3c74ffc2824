//! The accounts and roles of Crossplane's Helm chart, as an installation with
//! the chart's default values has them. No Helm: the templates of roles need
//! conditions on values, two names and no more, and anything else is an error.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;

use super::NAMESPACE;

/// The templates of service accounts, roles and bindings.
const TEMPLATES: [&str; 8] = [
    "serviceaccount.yaml",
    "clusterrole.yaml",
    "clusterrolebinding.yaml",
    "rbac-manager-serviceaccount.yaml",
    "rbac-manager-clusterrole.yaml",
    "rbac-manager-clusterrolebinding.yaml",
    "rbac-manager-managed-clusterroles.yaml",
    "rbac-manager-allowed-provider-permissions.yaml",
];

/// Why the roles of the chart are not known.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// A file of the chart cannot be read.
    #[error("Crossplane's chart: {}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A template needs more of Helm than is understood here.
    #[error("Crossplane's chart: {}, line {line}: `{text}` is not understood", path.display())]
    Template {
        /// The template.
        path: PathBuf,
        /// Number of the line.
        line: usize,
        /// The line.
        text: String,
    },
}

/// Returns the accounts and roles of the chart in a folder.
///
/// # Errors
/// See [`ChartError`].
pub(super) fn roles(chart: &Path) -> Result<Vec<Value>, ChartError> {
    let release = Release {
        name: yaml(&chart.join("Chart.yaml"))?["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        values: yaml(&chart.join("values.yaml"))?,
    };
    let mut objects = Vec::new();
    for template in TEMPLATES {
        let path = chart.join("templates").join(template);
        let text = release.render(&path, &read(&path)?)?;
        for document in serde_yaml_ng::Deserializer::from_str(&text) {
            let object = Value::deserialize(document).map_err(fault(&path))?;
            if !object.is_null() {
                objects.push(object);
            }
        }
    }
    Ok(objects)
}

fn read(path: &Path) -> Result<String, ChartError> {
    fs::read_to_string(path).map_err(fault(path))
}

fn yaml(path: &Path) -> Result<Value, ChartError> {
    serde_yaml_ng::from_str(&read(path)?).map_err(fault(path))
}

fn fault<E: std::fmt::Display>(path: &Path) -> impl FnOnce(E) -> ChartError {
    let path = path.to_owned();
    move |error| ChartError::File {
        path,
        message: error.to_string(),
    }
}

/// What a template may refer to.
struct Release {
    /// The chart's name, which its objects have as well.
    name: String,
    /// The chart's default values.
    values: Value,
}

impl Release {
    fn render(&self, path: &Path, template: &str) -> Result<String, ChartError> {
        let mut text = String::new();
        // Whether the lines of each open block count.
        let mut blocks: Vec<bool> = Vec::new();
        for (number, line) in template.lines().enumerate() {
            let unknown = || ChartError::Template {
                path: path.to_owned(),
                line: number + 1,
                text: line.trim().to_owned(),
            };
            let within = |blocks: &[bool]| blocks.iter().all(|counts| *counts);
            let mut words = action(line).unwrap_or_default().splitn(2, ' ');
            match (words.next().unwrap_or_default(), words.next()) {
                ("if" | "with", Some(condition)) => {
                    // A condition within a block that does not count may name what is not there.
                    let counts = within(&blocks) && self.holds(condition).ok_or_else(unknown)?;
                    blocks.push(counts);
                }
                ("range", Some(_)) if !within(&blocks) => blocks.push(false),
                ("else", None) => {
                    let counts = blocks.last_mut().ok_or_else(unknown)?;
                    *counts = !*counts;
                }
                ("end", None) => {
                    blocks.pop().ok_or_else(unknown)?;
                }
                _ if !within(&blocks) => {}
                // Labels that select nothing.
                ("include", Some(labels)) if labels.starts_with("\"crossplane.labels\"") => {}
                _ => {
                    let line = line
                        .replace("{{ template \"crossplane.name\" . }}", &self.name)
                        .replace("{{ .Release.Namespace }}", NAMESPACE);
                    if line.contains("{{") {
                        return Err(unknown());
                    }
                    text.push_str(&line);
                    text.push('\n');
                }
            }
        }
        Ok(text)
    }

    /// Whether a value is set, as templates see it.
    fn holds(&self, condition: &str) -> Option<bool> {
        if let Some(negated) = condition.strip_prefix("not ") {
            return self.holds(negated).map(|holds| !holds);
        }
        let mut value = &self.values;
        for member in condition.strip_prefix(".Values.")?.split('.') {
            value = value.get(member)?;
        }
        Some(match value {
            Value::Null => false,
            Value::Bool(set) => *set,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
        })
    }
}

/// The action that a line consists of.
fn action(line: &str) -> Option<&str> {
    let inner = line.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.trim_start_matches('-').trim_end_matches('-');
    (!inner.contains("{{")).then(|| inner.trim())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn render(template: &str) -> Result<String, ChartError> {
        let release = Release {
            name: "crossplane".to_owned(),
            values: json!({ "manager": { "deploy": true, "skip": false }, "secrets": [] }),
        };
        release.render(Path::new("role.yaml"), template)
    }

    #[test]
    fn a_template_has_the_names_of_the_release_and_the_blocks_whose_values_are_set() {
        let template = r#"{{- if .Values.manager.deploy }}
name: {{ template "crossplane.name" . }}-admin
namespace: {{ .Release.Namespace }}
labels:
  {{- include "crossplane.labels" . | indent 4 }}
{{- if not .Values.manager.skip }}
kept: true
{{- else }}
kept: false
{{- end }}
{{- with .Values.secrets }}
{{- range $index, $secret := . }}
- name: {{ $secret }}
{{- end }}
{{- end }}
{{- end}}"#;
        assert_eq!(
            render(template).unwrap(),
            "name: crossplane-admin\nnamespace: crossplane-system\nlabels:\nkept: true\n"
        );
    }

    #[test]
    fn what_is_not_understood_is_named_with_its_line() {
        for line in ["{{- if .Values.unknown }}", "a: {{ .Values.manager }}"] {
            let error = render(&format!("kind: Role\n{line}")).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("Crossplane's chart: role.yaml, line 2: `{line}` is not understood")
            );
        }
    }
}
