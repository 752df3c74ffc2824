# A MySQL database with backups, and databases that are restored from them: the
# steps of a recovery are changes of the variables, see README.md.

resource "everest_backup_storage" "s3" {
  namespace = var.namespace
  name      = "dr"
  type      = "s3"
  bucket    = var.bucket
  region    = var.region

  access_key_id_wo       = var.s3_access_key_id
  secret_access_key_wo   = var.s3_secret_access_key
  credentials_wo_version = 1
}

locals {
  restored = { for name, database in var.databases : name => database.restore if database.restore != null }

  # The backup to restore: the newest that is complete, unless another one is named.
  backups = {
    for name, restore in local.restored : name => (
      restore.backup_name == null ? data.everest_pitr_window.source[name].backup_name : restore.backup_name
    )
  }
}

# The times to which the source can be restored now.
data "everest_pitr_window" "source" {
  for_each = local.restored

  namespace     = var.namespace
  database_name = each.value.from
}

resource "everest_database" "orders" {
  for_each = var.databases

  namespace           = var.namespace
  name                = each.key
  paused              = contains(var.fenced, each.key)
  deletion_protection = each.value.deletion_protection

  engine = {
    type      = "pxc"
    replicas  = 3
    storage   = { size = "25Gi" }
    resources = { cpu = "1", memory = "2G" }
  }

  proxy = {
    type     = "haproxy"
    replicas = 2
  }

  backup = {
    schedules = {
      nightly = {
        schedule            = "0 2 * * *"
        backup_storage_name = everest_backup_storage.s3.name
        retention_copies    = 7
      }
    }
    pitr = {
      enabled             = true
      backup_storage_name = everest_backup_storage.s3.name
    }
  }

  data_source = each.value.restore == null ? null : {
    db_cluster_backup_name = local.backups[each.key]
    pitr                   = each.value.restore.point_in_time == null ? null : { date = each.value.restore.point_in_time }
  }

  lifecycle {
    # A later backup of the source is no reason to restore again.
    ignore_changes = [data_source]

    precondition {
      condition     = each.value.restore == null ? true : local.backups[each.key] != null
      error_message = "There is no complete backup that ${each.key} could be restored from."
    }
    precondition {
      condition = try(each.value.restore.point_in_time, null) == null ? true : (
        timecmp(each.value.restore.point_in_time, data.everest_pitr_window.source[each.key].earliest) >= 0
      )
      error_message = "${each.key} cannot be restored to that time: point-in-time recovery begins with the newest complete backup. Name an older backup to go back to the time of that backup."
    }
    postcondition {
      condition     = self.ready || contains(var.fenced, self.name)
      error_message = "Database ${self.name} is not ready yet: apply again to go on waiting."
    }
  }
}

# The scheduled backups begin at night: until then, this is the one to restore.
resource "everest_backup" "first" {
  for_each = var.databases

  namespace           = var.namespace
  database_name       = everest_database.orders[each.key].name
  backup_storage_name = everest_backup_storage.s3.name
  name                = "${each.key}-first"

  lifecycle {
    postcondition {
      condition     = self.completed_at != null
      error_message = "Backup ${self.name} is not complete yet: apply again to go on waiting."
    }
  }
}
