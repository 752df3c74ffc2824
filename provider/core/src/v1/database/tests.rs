use super::*;
use serde_json::json;

fn model(spec: Value) -> DatabaseModel {
    serde_json::from_value(json!({
        "namespace": "prod",
        "name": "orders",
        "spec": spec,
        "deletionProtection": true,
        "labels": {"team": "shop"},
        "annotations": {"note": "n"},
    }))
    .unwrap()
}

fn configured() -> DatabaseModel {
    model(json!({
        "engine": {
            "type": "pxc",
            "replicas": 3,
            "storage": {"size": "1024Mi", "class": "standard"},
            "resources": {"cpu": "1000m", "memory": "1.5Gi", "limits": {"cpu": "0.5"}},
        },
        "proxy": {"type": "haproxy", "expose": {"type": "external"}},
        "backup": {
            "schedules": [
                {"name": "nightly", "schedule": "0 2 * * *", "backupStorageName": "s3",
                 "enabled": null},
            ],
        },
        "monitoring": {"monitoringConfigName": "pmm", "resources": {"limits": {"memory": "2000000000"}}},
        "dataSource": {"dbClusterBackupName": "b"},
    }))
}

fn object(spec: Value, status: Value) -> DatabaseCluster {
    serde_json::from_value(json!({
        "apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DatabaseCluster",
        "metadata": {
            "name": "orders", "namespace": "prod", "generation": 2, "uid": "u-1",
            "labels": {"team": "shop", "clusterName": "other"},
        },
        "spec": spec,
        "status": status,
    }))
    .unwrap()
}

#[test]
fn what_is_configured_is_sent_as_everest_would_spell_it() {
    assert_eq!(
        desired(&configured(), Operation::Create),
        json!({
            "apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseCluster",
            "metadata": {
                "name": "orders",
                "namespace": "prod",
                "labels": {"team": "shop"},
                "annotations": {"note": "n"},
            },
            "spec": {
                "backup": {
                    "schedules": [
                        {"name": "nightly", "schedule": "0 2 * * *", "backupStorageName": "s3",
                         "enabled": true},
                    ],
                },
                "dataSource": {"dbClusterBackupName": "b"},
                "engine": {
                    "type": "pxc",
                    "replicas": 3,
                    "storage": {"size": "1Gi", "class": "standard"},
                    "resources": {"cpu": "1", "memory": "1536Mi", "limits": {"cpu": "500m"}},
                },
                "monitoring": {
                    "monitoringConfigName": "pmm",
                    "resources": {"limits": {"memory": "2G"}},
                },
                "proxy": {"type": "haproxy", "expose": {"type": "external"}},
            },
        })
    );
}

#[test]
fn what_is_not_known_is_not_sent() {
    let mut model = configured();
    let spec = model.spec.known_mut().unwrap();
    spec.engine.known_mut().unwrap().version = Field::Unknown;
    spec.proxy = Field::Unknown;
    let body = desired(&model, Operation::Create);
    assert!(body["spec"].get("proxy").is_none());
    assert!(body["spec"]["engine"].get("version").is_none());
}

#[test]
fn a_data_source_is_sent_at_creation_only_and_kept_while_the_cluster_holds_it() {
    let mut body = desired(&configured(), Operation::Update);
    assert!(body["spec"].get("dataSource").is_none());

    let engine = json!({"type": "pxc", "storage": {"size": "1Gi"}});
    let mut current = object(
        json!({"engine": engine, "dataSource": {"dbClusterBackupName": "b"}}),
        json!({}),
    );
    current.metadata.resource_version = Some("7".to_owned());
    carry_data_source(&mut body, &current);
    assert_eq!(
        body["spec"]["dataSource"],
        json!({"dbClusterBackupName": "b"})
    );
    assert_eq!(body["metadata"]["resourceVersion"], "7");

    let mut body = desired(&configured(), Operation::Update);
    carry_data_source(&mut body, &object(json!({"engine": engine}), json!({})));
    assert!(body["spec"].get("dataSource").is_none());
    assert!(body["metadata"].get("resourceVersion").is_none());
}

#[test]
fn point_in_time_recovery_that_is_off_is_kept_of_a_database_that_is_imported() {
    let backup = |backup: Value| {
        let engine = json!({"type": "pxc", "replicas": 3, "storage": {"size": "1Gi"}});
        let object = object(json!({"engine": engine, "backup": backup}), json!({}));
        let mut seen = observed(&object, &OwnedKeys::default());
        keep_switched_off(&mut seen, &object);
        serde_json::to_value(&seen.spec).unwrap()["backup"].clone()
    };
    let off = json!({"pitr": {"enabled": false}});
    assert_eq!(backup(off.clone()), off);
    let stored = json!({"pitr": {"enabled": false, "backupStorageName": "s3",
        "uploadIntervalSec": 0}, "schedules": []});
    let kept = json!({"pitr": {"enabled": false, "backupStorageName": "s3"}});
    assert_eq!(backup(stored), kept);
    assert_eq!(backup(json!({})), Value::Null);
}

#[test]
fn zero_values_that_go_writes_are_not_observed() {
    let seen = observed(
        &object(
            json!({
                "allowUnsafeConfiguration": false,
                "backup": {"pitr": {"enabled": false}, "schedules": []},
                "engine": {
                    "type": "pxc", "replicas": 3, "config": "", "version": "",
                    "storage": {"size": "1Gi", "class": ""},
                    "resources": {"cpu": "0", "memory": "0", "limits": {"cpu": "0"}, "requests": {}},
                },
                "engineFeatures": {"psmdb": {}},
                "monitoring": {"monitoringConfigName": "", "resources": {}},
                "podSchedulingPolicyName": "",
                "proxy": {
                    "expose": {"type": "ClusterIP", "ipSourceRanges": []},
                    "resources": {"cpu": "0", "memory": "0"},
                    "storage": {"size": "0"},
                },
            }),
            json!({}),
        ),
        &OwnedKeys::default(),
    );
    assert_eq!(
        serde_json::to_value(&seen.spec).unwrap(),
        json!({
            "engine": {"type": "pxc", "replicas": 3, "storage": {"size": "1Gi"}},
            "paused": false,
            "proxy": {"expose": {"type": "ClusterIP"}},
        })
    );
}

#[test]
fn absent_numbers_and_flags_of_a_schedule_are_what_they_mean() {
    let schedule =
        json!({"name": "n", "schedule": "0 2 * * *", "backupStorageName": "s3", "enabled": true});
    let seen = observed(
        &object(
            json!({
                "engine": {"type": "pxc", "storage": {"size": 1073741824}},
                "backup": {"schedules": [schedule], "pitr": {"enabled": true, "backupStorageName": "s3"}},
            }),
            json!({}),
        ),
        &OwnedKeys::default(),
    );
    let backup = seen.spec.known().unwrap().backup.known().unwrap().clone();
    assert_eq!(
        backup.schedules.known().unwrap()[0].retention_copies,
        Field::Known(0)
    );
    assert_eq!(backup.pitr.known().unwrap().enabled, Field::Known(true));
}

#[test]
fn only_our_labels_are_observed() {
    let engine = json!({"engine": {"type": "pxc", "storage": {"size": "1Gi"}}});
    let cluster = object(engine, json!({}));
    let ours = OwnedKeys {
        labels: ["team".to_owned()].into(),
        ..OwnedKeys::default()
    };
    let labels = observed(&cluster, &ours).labels;
    assert_eq!(
        labels,
        Field::Known([("team".to_owned(), "shop".into())].into())
    );
    assert!(observed(&cluster, &OwnedKeys::default()).labels.is_null());
}

#[test]
fn outputs_are_read_from_the_status() {
    let engine = json!({"engine": {"type": "pxc", "storage": {"size": "1Gi"}}});
    let seen = |status| observed(&object(engine.clone(), status), &OwnedKeys::default());
    let ready = seen(json!({
        "status": "ready", "observedGeneration": 2, "hostname": "h", "port": 3306, "size": 3,
        "ready": 3, "message": "", "crVersion": "1.17.0", "recommendedCRVersion": "1.18.0",
    }));
    assert_eq!(ready.ready, Field::Known(true));
    assert_eq!(ready.status, Field::from("ready"));
    assert!(ready.message.is_null());
    assert_eq!(ready.hostname, Field::from("h"));
    assert_eq!(ready.port, Field::Known(3306));
    assert_eq!(ready.hosts, Field::Known(vec!["h:3306".into()]));
    assert_eq!(
        ready.credentials_secret_name,
        Field::from("everest-secrets-orders")
    );
    assert_eq!(ready.cr_version, Field::from("1.17.0"));
    assert_eq!(ready.recommended_cr_version, Field::from("1.18.0"));
    assert_eq!(ready.uid, Field::from("u-1"));

    let new = seen(json!({}));
    assert_eq!(new.ready, Field::Known(false));
    assert!(new.status.is_null() && new.hostname.is_null() && new.port.is_null());
}

#[test]
fn a_replica_set_with_several_addresses_has_no_single_host_name() {
    let engine = json!({"engine": {"type": "psmdb", "storage": {"size": "1Gi"}}});
    let seen = |hostname: &str| {
        let status = json!({"hostname": hostname, "port": 27017});
        observed(&object(engine.clone(), status), &OwnedKeys::default())
    };
    let exposed = seen("192.0.2.1:27017,192.0.2.2:27017");
    assert!(exposed.hostname.is_null());
    let both = vec!["192.0.2.1:27017".into(), "192.0.2.2:27017".into()];
    assert_eq!(exposed.hosts, Field::Known(both));
    let sharded = seen("orders-mongos.shop.svc.cluster.local:27017");
    assert_eq!(
        sharded.hostname,
        Field::from("orders-mongos.shop.svc.cluster.local")
    );
    assert!(seen("").hostname.is_null() && seen("").hosts.is_null());
}

#[test]
fn a_recommended_version_means_nothing_while_a_restore_runs_or_on_a_new_database() {
    let engine = json!({"engine": {"type": "pxc", "storage": {"size": "1Gi"}}});
    for status in [
        json!({"status": "restoring", "recommendedCRVersion": "1.18.0", "crVersion": "1.17.0"}),
        json!({"status": "creating", "recommendedCRVersion": "1.18.0"}),
        json!({"status": "ready", "recommendedCRVersion": "1.18.0", "crVersion": "1.18.0"}),
    ] {
        let seen = observed(&object(engine.clone(), status), &OwnedKeys::default());
        assert!(seen.recommended_cr_version.is_null());
    }
}

#[test]
fn the_write_only_keys_of_an_import_are_sent_at_creation() {
    let of = |keys: Value| -> DatabaseModel {
        let mut s3 = json!({"bucket": "dumps", "credentialsSecretName": "keys", "region": "r",
            "endpointURL": "https://s3.example.org"});
        s3.as_object_mut()
            .unwrap()
            .extend(keys.as_object().unwrap().clone());
        let import = json!({"dataImporterName": "i", "source": {"path": "p", "s3": s3}});
        serde_json::from_value(json!({"namespace": "prod", "name": "orders", "spec":
            {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
             "dataSource": {"dataImport": import}}}))
        .unwrap()
    };
    let given = of(json!({"accessKeyIdWo": "id", "secretAccessKeyWo": "hush"}));
    let planned = of(json!({}));
    let sent = desired(&with_import_keys(&planned, &given), Operation::Create);
    let s3 = &sent["spec"]["dataSource"]["dataImport"]["source"]["s3"];
    assert_eq!(s3["accessKeyId"], "id");
    assert_eq!(s3["secretAccessKey"], "hush");
    assert!(s3.get("secretAccessKeyWo").is_none(), "{s3}");
    let plain = of(json!({"accessKeyId": "id", "secretAccessKey": "hush"}));
    assert_eq!(with_import_keys(&plain, &plain), plain);
    assert_eq!(with_import_keys(&planned, &planned), planned);
}

#[test]
fn an_exposure_is_spelled_as_configured_where_the_word_lets_a_configuration_go() {
    let exposed = |type_: &str, config: Value| {
        model(
            json!({"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
            "proxy": {"expose": {"type": type_, "loadBalancerConfigName": config}}}),
        )
    };
    let planned = |config: &DatabaseModel, prior: &DatabaseModel| {
        // What a plan makes of two words that mean the same.
        let named = expose(config).unwrap().load_balancer_config_name.clone();
        let mut planned = prior.clone();
        let proxy = planned.spec.known_mut().unwrap().proxy.known_mut().unwrap();
        proxy.expose.known_mut().unwrap().load_balancer_config_name = named;
        spell_exposure(config, prior, &mut planned);
        expose(&planned).unwrap().type_.clone()
    };
    let held = exposed("ClusterIP", json!("eks-default"));
    for none in [json!(null), json!("")] {
        let config = exposed("internal", none);
        assert_eq!(planned(&config, &held), "internal".into());
    }
    // Where nothing is removed, the two words stay the same.
    let kept = exposed("internal", json!("eks-default"));
    assert_eq!(planned(&kept, &held), "ClusterIP".into());
    let bare = exposed("ClusterIP", json!(null));
    let config = exposed("internal", json!(null));
    assert_eq!(planned(&config, &bare), "ClusterIP".into());
}
