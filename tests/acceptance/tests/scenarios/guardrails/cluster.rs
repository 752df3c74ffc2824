//! Each rule that only the cluster can answer, planned wrong for new databases.

use serde_json::json;

use super::{APPLY, PLAN, Wrong, assert_each_is_told};
use crate::{
    objects::{self, DATABASE, ENGINE, Global, Kind, NAMESPACE, eventually},
    stack::Stack,
};

const POLICY: Kind = ("everest.percona.com/v1alpha1", "PodSchedulingPolicy");
const IMPORTER: Kind = ("everest.percona.com/v1alpha1", "DataImporter");
const STORAGE: Kind = ("everest.percona.com/v1alpha1", "BackupStorage");

const PXC: &str = "type = \"pxc\", replicas = 1, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"512M\" }";
const PSMDB: &str = "type = \"psmdb\", replicas = 1, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"512M\" }";

/// What can only be wrong, whatever the same run makes.
const NEVER: &[Wrong] = &[
    Wrong {
        case: "version",
        engine: "type = \"pxc\", version = \"8.0.99-1.1\", replicas = 1, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"512M\" }",
        more: "",
        attribute: "engine.version",
        says: "8.0.99-1.1 is not offered for pxc; offered:",
    },
    Wrong {
        case: "version_allowed",
        engine: "type = \"psmdb\", version = \"8.0.12-4\", replicas = 1, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"512M\" }",
        more: "",
        attribute: "engine.version",
        says: "8.0.12-4 is not allowed for psmdb; allowed: 7.0.24-13",
    },
    Wrong {
        case: "pitr_azure",
        engine: PXC,
        more: "backup = { pitr = { enabled = true, backup_storage_name = \"blobs\" } }",
        attribute: "backup.pitr.backup_storage_name",
        says: "The backup storage \"blobs\" is of type azure",
    },
    Wrong {
        case: "policy_engine",
        engine: PXC,
        more: "pod_scheduling_policy_name = \"NS-documents\"",
        attribute: "pod_scheduling_policy_name",
        says: "is for psmdb, not for pxc",
    },
    Wrong {
        case: "policy_empty",
        engine: PXC,
        more: "pod_scheduling_policy_name = \"NS-empty\"",
        attribute: "pod_scheduling_policy_name",
        says: "has no affinity for pxc",
    },
    Wrong {
        case: "importer_engine",
        engine: PXC,
        more: "data_source = { data_import = { data_importer_name = \"NS-plain\", source = { path = \"dump\", s3 = { bucket = \"dumps\", region = \"r\", endpoint_url = \"https://s3.example.org\", credentials_secret_name = \"keys\", access_key_id = \"AKIA\", secret_access_key = \"hush\" } } } }",
        attribute: "data_source.data_import.data_importer_name",
        says: "is for psmdb, not for pxc",
    },
    Wrong {
        case: "importer_field",
        engine: PSMDB,
        more: "data_source = { data_import = { data_importer_name = \"NS-import\", source = { path = \"dump\", s3 = { bucket = \"dumps\", region = \"r\", endpoint_url = \"https://s3.example.org\", credentials_secret_name = \"keys\", access_key_id = \"AKIA\", secret_access_key = \"hush\" } } } }",
        attribute: "engine.user_secrets_name",
        says: "requires engine.user_secrets_name",
    },
];

/// What the same run may still make.
const MISSING: &[Wrong] = &[
    Wrong {
        case: "schedule_storage",
        engine: PXC,
        more: "backup = { schedules = { a = { schedule = \"0 2 * * *\", backup_storage_name = \"nowhere\" } } }",
        attribute: "backup.schedules[\"a\"].backup_storage_name",
        says: "No backup storage of the namespace is called \"nowhere\"; existing ones: blobs",
    },
    Wrong {
        case: "pitr_nowhere",
        engine: PXC,
        more: "backup = { pitr = { enabled = true, backup_storage_name = \"nowhere\" } }",
        attribute: "backup.pitr.backup_storage_name",
        says: "is called \"nowhere\"",
    },
    Wrong {
        case: "source_storage",
        engine: PXC,
        more: "data_source = { backup_source = { path = \"p\", backup_storage_name = \"nowhere\" } }",
        attribute: "data_source.backup_source.backup_storage_name",
        says: "is called \"nowhere\"",
    },
    Wrong {
        case: "source_backup",
        engine: PXC,
        more: "data_source = { db_cluster_backup_name = \"nothing\" }",
        attribute: "data_source.db_cluster_backup_name",
        says: "\"nothing\"",
    },
    Wrong {
        case: "monitoring",
        engine: PXC,
        more: "monitoring = { monitoring_config_name = \"blind\" }",
        attribute: "monitoring.monitoring_config_name",
        says: "No MonitoringConfig of the namespace is called \"blind\"",
    },
    Wrong {
        case: "policy",
        engine: PXC,
        more: "pod_scheduling_policy_name = \"none\"",
        attribute: "pod_scheduling_policy_name",
        says: "No PodSchedulingPolicy is called \"none\"",
    },
    Wrong {
        case: "balancer",
        engine: PXC,
        more: "proxy = { expose = { type = \"LoadBalancer\", load_balancer_config_name = \"none\" } }",
        attribute: "proxy.expose.load_balancer_config_name",
        says: "No LoadBalancerConfig is called \"none\"",
    },
    Wrong {
        case: "horizon",
        engine: PSMDB,
        more: "engine_features = { psmdb = { split_horizon_dns_config_name = \"none\" } }",
        attribute: "engine_features.psmdb.split_horizon_dns_config_name",
        says: "No SplitHorizonDNSConfig of the namespace is called \"none\"",
    },
    Wrong {
        case: "secret",
        engine: "type = \"pxc\", user_secrets_name = \"none\", replicas = 1, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"512M\" }",
        more: "",
        attribute: "engine.user_secrets_name",
        says: "The namespace has no Secret \"none\"",
    },
    Wrong {
        case: "importer",
        engine: PXC,
        more: "data_source = { data_import = { data_importer_name = \"none\", source = { path = \"dump\", s3 = { bucket = \"dumps\", region = \"r\", endpoint_url = \"https://s3.example.org\", credentials_secret_name = \"keys\", access_key_id = \"AKIA\", secret_access_key = \"hush\" } } } }",
        attribute: "data_source.data_import.data_importer_name",
        says: "No DataImporter is called \"none\"",
    },
    Wrong {
        case: "importer_keys",
        engine: PSMDB,
        more: "data_source = { data_import = { data_importer_name = \"NS-plain\", source = { path = \"dump\", s3 = { bucket = \"dumps\", region = \"r\", endpoint_url = \"https://s3.example.org\", credentials_secret_name = \"none\" } } } }",
        attribute: "data_source.data_import.source.s3.credentials_secret_name",
        says: "The namespace has no Secret \"none\"",
    },
    Wrong {
        case: "engine",
        engine: "type = \"postgresql\", replicas = 1, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"512M\" }",
        more: "",
        attribute: "engine.type",
        says: "The operator of postgresql is not installed in the namespace",
    },
];

#[test]
fn each_rule_of_the_cluster_is_told_at_plan_and_what_is_missing_before_the_write() {
    let stack = Stack::new("rules-online");
    let ns = stack.namespace.as_str();
    stack.write(
        "resource \"everest_namespace\" \"ns\" {\n  name = \"NS\"\n  engines = { pxc = {}, psmdb = {} }\n}\n",
    );
    stack.apply().succeeded();
    let name = |suffix: &str| format!("{ns}-{suffix}");
    let affinity = json!({"psmdb": {"engine": {"podAntiAffinity": {}}}});
    let mut globals = vec![
        Global::create(
            POLICY,
            &name("documents"),
            json!({"spec": {"engineType": "psmdb", "affinityConfig": affinity}}),
        ),
        Global::create(
            POLICY,
            &name("empty"),
            json!({"spec": {"engineType": "pxc"}}),
        ),
    ];
    for (suffix, required) in [
        ("import", json!([".spec.engine.userSecretsName"])),
        ("plain", json!([])),
    ] {
        globals.push(Global::create(
            IMPORTER,
            &name(suffix),
            json!({"spec": {
                "displayName": "dumps", "supportedEngines": ["psmdb"],
                "databaseClusterConstraints": {"requiredFields": required},
                "jobSpec": {"image": "example.org/import:1"},
            }}),
        ));
    }
    objects::create(
        STORAGE,
        ns,
        "blobs",
        json!({"spec": {"type": "azure", "bucket": "blobs", "credentialsSecretName": "none"}}),
    );
    objects::patch(
        ENGINE,
        ns,
        "percona-server-mongodb-operator",
        json!({"spec": {"allowedVersions": ["7.0.24-13"]}}),
    );

    // Everest's operator is told of the allowed versions, and its namespace stays in the state.
    let kept = "resource \"everest_namespace\" \"ns\" {\n  name = \"NS\"\n  engines = { pxc = {}, psmdb = {} }\n}\n";
    stack.file("namespace.tf", &kept.replace("NS", ns));
    assert_each_is_told(&stack, "NS", &PLAN, "error", NEVER).failed();
    assert_each_is_told(&stack, "NS", &PLAN, "warning", MISSING).succeeded();
    assert_each_is_told(&stack, "NS", &APPLY, "error", MISSING).failed();
    assert_eq!(
        objects::names(DATABASE, ns),
        Vec::<String>::new(),
        "written in spite of a rule"
    );

    stack.write("");
    stack.destroy().succeeded();
    globals.into_iter().for_each(Global::delete);
}

#[test]
fn a_namespace_that_everest_does_not_serve_is_told_and_nothing_is_written_there() {
    let stack = Stack::new("rules-unserved");
    let ns = stack.namespace.as_str();
    objects::create(NAMESPACE, "", ns, json!({}));
    let wrong = [Wrong {
        case: "db",
        engine: PXC,
        more: "",
        attribute: "namespace",
        says: "is not managed by Everest",
    }];
    stack.write(&wrong[0].resource("NS"));
    super::expected::assert_told(&stack.run(&APPLY), "error", &[wrong[0].expected()]);
    assert_eq!(objects::names(DATABASE, ns), Vec::<String>::new());
    objects::delete(NAMESPACE, "", ns);
    eventually("the namespace is gone", || {
        objects::get(NAMESPACE, "", ns).is_null()
    });
}
