# terraform test: the plans of the platform, without a cluster.

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
  bucket_prefix = "acme-backups"
  region        = "eu-central-1"
  pmm_url       = "https://pmm.example.com"
  pmm_api_key   = "key"

  teams = {
    shop = {
      members = ["shop-developers"]
      databases = {
        orders = { engine = "pxc", size = "medium", exposed = true }
        carts  = { engine = "psmdb" }
      }
    }
    search = {
      members   = ["search-developers"]
      databases = { documents = { engine = "postgresql" } }
    }
    reports = { members = ["reports-developers"] }
  }

  s3_credentials = {
    shop    = { access_key_id = "AKIA", secret_access_key = "hush" }
    search  = { access_key_id = "AKIA", secret_access_key = "hush" }
    reports = { access_key_id = "AKIA", secret_access_key = "hush" }
  }
}

run "each_team_has_a_namespace_with_the_engines_that_it_needs" {
  command = plan

  assert {
    condition     = toset(keys(everest_namespace.team)) == toset(["reports", "search", "shop"])
    error_message = "three teams, three namespaces"
  }
  assert {
    condition     = everest_namespace.team["search"].engines.postgresql != null && everest_namespace.team["search"].engines.pxc == null
    error_message = "PostgreSQL for search, and nothing else"
  }
}

run "each_team_has_a_bucket_of_its_own" {
  command = plan

  assert {
    condition     = everest_backup_storage.team["shop"].bucket == "acme-backups-shop" && everest_backup_storage.team["search"].bucket == "acme-backups-search"
    error_message = "the bucket has the name of the team"
  }
}

run "a_role_is_about_the_namespace_of_its_team" {
  command = plan

  assert {
    condition = alltrue([
      for permission in everest_rbac_role.team["shop"].permissions : startswith(permission.object, "shop")
    ])
    error_message = "no permission in the namespace of another team"
  }
  assert {
    condition     = everest_rbac_policy.access.enabled
    error_message = "the policy is enforced"
  }
}

run "a_policy_is_for_its_engine_alone" {
  command = plan

  assert {
    condition     = everest_pod_scheduling_policy.database_nodes["pxc"].affinity_config.pxc != null && everest_pod_scheduling_policy.database_nodes["pxc"].affinity_config.psmdb == null
    error_message = "the policy of MySQL has rules for MySQL"
  }
}

run "the_databases_of_all_teams_are_planned" {
  command = plan

  assert {
    condition     = toset(keys(module.database)) == toset(["shop/orders", "shop/carts", "search/documents"])
    error_message = "three databases"
  }
}

run "a_team_without_members_is_refused" {
  command = plan

  variables {
    teams          = { shop = { members = [] } }
    s3_credentials = { shop = { access_key_id = "AKIA", secret_access_key = "hush" } }
  }

  expect_failures = [var.teams]
}
