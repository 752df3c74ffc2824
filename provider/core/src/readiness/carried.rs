//! Comparison of a database's spec with the engine's own object.
//!
//! Everest sets `observedGeneration` and keeps the former `ready` even if it could not write the
//! engine's object: because an object named in the spec is gone, a configuration cannot be read, or
//! another client wrote at that moment. Only the engine's object shows that. The comparison covers
//! the fields that every version of Everest maps one to one; fields that the object does not have
//! are skipped.
//!
//! Source: everest-operator `internal/controller/everest/providers/*/applier.go`.

mod engines;
mod image;

use std::collections::BTreeSet;
use std::fmt;

use everest_schemas::Engine;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterSpec};
use serde_json::Value;

use crate::{quantity, semantic};
use image::names_another;

/// A field of the engine's object that differs from the database's spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The attribute of the database.
    pub attribute: &'static str,
    /// The field of the engine's object.
    pub field: String,
    /// The values wanted and found; `None` if they are too long for a message.
    pub values: Option<(String, String)>,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            attribute, field, ..
        } = self;
        match &self.values {
            Some((wanted, found)) => {
                write!(formatter, "{field} {found}, not {wanted} ({attribute})")
            }
            None => write!(formatter, "another {field} than {attribute}"),
        }
    }
}

/// Returns the fields of the engine's object that differ from the spec of the database. `engine_cr`
/// is the engine's own object as the API server returns it.
pub fn not_carried(database: &DatabaseCluster, engine_cr: &Value) -> Vec<Difference> {
    let engine = database.spec.engine.known();
    let (Some(engine), Ok(spec)) = (
        engine.and_then(|engine| engine.type_.known()),
        serde_json::to_value(&database.spec),
    ) else {
        return Vec::new();
    };
    if !engine_cr["spec"].is_object() {
        return Vec::new();
    }
    let mut comparison = Comparison {
        spec: &spec,
        object: engine_cr,
        found: Vec::new(),
    };
    comparison.paused();
    comparison.cr_version();
    // The size that a volume cannot get is Everest's to keep back, and its
    // condition says so.
    let keeps_size = database.status.iter().any(|status| {
        let mut conditions = status.conditions.iter().flatten();
        conditions.any(|held| held.type_ == "CannotResizeVolume" && held.status == "True")
    });
    let size = (!keeps_size).then_some("engine.storage.size");
    match engine {
        Engine::Pxc => comparison.pxc(size),
        Engine::Psmdb => comparison.psmdb(size),
        Engine::Postgresql => comparison.postgresql(size),
    }
    comparison.found
}

/// The line of a PostgreSQL configuration that has a parameter without a value. Everest cannot read
/// such a line, and writes no change of the spec into the engine's object while it is there.
pub(crate) fn unreadable_line(spec: &DatabaseClusterSpec) -> Option<&str> {
    let engine = spec.engine.known()?;
    if engine.type_.known() != Some(&Engine::Postgresql) {
        return None;
    }
    let mut lines = engine.config.known_str()?.lines().map(str::trim_start);
    lines.find(|line| {
        let is_comment = line.starts_with(['#', ';', '[']);
        !line.is_empty() && !is_comment && !line.contains(['=', ':', ' ', '\t'])
    })
}

struct Comparison<'a> {
    spec: &'a Value,
    object: &'a Value,
    found: Vec<Difference>,
}

/// The comparison of two values.
#[derive(Clone, Copy)]
enum As {
    Number,
    Quantity,
    Text,
    /// An image whose tag names the version.
    Image,
    Exposure,
}

impl Comparison<'_> {
    fn text(&self, attribute: &str) -> &str {
        at(self.spec, attribute).as_str().unwrap_or_default()
    }

    fn differs(&mut self, attribute: &'static str, field: &str, values: Option<(String, String)>) {
        let mut shown = String::new();
        for step in field.split('.') {
            if step.parse::<usize>().is_ok() {
                shown = format!("{shown}[{step}]");
            } else if shown.is_empty() {
                step.clone_into(&mut shown);
            } else {
                shown = format!("{shown}.{step}");
            }
        }
        self.found.push(Difference {
            attribute,
            field: shown,
            values,
        });
    }

    /// Compares a field, unless the spec does not set it or the object does not have it.
    fn compare(&mut self, attribute: &'static str, field: &str, how: As) {
        let (wanted, found) = (at(self.spec, attribute), at(self.object, field));
        if !is_given(wanted) || found.is_null() {
            return;
        }
        let (wanted, found) = (shown(wanted), shown(found));
        let equal = match how {
            As::Number => wanted == found || wanted == "0",
            As::Quantity => quantity::equal(&wanted, &found),
            As::Text => wanted.trim_end() == found.trim_end(),
            As::Image => !names_another(&found, &wanted),
            As::Exposure => semantic::equal("expose-type", &wanted, &found),
        };
        if !equal {
            let told = !matches!(how, As::Text);
            self.differs(attribute, field, told.then_some((wanted, found)));
        }
    }

    /// Compares a flag; on either side, an absent flag is false.
    fn flag(&mut self, attribute: &'static str, field: &str) {
        let (wanted, found) = (at(self.spec, attribute), at(self.object, field));
        let is_on = |value: &Value| value == &Value::Bool(true);
        if is_on(wanted) != is_on(found) {
            let values = (is_on(wanted).to_string(), is_on(found).to_string());
            self.differs(attribute, field, Some(values));
        }
    }

    fn paused(&mut self) {
        self.flag("paused", "spec.pause");
    }

    /// Compares the CR version, unless the spec lets the operators choose it.
    fn cr_version(&mut self) {
        let wanted = self.text("engine.crVersion");
        let found = at(self.object, "spec.crVersion");
        let found = found.as_str().unwrap_or_default();
        if !wanted.is_empty() && wanted != found {
            let values = (wanted.to_owned(), found.to_owned());
            self.differs("engine.crVersion", "spec.crVersion", Some(values));
        }
    }

    /// Compares the limits: those of `limits` if it is given at all, otherwise the older pair.
    fn limits(&mut self, attribute: &'static str, field: &str) {
        let (asked, has) = (at(self.spec, attribute), at(self.object, field));
        if !has.is_object() {
            return;
        }
        let limits = match &asked["limits"] {
            Value::Null => asked,
            limits => limits,
        };
        for name in ["cpu", "memory"] {
            let wanted = shown(&limits[name]);
            if wanted.is_empty() || quantity::equal(&wanted, "0") {
                continue;
            }
            let found = shown(at(has, &format!("limits.{name}")));
            if !quantity::equal(&wanted, &found) {
                let found = if found.is_empty() {
                    "none".to_owned()
                } else {
                    found
                };
                let field = format!("{field}.limits.{name}");
                self.differs(attribute, &field, Some((wanted, found)));
            }
        }
    }

    fn exposure(&mut self, field: &str) {
        self.compare("proxy.expose.type", &format!("{field}.type"), As::Exposure);
        let exposed = semantic::expose_type(self.text("proxy.expose.type"));
        if exposed != "LoadBalancer" || !at(self.object, field).is_object() {
            return;
        }
        let ranges = |list: &Value| -> BTreeSet<String> {
            let texts = items(list).iter().filter_map(Value::as_str);
            texts.map(|range| bare(range).to_owned()).collect()
        };
        let wanted = ranges(at(self.spec, "proxy.expose.ipSourceRanges"));
        let field = format!("{field}.loadBalancerSourceRanges");
        let found = ranges(at(self.object, &field));
        if wanted != found {
            let values = (listed(&wanted), listed(&found));
            self.differs("proxy.expose.ipSourceRanges", &field, Some(values));
        }
    }

    fn monitoring(&mut self) {
        let wanted = !self.text("monitoring.monitoringConfigName").is_empty();
        let found = at(self.object, "spec.pmm.enabled") == &Value::Bool(true);
        if wanted != found {
            let values = (wanted.to_string(), found.to_string());
            self.differs(
                "monitoring.monitoringConfigName",
                "spec.pmm.enabled",
                Some(values),
            );
        }
    }

    /// Compares the enabled schedules by name, time and storage.
    fn schedules(&mut self, field: &str) {
        let entry = |schedule: &Value, storage: &str| {
            let text = |key: &str| schedule[key].as_str().unwrap_or_default().to_owned();
            format!(
                "{}: {} to {}",
                text("name"),
                text("schedule"),
                text(storage)
            )
        };
        let wanted: BTreeSet<String> = self
            .enabled_schedules()
            .map(|schedule| entry(schedule, "backupStorageName"))
            .collect();
        let found: BTreeSet<String> = items(at(self.object, field))
            .iter()
            .map(|schedule| entry(schedule, "storageName"))
            .collect();
        if wanted != found {
            let values = (listed(&wanted), listed(&found));
            self.differs("backup.schedules", field, Some(values));
        }
    }

    /// Compares PostgreSQL's schedules, which have no names and are in the repository of their
    /// storage.
    fn repositories(&mut self) {
        let field = "spec.backups.pgbackrest.repos";
        let times = |texts: Vec<&str>| {
            let mut texts: Vec<String> = texts.into_iter().map(str::to_owned).collect();
            texts.sort();
            texts
        };
        let wanted = times(
            self.enabled_schedules()
                .filter_map(|schedule| schedule["schedule"].as_str())
                .collect(),
        );
        let found = times(
            items(at(self.object, field))
                .iter()
                .filter_map(|repo| at(repo, "schedules.full").as_str())
                .collect(),
        );
        if wanted != found {
            let told = |times: &[String]| listed(times);
            let values = (told(&wanted), told(&found));
            let field = format!("{field}[].schedules.full");
            self.differs("backup.schedules", &field, Some(values));
        }
    }

    fn enabled_schedules(&self) -> impl Iterator<Item = &Value> {
        items(at(self.spec, "backup.schedules"))
            .iter()
            .filter(|schedule| schedule["enabled"] == Value::Bool(true))
    }

    /// Compares the parameters whose lines can be read in only one way.
    fn parameters(&mut self) {
        let field = "spec.patroni.dynamicConfiguration.postgresql.parameters";
        let Some(parameters) = at(self.object, field).as_object() else {
            return;
        };
        let mut wanted: Vec<(&str, &str)> = Vec::new();
        for line in self.spec["engine"]["config"]
            .as_str()
            .unwrap_or_default()
            .lines()
        {
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            wanted.retain(|(before, _)| *before != name);
            if is_plain(name) && is_plain(value) && name != "track_commit_timestamp" {
                wanted.push((name, value));
            }
        }
        let missing = wanted
            .into_iter()
            .find(|(name, value)| parameters.get(*name).map(shown).as_deref() != Some(*value));
        if let Some((name, value)) = missing {
            let found = parameters.get(name).map_or("none".to_owned(), shown);
            let values = (value.to_owned(), found);
            self.differs("engine.config", &format!("{field}.{name}"), Some(values));
        }
    }
}

/// The value at a path of keys and indexes; null where there is none.
fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    static NULL: Value = Value::Null;
    let mut found = value;
    for step in path.split('.') {
        let next = match step.parse::<usize>() {
            Ok(index) => found.get(index),
            Err(_) => found.get(step),
        };
        match next {
            Some(next) => found = next,
            None => return &NULL,
        }
    }
    found
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Returns true unless the value is null or empty, as Go leaves an absent one.
fn is_given(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn listed<'a>(entries: impl IntoIterator<Item = &'a String>) -> String {
    let entries: Vec<&str> = entries.into_iter().map(String::as_str).collect();
    format!("[{}]", entries.join(", "))
}

/// The range without the prefix length of a single address: `10.0.0.1` and `10.0.0.1/32` are the
/// same.
fn bare(range: &str) -> &str {
    range
        .strip_suffix("/32")
        .or_else(|| range.strip_suffix("/128"))
        .unwrap_or(range)
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-'))
}

#[cfg(test)]
mod tests;
