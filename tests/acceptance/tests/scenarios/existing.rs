//! Taking what exists into a configuration that does not have it yet.

use crate::stack::Stack;

const ALL: &str = "resource \"everest_namespace\" \"ns\" {
  name    = \"NS\"
  engines = { pxc = {} }
}
resource \"everest_backup_storage\" \"s3\" {
  namespace         = everest_namespace.ns.name
  name              = \"s3\"
  type              = \"s3\"
  bucket            = \"backups\"
  region            = \"eu-central-1\"
  access_key_id     = \"AKIA\"
  secret_access_key = \"hush\"
}
resource \"everest_database\" \"db\" {
  namespace = everest_namespace.ns.name
  name      = \"orders\"
  engine = { type = \"pxc\", replicas = 1, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"1G\" } }
  backup = { schedules = { nightly = { schedule = \"0 2 * * *\", backup_storage_name = everest_backup_storage.s3.name, retention_copies = 7 } } }
  deletion_protection = false
}
resource \"everest_backup\" \"b\" {
  namespace           = everest_namespace.ns.name
  database_name       = everest_database.db.name
  backup_storage_name = everest_backup_storage.s3.name
  name                = \"b1\"
}
resource \"everest_restore\" \"r\" {
  namespace     = everest_namespace.ns.name
  database_name = everest_database.db.name
  name          = \"r1\"
  backup_name   = everest_backup.b.name
}
";

#[test]
fn what_exists_is_imported_with_a_generated_configuration_that_applies_as_it_stands() {
    let made = Stack::new("existing");
    made.write(ALL);
    made.apply().succeeded();

    let taken = Stack::new("existing-taken");
    let namespace = &made.namespace;
    let mut imports = format!("import {{\n  to = everest_namespace.ns\n  id = {namespace:?}\n}}\n");
    for (kind, name) in [
        ("backup_storage", "s3"),
        ("database", "orders"),
        ("backup", "b1"),
        ("restore", "r1"),
    ] {
        imports +=
            &format!("import {{\n  to = everest_{kind}.it\n  id = \"{namespace}/{name}\"\n}}\n");
    }
    taken.write(&imports);
    taken
        .run(&[
            "plan",
            "-input=false",
            "-no-color",
            "-generate-config-out=generated.tf",
        ])
        .succeeded();
    let said = taken.apply().succeeded();
    said.says("5 imported, 0 added, 0 changed, 0 destroyed");
    taken.plan_is_empty();
    made.destroy().succeeded();
}
