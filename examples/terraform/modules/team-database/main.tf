# A database as a team orders it: the name, the engine and a size. What is good for all databases of
# an organisation is decided here, once.

locals {
  sizes = {
    small  = { cpu = "1", memory = "2G" }
    medium = { cpu = "2", memory = "8G" }
    large  = { cpu = "4", memory = "32G" }
  }

  # An unsharded MongoDB has no proxy, and is exposed all the same.
  proxies = { pxc = "haproxy", postgresql = "pgbouncer", psmdb = null }
}

resource "everest_database" "this" {
  namespace           = var.namespace
  name                = var.name
  deletion_protection = var.deletion_protection

  engine = {
    type      = var.engine
    version   = var.engine_version
    replicas  = var.replicas
    storage   = { size = var.storage_size }
    resources = local.sizes[var.size]
  }

  proxy = {
    type     = local.proxies[var.engine]
    replicas = var.engine == "psmdb" ? null : min(var.replicas, 2)
    expose = {
      type             = var.exposed ? "LoadBalancer" : "ClusterIP"
      ip_source_ranges = var.exposed && length(var.allowed_networks) > 0 ? var.allowed_networks : null

      # Also inside the cluster, where it has no effect: Everest lets no ClusterIP remove the name.
      load_balancer_config_name = var.load_balancer_config_name
    }
  }

  backup = var.backup == null ? null : {
    schedules = {
      regular = {
        schedule            = var.backup.schedule
        backup_storage_name = var.backup.storage_name
        retention_copies    = var.backup.copies
      }
    }
    pitr = var.engine == "postgresql" || !var.backup.point_in_time_recovery ? null : {
      enabled             = true
      backup_storage_name = var.engine == "pxc" ? var.backup.storage_name : null
    }
  }

  # The last state of the data outlives the database.
  final_backup = var.backup == null ? null : { backup_storage_name = var.backup.storage_name }

  monitoring = var.monitoring_config_name == null ? null : {
    monitoring_config_name = var.monitoring_config_name
  }

  pod_scheduling_policy_name = var.pod_scheduling_policy_name

  lifecycle {
    postcondition {
      condition     = self.ready
      error_message = "Database ${self.name} is not ready yet: apply again to go on waiting."
    }
  }
}
