resource "everest_backup" "before_migration" {
  namespace           = "prod"
  database_name       = "billing"
  backup_storage_name = "nightly"
  name                = "before-migration"
}

resource "everest_database" "billing_copy" {
  namespace = "prod"
  name      = "billing-copy"

  engine = {
    type      = "pxc"
    replicas  = 1
    storage   = { size = "25Gi" }
    resources = { cpu = "1", memory = "2G" }
  }

  # Without pitr, the copy has the data of the time of the backup.
  data_source = {
    db_cluster_backup_name = everest_backup.before_migration.name
    pitr                   = { date = "2026-03-01T12:30:00Z" }
  }

  deletion_protection = false
}
