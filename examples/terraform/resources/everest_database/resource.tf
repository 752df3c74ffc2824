resource "everest_database" "orders" {
  namespace = "prod"
  name      = "orders"

  engine = {
    type      = "pxc"
    replicas  = 3
    storage   = { size = "25Gi" }
    resources = { cpu = "1", memory = "2G" }
  }

  proxy = {
    type     = "haproxy"
    replicas = 3
    expose   = { type = "ClusterIP" }
  }

  backup = {
    schedules = {
      nightly = {
        schedule            = "0 2 * * *"
        backup_storage_name = "s3"
        retention_copies    = 7
      }
    }
    pitr = {
      enabled             = true
      backup_storage_name = "s3"
    }
  }

  timeouts = {
    create = "45m"
  }

  lifecycle {
    postcondition {
      condition     = self.ready
      error_message = "Database ${self.name} is not ready yet: apply again to go on waiting."
    }
  }
}

output "orders_hosts" {
  value = everest_database.orders.hosts
}

variable "root_password" {
  type      = string
  ephemeral = true
}

# Starts with a root password of your own, which is in no plan and no state (Terraform and OpenTofu
# 1.11 or later). Raise users_wo_version to change the password. The engine's operator generates
# those of its other users.
resource "everest_database" "sessions" {
  namespace = "prod"
  name      = "sessions"

  engine = {
    type      = "pxc"
    replicas  = 3
    storage   = { size = "25Gi" }
    resources = { cpu = "1", memory = "2G" }
  }

  users_wo         = { root = var.root_password }
  users_wo_version = 1
}
