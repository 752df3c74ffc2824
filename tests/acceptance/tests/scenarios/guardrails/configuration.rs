//! Each rule that a configuration alone can break, planned wrong without a cluster.

use super::{
    PLAN, Wrong, assert_each_is_told,
    expected::{Expected, assert_told},
};
use crate::stack::Stack;

const PXC: &str = "type = \"pxc\", replicas = 3, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"512M\" }";
const PSMDB: &str = "type = \"psmdb\", replicas = 3, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"512M\" }";
const PG: &str = "type = \"postgresql\", replicas = 2, storage = { size = \"1G\" }, resources = { cpu = \"600m\", memory = \"512M\" }";

/// What Everest's API server refuses, and what follows from its engines, each in a database that is
/// sound but for that.
const WRONG: &[Wrong] = &[
    Wrong {
        case: "name_long",
        engine: PXC,
        more: "name = \"orders-of-the-whole-company\"",
        attribute: "name",
        says: "the name has 27 characters; at most 22 are allowed",
    },
    Wrong {
        case: "name_digit",
        engine: PXC,
        more: "name = \"1orders\"",
        attribute: "name",
        says: "RFC 1035",
    },
    Wrong {
        case: "replicas_even_pxc",
        engine: "type = \"pxc\", replicas = 2, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"512M\" }",
        more: "",
        attribute: "engine.replicas",
        says: "2 replicas of pxc: the number is not odd",
    },
    Wrong {
        case: "replicas_even_psmdb",
        engine: "type = \"psmdb\", replicas = 4, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"512M\" }",
        more: "",
        attribute: "engine.replicas",
        says: "4 replicas of psmdb: the number is not odd",
    },
    Wrong {
        case: "replicas_seven",
        engine: "type = \"pxc\", replicas = 7, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"512M\" }",
        more: "",
        attribute: "engine.replicas",
        says: "7 replicas of pxc are too many",
    },
    Wrong {
        case: "proxy_pxc",
        engine: PXC,
        more: "proxy = { type = \"mongos\" }",
        attribute: "proxy.type",
        says: "\"mongos\" is not a proxy of pxc: haproxy or proxysql",
    },
    Wrong {
        case: "proxy_psmdb",
        engine: PSMDB,
        more: "proxy = { type = \"haproxy\" }",
        attribute: "proxy.type",
        says: "\"haproxy\" is not a proxy of psmdb: mongos",
    },
    Wrong {
        case: "proxy_pg",
        engine: PG,
        more: "proxy = { type = \"proxysql\" }",
        attribute: "proxy.type",
        says: "\"proxysql\" is not a proxy of postgresql: pgbouncer",
    },
    Wrong {
        case: "proxy_replicas",
        engine: PXC,
        more: "proxy = { replicas = 1 }",
        attribute: "proxy.replicas",
        says: "at least 2 proxy replicas",
    },
    Wrong {
        case: "ranges_twice",
        engine: PG,
        more: "proxy = { expose = { type = \"LoadBalancer\", ip_source_ranges = [\"192.0.2.0/24\", \"192.0.2.0/24\"] } }",
        attribute: "proxy.expose.ip_source_ranges[1]",
        says: "The range \"192.0.2.0/24\" is listed twice",
    },
    Wrong {
        case: "pitr_storage",
        engine: PXC,
        more: "backup = { pitr = { enabled = true } }",
        attribute: "backup.pitr.backup_storage_name",
        says: "No backup storage is given for point-in-time recovery",
    },
    Wrong {
        case: "pitr_interval",
        engine: PXC,
        more: "backup = { pitr = { enabled = true, backup_storage_name = \"s3\", upload_interval_sec = 0 } }",
        attribute: "backup.pitr.upload_interval_sec",
        says: "0 seconds is not an interval",
    },
    Wrong {
        case: "schedule_name",
        engine: PXC,
        more: "backup = { schedules = { \"\" = { schedule = \"0 2 * * *\", backup_storage_name = \"s3\" } } }",
        attribute: "backup.schedules[\"\"]",
        says: "A backup schedule has no name",
    },
    Wrong {
        case: "schedule_cron",
        engine: PXC,
        more: "backup = { schedules = { a = { schedule = \"61 2 * * *\", backup_storage_name = \"s3\" } } }",
        attribute: "backup.schedules[\"a\"].schedule",
        says: "\"61 2 * * *\" is not a valid schedule",
    },
    Wrong {
        case: "schedule_storage",
        engine: PXC,
        more: "backup = { schedules = { a = { schedule = \"0 2 * * *\", backup_storage_name = \"\" } } }",
        attribute: "backup.schedules[\"a\"].backup_storage_name",
        says: "The schedule names no backup storage",
    },
    Wrong {
        case: "schedules_alike",
        engine: PXC,
        more: "backup = { schedules = { a = { schedule = \"0 2 * * *\", backup_storage_name = \"s3\" }, b = { schedule = \"0 2 * * *\", backup_storage_name = \"s4\" } } }",
        attribute: "backup.schedules[\"b\"].schedule",
        says: "both run at \"0 2 * * *\"",
    },
    Wrong {
        case: "psmdb_storages",
        engine: PSMDB,
        more: "backup = { schedules = { a = { schedule = \"0 2 * * *\", backup_storage_name = \"s3\" }, b = { schedule = \"0 3 * * *\", backup_storage_name = \"s4\" } } }",
        attribute: "backup.schedules[\"b\"].backup_storage_name",
        says: "The schedules write to \"s3\" and to \"s4\"",
    },
    Wrong {
        case: "pg_storage_twice",
        engine: PG,
        more: "backup = { schedules = { a = { schedule = \"0 2 * * *\", backup_storage_name = \"s3\" }, b = { schedule = \"0 3 * * *\", backup_storage_name = \"s3\" } } }",
        attribute: "backup.schedules[\"b\"].backup_storage_name",
        says: "both write to \"s3\"",
    },
    Wrong {
        case: "pg_storages",
        engine: PG,
        more: "backup = { schedules = { a = { schedule = \"0 1 * * *\", backup_storage_name = \"s1\" }, b = { schedule = \"0 2 * * *\", backup_storage_name = \"s2\" }, c = { schedule = \"0 3 * * *\", backup_storage_name = \"s3\" }, d = { schedule = \"0 4 * * *\", backup_storage_name = \"s4\" } } }",
        attribute: "backup.schedules[\"d\"].backup_storage_name",
        says: "\"s4\" is one backup storage too many",
    },
    Wrong {
        case: "source_none",
        engine: PXC,
        more: "data_source = {}",
        attribute: "data_source",
        says: "The data source names no data",
    },
    Wrong {
        case: "source_two",
        engine: PXC,
        more: "data_source = { db_cluster_backup_name = \"b\", backup_source = { path = \"p\", backup_storage_name = \"s3\" } }",
        attribute: "data_source",
        says: "The data source names its data in several ways",
    },
    Wrong {
        case: "source_path",
        engine: PXC,
        more: "data_source = { backup_source = { path = \"\", backup_storage_name = \"s3\" } }",
        attribute: "data_source.backup_source.path",
        says: "The path of the backup is empty",
    },
    Wrong {
        case: "source_storage",
        engine: PXC,
        more: "data_source = { backup_source = { path = \"p\", backup_storage_name = \"\" } }",
        attribute: "data_source.backup_source.backup_storage_name",
        says: "The backup storage of the backup is not named",
    },
    Wrong {
        case: "moment_latest",
        engine: PXC,
        more: "data_source = { db_cluster_backup_name = \"b\", pitr = { type = \"latest\" } }",
        attribute: "data_source.pitr.type",
        says: "The type \"latest\" does not work",
    },
    Wrong {
        case: "moment_none",
        engine: PXC,
        more: "data_source = { db_cluster_backup_name = \"b\", pitr = { type = \"date\" } }",
        attribute: "data_source.pitr.date",
        says: "No date is set for the time to restore to",
    },
    Wrong {
        case: "moment_form",
        engine: PXC,
        more: "data_source = { db_cluster_backup_name = \"b\", pitr = { date = \"2026-01-01 02:03\" } }",
        attribute: "data_source.pitr.date",
        says: "is not a date of the form 2006-01-02T15:04:05Z",
    },
    Wrong {
        case: "sharding_engine",
        engine: PXC,
        more: "sharding = { enabled = true, shards = 2, config_server = { replicas = 3 } }",
        attribute: "sharding.enabled",
        says: "pxc cannot be sharded",
    },
    Wrong {
        case: "sharding_servers_few",
        engine: PSMDB,
        more: "sharding = { enabled = true, shards = 2, config_server = { replicas = 1 } }",
        attribute: "sharding.config_server.replicas",
        says: "1 config servers for 3 replicas of the engine",
    },
    Wrong {
        case: "sharding_servers_even",
        engine: PSMDB,
        more: "sharding = { enabled = true, shards = 2, config_server = { replicas = 4 } }",
        attribute: "sharding.config_server.replicas",
        says: "4 config servers for 3 replicas of the engine",
    },
    Wrong {
        case: "resources_none",
        engine: "type = \"pxc\", replicas = 3, storage = { size = \"1Gi\" }",
        more: "",
        attribute: "engine.resources",
        says: "Neither CPU nor memory is given for the engine",
    },
    Wrong {
        case: "resources_memory",
        engine: "type = \"pxc\", replicas = 3, storage = { size = \"1Gi\" }, resources = { cpu = \"1\" }",
        more: "",
        attribute: "engine.resources.memory",
        says: "No memory is given for the engine",
    },
    Wrong {
        case: "cpu",
        engine: "type = \"pxc\", replicas = 3, storage = { size = \"1Gi\" }, resources = { cpu = \"599m\", memory = \"1G\" }",
        more: "",
        attribute: "engine.resources.cpu",
        says: "599m is less than 600m",
    },
    Wrong {
        case: "memory",
        engine: "type = \"pxc\", replicas = 3, storage = { size = \"1Gi\" }, resources = { cpu = \"1\", memory = \"511M\" }",
        more: "",
        attribute: "engine.resources.memory",
        says: "511M is less than 512M",
    },
    Wrong {
        case: "storage",
        engine: "type = \"pxc\", replicas = 3, storage = { size = \"999M\" }, resources = { cpu = \"1\", memory = \"1G\" }",
        more: "",
        attribute: "engine.storage.size",
        says: "999M is less than 1G",
    },
    Wrong {
        case: "range_syntax",
        engine: PG,
        more: "proxy = { expose = { type = \"LoadBalancer\", ip_source_ranges = [\"192.0.2.7/33\"] } }",
        attribute: "proxy.expose.ip_source_ranges[0]",
        says: "\"192.0.2.7/33\" is not a range of addresses",
    },
];

#[test]
fn each_rule_of_a_configuration_is_told_on_the_attribute_that_breaks_it() {
    let stack = Stack::new("rules-alone");
    // No cluster is needed to say so.
    stack.provider("host = \"https://127.0.0.1:1\"\n  token = \"x\"");
    assert_each_is_told(&stack, "far", &PLAN, "error", WRONG).failed();
}

/// Resources of the other kinds, each with a fault.
const OTHERS: &str = "resource \"everest_namespace\" \"ns\" {
  name    = \"everest-system\"
  engines = { pxc = {} }
}
resource \"everest_backup_storage\" \"s3\" {
  namespace         = \"far\"
  name              = \"s3\"
  type              = \"s3\"
  bucket            = \"Not A Bucket\"
  region            = \"eu-central-1\"
  access_key_id     = \"AKIA\"
  secret_access_key = \"hush\"
}
resource \"everest_backup\" \"b\" {
  namespace           = \"far\"
  database_name       = \"orders\"
  backup_storage_name = \"s3\"
  name                = \"Not_A_Name\"
}
resource \"everest_restore\" \"r\" {
  namespace     = \"far\"
  database_name = \"orders\"
  name          = \"Not_A_Name\"
  backup_name   = \"b1\"
}
";

#[test]
fn a_fault_of_each_other_kind_is_told_on_the_attribute_that_has_it() {
    let stack = Stack::new("rules-others");
    stack.provider("host = \"https://127.0.0.1:1\"\n  token = \"x\"");
    stack.write(OTHERS);
    let said = stack.run(&PLAN).failed().says_not("hush");
    let told = [
        ("everest_namespace.ns", "name", "everest-system"),
        ("everest_backup_storage.s3", "bucket", "Not A Bucket"),
        ("everest_backup.b", "name", "Not_A_Name"),
        ("everest_restore.r", "name", "Not_A_Name"),
    ];
    let expected = told.map(|(address, attribute, says)| Expected {
        address: address.to_owned(),
        attribute,
        says,
    });
    assert_told(&said, "error", &expected);
}

#[test]
fn what_can_never_be_is_told_by_validate() {
    let stack = Stack::new("rules-words");
    for (more, says) in [
        (PXC.replace("pxc", "mysql"), "pxc"),
        (PXC.replace("1Gi", "1 Gi"), "Not a quantity"),
        (
            format!(
                "{PSMDB} }}\n  sharding = {{ enabled = true, shards = 0, config_server = {{ replicas = 3 }}"
            ),
            "0 is not allowed for sharding.shards: it must be at least 1",
        ),
        (
            format!("{PXC} }}\n  timeouts = {{ create = \"soon\""),
            "Not a duration",
        ),
    ] {
        stack.write(&format!(
            "resource \"everest_database\" \"db\" {{\n  namespace = \"far\"\n  name = \"orders\"\n  engine = {{ {more} }}\n}}\n"
        ));
        stack.run(&["validate", "-no-color"]).failed().says(says);
    }
    stack.write(&OTHERS.replace(
        "backup_name   = \"b1\"",
        "backup_source = { path = \"p\", backup_storage_name = \"s3\" }\n  backup_name   = \"b1\"",
    ));
    stack
        .run(&["validate", "-no-color"])
        .failed()
        .says("backup_name")
        .says("backup_source");
}
