# terraform test: the plans of the module, without a cluster.

# OpenTofu plans with values where Terraform plans with unknown ones.
mock_provider "everest" {
  mock_resource "everest_database" {
    defaults = { ready = true }
  }
  mock_resource "everest_namespace" {
    defaults = { ready = true }
  }
}

variables {
  namespace = "shop"
  name      = "orders"
  engine    = "pxc"
}

run "a_database_is_highly_available_and_protected_unless_said_otherwise" {
  command = plan

  assert {
    condition     = everest_database.this.engine.replicas == 3 && everest_database.this.deletion_protection
    error_message = "three members, protected"
  }
  assert {
    condition     = everest_database.this.proxy.type == "haproxy" && everest_database.this.proxy.expose.type == "ClusterIP"
    error_message = "behind HAProxy, inside the cluster"
  }
  assert {
    condition     = everest_database.this.final_backup == null
    error_message = "no storage, no last backup"
  }
}

run "a_mysql_with_backups_uploads_its_log_to_the_same_storage" {
  command = plan

  variables {
    backup = { storage_name = "s3" }
  }

  assert {
    condition     = everest_database.this.backup.pitr.backup_storage_name == "s3"
    error_message = "MySQL names the storage of its log"
  }
  assert {
    condition     = everest_database.this.backup.schedules["regular"].retention_copies == 7
    error_message = "seven copies are kept"
  }
  assert {
    condition     = everest_database.this.final_backup.backup_storage_name == "s3"
    error_message = "the last backup is taken into the same storage"
  }
}

run "a_mongodb_uploads_its_log_beside_its_backups" {
  command = plan

  variables {
    engine = "psmdb"
    backup = { storage_name = "s3" }
  }

  assert {
    condition     = everest_database.this.backup.pitr.enabled
    error_message = "the log is uploaded"
  }
}

run "a_postgresql_is_behind_pgbouncer" {
  command = plan

  variables {
    engine = "postgresql"
    backup = { storage_name = "s3" }
  }

  assert {
    condition     = everest_database.this.proxy.type == "pgbouncer" && everest_database.this.proxy.replicas == 2
    error_message = "behind two PgBouncers"
  }
}

run "an_exposed_database_is_reached_from_the_given_networks_only" {
  command = plan

  variables {
    exposed                   = true
    load_balancer_config_name = "internal"
    allowed_networks          = ["10.0.0.0/8"]
  }

  assert {
    condition     = everest_database.this.proxy.expose.type == "LoadBalancer" && everest_database.this.proxy.expose.ip_source_ranges == tolist(["10.0.0.0/8"])
    error_message = "a load balancer, for one network"
  }
}

run "a_database_that_is_exposed_no_more_keeps_its_load_balancer_configuration" {
  command = plan

  variables {
    load_balancer_config_name = "internal"
    allowed_networks          = ["10.0.0.0/8"]
  }

  assert {
    condition     = everest_database.this.proxy.expose.type == "ClusterIP"
    error_message = "inside the cluster"
  }
  assert {
    condition     = everest_database.this.proxy.expose.load_balancer_config_name == "internal"
    error_message = "Everest refuses to remove the name"
  }
}

run "what_the_module_does_not_offer_is_refused" {
  command = plan

  variables {
    name         = "Orders"
    engine       = "mysql"
    size         = "huge"
    replicas     = 2
    storage_size = "25G"
    backup       = { storage_name = "s3", copies = 0 }
  }

  expect_failures = [var.name, var.engine, var.size, var.replicas, var.storage_size, var.backup]
}
