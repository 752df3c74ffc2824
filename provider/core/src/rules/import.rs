//! Checks of imports, for new databases and for existing ones.

use everest_schemas::everest::{DataImporter, DatabaseClusterSpec};
use everest_schemas::{Engine, Field, Sensitive};
use serde_json::{Map, Value};

use super::Stage;
use super::findings::Findings;
use super::online::{Reference, is_to_come, named};
use super::table::backup::{DATA_IMPORT_CREDENTIALS, DATA_IMPORT_PATH, ENDPOINT_URL};
use super::table::data_import_job::IMPORT_REPLICAS;
use super::table::online::{IMPORT_CONFIG, IMPORTER_APPLIES, IMPORTER_EXISTS};
use crate::facts::{Facts, Kind};
use crate::open_api::{self, Reading};
use crate::path::FieldPath;
use crate::url;

/// Checks the form of a path within a bucket, if it is known.
pub(super) fn object_path(path: FieldPath, value: &Field<String>, findings: &mut Findings) {
    if let Some(text) = value.known_str()
        && !is_object_path(text)
    {
        findings.error(
            &DATA_IMPORT_PATH,
            path,
            format!("{text:?} is not a path of a file or a folder"),
        );
    }
}

/// Checks the form of the URL of a bucket, if it is known.
pub(super) fn endpoint_url(path: FieldPath, value: &Field<String>, findings: &mut Findings) {
    if let Some(text) = value.known_str()
        && !url::is_http(text)
    {
        findings.error(
            &ENDPOINT_URL,
            path,
            format!("{text:?} is not a URL of an endpoint"),
        );
    }
}

/// The two keys of a bucket.
pub(super) type Keys<'a> = [&'a Field<Sensitive<String>>; 2];

/// Checks that the keys of an import's bucket, which are members of `path`, are complete and in one
/// of their two forms.
pub(super) fn keys(
    path: &FieldPath,
    plain: Keys<'_>,
    write_only: Keys<'_>,
    findings: &mut Findings,
) {
    for (names, [id, secret]) in [
        (["accessKeyId", "secretAccessKey"], plain),
        (["accessKeyIdWo", "secretAccessKeyWo"], write_only),
    ] {
        let missing = match (id.is_null(), secret.is_null()) {
            (true, false) if secret.is_known() => Some((
                names[0],
                "A secret access key is set without an access key ID",
            )),
            (false, true) if id.is_known() => Some((
                names[1],
                "An access key ID is set without a secret access key",
            )),
            _ => None,
        };
        if let Some((name, summary)) = missing {
            findings.error(&DATA_IMPORT_CREDENTIALS, path.field(name), summary);
        }
    }
    let given = |keys: Keys<'_>| keys.iter().any(|key| key.is_known());
    if given(plain) && given(write_only) {
        findings.error(
            &DATA_IMPORT_CREDENTIALS,
            path.field("accessKeyIdWo"),
            "The keys of the bucket are set in both forms, write-only and stored in the state",
        );
    }
}

/// The importer that an attribute names; adds a finding if it does not exist.
pub(super) fn importer<'a>(
    path: FieldPath,
    name: &Field<String>,
    facts: &'a Facts,
    stage: Stage,
    findings: &mut Findings,
) -> Option<&'a DataImporter> {
    if is_to_come(Kind::Importers, name, &facts.importers, facts, stage) {
        return None;
    }
    let reference = Reference {
        rule: &IMPORTER_EXISTS,
        path,
        kind: "DataImporter",
        name,
    };
    named(reference, &facts.importers, stage, findings)
}

/// Checks that an importer is for an engine, if that is known.
pub(super) fn engine(
    path: FieldPath,
    name: &str,
    importer: &DataImporter,
    engine: Option<Engine>,
    findings: &mut Findings,
) {
    let engines = texts(&importer.spec.supported_engines);
    if let Some(engine) = engine
        && !engines.contains(&engine.as_str())
    {
        findings.error(
            &IMPORTER_APPLIES,
            path,
            format!(
                "The importer {name:?} is for {}, not for {engine}",
                engines.join(", ")
            ),
        );
    }
}

/// The member of a database's spec that Everest fills in before it looks at what an importer
/// requires.
const FILLED_IN: &str = "engine.version";

/// The fields that an importer requires and a database lacks, as paths in the spec of the database.
pub(super) fn lacking<'a>(importer: &'a DataImporter, spec: &DatabaseClusterSpec) -> Vec<&'a str> {
    let constraints = importer.spec.database_cluster_constraints.known();
    let required = constraints.map(|constraints| texts(&constraints.required_fields));
    let Ok(spec) = serde_json::to_value(spec) else {
        return Vec::new();
    };
    let fields = required.into_iter().flatten();
    let fields = fields.filter_map(|field| field.trim_start_matches('.').strip_prefix("spec."));
    fields
        .filter(|field| *field != FILLED_IN && is_unset(&spec, field))
        .collect()
}

/// Checks the options by the importer's schema. If none are given although some are required, that
/// is only a warning: the import may have defaults.
pub(super) fn options(
    path: &FieldPath,
    name: &str,
    importer: &DataImporter,
    config: &Field<Value>,
    findings: &mut Findings,
) {
    let Some(schema) = schema(importer) else {
        return;
    };
    let none = Value::Object(Map::new());
    let options = match config {
        Field::Unknown => return,
        Field::Null => &none,
        Field::Known(options) => options,
    };
    for violation in open_api::violations(schema, options, "", Reading::Plain) {
        let summary = format!("The importer {name:?} does not take these options: {violation}");
        if config.is_null() {
            findings.warning(&IMPORT_CONFIG, path.clone(), summary);
        } else {
            findings.error(&IMPORT_CONFIG, path.clone(), summary);
        }
    }
}

/// Checks the options for a new database as Everest's webhook does: see [`options`]. It allows no
/// options beside those of the schema, whatever the schema says of others, and fails on a schema
/// without any options to check.
pub(super) fn admitted_options(
    path: &FieldPath,
    name: &str,
    importer: &DataImporter,
    config: &Field<Value>,
    findings: &mut Findings,
) {
    options(path, name, importer, config, findings);
    let schema = schema(importer);
    match (schema, config) {
        (None, Field::Known(_)) => {
            let summary = format!("The importer {name:?} has no options");
            findings.error(&IMPORT_CONFIG, path.clone(), summary);
        }
        (Some(schema), Field::Known(options)) => {
            let others = others(schema, options);
            if !others.is_empty() {
                let others = others.join(", ");
                let summary = format!("The importer {name:?} has no option {others}");
                findings.error(&IMPORT_CONFIG, path.clone(), summary);
            }
        }
        (Some(schema), Field::Null) => {
            let none = Value::Object(Map::new());
            if open_api::violations(schema, &none, "", Reading::Plain).is_empty() {
                let summary = format!("No options are given for the importer {name:?}");
                findings.warning(&IMPORT_CONFIG, path.clone(), summary);
            }
        }
        (None, Field::Null) | (_, Field::Unknown) => {}
    }
}

/// The schema of the options of an importer.
fn schema(importer: &DataImporter) -> Option<&Value> {
    let config = importer.spec.config.known()?;
    config.open_api_v3_schema.known()
}

/// The options that are not among those of a schema, and that the schema does not refuse itself.
fn others<'a>(schema: &Value, options: &'a Value) -> Vec<&'a str> {
    let is_left_to_the_schema = schema["additionalProperties"] == false
        || schema
            .get("patternProperties")
            .is_some_and(|patterns| !patterns.is_null());
    if is_left_to_the_schema {
        return Vec::new();
    }
    let names = options.as_object().into_iter().flat_map(Map::keys);
    names
        .filter(|name| schema["properties"].get(name.as_str()).is_none())
        .map(String::as_str)
        .collect()
}

/// The importer of Everest's chart for PostgreSQL.
const OF_POSTGRESQL: &str = "everest-percona-pg-operator";

/// The kind of databases.
const DATABASE: &str = "DatabaseCluster";

/// The member of a database's spec that came with the release of Everest that repaired it.
const SINCE_REPAIRED: [&str; 3] = ["engine", "resources", "limits"];

/// Returns true if an import with this importer may leave a database of this spec empty, unless the
/// release of Everest is newer: see [`replicas`].
pub(super) fn is_at_risk(importer: &Field<String>, spec: &DatabaseClusterSpec) -> bool {
    let engine = spec.engine.known();
    importer.known_str() == Some(OF_POSTGRESQL)
        && engine.is_some_and(|engine| {
            // Everest makes three where none are given.
            let has_several = match &engine.replicas {
                Field::Known(replicas) => *replicas != 1,
                Field::Null => true,
                Field::Unknown => false,
            };
            engine.type_.known() == Some(&Engine::Postgresql) && has_several
        })
}

/// Warns of an import that an older Everest may report as succeeded although the database, which has
/// several replicas, is empty. The definition of databases tells the releases apart.
pub(super) fn replicas(
    path: FieldPath,
    importer: &Field<String>,
    spec: &DatabaseClusterSpec,
    facts: &Facts,
    findings: &mut Findings,
) {
    let is_older = facts.served.as_ref().is_some_and(|served| {
        served.has(DATABASE, &[]) && !served.has(DATABASE, &SINCE_REPAIRED.map(str::to_owned))
    });
    if is_older && is_at_risk(importer, spec) {
        let summary = "Everest in this cluster may lose the data of this import";
        findings.warning(&IMPORT_REPLICAS, path, summary);
    }
}

/// Returns true if a field of the spec is absent or zero. An unknown value, which is null in JSON,
/// may be anything.
fn is_unset(spec: &Value, field: &str) -> bool {
    let mut at = spec;
    for name in field.split('.') {
        match at.get(name) {
            Some(inner) => at = inner,
            None => return !at.is_null(),
        }
    }
    match at {
        Value::Null => false,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

fn texts(list: &Field<Vec<Field<String>>>) -> Vec<&str> {
    list.known()
        .into_iter()
        .flatten()
        .filter_map(|text| text.known_str())
        .collect()
}

/// Returns true if a text has parts separated by single slashes, with or without a slash at either
/// end.
fn is_object_path(text: &str) -> bool {
    let inner = text.strip_prefix('/').unwrap_or(text);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    inner.is_empty() || inner.split('/').all(|part| !part.is_empty())
}
