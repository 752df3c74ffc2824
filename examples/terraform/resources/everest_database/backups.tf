resource "everest_backup_storage" "nightly" {
  namespace = "prod"
  name      = "nightly"
  type      = "s3"
  bucket    = "acme-prod-backups"
  region    = "eu-central-1"
}

resource "everest_database" "billing" {
  namespace = "prod"
  name      = "billing"

  engine = {
    type      = "pxc"
    replicas  = 3
    storage   = { size = "25Gi" }
    resources = { cpu = "1", memory = "2G" }
  }

  backup = {
    schedules = {
      nightly = {
        schedule            = "0 2 * * *"
        backup_storage_name = everest_backup_storage.nightly.name
        retention_copies    = 7
      }
      weekly = {
        schedule            = "0 4 * * 0"
        backup_storage_name = everest_backup_storage.nightly.name
        retention_copies    = 8
      }
    }
    pitr = {
      enabled             = true
      backup_storage_name = everest_backup_storage.nightly.name
      upload_interval_sec = 60
    }
  }

  # Taken before the database is destroyed; its data stays in the bucket.
  final_backup = { backup_storage_name = everest_backup_storage.nightly.name }
}
