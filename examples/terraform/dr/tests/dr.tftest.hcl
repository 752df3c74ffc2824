# terraform test: the plans of each step of a recovery, without a cluster.

# OpenTofu plans with values where Terraform plans with unknown ones.
mock_provider "everest" {
  mock_resource "everest_database" {
    defaults = { ready = true }
  }
  mock_resource "everest_namespace" {
    defaults = { ready = true }
  }
}

override_data {
  target = data.everest_pitr_window.source
  values = {
    enabled     = true
    earliest    = "2026-01-02T02:04:00Z"
    latest      = "2026-01-02T09:00:00Z"
    backup_name = "orders-nightly"
    gaps        = false
  }
}

variables {
  namespace            = "prod"
  s3_access_key_id     = "AKIA"
  s3_secret_access_key = "hush"
}

run "in_good_times_there_is_one_database" {
  command = plan

  assert {
    condition     = keys(everest_database.orders) == ["orders"] && everest_database.orders["orders"].data_source == null
    error_message = "orders alone is planned, and restored from nothing"
  }
  assert {
    condition     = output.database == "orders"
    error_message = "applications use orders"
  }
}

run "a_new_database_is_restored_from_the_newest_backup" {
  command = plan

  variables {
    databases = {
      orders   = {}
      orders-2 = { restore = { from = "orders" } }
    }
  }

  assert {
    condition     = everest_database.orders["orders-2"].data_source.db_cluster_backup_name == "orders-nightly"
    error_message = "the newest complete backup is restored"
  }
  assert {
    condition     = !everest_database.orders["orders"].paused && output.database == "orders"
    error_message = "orders goes on meanwhile"
  }
}

run "a_new_database_goes_on_to_a_point_in_time" {
  command = plan

  variables {
    databases = {
      orders   = {}
      orders-2 = { restore = { from = "orders", point_in_time = "2026-01-02T08:30:00Z" } }
    }
  }

  assert {
    condition     = everest_database.orders["orders-2"].data_source.pitr.date == "2026-01-02T08:30:00Z"
    error_message = "the log is applied up to that time"
  }
}

run "a_time_before_the_newest_backup_is_refused" {
  command = plan

  variables {
    databases = {
      orders   = {}
      orders-2 = { restore = { from = "orders", point_in_time = "2026-01-01T00:00:00Z" } }
    }
  }

  expect_failures = [everest_database.orders["orders-2"]]
}

run "a_promotion_switches_the_outputs_and_fences_the_old_database" {
  command = plan

  variables {
    active = "orders-2"
    fenced = ["orders"]
    databases = {
      orders   = {}
      orders-2 = { restore = { from = "orders" } }
    }
  }

  assert {
    condition     = output.database == "orders-2"
    error_message = "applications use orders-2"
  }
  assert {
    condition     = everest_database.orders["orders"].paused && !everest_database.orders["orders-2"].paused
    error_message = "nothing is written to orders any more"
  }
}

run "what_is_active_is_neither_unknown_nor_fenced" {
  command = plan

  variables {
    active = "orders"
    fenced = ["orders"]
  }

  expect_failures = [var.fenced]
}
