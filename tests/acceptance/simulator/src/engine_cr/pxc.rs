//! DatabaseCluster → PerconaXtraDBCluster.

use serde_json::{Map, Value, json};

use super::{Inputs, Unmappable, server_host, set};
use crate::object::{number, text, truth};
use crate::versions::{best, best_image};

pub fn build(inputs: &Inputs) -> Result<Value, Unmappable> {
    let spec = inputs.spec();
    let resources = inputs.engine_resources();
    let mut pxc = json!({
        "configuration": text(spec, "/engine/config"),
        "expose": {},
        "image": inputs.image()?,
        "imagePullPolicy": "IfNotPresent",
        "lifecycle": {},
        "livenessProbes": {"timeoutSeconds": 450},
        "podDisruptionBudget": {"maxUnavailable": 1},
        "readinessProbes": {"timeoutSeconds": 450},
        "resources": {},
        "serviceType": "ClusterIP",
        "sidecarResources": {},
        "size": inputs.replicas(),
        "volumeSpec": {"persistentVolumeClaim": inputs.volume()},
    });
    if resources != json!({}) {
        pxc["resources"] = json!({"limits": resources, "requests": resources});
    }
    set(&mut pxc, "affinity", &inputs.affinity["engine"]);
    let mut proxysql = json!({
        "expose": {}, "lifecycle": {}, "livenessProbes": {}, "readinessProbes": {},
        "resources": {"limits": inputs.proxy_resources(json!({"cpu": "600m", "memory": "1G"}))},
        "sidecarResources": {},
    });
    let mut built = json!({
        "backup": backup(inputs)?,
        "enableVolumeExpansion": true,
        "initContainer": {},
        "pmm": pmm(inputs),
        "secretsName": text(spec, "/engine/userSecretsName"),
        "updateStrategy": "SmartUpdate",
        "upgradeOptions": {"apply": "never", "schedule": "0 4 * * *"},
    });
    match text(spec, "/proxy/type") {
        "proxysql" => {
            let image = best_image(&inputs.available["proxy"]["proxysql"])
                .ok_or("proxysql version not available")?;
            proxysql["enabled"] = true.into();
            proxysql["size"] = inputs.proxy_replicas().into();
            proxysql["image"] = image.into();
            proxysql["expose"] = inputs.expose().into();
            set(&mut proxysql, "affinity", &inputs.affinity["proxy"]);
            let config = text(spec, "/proxy/config");
            if !config.is_empty() {
                proxysql["configuration"] = config.into();
            }
            let mut claim = inputs.volume();
            let size = text(spec, "/proxy/storage/size");
            if !size.is_empty() {
                claim["resources"]["requests"]["storage"] = size.into();
            }
            proxysql["volumeSpec"] = json!({"persistentVolumeClaim": claim});
        }
        _ => built["haproxy"] = haproxy(inputs)?,
    }
    built["pxc"] = pxc;
    built["proxysql"] = proxysql;
    if let Some(version) = inputs.cr_version() {
        built["crVersion"] = version.into();
    }
    if truth(spec, "/paused") {
        built["pause"] = true.into();
    }
    let flags = inputs.unsafe_flags(&["proxySize", "pxcSize"], &["backupIfUnhealthy", "tls"]);
    set(&mut built, "unsafeFlags", &flags);
    Ok(built)
}

fn haproxy(inputs: &Inputs) -> Result<Value, Unmappable> {
    let image =
        best_image(&inputs.available["proxy"]["haproxy"]).ok_or("haproxy version not available")?;
    let mut expose = inputs.expose();
    expose.insert("enabled".to_owned(), true.into());
    let limits = inputs.proxy_resources(json!({"cpu": "200m", "memory": "204Mi"}));
    let requests = inputs.proxy_resources(json!({"cpu": "190m", "memory": "195Mi"}));
    let configuration = match text(inputs.spec(), "/proxy/config") {
        "" => "global\n  maxconn 4048\n",
        given => given,
    };
    let mut haproxy = json!({
        "configuration": configuration,
        "enabled": true,
        "envVarsSecret": "haproxy-env-secret",
        "exposePrimary": expose,
        "exposeReplicas": expose,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "lifecycle": {},
        "livenessProbes": {"timeoutSeconds": 30},
        "readinessProbes": {"timeoutSeconds": 30},
        "resources": {"limits": limits, "requests": requests},
        "sidecarResources": {},
        "size": inputs.proxy_replicas(),
    });
    set(&mut haproxy, "affinity", &inputs.affinity["proxy"]);
    Ok(haproxy)
}

fn pmm(inputs: &Inputs) -> Value {
    match inputs.monitoring {
        Some(monitoring) => json!({
            "enabled": true,
            "image": text(monitoring, "/pmm/image"),
            "resources": inputs.spec()["monitoring"]["resources"],
            "serverHost": server_host(monitoring),
        }),
        None => json!({"resources": {}}),
    }
}

fn backup(inputs: &Inputs) -> Result<Value, Unmappable> {
    let spec = inputs.spec();
    let backups = &inputs.available["backup"];
    // The backup image's major version follows the engine's.
    let line: String = text(spec, "/engine/version").chars().take(3).collect();
    let of_line: Map<String, Value> = backups
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(version, _)| version.starts_with(&line))
        .map(|(version, component)| (version.clone(), component.clone()))
        .collect();
    let of_line = Value::from(of_line);
    let candidates = if best(&of_line).is_some() {
        &of_line
    } else {
        backups
    };
    let image = best_image(candidates).ok_or("backup version not available")?;
    let mut storages = Map::new();
    for storage in inputs.storages {
        storages.insert(storage.name.clone(), bucket(inputs, &storage.spec, ""));
    }
    let mut pitr = json!({"enabled": false, "resources": {}, "storageName": ""});
    let pitr_storage = text(spec, "/backup/pitr/backupStorageName");
    if truth(spec, "/backup/pitr/enabled") {
        let storage = inputs
            .storages
            .iter()
            .find(|s| s.name == pitr_storage)
            .ok_or_else(|| format!("BackupStorage {pitr_storage:?} not found"))?;
        let name = format!("{pitr_storage}-pitr");
        let interval = match number(spec, "/backup/pitr/uploadIntervalSec") {
            0 => 60,
            seconds => seconds,
        };
        storages.insert(name.clone(), bucket(inputs, &storage.spec, "/pitr"));
        pitr = json!({"enabled": true, "resources": {}, "storageName": name,
            "timeBetweenUploads": interval});
    }
    let mut backup = json!({"image": image, "pitr": pitr});
    if !storages.is_empty() {
        backup["storages"] = storages.into();
    }
    let schedules: Vec<Value> = inputs
        .enabled_schedules()
        .map(|s| {
            json!({"name": text(s, "/name"), "schedule": text(s, "/schedule"),
                "keep": number(s, "/retentionCopies"),
                "storageName": text(s, "/backupStorageName")})
        })
        .collect();
    if !schedules.is_empty() {
        backup["schedule"] = schedules.into();
    }
    Ok(backup)
}

fn bucket(inputs: &Inputs, storage: &Value, suffix: &str) -> Value {
    let path = format!("{}/{}{suffix}", text(storage, "/bucket"), inputs.prefix());
    let mut resources = json!({});
    set(&mut resources, "limits", &inputs.engine_resources());
    let mut bucket = json!({
        "resources": resources,
        "type": text(storage, "/type"),
        "verifyTLS": storage["verifyTLS"].as_bool().unwrap_or(true),
    });
    let secret = text(storage, "/credentialsSecretName");
    if text(storage, "/type") == "azure" {
        bucket["azure"] = json!({"container": path, "credentialsSecret": secret});
    } else {
        bucket["s3"] = json!({"bucket": path, "credentialsSecret": secret,
            "endpointUrl": text(storage, "/endpointURL"), "region": text(storage, "/region")});
    }
    bucket
}
