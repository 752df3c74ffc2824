//! DatabaseCluster → PerconaServerMongoDB.

use serde_json::{Map, Value, json};

use super::{Inputs, Unmappable, server_host, set};
use crate::object::{items, number, text, truth};
use crate::versions::best_image;

pub fn build(inputs: &Inputs) -> Result<Value, Unmappable> {
    let spec = inputs.spec();
    let sharded = truth(spec, "/sharding/enabled");
    let shards = if sharded {
        number(spec, "/sharding/shards").max(1)
    } else {
        1
    };
    let replsets: Vec<Value> = (0..shards)
        .map(|index| replset(inputs, index, sharded))
        .collect();
    let name = inputs.name();
    let mut built = json!({
        "backup": backup(inputs)?,
        "enableVolumeExpansion": true,
        "image": inputs.image()?,
        "imagePullPolicy": "IfNotPresent",
        "multiCluster": {"enabled": false},
        "pmm": pmm(inputs),
        "replsets": replsets,
        "secrets": {
            "encryptionKey": format!("{name}-mongodb-encryption-key"),
            "sslInternal": format!("{name}-ssl-internal"),
            "users": text(spec, "/engine/userSecretsName"),
        },
        "sharding": sharding(inputs, sharded),
        "updateStrategy": "SmartUpdate",
        "upgradeOptions": {"apply": "disabled", "schedule": "0 4 * * *", "setFCV": true},
    });
    if let Some(version) = inputs.cr_version() {
        built["crVersion"] = version.into();
    }
    if truth(spec, "/paused") {
        built["pause"] = true.into();
    }
    let others = ["backupIfUnhealthy", "terminationGracePeriod", "tls"];
    let flags = inputs.unsafe_flags(&["mongosSize", "replsetSize"], &others);
    set(&mut built, "unsafeFlags", &flags);
    if inputs.allows_unsafe() {
        built["tls"] = json!({"mode": "disabled"});
    }
    Ok(built)
}

fn limits(inputs: &Inputs) -> Value {
    let list = inputs.engine_resources();
    if list == json!({}) {
        json!({})
    } else {
        json!({ "limits": list })
    }
}

fn replset(inputs: &Inputs, index: i64, sharded: bool) -> Value {
    let spec = inputs.spec();
    let configuration = match text(spec, "/engine/config") {
        "" => "\n      operationProfiling:\n        mode: slowOp\n",
        given => given,
    };
    let mut expose = json!({"enabled": false, "type": "ClusterIP"});
    if !sharded {
        expose = inputs.expose().into();
        expose["enabled"] = true.into();
    }
    let off = json!({"enabled": false, "resources": {}, "size": 0});
    let mut replset = json!({
        "arbiter": off,
        "configuration": configuration,
        "expose": expose,
        "hidden": off,
        "name": format!("rs{index}"),
        "nonvoting": off,
        "podDisruptionBudget": {"maxUnavailable": 1},
        "resources": limits(inputs),
        "size": inputs.replicas(),
        "volumeSpec": {"persistentVolumeClaim": inputs.volume()},
    });
    set(&mut replset, "affinity", &inputs.affinity["engine"]);
    replset
}

fn sharding(inputs: &Inputs, sharded: bool) -> Value {
    if !sharded {
        return json!({"balancer": {}, "enabled": false});
    }
    let mut mongos = json!({
        "expose": inputs.expose(),
        "resources": {"limits": inputs.proxy_resources(inputs.engine_resources())},
        "size": inputs.proxy_replicas(),
    });
    set(&mut mongos, "affinity", &inputs.affinity["proxy"]);
    let mut configsvr = json!({
        "resources": limits(inputs),
        "size": number(inputs.spec(), "/sharding/configServer/replicas"),
        "volumeSpec": {"persistentVolumeClaim": inputs.volume()},
    });
    set(&mut configsvr, "affinity", &inputs.affinity["configServer"]);
    json!({"balancer": {}, "enabled": true, "configsvrReplSet": configsvr, "mongos": mongos})
}

fn pmm(inputs: &Inputs) -> Value {
    match inputs.monitoring {
        Some(monitoring) => json!({
            "enabled": true,
            "image": text(monitoring, "/pmm/image"),
            "resources": inputs.spec()["monitoring"]["resources"],
            "serverHost": server_host(monitoring),
        }),
        None => json!({"image": "", "resources": {}}),
    }
}

fn backup(inputs: &Inputs) -> Result<Value, Unmappable> {
    let spec = inputs.spec();
    let image = best_image(&inputs.available["backup"]).ok_or("backup version not available")?;
    let mut pitr = json!({});
    let mut oplog = 0;
    if truth(spec, "/backup/pitr/enabled") {
        // Whole minutes, and none without a schedule; the engine's operator takes ten for zero.
        let interval = match items(spec, "/backup/schedules") {
            [] => 0,
            _ => number(spec, "/backup/pitr/uploadIntervalSec"),
        };
        oplog = match interval / 60 {
            0 => 10,
            minutes => minutes,
        };
        pitr = json!({"enabled": true, "oplogSpanMin": oplog});
    }
    let mut storages = Map::new();
    for (index, storage) in inputs.storages.iter().enumerate() {
        storages.insert(
            storage.name.clone(),
            bucket(inputs, &storage.spec, index == 0),
        );
    }
    let mut backup = json!({
        "configuration": {"backupOptions": {"oplogSpanMin": oplog, "timeouts": {"startingStatus": 120}}},
        "enabled": true,
        "image": image,
        "pitr": pitr,
        "resources": {"limits": {"cpu": "300m", "memory": "1G"}},
    });
    if !storages.is_empty() {
        backup["storages"] = storages.into();
    }
    let tasks: Vec<Value> = inputs
        .enabled_schedules()
        .map(|s| {
            json!({"enabled": true, "name": text(s, "/name"), "schedule": text(s, "/schedule"),
                "keep": number(s, "/retentionCopies"), "type": "logical",
                "storageName": text(s, "/backupStorageName")})
        })
        .collect();
    if !tasks.is_empty() {
        backup["tasks"] = tasks.into();
    }
    Ok(backup)
}

fn bucket(inputs: &Inputs, storage: &Value, main: bool) -> Value {
    let secret = text(storage, "/credentialsSecretName");
    let mut bucket = json!({
        "azure": {"credentialsSecret": ""},
        "filesystem": {"path": ""},
        "gcs": {"bucket": "", "credentialsSecret": ""},
        "s3": {"bucket": "", "credentialsSecret": "", "serverSideEncryption": {}},
        "type": text(storage, "/type"),
    });
    if main {
        bucket["main"] = true.into();
    }
    if text(storage, "/type") == "azure" {
        bucket["azure"] = json!({"container": text(storage, "/bucket"),
            "credentialsSecret": secret, "prefix": inputs.prefix()});
    } else {
        bucket["s3"] = json!({
            "bucket": text(storage, "/bucket"),
            "credentialsSecret": secret,
            "endpointUrl": text(storage, "/endpointURL"),
            "prefix": inputs.prefix(),
            "region": text(storage, "/region"),
            "serverSideEncryption": {},
        });
        if storage["verifyTLS"].as_bool() == Some(false) {
            bucket["s3"]["insecureSkipTLSVerify"] = true.into();
        }
    }
    bucket
}
