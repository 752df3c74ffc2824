//! Admission of DatabaseClusters.

use serde_json::Value;

use super::review::{Admitted, FieldError, Refusal, Request, Verdict};
use super::s3_keys;
use crate::cluster::Cluster;
use crate::engine::Engine;
use crate::everest::write_back::{ZeroValues, round_trip};
use crate::kinds;
use crate::object::{at, items, member, text, truth};
use crate::versions;

const KIND: &str = "DatabaseCluster";
const TYPE: &str = "spec.engine.type";
const SPLIT_HORIZON: &str = "spec.engineFeatures.psmdb.splitHorizonDnsConfigName";

fn refuse(request: &Request, error: FieldError) -> Refusal {
    Refusal::invalid(KIND, &request.name, vec![error])
}

/// Fills the version, moves S3 keys into their Secret, and prints the spec as
/// Go prints it. Needs the DatabaseEngine, whatever is asked.
pub async fn mutate(request: &Request, cluster: &Cluster) -> Verdict {
    let mut spec = at(&request.object.data, "/spec").clone();
    let kind = text(&spec, "/engine/type").to_owned();
    let offered = match Engine::of_type(&kind) {
        Some(engine) => {
            cluster
                .read(
                    &kinds::DATABASE_ENGINE,
                    &request.namespace,
                    engine.operator(),
                )
                .await?
        }
        None => None,
    };
    let Some(offered) = offered else {
        let types: Vec<&str> = Engine::ALL.iter().map(|e| e.type_name()).collect();
        let error = FieldError::unsupported(TYPE, &kind, &types);
        return Err(refuse(request, error));
    };
    if text(&spec, "/engine/version").is_empty()
        && let Some(best) = versions::best(at(&offered.data, "/status/availableVersions/engine"))
    {
        member(&mut spec, "engine")["version"] = best.into();
    }
    if let Some(s3) = spec.pointer_mut("/dataSource/dataImport/source/s3") {
        s3_keys::move_to_secret(cluster, &request.namespace, s3).await?;
    }
    let printed = round_trip(&spec, ZeroValues::Kept);
    if at(&request.object.data, "/spec") == &printed {
        return Ok(Admitted::default());
    }
    Ok(Admitted::set([("/spec", printed)]))
}

/// What is checked on every write: the version. On creation: what the spec
/// names exists. On update: what must not change has not.
pub async fn validate(request: &Request, cluster: &Cluster) -> Verdict {
    let spec = at(&request.object.data, "/spec");
    let Some(engine) = Engine::of_type(text(spec, "/engine/type")) else {
        let error = FieldError::unsupported(TYPE, text(spec, "/engine/type"), &[]);
        return Err(refuse(request, error));
    };
    if let Some(old) = &request.old {
        check_unchanged(at(&old.data, "/spec"), spec).map_err(|error| refuse(request, error))?;
    }
    check_version(request, cluster, engine, spec).await?;
    if request.old.is_none() {
        check_references(request, cluster, spec).await?;
        check_features(request, cluster, engine, spec).await?;
        check_import(request, cluster, engine, spec).await?;
    }
    let mut admitted = Admitted::default();
    let expose = text(spec, "/proxy/expose/type");
    if matches!(expose, "internal" | "external") {
        let instead = match expose {
            "internal" => "ClusterIP",
            _ => "LoadBalancer",
        };
        admitted.warnings.push(format!(
            "spec.proxy.expose.type: {expose:?} is deprecated, use {instead:?}"
        ));
    }
    Ok(admitted)
}

fn check_unchanged(old: &Value, new: &Value) -> Result<(), FieldError> {
    if text(old, "/engine/type") != text(new, "/engine/type") {
        return Err(FieldError::forbidden(TYPE, "field is immutable"));
    }
    let pointer = "/engineFeatures/psmdb/splitHorizonDnsConfigName";
    if text(old, pointer) != text(new, pointer) {
        return Err(FieldError::forbidden(SPLIT_HORIZON, "field is immutable"));
    }
    Ok(())
}

async fn check_version(
    request: &Request,
    cluster: &Cluster,
    engine: Engine,
    spec: &Value,
) -> Result<(), Refusal> {
    let offered = cluster
        .read(
            &kinds::DATABASE_ENGINE,
            &request.namespace,
            engine.operator(),
        )
        .await?
        .ok_or_else(|| Refusal::not_found("DatabaseEngine", engine.operator()))?;
    let version = text(spec, "/engine/version");
    let versions = at(&offered.data, "/status/availableVersions/engine");
    let mut known: Vec<&str> = versions
        .as_object()
        .into_iter()
        .flatten()
        .map(|(version, _)| version.as_str())
        .collect();
    known.sort_unstable();
    if known.contains(&version) {
        return Ok(());
    }
    let error = FieldError::unsupported("spec.engine.version", version, &known);
    Err(refuse(request, error))
}

async fn check_references(
    request: &Request,
    cluster: &Cluster,
    spec: &Value,
) -> Result<(), Refusal> {
    for (kind, pointer) in [
        (&kinds::SECRET, "/engine/userSecretsName"),
        (
            &kinds::LOAD_BALANCER_CONFIG,
            "/proxy/expose/loadBalancerConfigName",
        ),
    ] {
        let name = text(spec, pointer);
        if name.is_empty() {
            continue;
        }
        let namespace = if kind.namespaced {
            request.namespace.as_str()
        } else {
            ""
        };
        if cluster.read(kind, namespace, name).await?.is_none() {
            return Err(Refusal::not_found(kind.name, name));
        }
    }
    Ok(())
}

async fn check_features(
    request: &Request,
    cluster: &Cluster,
    engine: Engine,
    spec: &Value,
) -> Result<(), Refusal> {
    if spec["engineFeatures"].is_null() {
        return Ok(());
    }
    if engine != Engine::Psmdb {
        let why = format!("not supported for engine type {}", engine.type_name());
        let error = FieldError::forbidden("spec.engineFeatures", &why);
        return Err(refuse(request, error));
    }
    let name = text(spec, "/engineFeatures/psmdb/splitHorizonDnsConfigName");
    if name.is_empty() {
        return Ok(());
    }
    if truth(spec, "/sharding/enabled") {
        let error = FieldError::forbidden(SPLIT_HORIZON, "not supported with sharding");
        return Err(refuse(request, error));
    }
    let found = cluster
        .read(&kinds::SPLIT_HORIZON, &request.namespace, name)
        .await?;
    match found {
        Some(_) => Ok(()),
        None => Err(refuse(request, FieldError::not_found(SPLIT_HORIZON, name))),
    }
}

async fn check_import(
    request: &Request,
    cluster: &Cluster,
    engine: Engine,
    spec: &Value,
) -> Result<(), Refusal> {
    let import = at(spec, "/dataSource/dataImport");
    if import.is_null() {
        return Ok(());
    }
    let field = "spec.dataSource.dataImport.dataImporterName";
    let name = text(import, "/dataImporterName");
    let Some(importer) = cluster.read(&kinds::DATA_IMPORTER, "", name).await? else {
        return Err(refuse(request, FieldError::not_found(field, name)));
    };
    let engines: Vec<&str> = items(&importer.data, "/spec/supportedEngines")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if !engines.contains(&engine.type_name()) {
        let error = FieldError::unsupported(TYPE, engine.type_name(), &engines);
        return Err(refuse(request, error));
    }
    let required = items(
        &importer.data,
        "/spec/databaseClusterConstraints/requiredFields",
    );
    for path in required.iter().filter_map(Value::as_str) {
        let pointer = path.replace('.', "/");
        let value = at(&request.object.data, &pointer);
        if value.is_null() || value == "" || value == 0 {
            let error = FieldError::required(
                path.trim_start_matches('.'),
                &format!("data importer {name:?} needs it"),
            );
            return Err(refuse(request, error));
        }
    }
    let schema = at(&importer.data, "/spec/config/openAPIV3Schema");
    let config = at(import, "/config");
    if let Some(why) = refused_options(schema, config) {
        let field = "spec.dataSource.dataImport.config";
        let error = FieldError::invalid(field, &config.to_string(), &why);
        return Err(refuse(request, error));
    }
    Ok(())
}

/// The reason why the webhook refuses the options of an import. It allows no others than those of
/// the schema, and dereferences a null pointer where there is a schema and nothing to check.
fn refused_options(schema: &Value, config: &Value) -> Option<String> {
    match (schema.is_null(), config.is_null()) {
        (true, true) => None,
        (true, false) => Some("schema validation failed".to_owned()),
        (false, true) => Some("panic: invalid memory address or nil pointer".to_owned()),
        (false, false) => mismatch(schema, config).or_else(|| {
            let mut names = config.as_object()?.keys();
            let other = names.find(|name| schema["properties"].get(name.as_str()).is_none())?;
            Some(format!("Additional property {other} is not allowed"))
        }),
    }
}

/// What an import's options have against the importer's schema, of what test
/// importers say: types, required members, least numbers.
fn mismatch(schema: &Value, value: &Value) -> Option<String> {
    if schema.is_null() || value.is_null() {
        return None;
    }
    let of_type = match text(schema, "/type") {
        "object" => value.is_object(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "boolean" => value.is_boolean(),
        _ => true,
    };
    if !of_type {
        return Some(format!("{value} is not of type {}", text(schema, "/type")));
    }
    let missing = items(schema, "/required")
        .iter()
        .filter_map(Value::as_str)
        .find(|name| value.get(*name).is_none());
    if let Some(name) = missing {
        return Some(format!("{name} is required"));
    }
    if let (Some(number), Some(least)) = (value.as_f64(), schema["minimum"].as_f64())
        && number < least
    {
        return Some(format!("{number} is less than {least}"));
    }
    let members = value.as_object()?;
    members
        .iter()
        .find_map(|(name, member)| mismatch(&schema["properties"][name], member))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_options_of_an_import_follow_the_importers_schema() {
        let schema = json!({"type": "object", "required": ["parallel"], "properties": {
            "parallel": {"type": "integer", "minimum": 1}, "note": {"type": "string"},
        }});
        for (options, why) in [
            (json!("x"), "\"x\" is not of type object"),
            (json!({}), "parallel is required"),
            (json!({"parallel": 0}), "0 is less than 1"),
            (json!({"parallel": 1, "note": 2}), "2 is not of type string"),
        ] {
            assert_eq!(mismatch(&schema, &options).as_deref(), Some(why));
        }
        for (schema, options, is_refused) in [
            (&schema, json!({"parallel": 2}), false),
            (&schema, json!({"parallel": 2, "more": 1}), true),
            (&schema, Value::Null, true),
            (&Value::Null, json!({"a": 1}), true),
            (&Value::Null, Value::Null, false),
        ] {
            let refused = refused_options(schema, &options);
            assert_eq!(refused.is_some(), is_refused, "{options}: {refused:?}");
        }
    }

    #[test]
    fn engine_type_and_split_horizon_do_not_change() {
        let old = json!({"engine": {"type": "pxc"}});
        let new = json!({"engine": {"type": "psmdb"}});
        let error = check_unchanged(&old, &new).unwrap_err();
        assert_eq!(
            error.to_string(),
            "spec.engine.type: Forbidden: field is immutable"
        );
        let new = json!({"engine": {"type": "pxc"},
            "engineFeatures": {"psmdb": {"splitHorizonDnsConfigName": "x"}}});
        assert!(check_unchanged(&old, &new).is_err());
        assert_eq!(check_unchanged(&old, &old), Ok(()));
    }
}
