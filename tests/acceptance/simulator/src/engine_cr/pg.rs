//! DatabaseCluster → PerconaPGCluster.

use kube::core::DynamicObject;
use serde_json::{Map, Value, json};

use super::{Inputs, Storage, Unmappable, server_host, set};
use crate::object::{at, items, number, text, truth};
use crate::versions::newer;

/// From this operator version on, new databases get no volume of their own
/// for backups.
const WITHOUT_REPO_VOLUME: &str = "2.8.2";

pub fn build(inputs: &Inputs) -> Result<Value, Unmappable> {
    let spec = inputs.spec();
    let version = text(spec, "/engine/version");
    let pgbouncer = inputs.available["proxy"]["pgbouncer"][version]["imagePath"]
        .as_str()
        .ok_or("pgbouncer version not available")?;
    let resources = inputs.engine_resources();
    let mut instance = json!({
        "dataVolumeClaimSpec": volume(inputs),
        "name": "instance1",
        "replicas": inputs.replicas(),
        "resources": {},
    });
    if resources != json!({}) {
        instance["resources"]["limits"] = resources;
    }
    set(&mut instance, "affinity", &inputs.affinity["engine"]);
    let mut bouncer = json!({
        "config": {},
        "expose": inputs.expose(),
        "exposeSuperusers": true,
        "image": pgbouncer,
        "replicas": inputs.proxy_replicas(),
        "resources": {"limits": inputs.proxy_resources(json!({"cpu": "200m", "memory": "128Mi"}))},
    });
    set(&mut bouncer, "affinity", &inputs.affinity["proxy"]);
    let major: i64 = version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok())
        .unwrap_or_default();
    let mut built = json!({
        "backups": backups(inputs)?,
        "crVersion": inputs.cr_version().unwrap_or(inputs.operator),
        "extensions": {
            "builtin": {},
            "image": format!("docker.io/percona/percona-postgresql-operator:{}", inputs.operator),
            "imagePullPolicy": "IfNotPresent",
            "storage": {},
        },
        "image": inputs.image()?,
        "imagePullPolicy": "IfNotPresent",
        "instances": [instance],
        "patroni": {"dynamicConfiguration": {"postgresql": {"parameters": parameters(spec)?}}},
        "pause": truth(spec, "/paused"),
        "postgresVersion": major,
        "proxy": {"pgBouncer": bouncer},
        "secrets": {},
        "users": [{"name": "postgres", "secretName": text(spec, "/engine/userSecretsName")}],
    });
    let path = text(spec, "/dataSource/backupSource/path");
    if !path.is_empty() {
        built["dataSource"] = data_by_path(inputs, path);
    }
    if let Some(monitoring) = inputs.monitoring {
        built["pmm"] = json!({"enabled": true, "image": text(monitoring, "/pmm/image"),
            "serverHost": server_host(monitoring)});
    }
    Ok(built)
}

/// First data by a path: the backup of that name, in the repository of the new database.
fn data_by_path(inputs: &Inputs, path: &str) -> Value {
    let set = path.rsplit('/').next().unwrap_or_default();
    json!({"pgbackrest": {
        "global": {"repo1-path": format!("/{}", inputs.prefix())},
        "options": [format!("--set={set}")],
        "stanza": "db",
    }})
}

fn volume(inputs: &Inputs) -> Value {
    let mut claim = inputs.volume();
    claim["accessModes"] = json!(["ReadWriteOnce"]);
    claim
}

/// The lines of `spec.engine.config`, as `name = value` or `name value`, and what Everest adds.
fn parameters(spec: &Value) -> Result<Value, Unmappable> {
    let mut parameters = Map::new();
    parameters.insert("track_commit_timestamp".to_owned(), "on".into());
    for line in text(spec, "/engine/config").lines() {
        let line = line.split('#').next().unwrap_or_default();
        if line.trim().is_empty() {
            continue;
        }
        let delimiter = if separated_by_space(line) { ' ' } else { '=' };
        let (key, value) = line.split_once(delimiter).ok_or_else(|| {
            format!("could not update PG config: key-value delimiter not found: {line}")
        })?;
        let value = value.trim().trim_matches('\'');
        parameters.insert(key.trim().to_owned(), value.into());
    }
    Ok(parameters.into())
}

/// Whether a space comes before anything else that could end the name.
fn separated_by_space(line: &str) -> bool {
    let Some((_, rest)) = line.split_once(' ') else {
        return false;
    };
    let equals = line.find('=');
    match (equals, line.find(' ')) {
        (Some(equals), Some(space)) if equals < space => false,
        (Some(_), _) => !rest.trim_start_matches(' ').starts_with('='),
        (None, _) => true,
    }
}

fn backups(inputs: &Inputs) -> Result<Value, Unmappable> {
    let spec = inputs.spec();
    let version = text(spec, "/engine/version");
    let image = inputs.available["backup"][version]["imagePath"]
        .as_str()
        .ok_or("pgbackrest version not available")?;
    let current: &[Value] = inputs
        .current
        .map_or(&[], |c| items(&c.data, "/spec/backups/pgbackrest/repos"));
    let mut repos: Vec<Value> = Vec::new();
    let mut global = Map::new();
    let has_volume = current.iter().any(|r| r["volume"].is_object());
    if has_volume || newer(WITHOUT_REPO_VOLUME, inputs.operator) {
        repos.push(json!({"name": "repo1", "volume": {"volumeClaimSpec": volume(inputs)}}));
        global.insert("repo1-retention-full".to_owned(), "1".into());
    }
    // A storage keeps the slot it has.
    let mut waiting = Vec::new();
    for storage in inputs.storages {
        match current.iter().find(|repo| serves(repo, &storage.spec)) {
            Some(repo) => repos.push(slot(storage, text(repo, "/name"))),
            None => waiting.push(storage),
        }
    }
    for storage in waiting {
        let free = (1..=4)
            .map(|n| format!("repo{n}"))
            .find(|name| !repos.iter().any(|r| text(r, "/name") == name))
            .ok_or("no repo slot is left: PostgreSQL takes at most three storages")?;
        repos.push(slot(storage, &free));
    }
    repos.sort_by(|a, b| text(a, "/name").cmp(text(b, "/name")));
    for storage in inputs.storages {
        let Some(repo) = repos.iter_mut().find(|r| serves(r, &storage.spec)) else {
            continue;
        };
        let name = text(repo, "/name").to_owned();
        global.insert(
            format!("{name}-path"),
            format!("/{}", inputs.prefix()).into(),
        );
        let style = match storage.spec["forcePathStyle"].as_bool() {
            Some(false) => "host",
            _ => "path",
        };
        global.insert(format!("{name}-s3-uri-style"), style.into());
        if storage.spec["verifyTLS"].as_bool() == Some(false) {
            global.insert(format!("{name}-storage-verify-tls"), "n".into());
        }
        let schedule = inputs
            .enabled_schedules()
            .find(|s| text(s, "/backupStorageName") == storage.name);
        if let Some(schedule) = schedule {
            repo["schedules"] = json!({"full": text(schedule, "/schedule")});
            let keep = number(schedule, "/retentionCopies");
            if keep > 0 {
                global.insert(format!("{name}-retention-full"), keep.to_string().into());
            }
        }
    }
    Ok(json!({"pgbackrest": {
        "configuration": [{"secret": {"name": format!("{}-pgbackrest-secrets", inputs.name())}}],
        "global": global,
        "image": image,
        "manual": {"repoName": "repo1"},
        "repos": repos,
    }}))
}

fn slot(storage: &Storage, name: &str) -> Value {
    let spec = &storage.spec;
    if text(spec, "/type") == "azure" {
        return json!({"name": name, "azure": {"container": text(spec, "/bucket")}});
    }
    json!({"name": name, "s3": {
        "bucket": text(spec, "/bucket"),
        "endpoint": text(spec, "/endpointURL"),
        "region": text(spec, "/region"),
    }})
}

fn serves(repo: &Value, storage: &Value) -> bool {
    let bucket = text(storage, "/bucket");
    text(repo, "/azure/container") == bucket
        || (text(repo, "/s3/bucket") == bucket
            && text(repo, "/s3/endpoint") == text(storage, "/endpointURL")
            && text(repo, "/s3/region") == text(storage, "/region"))
}

/// Name of the repo through which a PerconaPGCluster uses a storage.
pub fn repo_of(cluster: &DynamicObject, storage: &Value) -> Option<String> {
    items(at(&cluster.data, "/spec"), "/backups/pgbackrest/repos")
        .iter()
        .find(|repo| serves(repo, storage))
        .map(|repo| text(repo, "/name").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(config: &str) -> Result<Value, Unmappable> {
        parameters(&json!({"engine": {"config": config}}))
    }

    #[test]
    fn a_configuration_is_read_as_the_operator_reads_it() {
        let read_ = read("a = 1\n\n# no\nb=2\nc 3\nd = 'x = y'\n").unwrap();
        assert_eq!(
            read_,
            json!({"track_commit_timestamp": "on", "a": "1", "b": "2", "c": "3", "d": "x = y"})
        );
        assert!(read("shared_buffers").is_err());
    }
}
