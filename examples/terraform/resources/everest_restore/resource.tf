# Change it, and the drill is done again: a new backup, and a new copy made from it.
resource "terraform_data" "quarter" {
  input = "2026-Q4"
}

resource "everest_backup" "drill" {
  namespace           = "prod"
  database_name       = "orders"
  backup_storage_name = "s3"
  name                = "orders-drill"

  lifecycle {
    replace_triggered_by = [terraform_data.quarter]
    postcondition {
      condition     = self.completed_at != null
      error_message = "Backup ${self.name} is not complete yet: apply again to go on waiting."
    }
  }
}

resource "everest_database" "drill" {
  namespace = "prod"
  name      = "orders-drill"

  # The copy is replaced in each drill.
  deletion_protection = false

  engine = {
    type      = "pxc"
    replicas  = 1
    storage   = { size = "25Gi" }
    resources = { cpu = "1", memory = "2G" }
  }

  data_source = { db_cluster_backup_name = everest_backup.drill.name }

  lifecycle {
    replace_triggered_by = [terraform_data.quarter]
    postcondition {
      condition     = self.ready
      error_message = "Database ${self.name} is not ready yet: apply again to go on waiting."
    }
  }
}
