# MySQL behind a proxy of PostgreSQL, with an even number of nodes and a name
# that is too long; the backup's schedule is no schedule.
resource "everest_database" "orders" {
  name = "orders-of-the-whole-company"

  engine = {
    type      = "pxc"
    replicas  = 2
    storage   = { size = "25Gi" }
    resources = { cpu = "1", memory = "2G" }
  }

  proxy = {
    type     = "pgbouncer"
    replicas = 2
  }

  backup = {
    schedules = {
      nightly = {
        schedule            = "2 o'clock"
        backup_storage_name = everest_backup_storage.s3.name
        retention_copies    = 7
      }
    }
  }
}
