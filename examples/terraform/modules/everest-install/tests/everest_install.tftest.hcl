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
mock_provider "helm" {}

variables {
  chart_version = "1.16.2"
  namespaces = {
    shop   = ["pxc", "postgresql"]
    search = ["psmdb"]
  }
}

run "everest_is_installed_without_a_namespace_of_the_chart" {
  command = plan

  assert {
    condition     = helm_release.everest.version == "1.16.2" && helm_release.everest.namespace == "everest-system"
    error_message = "the chart of that version, in its only namespace"
  }
  assert {
    condition     = yamldecode(helm_release.everest.values[0]).dbNamespace.enabled == false
    error_message = "the provider makes the namespaces"
  }
}

run "each_namespace_has_its_engines_and_no_other" {
  command = plan

  assert {
    condition     = toset(keys(everest_namespace.this)) == toset(["search", "shop"])
    error_message = "both namespaces"
  }
  assert {
    condition     = everest_namespace.this["shop"].engines.psmdb == null && everest_namespace.this["search"].engines.psmdb != null
    error_message = "MongoDB in one of them"
  }
}

run "values_are_handed_to_the_chart" {
  command = plan

  variables {
    values = { server = { tls = { enabled = true } } }
  }

  assert {
    condition     = yamldecode(helm_release.everest.values[1]).server.tls.enabled
    error_message = "the chart gets the values"
  }
}

run "everest_v2_and_older_charts_are_refused" {
  command = plan

  variables {
    chart_version = "2.0.0"
  }

  expect_failures = [var.chart_version]
}

run "a_namespace_without_engines_is_refused" {
  command = plan

  variables {
    namespaces = { shop = [] }
  }

  expect_failures = [var.namespaces]
}
